"""InPlace: one point after the other; what `Walk` does, as fast as single points can go."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import Fields
from thalweg.objectives.torch.course import Course
from thalweg.objectives.torch.losses import ModelCall
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.strategies.memo import Memo
from thalweg.objectives.torch.strategies.memory import Portions
from thalweg.objectives.torch.strategies.mover import Mover
from thalweg.objectives.torch.strategies.work import Work, few_threads, work_of

_LAST = torch.channels_last
_NARROW = (torch.float32, torch.bfloat16)


@dataclass(frozen=True)
class InPlace:
    """Move the double to each point; convolutions with channels last, small nets on one thread.

    A batch that does not fit in memory is halved until it does.
    """

    _movers: Memo[Mover] = field(default_factory=Memo, init=False, repr=False, compare=False)
    _portions: Memo[Portions] = field(default_factory=Memo, init=False, repr=False, compare=False)
    _works: Memo[Work | None] = field(default_factory=Memo, init=False, repr=False, compare=False)

    def __call__(
        self, problem: Problem, course: Course, coords: FloatArray, fields: tuple[str, ...]
    ) -> Fields:
        """Return {field: (m,)} at coordinates (m, k)."""
        return self.along(problem, course, coords, fields, problem.model)

    def along(
        self,
        problem: Problem,
        course: Course,
        coords: FloatArray,
        fields: tuple[str, ...],
        call: ModelCall,
    ) -> Fields:
        """Do the same with `call` in the place of the double's own forward pass."""
        found = {name: np.empty(len(coords)) for name in fields}
        with_metrics = any(metric.name in fields for metric in problem.metrics)
        portions = self.portions(problem)
        with on_threads(few_threads(self.work(problem))), channels_last(problem.model):
            mover = self._movers.of(course, lambda: Mover(problem, course))
            for row in np.lexsort(coords.T[::-1]):  # equal leading coordinates share their sums
                mover.to(course, coords[row])
                parts = [
                    rows
                    for number, batch in problem.batches()
                    for rows in portions.measure(problem, call, number, batch, with_metrics)
                ]
                for name, value in problem.summarize(parts, fields).items():
                    found[name][row] = value
        return found

    def work(self, problem: Problem) -> Work | None:
        """Return what a point of the problem costs; None if that cannot be counted."""
        return self._works.of(problem, lambda: _counted(lambda: work_of(problem)))

    def portions(self, problem: Problem) -> Portions:
        """Return how the problem's batches are divided."""
        return self._portions.of(problem, Portions)

    def how(self, problem: Problem) -> str:
        """Return what was done, in words."""
        size = self.portions(problem).size
        return "in place" + (f", {size} examples at a time" if size else "")


def _counted(count: Callable[[], Work | None]) -> Work | None:
    try:
        return count()
    except Exception:  # a guest may not like to be watched, or memory runs out: then uncounted
        return None


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Run a block of torch on `count` threads."""
    before = torch.get_num_threads()
    if count != before:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count != before:
            torch.set_num_threads(before)


@contextmanager
def channels_last(model: nn.Module) -> Iterator[None]:
    """Hold the filters of 2-dimensional convolutions channels last, which CPUs like better."""
    filters = [
        module.weight
        for module in model.modules()
        if type(module) is nn.Conv2d
        and module.weight.device.type == "cpu"
        and module.weight.dtype in _NARROW
        and module.weight.is_contiguous()
    ]
    try:
        for weight in filters:
            weight.data = weight.data.contiguous(memory_format=_LAST)
        yield
    finally:
        for weight in filters:
            weight.data = weight.data.contiguous()
