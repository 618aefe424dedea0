"""Memory: a batch that does not fit is halved, and halved again, and the map goes on."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from thalweg.core.errors import InputError
from thalweg.objectives.torch.data import count
from thalweg.objectives.torch.losses import ModelCall
from thalweg.objectives.torch.nest import leaves, mapped
from thalweg.objectives.torch.policies import Normalisation
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.rows import Rows

_SAID = ("can't allocate memory", "not enough memory", "out of memory")
_log = logging.getLogger("thalweg")


def is_out_of_memory(fault: BaseException) -> bool:
    """Return whether an exception says that memory ran out, and nothing else.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ..."))
    True
    >>> is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    False
    """
    if isinstance(fault, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(fault, RuntimeError) and any(said in str(fault).lower() for said in _SAID)


class Portions:
    """Measures batches in portions that fit.

    Attributes:
        size: examples that a portion has at most; None as long as every batch fitted.
    """

    def __init__(self) -> None:
        self.size: int | None = None

    def measure(
        self, problem: Problem, call: ModelCall, number: int, batch: Any, metrics: bool
    ) -> Iterator[list[Rows]]:
        """Yield the rows of a batch, portion by portion; see `Problem.measure`.

        Raises:
            InputError: not even one example fits, or the batch cannot be divided.
        """
        whole, at, told = count(batch), 0, self.size
        while at < whole:
            size = min(self.size or whole, whole - at)
            part = batch if size == whole else mapped(batch, _cut(at, at + size))
            rows, failed = None, ""
            try:
                rows = problem.measure(call, number, part, metrics)
            except Exception as fault:
                if not is_out_of_memory(fault):
                    raise
                failed = _short(fault)  # the exception itself would keep what filled the memory
            if rows is not None:
                yield rows
                at += size
                continue
            self.size = _half(problem, batch, size, failed)
            del part
            if torch.cuda.is_initialized():
                torch.cuda.empty_cache()
        if self.size != told:
            line = "batches of %d examples do not fit in memory; going on with %d at a time"
            _log.warning(line, whole, self.size)


def _half(problem: Problem, batch: Any, size: int, failed: str) -> int:
    """Return the next size to try, or raise InputError that says why there is none."""
    if size == 1:
        mend = "take a smaller dtype, Residence.HOST for the data, or a larger machine"
        raise InputError("a batch of 1 example must fit in memory", failed, mend)
    lengths = {len(leaf) if isinstance(leaf, Tensor) and leaf.ndim else 0 for leaf in leaves(batch)}
    whole = "batches with batch statistics" * (problem.normalisation is Normalisation.BATCH)
    whole = whole or "batches with dropout masks" * (problem.dropout is not None)
    whole = whole or "batches whose tensors differ in length" * (len(lengths) > 1)
    # Parts of a mean that is not over examples, but over tokens or pairs, need not add up to it.
    whole = whole or "batches with a loss that is no mean of examples" * (
        not problem.loss.by_example
    )
    if whole:
        mend = "pass a smaller batch_size, or smaller batches"
        raise InputError(f"{whole} must fit in memory whole", failed, mend)
    return max(1, size // 2)


def _cut(start: int, end: int) -> Callable[[Tensor], Tensor]:
    return lambda tensor: tensor[start:end]


def _short(fault: BaseException) -> str:
    return " ".join(f"{type(fault).__name__}: {fault}".split())[:200]
