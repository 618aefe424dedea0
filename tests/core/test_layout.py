"""Layout: named blocks of a flat vector."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout, Role

LAYOUT = Layout((Block("W", (2, 3), filter_axis=1), Block("b", (3,), Role.BIAS), Block("s", ())))


def test_blocks_lie_in_order_and_row_major():
    parts = LAYOUT.unpack(np.arange(10.0))
    assert parts["W"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert parts["b"].tolist() == [6, 7, 8]
    assert parts["s"].shape == ()
    assert parts["s"] == 9.0
    np.testing.assert_array_equal(LAYOUT.pack(parts), np.arange(10.0))
    assert [at for _, at in LAYOUT.slices()] == [slice(0, 6), slice(6, 9), slice(9, 10)]


def test_nothing_aliases():
    flat = np.arange(10.0)
    parts = LAYOUT.unpack(flat)
    parts["W"][:] = -1.0
    packed = LAYOUT.pack(parts)
    packed[:] = 5.0
    assert flat[0] == 0.0
    assert parts["W"][0, 0] == -1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W": np.zeros((3, 2))}, r"W must have shape \(2, 3\), got \(3, 2\)"),
        ({"extra": 1.0}, "blocks must be"),
    ],
)
def test_wrong_blocks_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        LAYOUT.pack({**LAYOUT.unpack(np.zeros(10)), **change})


def test_missing_blocks_and_twins_are_refused():
    with pytest.raises(InputError, match="blocks must be"):
        LAYOUT.pack({"W": np.zeros((2, 3))})
    with pytest.raises(InputError, match="unique"):
        Layout((Block("W", (1,)), Block("W", (1,))))
    with pytest.raises(InputError, match=r"point must have shape \(10\)"):
        LAYOUT.unpack(np.zeros(9))
