"""Losses: how the model and a batch become rows of a loss; said by type, never guessed.

- a callable of (outputs, targets): a loss module, a function of torch.nn.functional, or any other;
  batches are (inputs, targets), or several inputs and then the targets
- `PerExample(function)`: the same, but it returns one loss an example
- `OnBatch(function)`: a callable of (model, batch), for batches of any form
- None: the model's own loss, `model(**batch).loss`, as Hugging Face models return it
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from thalweg.core.errors import InputError
from thalweg.objectives.torch.data import Place, count
from thalweg.objectives.torch.reductions import Kernel, kernel_of
from thalweg.objectives.torch.rows import Rows, Total

ModelCall = Callable[..., Any]  # the model, or the model at other parameters


@dataclass(frozen=True)
class PerExample:
    """A loss of (outputs, targets) that returns one number an example, (N,)."""

    function: Callable[[Any, Any], Tensor]


@dataclass(frozen=True)
class OnBatch:
    """A loss of (model, batch).

    Attributes:
        function: returns the batch's mean loss, or (loss, outputs) if there are metrics.
        per_example: whether it returns (N,) losses instead of their mean.
        weight: what a batch's mean counts, as a function of the batch, such as its number of
            tokens; None: its examples.
    """

    function: Callable[[ModelCall, Any], Any]
    per_example: bool = False
    weight: Callable[[Any], float | Tensor] | None = None


@dataclass(frozen=True)
class Seen:
    """What one forward pass over a batch gave: rows of the loss, and what metrics look at."""

    loss: Rows
    outputs: Any
    targets: Any


class BatchLoss(Protocol):
    """The loss of one batch."""

    @property
    def by_example(self) -> bool:
        """Whether each row is one example."""
        ...

    @property
    def total(self) -> Total:
        """Mean or sum over all examples."""
        ...

    def __call__(self, call: ModelCall, batch: Any) -> Seen:
        """Return the rows, given the model at some parameters and a batch on its device."""
        ...


@dataclass(frozen=True)
class PairLoss:
    """A loss of (outputs, targets)."""

    kernel: Kernel

    @property
    def by_example(self) -> bool:
        """Whether each row is one example."""
        return self.kernel.by_example

    @property
    def total(self) -> Total:
        """Mean or sum over all examples."""
        return self.kernel.total

    def __call__(self, call: ModelCall, batch: Any) -> Seen:
        """Return the rows of one batch."""
        *inputs, targets = batch
        outputs = call(*inputs)
        return Seen(self.kernel.rows(outputs, targets, count(batch)), outputs, targets)


@dataclass(frozen=True)
class BatchFunction:
    """A loss of (model, batch)."""

    given: OnBatch
    total: Total = Total.MEAN

    @property
    def by_example(self) -> bool:
        """Whether each row is one example."""
        return self.given.per_example

    def __call__(self, call: ModelCall, batch: Any) -> Seen:
        """Return the rows of one batch."""
        found = self.given.function(call, batch)
        loss, outputs = found if isinstance(found, tuple) else (found, None)
        if self.given.per_example:
            rows = Rows.of_examples(example_losses(loss))
        else:
            weight = count(batch) if self.given.weight is None else self.given.weight(batch)
            rows = Rows.of_mean(scalar(loss), weight)
        return Seen(rows, outputs, targets_of(batch))


def own_loss(model: ModelCall, batch: Any) -> tuple[Tensor, Any]:
    """Return the loss that the model itself computes from a batch of keywords, and its outputs."""
    if not isinstance(batch, Mapping):
        wanted = "loss=None needs batches of keywords for the model"
        mend = "pass a loss of (outputs, targets), or OnBatch(function)"
        raise InputError(wanted, type(batch).__name__, mend)
    outputs = model(**batch)
    loss = outputs.get("loss") if isinstance(outputs, Mapping) else getattr(outputs, "loss", None)
    if loss is None:
        mend = "put labels into the batch, or pass a loss"
        raise InputError("loss=None needs a model that returns its loss", "none", mend)
    return loss, outputs


def batch_loss(loss: Any, place: Place) -> BatchLoss:
    """Return the loss in the form that evaluation needs; a module is copied.

    Args:
        loss: as the caller gave it.
        place: applied to the tensors that a loss module holds, such as weights of classes.

    Raises:
        InputError: not a loss, or one that returns no scalar.
    """
    if loss is None:
        return BatchFunction(OnBatch(own_loss))
    if isinstance(loss, OnBatch):
        return BatchFunction(loss)
    if isinstance(loss, PerExample):
        return PairLoss(_Examples(loss.function))
    function = _own(loss, place)
    return PairLoss(kernel_of(function) or _Scalar(function))


def _own(loss: Any, place: Place) -> Any:
    """Return a loss that is private: a module is copied and moved."""
    if isinstance(loss, type) or not callable(loss):
        got = f"the class {loss.__name__}" if isinstance(loss, type) else type(loss).__name__
        mend = "pass a callable of (outputs, targets), OnBatch(function) or None"
        raise InputError("the loss must be callable", got, mend)
    if isinstance(loss, nn.Module):
        return copy.deepcopy(loss).requires_grad_(False)._apply(place)
    return loss


def check_batch(loss: BatchLoss, batch: Any) -> None:
    """Raise InputError if the loss cannot take batches of this form."""
    if isinstance(loss, PairLoss) and not (isinstance(batch, tuple | list) and len(batch) > 1):
        length = f" of {len(batch)}" if isinstance(batch, tuple | list) else ""
        wanted = "a loss of (outputs, targets) needs batches (inputs, targets)"
        mend = "wrap it: OnBatch(lambda model, batch: ...), or loss=None for the model's own"
        raise InputError(wanted, f"a {type(batch).__name__}{length}", mend)


def targets_of(batch: Any) -> Any:
    """Return what metrics compare with: the labels of a dict, the last item of a sequence."""
    if isinstance(batch, Mapping):
        return batch.get("labels")
    return batch[-1] if isinstance(batch, tuple | list) else None


@dataclass(frozen=True)
class _Examples:
    function: Callable[[Any, Any], Tensor]
    by_example: bool = True
    total: Total = Total.MEAN

    def rows(self, outputs: Any, targets: Any, count: int) -> Rows:
        return Rows.of_examples(example_losses(self.function(outputs, targets)))


@dataclass(frozen=True)
class _Scalar:
    function: Callable[[Any, Any], Tensor]
    by_example: bool = False
    total: Total = Total.MEAN

    def rows(self, outputs: Any, targets: Any, count: int) -> Rows:
        return Rows.of_mean(scalar(self.function(outputs, targets)), count)


def example_losses(loss: Any) -> Tensor:
    """Return a loss of (N,) unchanged, or raise InputError."""
    if not isinstance(loss, Tensor) or loss.ndim != 1:
        mend = "return one number an example, or drop PerExample"
        raise InputError("a loss by example must have shape (N,)", _shape(loss), mend)
    return loss


def scalar(loss: Any) -> Tensor:
    """Return a loss of one number unchanged, or raise InputError."""
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        mend = "take its mean, or wrap the loss in PerExample(...) if it is one number an example"
        raise InputError("the loss must be one number, a tensor", _shape(loss), mend)
    return loss


def _shape(found: Any) -> str:
    return f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
