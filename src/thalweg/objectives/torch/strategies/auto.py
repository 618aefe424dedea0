"""Auto: which strategy a map gets, by a rule that gives the same answer on every run.

The rule counts work and asks no clock, since strategies differ in the last bits of a float32 and
a map that is resumed must go on with the bits it began with.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import ThalwegError
from thalweg.core.objective import Fields
from thalweg.objectives.torch.course import Course
from thalweg.objectives.torch.policies import Normalisation
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.strategies.batched import Batched
from thalweg.objectives.torch.strategies.compiled import Compiled, has_compiler, has_convolutions
from thalweg.objectives.torch.strategies.fused import Fused
from thalweg.objectives.torch.strategies.in_place import InPlace, on_threads
from thalweg.objectives.torch.strategies.memo import Memo
from thalweg.objectives.torch.strategies.memory import is_out_of_memory
from thalweg.objectives.torch.strategy import Strategy
from thalweg.objectives.torch.walk import Walk

COMPILING = 400.0  # counted seconds from which compiling pays: it takes 30 and saves a quarter
FEW = 8  # points from which points without a plane are stacked
PROBES = np.array([[0.0, 0.0, 0.0], [0.5, -0.3, 0.2], [-0.2, 0.4, -0.5]])
TOLERANCE = {"torch.float64": 1e-10, "torch.float32": 2e-5}
NARROW = 3e-2  # of bfloat16 and float16


@dataclass(frozen=True)
class Auto:
    """Take the fastest strategy that fits the problem and agrees with `Walk` on a few points.

    - `Fused` for a plain stack of narrow layers, on a plane
    - `Batched` where calling kernels takes longer than what they compute
    - `Compiled` for convolutional networks on maps that outlast compiling
    - `InPlace` for everything else, and wherever another one fails
    """

    single: InPlace = field(default_factory=InPlace, init=False, repr=False, compare=False)
    fused: Fused = field(init=False, repr=False, compare=False)
    batched: Batched = field(init=False, repr=False, compare=False)
    compiled: Compiled = field(init=False, repr=False, compare=False)
    _proved: Memo[dict[tuple[type, tuple[str, ...]], bool]] = field(
        default_factory=Memo, init=False, repr=False, compare=False
    )
    _used: Memo[list[Strategy]] = field(default_factory=Memo, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fused", Fused(self.single))
        object.__setattr__(self, "batched", Batched(self.single))
        object.__setattr__(self, "compiled", Compiled(self.single))

    def __call__(
        self, problem: Problem, course: Course, coords: FloatArray, fields: tuple[str, ...]
    ) -> Fields:
        """Return {field: (m,)} at coordinates (m, k)."""
        chosen = self.choice(problem, course, coords, fields)
        try:
            found = chosen(problem, course, coords, fields)
        except Exception as fault:
            if chosen is self.single or isinstance(fault, ThalwegError) or is_out_of_memory(fault):
                raise
            chosen = self.single
            found = chosen(problem, course, coords, fields)
        used = self._used.of(problem, list)
        if chosen not in used:
            used.append(chosen)
        return found

    def choice(
        self, problem: Problem, course: Course, coords: FloatArray, fields: tuple[str, ...]
    ) -> Strategy:
        """Return the strategy for these points; the same for the same request."""
        most = torch.get_num_threads()
        for wish in self._wishes(problem, course, len(coords), fields):
            proved = self._proved.of(course, dict)
            key = type(wish), fields
            if key not in proved:
                with on_threads(most if wish is self.compiled else 1):
                    proved[key] = agrees(wish, problem, course, coords, fields)
            if proved[key]:
                return wish
        return self.single

    def how(self, problem: Problem) -> str:
        """Return what was done so far, in words."""
        return "; ".join(used.how(problem) for used in self._used.of(problem, list))

    def _wishes(
        self, problem: Problem, course: Course, count: int, fields: tuple[str, ...]
    ) -> Iterator[Strategy]:
        """Yield the strategies worth trying, the fastest first."""
        still = problem.normalisation is Normalisation.FROZEN and problem.dropout is None
        if not still or not count:
            return
        on_plane = getattr(course, "plane", None) is not None
        if on_plane and self.fused.knows(problem, fields):
            yield self.fused
        work = self.single.work(problem)
        if work is None:
            return
        if work.overhead > work.seconds and (on_plane or count >= FEW):
            yield self.batched
        long = max(count, course.cells) * work.seconds > COMPILING
        if long and has_convolutions(problem.model) and has_compiler():
            yield self.compiled


def agrees(
    wish: Strategy, problem: Problem, course: Course, coords: FloatArray, fields: tuple[str, ...]
) -> bool:
    """Return whether a strategy gives the fields of `Walk` on a few points, to rounding.

    On a plane these are always the same points, so that every part of a map gets the same answer.
    Losses may differ by the rounding of the narrowest dtype, other fields by 1 %.
    """
    on_plane = getattr(course, "plane", None) is not None
    probes = PROBES[:, : coords.shape[1]] if on_plane else coords[: len(PROBES)]
    try:
        right = Walk()(problem, course, probes, fields)
        found = wish(problem, course, probes, fields)
    except Exception:  # what cannot do it does not get it
        return False
    bound = max(TOLERANCE.get(str(base.dtype), NARROW) for base in problem.base)
    return all(
        np.allclose(found[name], right[name], bound if name == "loss" else 1e-2, bound, True)
        for name in fields
    )
