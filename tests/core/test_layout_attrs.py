"""A layout as attributes: it comes back whole, or says why not."""

import pytest
import xarray as xr

from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout, Role
from thalweg.core.layout_attrs import check_layout, layout_attrs, layout_digest, layout_of

LAYOUT = Layout((Block("W", (2, 3), filter_axis=1), Block("b", (3,), Role.BIAS), Block("s", ())))


def test_a_layout_comes_back_whole():
    run = xr.Dataset(attrs=layout_attrs(LAYOUT))
    assert layout_of(run) == LAYOUT
    check_layout(run, LAYOUT)
    assert run.attrs["layout_digest"] == layout_digest(LAYOUT)


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        (LAYOUT.blocks[:2], r"got s \(\) in place of None"),
        ((Block("W", (3, 2)), *LAYOUT.blocks[1:]), r"got W \(2, 3\) in place of \(3, 2\)"),
        (LAYOUT.blocks[::-1], "got the same blocks in another order"),
    ],
)
def test_another_layout_is_refused_and_has_another_digest(blocks, said):
    run = xr.Dataset(attrs=layout_attrs(LAYOUT))
    with pytest.raises(InputError, match=said):
        check_layout(run, Layout(blocks))
    assert layout_digest(Layout(blocks)) != layout_digest(LAYOUT)


@pytest.mark.parametrize("line", ["no JSON", "[1, 2]", '["W", [2], "color", null]', "7"])
def test_names_that_cannot_be_read_are_told(line):
    with pytest.raises(InputError, match="the names of the blocks must be readable"):
        layout_of(xr.Dataset(attrs={"layout": [line]}))
