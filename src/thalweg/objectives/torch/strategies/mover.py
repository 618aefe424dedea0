"""Mover: puts the double at one point after the other, exactly, with little arithmetic."""

import numpy as np
import torch
from torch import Tensor

from thalweg.core.arrays import FloatArray
from thalweg.core.plane import Plane
from thalweg.objectives.torch.course import Course
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.walk import move

KEPT = 1 << 26  # bytes that may be kept for speed; larger models draw or add everything anew


class Mover:
    """Moves a double along a course. Points have the bits that the course gives them.

    Origin, directions and the sum up to the last direction are kept in the memory order of the
    parameters, if they are small; then a point costs one product, one sum and one rounding.
    """

    def __init__(self, problem: Problem, course: Course) -> None:
        self._problem = problem
        self._lead: tuple[float, ...] | None = None
        self._kept: list[list[Tensor]] | None = None
        dense = dense_plane(problem, course, KEPT)
        if dense is not None:
            arrays = (dense.origin, *dense.directions)
            self._kept = [
                [_like(array[at], parameter) for array in arrays]
                for parameter, (_, at) in zip(
                    problem.parameters, problem.selection.layout.slices(), strict=True
                )
            ]
            self._sums = [blocks[0].clone() for blocks in self._kept]
            self._scratch = [torch.empty_like(total) for total in self._sums]

    def to(self, course: Course, coords: FloatArray) -> None:
        """Put the double at coordinates (k,), and ready it there."""
        if self._kept is None:
            move(self._problem, course, coords)
            return
        *lead, last = (float(x) for x in coords)
        if tuple(lead) != self._lead:
            for (origin, *directions), total in zip(self._kept, self._sums, strict=True):
                total.copy_(origin)
                for coord, direction in zip(lead, directions, strict=False):
                    total += direction * coord
            self._lead = tuple(lead)
        moved = zip(self._problem.parameters, self._kept, self._sums, self._scratch, strict=True)
        for parameter, blocks, total, scratch in moved:
            # A product and a sum apart: a fused operation would round otherwise.
            torch.mul(blocks[-1], last, out=scratch)
            scratch += total
            parameter.copy_(scratch)
        self._problem.prepare()


def dense_plane(problem: Problem, course: Course, most: int) -> Plane | None:
    """Return the plane of a course with its directions as arrays, if they take `most` bytes."""
    plane = getattr(course, "plane", None)
    if plane is None or problem.device.type == "mps":
        return None
    if 8 * plane.size * (plane.k + 3) > most:
        return None
    if isinstance(plane, Plane):
        return plane
    start = [base.reshape(-1).cpu().double().numpy() for base in problem.base]
    return plane.dense(np.concatenate(start))


def _like(block: FloatArray, parameter: Tensor) -> Tensor:
    """Return a block in float64, in the shape and the memory order of a parameter."""
    found = torch.empty_like(parameter, dtype=torch.float64)
    return found.copy_(torch.tensor(block).reshape(parameter.shape))
