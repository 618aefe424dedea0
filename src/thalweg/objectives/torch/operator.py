"""TorchOperator: products with the Hessian at one point, the graph of the gradient kept."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from thalweg.core.arrays import FloatArray
from thalweg.core.operator import HessianOperator
from thalweg.objectives.torch.course import PointsCourse
from thalweg.objectives.torch.derivatives import (
    Slopes,
    differentiable,
    graph_bytes,
    reported,
    rows_together,
    weight_of,
)
from thalweg.objectives.torch.double import BufferKeeper, double_of
from thalweg.objectives.torch.guest import guarded
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.rows import Rows, wide_device
from thalweg.objectives.torch.strategies.memory import is_out_of_memory
from thalweg.objectives.torch.walk import move

GRAPH_MEMORY = 2 << 30


class TorchOperator(HessianOperator):
    """The Hessian of a problem at a point (n,), as float64 tensors on the model's device.

    It has a double of its own, so that the objective may move on. The gradient's graphs of as
    many batches as fit in memory are kept between products; those of the others are made anew.

    Args:
        problem: of the objective.
        point: (n,), float64.
        memory: bytes that kept graphs may take, about.
    """

    def __init__(self, problem: Problem, point: FloatArray, memory: int = GRAPH_MEMORY) -> None:
        self.size = problem.selection.layout.size
        with guarded():
            problem.buffers.restore()
            double = double_of(problem.model, None, None)
            self._problem = replace(problem, model=double, buffers=BufferKeeper(double))
            course = PointsCourse(point[None], problem.selection.layout)
            move(self._problem, course, np.zeros(1))
            self._kept: list[Slopes] = []
            self._keep(memory)

    @property
    def kept(self) -> int:
        """How many batches have their graph kept."""
        return len(self._kept)

    def times(self, rows: Any) -> Tensor:
        """Return the Hessian times rows (k, n), float64 tensors on the device."""
        sums, together = torch.zeros_like(rows), rows_together(self._size)
        seen: list[Rows] = []
        with guarded(), reported(), differentiable(self._problem, twice=True):
            for slopes in self._kept:
                slopes.add_products(rows, sums, together)
                seen.append(slopes.rows)
            if not self._whole:
                self._problem.buffers.restore()
                for number, batch in self._problem.batches():
                    if number >= len(self._kept):
                        slopes = Slopes(self._problem, number, batch)
                        slopes.add_products(rows, sums, together)
                        seen.append(slopes.rows)
        return sums / weight_of(self._problem, seen)

    def native(self, rows: FloatArray) -> Tensor:
        """Return rows as a float64 tensor on the device."""
        return torch.tensor(rows, dtype=torch.float64, device=wide_device(self._problem.device))

    def numpy(self, rows: Any) -> FloatArray:
        """Return a tensor as NumPy float64."""
        return rows.detach().cpu().numpy()

    def _keep(self, memory: int) -> None:
        """Make the graphs of the first batches, as many as fit."""
        problem, self._size, self._whole = self._problem, 0, False
        versions: list[int] = []
        with reported(), differentiable(problem, twice=True):
            for number, batch in problem.batches():
                if number == 0:
                    self._size = graph_bytes(problem, batch)
                    versions = _versions(problem)
                # A graph is void once a later batch overwrites a buffer that it needs.
                if _versions(problem) != versions:
                    return self._kept.clear()
                if (number + 1) * self._size > memory:
                    return None
                try:
                    self._kept.append(Slopes(problem, number, batch))
                except Exception as fault:
                    if not is_out_of_memory(fault):
                        raise
                    return self._kept.clear()
        self._whole = True
        return None


def _versions(problem: Problem) -> list[int]:
    return [buffer._version for buffer in problem.model.buffers()]
