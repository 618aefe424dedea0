"""Problem: all that a strategy needs to evaluate an objective; the seam between what and how."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from thalweg.objectives.torch.data import Data, count
from thalweg.objectives.torch.double import BufferKeeper
from thalweg.objectives.torch.losses import BatchLoss, ModelCall
from thalweg.objectives.torch.metrics import Metric
from thalweg.objectives.torch.norms import reestimate, tracked
from thalweg.objectives.torch.policies import FixedMasks, Normalisation
from thalweg.objectives.torch.rows import Rows, Total, summary
from thalweg.objectives.torch.selection import Selection


@dataclass(frozen=True, eq=False)
class Problem:
    """A private model, its data, loss and policies.

    Attributes:
        model: the double, in the modes that the policies ask for. Strategies move its mapped
            parameters as they like and need not put them back; buffers are put back.
        base: the mapped parameters at the start, in the layout's order, never written.
        selection: which parameters are mapped.
        data: the batches.
        loss: of one batch, in rows.
        metrics: further fields.
        normalisation: as in `from_torch`.
        dropout: as in `from_torch`.
        buffers: of the double, as they were at the start.
    """

    model: nn.Module
    base: tuple[Tensor, ...]
    selection: Selection
    data: Data
    loss: BatchLoss
    metrics: tuple[Metric, ...]
    normalisation: Normalisation
    dropout: FixedMasks | None
    buffers: BufferKeeper

    @cached_property
    def parameters(self) -> list[nn.Parameter]:
        """The mapped parameters of the double, in the layout's order."""
        return self.selection.parameters(self.model)

    @property
    def device(self) -> torch.device:
        """Where the data and the first mapped parameter are."""
        return self.base[0].device

    @property
    def reestimates(self) -> bool:
        """Whether every point needs a pass over the data before it can be evaluated."""
        return self.normalisation is Normalisation.REESTIMATED and bool(tracked(self.model))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is found again."""
        return {k: v for k, v in self.__dict__.items() if k != "parameters"}

    def batches(self) -> Iterator[tuple[int, Any]]:
        """Yield each batch with its number."""
        yield from enumerate(self.data)

    def measure(self, call: ModelCall, number: int, batch: Any, metrics: bool) -> list[Rows]:
        """Return the rows of the loss on one batch, and those of the metrics if asked.

        Args:
            call: the double, or what stands for it at other parameters.
            number: of the batch; picks the dropout masks.
            batch: on the device.
            metrics: whether those are wanted.
        """
        self.seed_masks(number)
        seen = self.loss(call, batch)
        if not metrics:
            return [seen.loss]
        size = count(batch)
        return [seen.loss, *(m.rows(seen.outputs, seen.targets, size) for m in self.metrics)]

    def summarize(self, parts: list[list[Rows]], fields: tuple[str, ...]) -> dict[str, float]:
        """Return the fields at one point, given the rows of all its batches."""
        loss = summary([rows[0] for rows in parts], self.loss.total)
        found = {"loss": loss.value, "loss_stderr": loss.stderr}
        for i, metric in enumerate(self.metrics, start=1):
            if metric.name in fields:
                found[metric.name] = summary([rows[i] for rows in parts], Total.MEAN).value
        return {field: found[field] for field in fields if field in found}

    def seed_masks(self, number: int) -> None:
        """Make the next dropout masks those of batch `number`."""
        if self.dropout is not None:
            torch.manual_seed(self.dropout.seed * 1_000_003 + number)

    def prepare(self) -> None:
        """Ready the double for the point where its parameters now are."""
        self.buffers.restore()
        if self.reestimates:
            passes = (
                (count(b), lambda i=i, b=b: self.measure(self.model, i, b, False))
                for i, b in self.batches()
            )
            reestimate(tracked(self.model), passes)
