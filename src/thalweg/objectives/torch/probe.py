"""Probe: what can be known to be wrong before a map is made, said in one line each."""

import torch
from torch import nn

from thalweg.core.errors import InputError, ThalwegError
from thalweg.objectives.torch.guest import guarded
from thalweg.objectives.torch.losses import check_batch
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.rows import Rows


def check_finite(model: nn.Module) -> None:
    """Raise InputError that names the first parameter that is not finite, or buffer with NaN.

    An infinite buffer may be meant, as in the mask of a causal transformer.
    """
    parameters = [(name, p, torch.isfinite) for name, p in model.named_parameters()]
    buffers = [(name, b, lambda b: ~torch.isnan(b)) for name, b in model.named_buffers()]
    for name, tensor, fine in (*parameters, *buffers):
        if tensor.layout is torch.strided and (tensor.is_floating_point() or tensor.is_complex()):
            bad = int((~fine(tensor)).sum())
            if bad:
                wanted = "the model's numbers must be finite"
                got = f"{bad} of {tensor.numel()} not finite in {name}"
                raise InputError(wanted, got, "pass allow_nonfinite=True to map it anyway")


def probe(problem: Problem) -> None:
    """Evaluate the first batch twice, and draw it twice.

    Raises:
        InputError: model and loss do not take the batch, or two evaluations differ.
    """
    with guarded():
        number, batch = next(iter(problem.batches()))
        check_batch(problem.loss, batch)
        first = _measured(problem, number, batch)
        for _ in range(2):
            number, batch = next(iter(problem.batches()))
            if not _equal(first, _measured(problem, number, batch)):
                wanted = "the same point must give the same loss twice"
                mend = (
                    "look for dropout or noise in the model, random augmentation in the loader, "
                    "batch statistics, nondeterministic CUDA kernels"
                )
                raise InputError(wanted, "two values that differ", mend)


def _measured(problem: Problem, number: int, batch: object) -> list[Rows]:
    try:
        problem.prepare()
        return problem.measure(problem.model, number, batch, True)
    except (ThalwegError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as fault:  # the guest's code may raise anything
        said = " ".join(f"{type(fault).__name__}: {fault}".split())[:300]
        mend = "call loss(model(inputs), targets) on one batch by hand"
        raise InputError("model, loss and metrics must take a batch", said, mend) from fault


def _equal(first: list[Rows], second: list[Rows]) -> bool:
    return all(
        a.values.shape == b.values.shape
        and torch.equal(torch.nan_to_num(a.values), torch.nan_to_num(b.values))
        for a, b in zip(first, second, strict=True)
    )
