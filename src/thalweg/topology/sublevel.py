"""Sublevel sets of values on a grid: minima, saddles, the merge tree, persistence, basins.

The values are seen as a function on the grid that is linear in between (Banchoff 1970, "Critical
points and curvature for embedded polyhedral surfaces"). A cell is critical if its lower link, the
lower part of what its neighbors form, is not one contractible piece. Raise a water level: a lake
begins at each minimum; where two meet, the younger one ends (elder rule; Edelsbrunner, Letscher
and Zomorodian 2002, "Topological persistence and simplification").
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thalweg.core.arrays import FloatArray, IndexArray
from thalweg.core.errors import InputError
from thalweg.topology.connectivity import Connectivity, star
from thalweg.topology.kernels import descend, links, lower_neighbors, merge, rims

BoolArray = NDArray[np.bool_]
Labels = NDArray[np.int32]
Counts = NDArray[np.int8]
TABLE_BITS = 14
"""Links of up to so many neighbors are worked out once and looked up."""


@dataclass(frozen=True, eq=False)
class Sublevel:
    """What the sublevel sets of values do as the level rises.

    The minima are rows, the most persistent first, the elder first among equals; row by row they
    are also the branches of the merge tree. Cells are flat indices in array order.

    Attributes:
        shape: of the grid.
        birth: (m,), value of each minimum.
        death: (m,), value where its lake meets that of an elder one; inf if it never does.
        birth_cell, death_cell: (m,), where; -1 for a death that does not come.
        elder: (m,), row of the minimum that it meets, always a smaller one; -1 if none.
        beside: (m,), row of the minimum whose basin lies on the other side of the death cell.
        reached: of the grid's shape: row of the minimum that descent to the lowest neighbor, over
            and over, reaches; -1 in holes and walls.
        components: of the grid's shape: pieces of the lower link; 0 at a minimum,
            and in holes and walls.
        excess: of the grid's shape: 1 - Euler characteristic of the lower link. Over all cells it
            adds up to the Euler characteristic of the domain: 1 on a full rectangle.
        touches: of the grid's shape: whether a neighbor is outside the window or a hole.
        on_boundary: of the grid's shape: the same of the cell or any cell of the level place that
            it belongs to: a minimum there may go on outside.
        holes, walls: how many cells are NaN, and how many infinitely high.
    """

    shape: tuple[int, ...]
    birth: FloatArray
    death: FloatArray
    birth_cell: IndexArray
    death_cell: IndexArray
    elder: IndexArray
    beside: IndexArray
    reached: Labels
    components: Counts
    excess: Counts
    touches: BoolArray
    on_boundary: BoolArray
    holes: int
    walls: int

    @property
    def persistence(self) -> FloatArray:
        """(m,), |death - birth|; 0 for a step of a level place, inf for what never dies."""
        return persistence(self.birth, self.death)

    def basins(self, threshold: float = 0.0) -> Labels:
        """Return for each cell the row of its minimum, of those more persistent than a threshold.

        A less persistent minimum gives its cells to the basin across the pass where its lake
        meets an elder one, so every basin is in one piece. -1 in holes and walls, which belong to
        no basin.
        """
        rows = np.arange(self.birth.size, dtype=np.int32)
        stays = (self.persistence > threshold) | (self.beside < 0)
        goal = np.where(stays, rows, self.beside).astype(np.int32)
        while ((further := goal[goal]) != goal).any():
            goal = further
        return np.append(goal, np.int32(-1))[self.reached]


def sublevel(values: ArrayLike, connectivity: Connectivity = Connectivity.FREUDENTHAL) -> Sublevel:
    """Return what the sublevel sets of values on a grid do.

    NaN is a hole: no part of the domain. +inf is a wall: known to be high, so never a minimum, and
    beside it nothing is uncertain; lakes do not meet over it. -inf is as low as can be. Of equal
    values the one with the smaller index counts as lower, so a level place has one minimum at most
    with a persistence above 0.

    Args:
        values: 1, 2 or 3 dimensions, any lengths.
        connectivity: which cells touch.

    Raises:
        InputError: no grid of 1 to 3 dimensions.

    >>> found = sublevel([3.0, 1, 2, 0, 4])
    >>> found.birth, found.death, found.birth_cell, found.basins()
    (array([0., 1.]), array([inf,  2.]), array([3, 1]), array([1, 1, 0, 0, 0], dtype=int32))
    """
    heights = _checked(values)
    return _flooded(heights, connectivity)


def superlevel(
    values: ArrayLike, connectivity: Connectivity = Connectivity.FREUDENTHAL
) -> Sublevel:
    """Return the same from above: rows are maxima, which die at lower values; -inf is the wall.

    Equal values are ordered as in `sublevel`, so that the two never contradict each other.

    >>> superlevel([3.0, 1, 2, 0, 4]).birth
    array([4., 3., 2.])
    """
    heights = _checked(values)
    turned = _flooded(-heights[(slice(None, None, -1),) * heights.ndim], connectivity)
    back = (slice(None, None, -1),) * heights.ndim
    last = heights.size - 1
    return Sublevel(
        turned.shape,
        -turned.birth,
        -turned.death,
        last - turned.birth_cell,
        np.where(turned.death_cell < 0, -1, last - turned.death_cell),
        turned.elder,
        turned.beside,
        turned.reached[back],
        turned.components[back],
        turned.excess[back],
        turned.touches[back],
        turned.on_boundary[back],
        turned.holes,
        turned.walls,
    )


def persistence(birth: FloatArray, death: FloatArray) -> FloatArray:
    """Return |death - birth| (m,), 0 where both are equal and infinite."""
    with np.errstate(invalid="ignore"):
        return np.where(birth == death, 0.0, np.abs(death - birth))


def _checked(values: ArrayLike) -> FloatArray:
    heights = np.asarray(values, dtype=np.float64)
    if not 1 <= heights.ndim <= 3 or not heights.size:
        mend = "pass values on a grid of 1, 2 or 3 dimensions"
        raise InputError("values must lie on a grid", f"shape {heights.shape}", mend)
    return heights


def _flooded(values: FloatArray, connectivity: Connectivity) -> Sublevel:
    around = star(connectivity, values.ndim)
    inside = (slice(1, -1),) * values.ndim
    hole, wall = np.isnan(values), values == np.inf
    padded = np.full([n + 2 for n in values.shape], np.inf)
    padded[inside] = np.where(hole, np.inf, values)
    holes = np.ones(padded.shape, dtype=bool)
    holes[inside] = hole
    heights = padded.ravel()
    strides = np.array(padded.strides) // padded.itemsize
    steps = around.offsets @ strides
    down, masks = lower_neighbors(heights, steps, around.near)
    components, excess, groups = _links(connectivity, values.ndim, masks)
    excess[down < 0] = 0
    lowest = np.flatnonzero(down == np.arange(down.size))
    lowest = lowest[np.argsort(heights[lowest], kind="stable")]
    saddles = np.flatnonzero(components > 1)
    saddles = saddles[np.argsort(heights[saddles], kind="stable")]
    reached = descend(down, lowest)
    death_at, elder, beside = merge(
        saddles, masks[saddles], groups(saddles), around.corners, reached, lowest.size, steps
    )
    birth = heights[lowest]
    death = np.where(death_at < 0, np.inf, heights[death_at])
    rank = np.argsort(-persistence(birth, death), kind="stable")
    row_of = np.empty(rank.size + 1, dtype=np.int32)
    row_of[rank], row_of[-1] = np.arange(rank.size), -1
    cells = np.full(padded.shape, -1, dtype=np.intp)
    cells[inside] = np.arange(values.size).reshape(values.shape)
    cells = np.append(cells, -1)
    edge = rims(heights, holes.ravel(), steps, around.near)

    def cut(flat: NDArray) -> NDArray:
        return np.ascontiguousarray(flat.reshape(padded.shape)[inside])

    return Sublevel(
        values.shape,
        birth[rank],
        death[rank],
        cells[lowest][rank],
        cells[death_at][rank],
        row_of[elder][rank].astype(np.intp),
        row_of[beside][rank].astype(np.intp),
        row_of[cut(reached)],
        cut(components),
        cut(excess),
        cut(edge[0]),
        cut(edge[1]),
        int(hole.sum()),
        int(wall.sum()),
    )


def _links(
    connectivity: Connectivity, k: int, masks: Labels
) -> tuple[Counts, Counts, Callable[[IndexArray], Labels]]:
    """Return components and excess (m,) of lower links, and their groups at chosen cells."""
    if len(star(connectivity, k).offsets) > TABLE_BITS:
        components, excess, groups = _worked_out(connectivity, k, masks)
        return components, excess, groups.__getitem__
    components, excess, groups = _table(connectivity, k)
    return components[masks], excess[masks], lambda cells: groups[masks[cells]]


@cache
def _table(connectivity: Connectivity, k: int) -> tuple[Counts, Counts, Labels]:
    every = np.arange(1 << len(star(connectivity, k).offsets), dtype=np.int32)
    return _worked_out(connectivity, k, every)


def _worked_out(connectivity: Connectivity, k: int, masks: Labels) -> tuple[Counts, Counts, Labels]:
    around = star(connectivity, k)
    return links(masks, around.corners, around.edges, around.ends, around.faces, around.some)
