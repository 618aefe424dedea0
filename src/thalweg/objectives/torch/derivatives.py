"""Derivatives: gradients and Hessian-vector products, added up over batches in float64.

Products are taken in reverse mode twice (Pearlmutter 1994, "Fast exact multiplication by the
Hessian"). torch's forward mode and its batched second derivatives are wrong for normalization
layers (pytorch/pytorch issues 196699 and 196700), so many products go together only where a
probe shows that it changes nothing.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.rows import Rows, Total, summary, wide, wide_device

PROBE_FROM = 24  # with fewer rows a probe does not pay
TOGETHER, TOGETHER_BYTES = 64, 1 << 28  # rows at once; their graph's memory, about


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
def reported() -> Iterator[None]:
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
    return summary(seen, problem.loss.total).value, _flat(sums) / weight_of(problem, seen)


def hessian_times(problem: Problem, directions: FloatArray) -> FloatArray:
    """Return the Hessian where the double now is times directions (k, n)."""
    with reported(), differentiable(problem, twice=True):
        rows = torch.tensor(directions, device=wide_device(problem.device))
        sums, seen, together = torch.zeros_like(rows), [], 1
        for number, batch in problem.batches():
            if number == 0 and len(rows) >= PROBE_FROM:
                together = rows_together(graph_bytes(problem, batch))
            slopes = Slopes(problem, number, batch)
            slopes.add_products(rows, sums, together)
            seen.append(slopes.rows)
        return (sums / weight_of(problem, seen)).cpu().numpy()


class Slopes:
    """The gradient of one batch with its graph, ready for products.

    Made and used inside `differentiable(problem, twice=True)`.

    Args:
        problem: where its double now is.
        number: of the batch.
        batch: itself.

    Attributes:
        rows: of the loss, without a graph.
    """

    def __init__(self, problem: Problem, number: int, batch: Any) -> None:
        self._parameters = problem.parameters
        rows = problem.measure(problem.model, number, batch, False)[0]
        found = torch.autograd.grad(
            _whole(rows), self._parameters, create_graph=True, allow_unused=True
        )
        # A slope without a graph is constant, so its second derivatives are zero.
        curved = {i: slope for i, slope in enumerate(found) if slope is not None}
        self._curved = {i: slope for i, slope in curved.items() if slope.requires_grad}
        self._agree: bool | None = None
        self.rows = Rows(rows.values.detach(), rows.weights)

    def add_products(self, rows: Tensor, sums: Tensor, together: int = 1) -> None:
        """Add the second derivatives of the batch's sum times rows.

        Args:
            rows: (k, n), float64.
            sums: (k, n), added to.
            together: rows at once, where a probe shows that it changes nothing.
        """
        if not self._curved:
            return
        if together > 1 and len(rows) >= PROBE_FROM and self._probed(rows):
            for part, total in zip(rows.split(together), sums.split(together), strict=True):
                self._add(self._products(part, together=True), total)
            return
        for row, total in zip(rows, sums, strict=True):
            self._add(self._products(row, together=False), total)

    def _products(self, rows: Tensor, together: bool) -> Sequence[Tensor | None]:
        """The products with one row (n,), or with rows (k, n) together, by parameter."""
        return torch.autograd.grad(
            list(self._curved.values()),
            self._parameters,
            self._cut(rows),
            retain_graph=True,
            allow_unused=True,
            is_grads_batched=together,
        )

    def _cut(self, rows: Tensor) -> list[Tensor]:
        """Rows (..., n) as the blocks of the curved parameters, in their shapes and dtypes."""
        parts = rows.split([p.numel() for p in self._parameters], dim=-1)
        found = []
        for i in self._curved:
            p = self._parameters[i]
            part = parts[i].reshape(*rows.shape[:-1], *p.shape)
            found.append(part.to(device=p.device, dtype=p.dtype))
        return found

    def _add(self, found: Sequence[Tensor | None], sums: Tensor) -> None:
        parts = sums.split([p.numel() for p in self._parameters], dim=-1)
        for p, total, part in zip(self._parameters, parts, found, strict=True):
            if part is not None:  # it may be sparse, so that only a sum in its own shape works
                shaped = total.view(*total.shape[:-1], *p.shape)
                shaped += wide(part.detach())

    def _probed(self, rows: Tensor) -> bool:
        """Whether products together are those one at a time, tried once with two dense rows."""
        if self._agree is None:
            self._agree = self._try_together(rows)
        return self._agree

    def _try_together(self, rows: Tensor) -> bool:
        draw = torch.Generator().manual_seed(0)
        probes = torch.randn(2, rows.shape[1], generator=draw, dtype=rows.dtype).to(rows.device)
        alone, together = torch.zeros_like(probes), torch.zeros_like(probes)
        for probe, total in zip(probes, alone, strict=True):
            self._add(self._products(probe, together=False), total)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # torch warns where it would loop anyway
                self._add(self._products(probes, together=True), together)
        except Exception:  # whatever it was, one at a time has just worked
            return False
        rounding = max(torch.finfo(p.dtype).eps for p in self._parameters)
        allowed = min(300 * rounding, 0.01)  # of half precision nothing can be told so
        return bool((alone - together).norm() <= allowed * alone.norm())


def graph_bytes(problem: Problem, batch: Any) -> int:
    """Return how many bytes the graph of the gradient on the first batch keeps alive."""
    found: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        if tensor.layout is torch.strided:  # sparse ones have no storage, and are small
            storage = tensor.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        Slopes(problem, 0, batch)
    problem.buffers.restore()
    return sum(found.values())


def rows_together(size: int) -> int:
    """Return how many products go at once over a graph of so many bytes."""
    return max(1, min(TOGETHER, TOGETHER_BYTES // max(size, 1)))


def weight_of(problem: Problem, seen: list[Rows]) -> float:
    """Return what the sum over batches is to be divided by."""
    if problem.loss.total is Total.SUM:
        return 1.0
    return float(sum(wide(rows.weights).sum() for rows in seen))


def _whole(rows: Rows) -> Tensor:
    total = wide(rows.values).sum()
    if not total.requires_grad:
        mend = "keep .detach(), .item() and no_grad out of model and loss"
        raise InputError("the loss must depend on the parameters", "one without a graph", mend)
    return total


def _add(sums: list[Tensor], found: Sequence[Tensor | None]) -> None:
    for total, part in zip(sums, found, strict=True):
        if part is not None:
            total += wide(part.detach())


def _flat(blocks: list[Tensor]) -> FloatArray:
    return torch.cat([block.reshape(-1).cpu() for block in blocks]).numpy()
