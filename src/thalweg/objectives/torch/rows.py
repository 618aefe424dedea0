"""Rows: a mean over examples as sums and weights, so that batches of any size add up exactly."""

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor


class Total(Enum):
    """What the loss of all examples is, given its rows."""

    MEAN = "mean"  # sum of the values over sum of the weights
    SUM = "sum"  # sum of the values


@dataclass(frozen=True, eq=False)
class Rows:
    """One batch's part of a weighted mean: sum(values) / sum(weights) over all batches.

    Attributes:
        values: (r,), one an example, or a single one for the whole batch.
        weights: (r,), what each value counts.
    """

    values: Tensor
    weights: Tensor

    @classmethod
    def of_mean(cls, mean: Tensor, count: float | Tensor) -> "Rows":
        """Return the rows of a batch of which only the mean is known."""
        mean = wide(mean).reshape(1)
        weight = torch.as_tensor(count, device=mean.device).reshape(1)
        return cls(mean * weight, weight)

    @classmethod
    def of_examples(cls, values: Tensor) -> "Rows":
        """Return the rows of values (N, ...): the mean over all axes but the first, weight 1."""
        flat = values.reshape(len(values), -1)
        means = wide(added(flat)) / flat.shape[1]
        return cls(means, torch.ones_like(means))


def added(elements: Tensor) -> Tensor:
    """Return the sums (r,) of elements (r, e); half precision is added up in single."""
    half = elements.dtype in (torch.bfloat16, torch.float16) or not elements.is_floating_point()
    return elements.sum(1, dtype=torch.float32 if half else None)


def wide(tensor: Tensor) -> Tensor:
    """Return the tensor in float64; on the CPU where the device has no float64."""
    return tensor.to(wide_device(tensor.device)).double()


def wide_device(device: torch.device) -> torch.device:
    """Return where float64 sums are made: the device itself, or the CPU if it has no float64."""
    return torch.device("cpu") if device.type == "mps" else device


@dataclass(frozen=True)
class Summary:
    """Rows of all batches brought together.

    Attributes:
        value: the mean or the sum.
        stderr: standard error of the mean over examples (of a ratio, where weights differ).
    """

    value: float
    stderr: float


def summary(parts: list[Rows], total: Total) -> Summary:
    """Return mean or sum, and the standard error, in float64; the batch split leaves no trace."""
    values = torch.cat([wide(part.values.detach()) for part in parts])
    if total is Total.SUM:
        return Summary(float(values.sum()), float("nan"))
    weights = torch.cat([wide(part.weights) for part in parts])
    whole = weights.sum()
    mean = values.sum() / whole
    n = len(values)
    squares = (values - mean * weights).square().sum()
    stderr = torch.sqrt(squares * (n / max(n - 1, 1))) / whole
    return Summary(float(mean), float(stderr) if n > 1 else float("nan"))
