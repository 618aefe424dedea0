"""Walk: one point after the other, in place; the plainest strategy, and the others' measure."""

from dataclasses import dataclass

import numpy as np
import torch

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import Fields
from thalweg.objectives.torch.course import Course
from thalweg.objectives.torch.problem import Problem


def move(problem: Problem, course: Course, coords: FloatArray) -> None:
    """Put the double at coordinates (k,) of a course, and ready it there."""
    with torch.no_grad():
        for i, parameter in enumerate(problem.parameters):
            parameter.copy_(course.block(i, coords).reshape(parameter.shape))
        problem.prepare()


@dataclass(frozen=True)
class Walk:
    """Move the double to each point and run all batches through it."""

    def __call__(
        self, problem: Problem, course: Course, coords: FloatArray, fields: tuple[str, ...]
    ) -> Fields:
        """Return {field: (m,)} at coordinates (m, k)."""
        found = {field: np.empty(len(coords)) for field in fields}
        with_metrics = any(metric.name in fields for metric in problem.metrics)
        for row, at in enumerate(coords):
            move(problem, course, at)
            parts = [
                problem.measure(problem.model, number, batch, with_metrics)
                for number, batch in problem.batches()
            ]
            for field, value in problem.summarize(parts, fields).items():
                found[field][row] = value
        return found

    def how(self, problem: Problem) -> str:
        """Return what was done, in words."""
        return "in place, point by point"
