"""Batched: many points of a small model in one pass, by `torch.vmap` over stacked parameters."""

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import Fields
from thalweg.core.plane import Plane
from thalweg.objectives.torch.course import Course
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.rows import Total, wide
from thalweg.objectives.torch.strategies.in_place import InPlace, on_threads
from thalweg.objectives.torch.strategies.memo import Memo
from thalweg.objectives.torch.strategies.memory import is_out_of_memory
from thalweg.objectives.torch.strategies.mover import KEPT, dense_plane

NUMBERS = 1 << 19  # what the kernels of one pass return in all: about what fits in a cache
MOST = 512


@dataclass(frozen=True)
class Batched:
    """Stack the parameters of many points and run each batch of data through all of them at once.

    Points that do not fit in memory together go one after the other.
    """

    single: InPlace = field(default_factory=InPlace, repr=False, compare=False)
    _planes: Memo[Plane | None] = field(default_factory=Memo, init=False, repr=False, compare=False)

    def __call__(
        self, problem: Problem, course: Course, coords: FloatArray, fields: tuple[str, ...]
    ) -> Fields:
        """Return {field: (m,)} at coordinates (m, k)."""
        found = {name: np.empty(len(coords)) for name in fields}
        step = self.points(problem)
        with on_threads(1):  # a pass is short; to hand out its parts would take longer
            for at in range(0, len(coords), step):
                part = slice(at, min(at + step, len(coords)))
                for name, values in self._pass(problem, course, coords[part], fields).items():
                    found[name][part] = values
        return found

    def points(self, problem: Problem) -> int:
        """Return how many points go in one pass: a matter of the problem, not of the machine."""
        work = self.single.work(problem)
        numbers = problem.selection.layout.size + (work.numbers if work is not None else NUMBERS)
        return max(1, min(MOST, NUMBERS // numbers))

    def how(self, problem: Problem) -> str:
        """Return what was done, in words."""
        return f"batched, {self.points(problem)} points at a time"

    def _pass(
        self, problem: Problem, course: Course, coords: FloatArray, fields: tuple[str, ...]
    ) -> Fields:
        try:
            return self._together(problem, course, coords, fields)
        except Exception as fault:
            if not is_out_of_memory(fault):
                raise
        return self.single(problem, course, coords, fields)

    def _together(
        self, problem: Problem, course: Course, coords: FloatArray, fields: tuple[str, ...]
    ) -> Fields:
        names = [block.name for block in problem.selection.layout.blocks]
        stacks = self._stacks(problem, course, coords)
        metrics = any(metric.name in fields for metric in problem.metrics)
        parts: list[list[tuple[FloatArray, FloatArray]]] = []
        for number, batch in problem.batches():

            def rows(*point: Tensor, number: int = number, batch: Any = batch) -> Any:
                own = dict(zip(names, point, strict=True))

                def call(*args: Any, **kwargs: Any) -> Any:
                    return functional_call(problem.model, own, args, kwargs)

                found = problem.measure(call, number, batch, metrics)
                return tuple((each.values, each.weights) for each in found)

            with warnings.catch_warnings(action="ignore"):  # which rules torch lacks
                pairs = torch.vmap(rows)(*stacks)
            parts.append([(_array(values), _array(weights)) for values, weights in pairs])
        problem.buffers.restore()
        return summaries(problem, parts, fields)

    def _stacks(self, problem: Problem, course: Course, coords: FloatArray) -> list[Tensor]:
        """Return the blocks (points, *shape) at coordinates, in the dtypes of the parameters."""
        plane = self._planes.of(course, lambda: dense_plane(problem, course, KEPT))
        slices = problem.selection.layout.slices()
        pairs = zip(problem.parameters, slices, strict=True)
        if plane is not None:
            points = torch.from_numpy(plane.points(coords)).to(problem.device)
            flat = [(parameter, points[:, at]) for parameter, (_, at) in pairs]
        else:
            stacked = [
                torch.stack([course.block(i, at) for at in coords])
                for i in range(len(problem.parameters))
            ]
            flat = list(zip(problem.parameters, stacked, strict=True))
        return [
            block.to(device=like.device, dtype=like.dtype).reshape(len(coords), *like.shape)
            for like, block in flat
        ]


def summaries(
    problem: Problem, parts: list[list[tuple[FloatArray, FloatArray]]], fields: tuple[str, ...]
) -> Fields:
    """Return the fields (m,) of m points, as `Problem.summarize` does for one.

    Args:
        problem: its loss and metrics are what the parts hold.
        parts: for each batch, for the loss and each metric: values (m, r) and weights (m, r).
        fields: which are wanted.
    """

    def joined(i: int) -> tuple[FloatArray, FloatArray]:
        values, weights = zip(*(part[i] for part in parts), strict=True)
        return np.concatenate(values, axis=1), np.concatenate(weights, axis=1)

    with np.errstate(all="ignore"):  # NaN and inf are results, not faults
        found: Fields = {}
        found["loss"], found["loss_stderr"] = _moments(*joined(0))
        if problem.loss.total is Total.SUM:
            found["loss"] = joined(0)[0].sum(axis=1)
        for i, metric in enumerate(problem.metrics, start=1):
            if metric.name in fields:
                found[metric.name] = _moments(*joined(i))[0]
    return {name: found[name] for name in fields}


def _moments(values: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard error (m,) of values (m, r) with weights (m, r)."""
    whole, n = weights.sum(axis=1), values.shape[1]
    mean = values.sum(axis=1) / whole
    squares = np.square(values - mean[:, None] * weights).sum(axis=1)
    stderr = np.sqrt(squares * (n / max(n - 1, 1))) / whole
    return mean, stderr if n > 1 else np.full(len(values), np.nan)


def _array(stacked: Tensor) -> FloatArray:
    return np.ascontiguousarray(wide(stacked).cpu().numpy())
