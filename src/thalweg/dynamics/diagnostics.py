"""Diagnostics: numbers that tell optimizers apart, read off a trajectory."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.core.schema import require_kind


@dataclass(frozen=True)
class Diagnosis:
    """How a run moved.

    Attributes:
        path_ratio: path length over end-to-end distance; 1 for a straight walk.
        reversal_share: share of steps that turn back (negative cosine with the step before).
        up_share: share of steps that raise the loss.
        overshoot: largest loss after the smallest one, minus the smallest.
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

    >>> from thalweg.dynamics.record import record
    >>> from thalweg.dynamics.steppers import SGD
    >>> from thalweg.objectives.zoo import quadratic
    >>> run = record(quadratic([1.0]), np.ones(1), SGD(1.5), steps=9)
    >>> diagnose(run).reversal_share, round(diagnose(run).step_law, 6)
    (1.0, 1.0)
    """
    require_kind(trajectory, "trajectory")
    points, loss = trajectory["point"].values, trajectory["loss"].values
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        turns = np.einsum("ti,ti->t", steps[1:], steps[:-1])
        far = np.linalg.norm(points[-1] - points[0])
        lowest = int(np.nanargmin(loss))
        gradient = np.log(trajectory["gradient_norm"].values[:-1])
        slope = np.log(lengths)
        usable = np.isfinite(gradient) & np.isfinite(slope)
        spread = gradient[usable] - gradient[usable].mean() if usable.any() else np.zeros(1)
        law = (
            float(spread @ slope[usable] / (spread @ spread))
            if usable.sum() > 1 and spread @ spread > 1e-20
            else float("nan")
        )
        return Diagnosis(
            path_ratio=float(lengths.sum() / far),
            reversal_share=float((turns < 0).mean()),
            up_share=float((np.diff(loss) > 0).mean()),
            overshoot=float(np.nanmax(loss[lowest:]) - loss[lowest]),
            step_law=law,
        )
