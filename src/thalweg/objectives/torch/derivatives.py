"""Derivatives: gradients and Hessian-vector products, added up over batches in float64.

Products are taken in reverse mode twice (Pearlmutter 1994, "Fast exact multiplication by the
Hessian"), one direction at a time: torch's forward mode and its batched second derivatives are
wrong for normalization layers (pytorch/pytorch issues 196699 and 196700).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.rows import Rows, Total, summary, wide


@contextmanager
def differentiable(problem: Problem, twice: bool) -> Iterator[list[nn.Parameter]]:
    """Switch gradients on for the mapped parameters, and off what cannot be differentiated."""
    parameters = problem.parameters
    with ExitStack() as stack:
        stack.enter_context(torch.enable_grad())
        if any(isinstance(module, nn.RNNBase) for module in problem.model.modules()):
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        if twice:  # the fused attention kernels have no second derivative
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        try:
            for parameter in parameters:
                parameter.requires_grad_(True)
            yield parameters
        finally:
            for parameter in parameters:
                parameter.requires_grad_(False)


@contextmanager
def _reported() -> Iterator[None]:
    """Say in one line which operation of the model torch cannot differentiate twice."""
    try:
        yield
    except RuntimeError as fault:  # NotImplementedError is one
        if "derivative for" not in str(fault):
            raise
        said = " ".join(str(fault).split())[:200]
        mend = "replace that operation, or ask for values and gradients only"
        raise InputError("the Hessian needs second derivatives", said, mend) from fault


def value_and_gradient(problem: Problem) -> tuple[float, FloatArray]:
    """Return loss and gradient (n,) where the double now is."""
    with differentiable(problem, twice=False) as parameters:
        sums = [torch.zeros_like(wide(p.detach())) for p in parameters]
        seen: list[Rows] = []
        for number, batch in problem.batches():
            rows = problem.measure(problem.model, number, batch, False)[0]
            found = torch.autograd.grad(_whole(rows), parameters, allow_unused=True)
            _add(sums, found)
            seen.append(Rows(rows.values.detach(), rows.weights))
    return summary(seen, problem.loss.total).value, _flat(sums) / _weight(problem, seen)


def hessian_times(problem: Problem, directions: FloatArray) -> FloatArray:
    """Return the Hessian where the double now is times directions (k, n)."""
    with _reported(), differentiable(problem, twice=True) as parameters:
        rows_of = [_blocks(direction, parameters) for direction in directions]
        sums = [[torch.zeros_like(wide(p.detach())) for p in parameters] for _ in directions]
        seen: list[Rows] = []
        for number, batch in problem.batches():
            rows = problem.measure(problem.model, number, batch, False)[0]
            seen.append(Rows(rows.values.detach(), rows.weights))
            slopes = torch.autograd.grad(
                _whole(rows), parameters, create_graph=True, allow_unused=True
            )
            # A slope without a graph is constant, so its second derivatives are zero.
            curved = [i for i, g in enumerate(slopes) if g is not None and g.requires_grad]
            for direction, total in zip(rows_of, sums, strict=True):
                if curved:
                    found = torch.autograd.grad(
                        [slopes[i] for i in curved],
                        parameters,
                        [direction[i] for i in curved],
                        retain_graph=True,
                        allow_unused=True,
                    )
                    _add(total, found)
    products = np.stack([_flat(total) for total in sums]) if sums else np.empty_like(directions)
    return products / _weight(problem, seen)


def _whole(rows: Rows) -> Tensor:
    total = wide(rows.values).sum()
    if not total.requires_grad:
        mend = "keep .detach(), .item() and no_grad out of model and loss"
        raise InputError("the loss must depend on the parameters", "one without a graph", mend)
    return total


def _weight(problem: Problem, seen: list[Rows]) -> float:
    if problem.loss.total is Total.SUM:
        return 1.0
    return float(sum(wide(rows.weights).sum() for rows in seen))


def _add(sums: list[Tensor], found: Sequence[Tensor | None]) -> None:
    for total, part in zip(sums, found, strict=True):
        if part is not None:
            total += wide(part.detach())


def _flat(blocks: list[Tensor]) -> FloatArray:
    return torch.cat([block.reshape(-1).cpu() for block in blocks]).numpy()


def _blocks(direction: FloatArray, parameters: list[nn.Parameter]) -> list[Tensor]:
    parts, at = [], 0
    for p in parameters:
        part = torch.tensor(direction[at : at + p.numel()]).reshape(p.shape)
        parts.append(part.to(device=p.device, dtype=p.dtype))
        at += p.numel()
    return parts
