"""Stability along a run: the largest curvature the optimizer feels, over what it can bear.

Gradient descent on a quadratic is stable while every eigenvalue of H stays below 2 / lr; training
often drives the largest one up to that edge and keeps it there (Cohen et al. 2021, "Gradient
descent on neural networks typically occurs at the edge of stability"). An optimizer that divides
by P feels P^-1/2 H P^-1/2 instead (Cohen et al. 2022, "Adaptive gradient methods at the edge of
stability").
"""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.executor import Executor, Progress, SerialExecutor
from thalweg.core.objective import SmoothObjective
from thalweg.core.schema import provenance, require_kind
from thalweg.curvature.ends import ends
from thalweg.dynamics.replay import preconditioners
from thalweg.dynamics.stepper_of import batches_of, stepper_of
from thalweg.dynamics.steppers import Adam, RMSprop, Stepper


def stability_along(
    objective: SmoothObjective,
    trajectory: xr.Dataset,
    rows: Iterable[int],
    stepper: Stepper | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the stability ratio at some rows of a trajectory: 1 is the edge.

    Dim step: `top_eigenvalue` of P^-1/2 H P^-1/2, where P is what the step from that row divides
    by (1 for gradient descent and momentum); its `residual`; `stability_ratio`, the eigenvalue
    over the optimizer's `stability_threshold`; `loss`. NaN where the run had left all bounds. The
    attributes hold the `threshold` and, for an adaptive optimizer, the `replay_error`: its second
    moments are rebuilt from the gradients along the run, so every step must have been kept; the
    minibatches of `record` are drawn again.

    The thresholds are those of full-batch steps on a quadratic with P held fixed. On a kink
    (ReLU) the Hessian is one-sided, and the ratio can stay below what the steps feel.

    Args:
        objective: the one that was minimized.
        trajectory: what the optimizer visited.
        rows: which rows.
        stepper: the optimizer; by default the one that the trajectory names.
        executor: works on the rows, one at a call.
        progress: called with (rows done, rows).

    Raises:
        InputError: no trajectory, an unknown optimizer, or one whose state cannot be replayed.

    >>> from thalweg.dynamics.record import record
    >>> from thalweg.dynamics.steppers import SGD
    >>> from thalweg.objectives.zoo import quadratic
    >>> run = record(quadratic([1.0, 3.0]), np.ones(2), SGD(0.5), steps=2)
    >>> stability_along(quadratic([1.0, 3.0]), run, [0, 2]).stability_ratio.values
    array([0.75, 0.75])
    """
    require_kind(trajectory, "trajectory")
    stepper = stepper_of(trajectory) if stepper is None else stepper
    threshold, points = stepper.stability_threshold, trajectory["point"].values
    chosen = [range(len(points))[int(row)] for row in rows]
    attrs: dict[str, str | float] = {"stepper": repr(stepper), "threshold": threshold}
    scales: dict[int, FloatArray] = {}
    if isinstance(stepper, Adam | RMSprop):
        batches = batches_of(trajectory)
        divided, error = preconditioners(objective, trajectory, stepper, chosen, batches)
        scales = {row: 1 / np.sqrt(values) for row, values in divided.items()}
        attrs["replay_error"] = error

    def one(row: int) -> tuple[float, float]:
        point = np.asarray(points[row], dtype=np.float64)
        if not np.isfinite(point).all() or not np.isfinite(objective.value(point)):
            return np.nan, np.nan
        found = ends(objective, point, lowest=0, highest=1, scale=scales.get(row))
        return float(found.eigenvalues[-1]), float(found.residuals[-1])

    found: dict[int, tuple[float, float]] = {}
    for row, pair in (executor or SerialExecutor()).map(one, chosen):
        found[row] = pair
        if progress is not None:
            progress(len(found), len(chosen))
    values = np.array([found[row] for row in chosen]).reshape(-1, 2)
    at = trajectory.isel(step=chosen)
    return xr.Dataset(
        {
            "top_eigenvalue": ("step", values[:, 0]),
            "residual": ("step", values[:, 1]),
            "stability_ratio": ("step", values[:, 0] / threshold),
            "loss": ("step", at["loss"].values),
        },
        coords={"step": at["step"].values},
        attrs=provenance(
            "stability",
            {
                "objective": objective.name,
                "objective_digest": objective.digest(),
                "optimizer": str(trajectory.attrs.get("optimizer", stepper.name)),
                **attrs,
            },
        ),
    )
