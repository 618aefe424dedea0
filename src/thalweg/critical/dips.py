"""dips: where the gradient norm of a run falls and rises again, as it does beside a saddle."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.schema import require_kind

ROUNDING = 1e-12


@dataclass(frozen=True)
class Dip:
    """A local minimum of the gradient norm along a run.

    Attributes:
        row: in the trajectory; `step` as it counts them.
        loss, gradient_norm: there.
        depth: how many times lower than the ridge over which the run gets to a lower gradient;
            the lowest of all than the highest ridge.
        ridge: the row of the largest gradient norm from here to the next dip, or to the end.
    """

    row: int
    step: int
    loss: float
    gradient_norm: float
    depth: float
    ridge: int


def dips(trajectory: xr.Dataset, depth: float = 2.0) -> tuple[Dip, ...]:
    """Return the dips of the gradient norm along a *trajectory*, in order.

    Measured by prominence on a log scale, so that a plateau late in a run counts like one early
    on. The ends of the run may be dips too: a start near a saddle, a run that settles. From the
    first gradient that is not finite on, nothing is read.

    Args:
        trajectory: with `gradient_norm` (step,) and `loss`.
        depth: how many times lower than its ridges a dip is at least, above 1; raise it for
            minibatch noise.

    Raises:
        InputError: no trajectory, one without gradient norms, or a depth of 1 or less.
    """
    require_kind(trajectory, "trajectory")
    if not depth > 1:
        raise InputError("depth must be above 1", repr(depth), "leave the default, 2")
    norms = trajectory["gradient_norm"].values.astype(np.float64)
    broken = np.flatnonzero(~np.isfinite(norms))
    if not norms.size or not np.isfinite(norms[0]):
        mend = "record the run with its gradients"
        raise InputError("dips need a gradient norm from the first row on", "none", mend)
    logs = np.log(np.maximum(norms[: broken[0] if broken.size else None], np.finfo(float).tiny))
    drops = {row: _drop(logs, row) for row in _lows(logs)}
    rows = [row for row, drop in drops.items() if drop >= np.log(depth) - ROUNDING]
    return tuple(
        Dip(
            row=row,
            step=int(trajectory["step"].values[row]),
            loss=float(trajectory["loss"].values[row]),
            gradient_norm=float(norms[row]),
            depth=float(np.exp(drops[row])),
            ridge=row + int(logs[row:after].argmax()),
        )
        for row, after in zip(rows, [*rows, logs.size][1:], strict=True)
    )


def _lows(values: FloatArray) -> list[int]:
    """Return the rows below both neighbors; of equal ones the first."""
    padded = np.concatenate([[np.inf], values, [np.inf]])
    falls, rest = padded[1:-1] < padded[:-2], padded[1:-1]
    lows = []
    for row in np.flatnonzero(falls):
        after = np.flatnonzero(rest[row:] != rest[row])
        if not after.size or rest[row + after[0]] > rest[row]:
            lows.append(int(row))
    return lows


def _drop(values: FloatArray, row: int) -> float:
    """Return how far a low lies below the ridge over which one gets to a lower place.

    The lowest of all has none to get to; it is measured from the highest place of all.
    """
    ridges = []
    for side in (values[:row][::-1], values[row + 1 :]):
        lower = np.flatnonzero(side < values[row])
        if lower.size:
            ridges.append(float(side[: lower[0]].max()))
    return min(ridges, default=float(values.max())) - float(values[row])
