"""A layout as attributes of a Dataset, so that a result names the blocks of its parameters."""

import hashlib
import json

import xarray as xr

from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout, Role
from thalweg.core.schema import Attr

_KEY = "layout"


def layout_digest(layout: Layout) -> str:
    """Return 16 hexadecimal digits that name the blocks, in order, and their shapes."""
    named = "".join(f"{block.name}{block.shape}\n" for block in layout.blocks)
    return hashlib.sha256(named.encode()).hexdigest()[:16]


def layout_attrs(layout: Layout) -> dict[str, Attr]:
    """Return the attributes that hold a layout: one line a block, and a digest of them."""
    blocks = [json.dumps([b.name, b.shape, b.role.value, b.filter_axis]) for b in layout.blocks]
    return {_KEY: blocks, "layout_digest": layout_digest(layout)}


def layout_of(dataset: xr.Dataset) -> Layout:
    """Return the layout of the parameters of a recorded run.

    Raises:
        InputError: the Dataset names no blocks.

    >>> layout = Layout((Block("W", (2, 3), filter_axis=1), Block("b", (3,), Role.BIAS)))
    >>> layout_of(xr.Dataset(attrs=layout_attrs(layout))) == layout
    True
    """
    lines = dataset.attrs.get(_KEY)
    if not isinstance(lines, list):
        mend = "pass one that a Recorder made"
        raise InputError("the Dataset must name the blocks of its parameters", "none", mend)
    try:
        rows = [json.loads(line) for line in lines]
        blocks = (Block(n, tuple(map(int, shape)), Role(r), a) for n, shape, r, a in rows)
        return Layout(tuple(blocks))
    except (TypeError, ValueError) as fault:
        wanted = "the names of the blocks must be readable"
        raise InputError(wanted, type(fault).__name__, "record the run anew") from fault


def check_layout(dataset: xr.Dataset, layout: Layout) -> None:
    """Raise InputError unless the Dataset's parameters are those of the layout."""
    theirs = {block.name: block.shape for block in layout_of(dataset).blocks}
    ours = {block.name: block.shape for block in layout.blocks}
    if list(theirs.items()) == list(ours.items()):
        return
    strange = [n for n in [*theirs, *ours] if theirs.get(n) != ours.get(n)]
    name = strange[0] if strange else "the same blocks in another order"
    shapes = f" {theirs.get(name)} in place of {ours.get(name)}" if strange else ""
    wanted = "the run must have been recorded from this model"
    raise InputError(wanted, f"{name}{shapes}", "pass the model that was recorded")
