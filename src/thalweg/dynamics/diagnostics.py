"""Diagnostics: numbers that tell optimizers apart, read off a trajectory."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.schema import require_kind


@dataclass(frozen=True)
class Diagnosis:
    """How a run moved.

    Attributes:
        path_ratio: path length over end-to-end distance; 1 for a straight walk.
        reversal_share: share of steps that turn back (negative cosine with the step before).
        up_share: share of steps that raise the loss.
        overshoot: largest rise of the loss above the lowest it had been.
        step_law: slope of log step length on log gradient norm; 1 for gradient descent by
            construction, 0 for steps of constant length; NaN if the gradient norm never changes.
    """

    path_ratio: float
    reversal_share: float
    up_share: float
    overshoot: float
    step_law: float


def diagnose(trajectory: xr.Dataset) -> Diagnosis:
    """Return the diagnosis of a trajectory of at least 2 steps.

    Raises:
        InputError: fewer than 2 steps, or no trajectory.

    >>> from thalweg.dynamics.record import record
    >>> from thalweg.dynamics.steppers import SGD
    >>> from thalweg.objectives.zoo import quadratic
    >>> run = record(quadratic([1.0]), np.ones(1), SGD(1.5), steps=9)
    >>> diagnose(run).reversal_share, round(diagnose(run).step_law, 6)
    (1.0, 1.0)
    """
    require_kind(trajectory, "trajectory")
    points, loss = trajectory["point"].values, trajectory["loss"].values
    if len(points) < 3:
        wanted = "a diagnosis needs at least 2 steps"
        raise InputError(wanted, str(len(points) - 1), "record more steps")
    with np.errstate(all="ignore"):  # a diverged run is diagnosed as NaN, not refused
        steps = np.diff(points, axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        turns = np.einsum("ti,ti->t", steps[1:], steps[:-1])
        return Diagnosis(
            path_ratio=float(lengths.sum() / np.linalg.norm(points[-1] - points[0])),
            reversal_share=float((turns < 0).mean()),
            up_share=float((np.diff(loss) > 0).mean()),
            overshoot=float((loss - np.minimum.accumulate(loss)).max()),
            step_law=_slope(trajectory["gradient_norm"].values[:-1], lengths),
        )


def _slope(gradients: FloatArray, lengths: FloatArray) -> float:
    """Return the slope of log lengths on log gradients by least squares; NaN if undefined."""
    x, y = np.log(gradients), np.log(lengths)
    usable = np.isfinite(x) & np.isfinite(y)
    if usable.sum() < 2:
        return float("nan")
    spread = x[usable] - x[usable].mean()
    total = float(spread @ spread)
    return float(spread @ y[usable]) / total if total > 1e-20 else float("nan")
