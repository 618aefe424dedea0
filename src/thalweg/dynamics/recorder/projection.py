"""Projection: what to keep of points that are too large to be kept.

Inner products with random directions keep distances on average (Johnson and Lindenstrauss 1984,
"Extensions of Lipschitz mappings into a Hilbert space").
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, digest, require_finite
from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout
from thalweg.core.noise import named_normals

ROOM = 2**24  # so many drawn numbers (128 MB) are kept; more are drawn anew for each row


@dataclass(frozen=True)
class Projection:
    """Inner products with k random directions, N(0, 1) in every coordinate.

    The directions are named by the seed and never stored; `named_normals(seed, i, block, size)`
    draws them again. For points x, y the mean square of the differences of their products is
    |x - y|^2, to a relative standard error of sqrt(2 / k).

    Attributes:
        k: how many directions.
        seed: of the directions.
    """

    k: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError("k must be at least 1", str(self.k), "try Projection(16)")
        if self.seed < 0:
            raise InputError("a seed must be a whole number from 0", str(self.seed), "try 0")


class GivenDirections:
    """Directions as rows (k, n); they are copied.

    Raises:
        InputError: rows of another size, or not finite.
    """

    def __init__(self, layout: Layout, rows: ArrayLike) -> None:
        mend = "stack directions (k, n) as rows, or pass Projection(k, seed)"
        self._rows = as_floats(rows, "projection", (None, layout.size), mend).copy()
        require_finite(self._rows, "projection", mend)
        self._places = {block.name: at for block, at in layout.slices()}
        self.k, self.recipe = len(self._rows), f"given directions {digest(self._rows)}"

    def products(self, block: Block, part: FloatArray) -> FloatArray:
        """Return the inner products (k,) of directions and a point's part (m,) in one block."""
        return self._rows[:, self._places[block.name]] @ part


class DrawnDirections:
    """Random directions, drawn again for each row unless they are few and short."""

    def __init__(self, layout: Layout, projection: Projection) -> None:
        self.k, self.recipe, self._seed = projection.k, repr(projection), projection.seed
        self._room = projection.k * layout.size <= ROOM
        self._kept: dict[str, FloatArray] = {}

    def products(self, block: Block, part: FloatArray) -> FloatArray:
        """Return the inner products (k,) of directions and a point's part (m,) in one block."""
        if block.name in self._kept:
            return self._kept[block.name] @ part
        if self._room:
            self._kept[block.name] = np.stack([*self._drawn(block)])
            return self._kept[block.name] @ part
        return np.array([direction @ part for direction in self._drawn(block)])

    def _drawn(self, block: Block) -> Iterator[FloatArray]:
        return (named_normals(self._seed, i, block.name, block.size) for i in range(self.k))


Directions = GivenDirections | DrawnDirections


def directions_of(layout: Layout, projection: Projection | ArrayLike) -> Directions:
    """Return the directions that a Recorder was asked to project on."""
    if isinstance(projection, Projection):
        return DrawnDirections(layout, projection)
    return GivenDirections(layout, projection)
