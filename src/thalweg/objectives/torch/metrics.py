"""Metrics: further fields of a map, from the same forward pass as the loss."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from thalweg.core.errors import InputError
from thalweg.objectives.torch.rows import Rows

RESERVED = ("loss", "loss_stderr", "gradient_norm")
NO_CLASS = -100  # torch's own mark of a target that does not count


@dataclass(frozen=True)
class Metric:
    """A quantity of every point beside the loss.

    Attributes:
        name: of its field.
        function: of (outputs, targets); returns one number an example, the batch's mean, or
            `Rows`.
    """

    name: str
    function: Callable[[Any, Any], Tensor | Rows]

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name in RESERVED:
            mend = f"take another word than {', '.join(RESERVED)}"
            raise InputError("a metric's name must be a free identifier", repr(self.name), mend)

    def rows(self, outputs: Any, targets: Any, count: int) -> Rows:
        """Return the metric of one batch of `count` examples, in rows."""
        found = self.function(outputs, targets)
        if isinstance(found, Rows):
            return found
        found = torch.as_tensor(found).detach()
        return Rows.of_examples(found) if found.ndim else Rows.of_mean(found, count)


def right(outputs: Any, targets: Tensor) -> Rows:
    """Return which examples are classified rightly; targets of -100 do not count.

    Args:
        outputs: (N, C, ...) scores; (N,) or (N, 1) logits of two classes; or an object with
            `logits` (N, ..., C). Nothing is shifted, as language models' own losses do.
        targets: (N, ...) classes, or (N, C, ...) probabilities.
    """
    ours = isinstance(outputs, Tensor)
    scores = outputs if ours else outputs.logits
    two = scores.ndim == 1 or scores.shape[1] == 1
    if two:
        guess, wanted = scores.reshape(len(scores), -1) > 0, targets.reshape(len(scores), -1)
        return Rows.of_examples((guess == (wanted > 0.5)).double())
    if targets.shape == scores.shape:
        return Rows.of_examples((scores.argmax(1) == targets.argmax(1)).double())
    # Torch keeps classes on axis 1; language models, whose outputs are objects, on the last.
    axis = 1 if ours and targets.shape == scores.shape[:1] + scores.shape[2:] else -1
    counted = (targets != NO_CLASS).double()
    hits = (scores.argmax(axis) == targets).double() * counted
    flat = hits.reshape(len(hits), -1)
    return Rows(flat.sum(1), counted.reshape(flat.shape).sum(1))


accuracy = Metric("accuracy", right)
