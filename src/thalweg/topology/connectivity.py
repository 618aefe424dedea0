"""Connectivity: which cells of a grid touch, and the link of a cell: what its neighbors form.

Only the order of the cells matters, not how far apart they are, so a grid may be uneven.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from thalweg.core.arrays import IndexArray

Masks = NDArray[np.int64]
Offset = tuple[int, ...]


class Connectivity(Enum):
    """Which cells touch in 1, 2 and 3 dimensions.

    FREUDENTHAL cuts every square along its main diagonal (every cube into 6 tetrahedra): 2, 6, 14
    neighbors. The values become one continuous function, linear on each piece, and the rule is
    the same for low and high places. FACES: 2, 4, 6 neighbors, across edges or faces only.
    ALL: 2, 8, 26 neighbors, also across corners.
    """

    FREUDENTHAL = "freudenthal"
    FACES = "faces"
    ALL = "all"


@dataclass(frozen=True, eq=False)
class Star:
    """Neighbors of a cell, and the link they form: a set of points, a circle or a sphere.

    A corner, edge or face of the link is a mask: bit i stands for offset i. It lies in the lower
    link if all of its bits are lower (if any is, where `some`).

    Attributes:
        offsets: (m, k); the first `near` of them lead to the cells that touch.
        near: how many cells touch.
        corners, edges, faces: masks.
        ends: (edges, 2), indices of the corners of each edge.
        some: whether one lower bit is enough.
    """

    offsets: IndexArray
    near: int
    corners: Masks
    edges: Masks
    ends: IndexArray
    faces: Masks
    some: bool


@cache
def star(connectivity: Connectivity, k: int) -> Star:
    """Return the star of a cell in k = 1, 2 or 3 dimensions.

    >>> [len(star(Connectivity.FREUDENTHAL, k).offsets) for k in (1, 2, 3)]
    [2, 6, 14]
    """
    if connectivity is Connectivity.FREUDENTHAL:
        return _freudenthal(k)
    return _faces(k) if connectivity is Connectivity.FACES else _all(k)


def _freudenthal(k: int) -> Star:
    """Corners are the neighbors; those that are neighbors of each other form edges and faces."""
    ahead = [o for o in product((0, 1), repeat=k) if any(o)]
    offsets = sorted([*ahead, *(_minus(o) for o in ahead)])
    touch = set(offsets)
    pairs = [p for p in combinations(range(len(offsets)), 2) if _apart(offsets, p) in touch]
    triples = [
        t for t in combinations(range(len(offsets)), 3) if set(combinations(t, 2)) <= set(pairs)
    ]
    corners = [(i,) for i in range(len(offsets))]
    return _star(offsets, len(offsets), corners, pairs, pairs, triples, some=False)


def _faces(k: int) -> Star:
    """The link is an octahedron: a square of cells is an edge of it, a cube a face."""
    near = [o for o in product((-1, 0, 1), repeat=k) if _size(o) == 1]
    offsets = near + [o for o in product((-1, 0, 1), repeat=k) if _size(o) > 1]

    def spanned(corners: tuple[int, ...]) -> tuple[int, ...] | None:
        """Indices of all cells of the square or cube that these neighbors span."""
        top = tuple(sum(parts) for parts in zip(*(near[i] for i in corners), strict=True))
        if _size(top) < len(corners):
            return None  # opposite neighbors
        return tuple(i for i, o in enumerate(offsets) if _within(o, top))

    ends = [p for p in combinations(range(2 * k), 2) if spanned(p)]
    edges = [s for p in ends if (s := spanned(p))]
    faces = [s for t in combinations(range(2 * k), 3) if (s := spanned(t))]
    corners = [(i,) for i in range(2 * k)]
    return _star(offsets, 2 * k, corners, edges, ends, faces, some=False)


def _all(k: int) -> Star:
    """The link is the rim of the cell itself: a part of it is lower if a cell that has it is."""
    offsets = [o for o in product((-1, 0, 1), repeat=k) if any(o)]

    def parts(codimension: int) -> list[Offset]:
        return [o for o in offsets if _size(o) == codimension]

    def holders(part: Offset) -> tuple[int, ...]:
        return tuple(i for i, o in enumerate(offsets) if _within(o, part))

    corners = parts(k)
    ends = [
        tuple(i for i, corner in enumerate(corners) if _within(edge, corner))
        for edge in parts(k - 1)
    ]
    masks = [[holders(part) for part in parts(k - i)] for i in range(3)]
    return _star(offsets, len(offsets), masks[0], masks[1], ends, masks[2], some=True)


def _star(
    offsets: Sequence[Offset],
    near: int,
    corners: list[tuple[int, ...]],
    edges: list[tuple[int, ...]],
    ends: list[tuple[int, ...]],
    faces: list[tuple[int, ...]],
    *,
    some: bool,
) -> Star:
    pairs = np.array(ends, dtype=np.intp).reshape(-1, 2)
    masks = [_masks(corners), _masks(edges), _masks(faces)]
    where = np.array(offsets, dtype=np.intp)
    return Star(where, near, masks[0], masks[1], pairs, masks[2], some)


def _masks(groups: list[tuple[int, ...]]) -> Masks:
    return np.array([sum(1 << i for i in group) for group in groups], dtype=np.int64)


def _size(offset: Offset) -> int:
    return sum(map(abs, offset))


def _minus(offset: Offset) -> Offset:
    return tuple(-x for x in offset)


def _within(inner: Offset, outer: Offset) -> bool:
    """Whether an offset is a step on the way to another: each part of it 0 or the same."""
    return any(inner) and all(i in (0, o) for i, o in zip(inner, outer, strict=True))


def _apart(offsets: Sequence[Offset], pair: tuple[int, ...]) -> Offset:
    return tuple(b - a for a, b in zip(*(offsets[i] for i in pair), strict=True))
