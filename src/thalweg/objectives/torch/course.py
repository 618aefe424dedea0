"""Courses: where the mapped parameters go, block by block, in float64.

Every point is computed from the origin anew, origin + a d1 + b d2 + ..., added up in the order of
`Plane.points`; the sum is rounded to the model's dtype once, when it is written. So nothing drifts
along a map, and a plane and its single points agree to the bit.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from thalweg.core.arrays import FloatArray
from thalweg.core.layout import Layout
from thalweg.core.plane import Plane
from thalweg.core.seeded_plane import SeededPlane
from thalweg.objectives.torch.rows import wide_device


class Course(Protocol):
    """What a strategy follows."""

    cells: int  # of the whole map, 0 if nobody said

    def block(self, i: int, coords: FloatArray) -> Tensor:
        """Return block i at coordinates (k,): float64, (m,), flat."""
        ...


class PlaneCourse:
    """The points of a plane whose directions are arrays; all of them on the device."""

    cells = 0

    def __init__(self, plane: Plane, layout: Layout, device: torch.device) -> None:
        self.plane = plane
        place = wide_device(device)
        whole = [_shared(array).to(place) for array in (plane.origin, *plane.directions)]
        self._blocks = [[part[at] for part in whole] for _, at in layout.slices()]

    def block(self, i: int, coords: FloatArray) -> Tensor:
        """Return block i at coordinates (k,)."""
        origin, *directions = self._blocks[i]
        return _sum(origin, directions, coords)


class SeededCourse:
    """The points of a seeded plane; one block of its directions exists at a time."""

    cells = 0

    def __init__(self, plane: SeededPlane, base: Sequence[Tensor]) -> None:
        self.plane, self._base = plane, base

    def block(self, i: int, coords: FloatArray) -> Tensor:
        """Return block i at coordinates (k,)."""
        base = self._base[i]
        weights = base.detach().reshape(-1).cpu().double()
        part = self.plane.part(self.plane.layout.blocks[i], weights.numpy())
        found = _sum(weights, [_shared(row) for row in part], coords)
        return found.to(wide_device(base.device))


class PointsCourse:
    """Given points (m, n); the only coordinate is the number of the row."""

    plane = None
    cells = 0

    def __init__(self, points: FloatArray, layout: Layout) -> None:
        self._points, self._slices = points, [at for _, at in layout.slices()]

    def block(self, i: int, coords: FloatArray) -> Tensor:
        """Return block i of point number `coords[0]`."""
        return _shared(self._points[int(coords[0]), self._slices[i]])


def _sum(origin: Tensor, directions: Sequence[Tensor], coords: FloatArray) -> Tensor:
    """Products and sums apart, so that no fused operation rounds otherwise than NumPy."""
    found = origin.clone()
    for coord, direction in zip(coords, directions, strict=True):
        found += direction * float(coord)
    return found


class _Open:
    """An array's memory without its read-only mark, which torch cannot express and warns about."""

    def __init__(self, array: FloatArray) -> None:
        self.array = array  # kept alive by whoever holds the tensor
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}


def _shared(array: FloatArray) -> Tensor:
    """Return a tensor over the memory of an array; it is only ever read."""
    return torch.from_numpy(np.asarray(_Open(np.ascontiguousarray(array))))
