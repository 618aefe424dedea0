"""Torch's own losses taken apart: rows by example, with the weights of their means."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from thalweg.core.errors import InputError
from thalweg.objectives.torch.rows import Rows, Total, added, wide, wide_device


class Kernel(Protocol):
    """A loss of (outputs, targets), in rows."""

    @property
    def by_example(self) -> bool:
        """Whether each row is one example."""
        ...

    @property
    def total(self) -> Total:
        """Mean or sum over all examples."""
        ...

    def rows(self, outputs: Any, targets: Any, count: int) -> Rows:
        """Return the rows of one batch of `count` examples."""
        ...


_CLASS_LOSSES = (nn.CrossEntropyLoss, nn.NLLLoss)
_PLAIN_LOSSES = (
    *(nn.L1Loss, nn.MSELoss, nn.SmoothL1Loss, nn.HuberLoss, nn.BCELoss, nn.BCEWithLogitsLoss),
    *(nn.PoissonNLLLoss, nn.KLDivLoss, nn.SoftMarginLoss, nn.MultiLabelSoftMarginLoss),
    *(nn.MultiMarginLoss, nn.MultiLabelMarginLoss, nn.HingeEmbeddingLoss),
)
_CLASS_FUNCTIONS = (F.cross_entropy, F.nll_loss)
_PLAIN_FUNCTIONS = (
    *(F.l1_loss, F.mse_loss, F.smooth_l1_loss, F.huber_loss, F.binary_cross_entropy),
    *(F.binary_cross_entropy_with_logits, F.poisson_nll_loss, F.kl_div, F.soft_margin_loss),
    *(F.multilabel_soft_margin_loss, F.multi_margin_loss, F.multilabel_margin_loss),
    F.hinge_embedding_loss,
)


@dataclass(frozen=True)
class Unreduced:
    """A loss of torch without its own reduction.

    Attributes:
        function: of (outputs, targets); returns the loss of each element.
        total: mean or sum.
        by_classes: whether targets are classes, whose weights the mean divides by.
        weight: (C,) of the classes, or None.
        ignore_index: the class that does not count.
        by_batch: whether the mean divides by examples, not elements ("batchmean").
    """

    function: Callable[..., Tensor]
    total: Total
    by_classes: bool
    weight: Tensor | None
    ignore_index: int
    by_batch: bool = False
    by_example: bool = field(default=True, init=False)

    def rows(self, outputs: Any, targets: Any, count: int) -> Rows:
        """Return the sum over the elements of each example, and what they count."""
        found = self.function(outputs, targets)
        values = found.reshape(len(found), -1) if found.ndim else found.reshape(1, 1)
        return Rows(added(values), self._counts(targets, values))

    def _counts(self, targets: Tensor, values: Tensor) -> Tensor:
        """Return what the mean divides by, (r,)."""
        if not self.by_classes or targets.is_floating_point():
            elements = 1.0 if self.by_batch else float(values.shape[1])
            place = wide_device(values.device)
            return torch.full((len(values),), elements, dtype=torch.float64, device=place)
        targets = targets.reshape(values.shape)
        counted = targets != self.ignore_index
        if self.weight is None:
            return wide(counted).sum(1)
        chosen = self.weight.to(targets.device)[targets.where(counted, 0)]
        return wide(chosen * counted).sum(1)


def kernel_of(loss: Any) -> Unreduced | None:
    """Return a loss module or function of torch taken apart, or None for any other callable.

    Raises:
        InputError: its reduction is "none".
    """
    if type(loss) in (*_CLASS_LOSSES, *_PLAIN_LOSSES):
        own = copy.copy(loss)
        reduction, own.reduction = own.reduction, "none"
        by_classes = type(loss) in _CLASS_LOSSES
        weight = own.weight if by_classes else None
        return _unreduced(own, reduction, by_classes, weight, getattr(own, "ignore_index", -100))
    inner, keywords = (loss.func, loss.keywords) if isinstance(loss, partial) else (loss, {})
    if inner not in (*_CLASS_FUNCTIONS, *_PLAIN_FUNCTIONS) or getattr(loss, "args", ()):
        return None
    by_classes = inner in _CLASS_FUNCTIONS
    reduction = keywords.get("reduction", "mean")
    weight = keywords.get("weight") if by_classes else None
    function = partial(inner, **{**keywords, "reduction": "none"})
    return _unreduced(function, reduction, by_classes, weight, keywords.get("ignore_index", -100))


def _unreduced(
    function: Callable[..., Tensor],
    reduction: str,
    by_classes: bool,
    weight: Tensor | None,
    ignore_index: int,
) -> Unreduced:
    if reduction not in ("mean", "sum", "batchmean"):
        mend = "make the loss with reduction='mean'; its rows are found anyway"
        raise InputError("the loss must be one number", f"reduction {reduction!r}", mend)
    total = Total.SUM if reduction == "sum" else Total.MEAN
    by_batch = reduction == "batchmean"
    return Unreduced(function, total, by_classes, weight, ignore_index, by_batch)
