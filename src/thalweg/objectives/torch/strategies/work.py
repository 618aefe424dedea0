"""Work: what one point costs, counted, not timed, so that it is the same on every run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from thalweg.objectives.torch.data import Resident
from thalweg.objectives.torch.problem import Problem

SECONDS_AN_OPERATION = 5e-6
NUMBERS_A_SECOND = 1e9
FLOPS_A_SECOND = 3e10


@dataclass(frozen=True)
class Work:
    """The counted work of one point.

    Attributes:
        operations: calls of torch's kernels.
        numbers: that they returned.
        flops: of matrix products and convolutions.
    """

    operations: int
    numbers: int
    flops: int

    @property
    def overhead(self) -> float:
        """Seconds, roughly, spent in calling rather than computing."""
        return self.operations * SECONDS_AN_OPERATION

    @property
    def seconds(self) -> float:
        """Seconds, roughly, spent in computing, on one core."""
        return self.numbers / NUMBERS_A_SECOND + self.flops / FLOPS_A_SECOND


def work_of(problem: Problem) -> Work | None:
    """Return the work of one point, counted on the first batch; None where data are streamed."""
    if not isinstance(problem.data, Resident):
        return None
    batch = next(iter(problem.data))
    with _Counter() as counter:
        problem.measure(problem.model, 0, batch, True)
    problem.buffers.restore()
    times = problem.data.n_examples / problem.data.counts[0]
    found = counter.operations, counter.numbers, counter.flops
    return Work(*(round(each * times) for each in found))


class _Counter(TorchDispatchMode):
    """Counts the kernels that run below it."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = self.numbers = self.flops = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Spare torch's compiler, which would be imported, for seconds, to be told to keep off."""
        return False

    def __torch_dispatch__(
        self,
        func: Any,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        self.operations += 1
        if not func.is_view:
            self.numbers += sum(t.numel() for t in tree_leaves(out) if isinstance(t, Tensor))
        formula: Callable[..., int] | None = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.flops += formula(*args, **(kwargs or {}), out_val=out)
        return out


def few_threads(work: Work | None) -> int:
    """Return how many threads a point deserves: one, if handing out its work costs more."""
    most = torch.get_num_threads()
    return 1 if work is not None and work.seconds < 1e-3 else most
