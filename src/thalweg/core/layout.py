"""Layout: the named blocks of a flat parameter vector. Only it knows names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats
from thalweg.core.errors import InputError


class Role(Enum):
    """What a block does in the model; directions treat the roles differently."""

    WEIGHT = "weight"
    BIAS = "bias"
    NORM = "norm"


@dataclass(frozen=True)
class Block:
    """One named array inside the flat vector.

    Attributes:
        name: unique in its layout.
        shape: of the block itself.
        role: weight, bias or norm.
        filter_axis: the axis whose slices are the filters (the weights into one output unit);
            None for a block that has no filters.
    """

    name: str
    shape: tuple[int, ...]
    role: Role = Role.WEIGHT
    filter_axis: int | None = None

    @property
    def size(self) -> int:
        """Number of parameters in the block."""
        return prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """The blocks of a flat vector, in order.

    >>> layout = Layout((Block("W", (2, 3), filter_axis=1), Block("b", (3,), Role.BIAS)))
    >>> layout.size, layout.unpack(range(9))["b"]
    (9, array([6., 7., 8.]))
    """

    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        names = [block.name for block in self.blocks]
        if len(set(names)) != len(names):
            raise InputError("block names must be unique", repr(names), "rename the twins")

    @classmethod
    def plain(cls, size: int, name: str = "x") -> "Layout":
        """Return the layout of a vector without inner structure."""
        return cls((Block(name, (size,)),))

    @cached_property
    def size(self) -> int:
        """Number of parameters n."""
        return sum(block.size for block in self.blocks)

    def slices(self) -> Iterator[tuple[Block, slice]]:
        """Yield each block with its place in the flat vector."""
        start = 0
        for block in self.blocks:
            yield block, slice(start, start + block.size)
            start += block.size

    def unpack(self, point: ArrayLike) -> dict[str, FloatArray]:
        """Return copies of the blocks by name (copies: nothing aliases the vector).

        Args:
            point: (n,), in the layout's order.
        """
        flat = as_floats(point, "point", (self.size,), "pack it with layout.pack(blocks)")
        return {block.name: flat[at].reshape(block.shape).copy() for block, at in self.slices()}

    def pack(self, blocks: Mapping[str, ArrayLike]) -> FloatArray:
        """Return the flat vector (n,) of the named arrays.

        Raises:
            InputError: a block is missing, unknown or of the wrong shape.
        """
        names = [block.name for block in self.blocks]
        if set(blocks) != set(names):
            raise InputError(f"blocks must be {names}", repr(list(blocks)), "name each block once")
        mend = "shape it as the layout says"
        parts = [as_floats(blocks[b.name], b.name, b.shape, mend).ravel() for b in self.blocks]
        return np.concatenate(parts)
