"""Oscillation: how widely gradient descent swings along its sharpest direction, and how it should.

The swing that self-stabilization predicts from derivatives alone (see central_flow.py) beside
the swing that a recorded run shows.
"""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.core.schema import provenance, require_kind
from thalweg.curvature.ends import ends
from thalweg.dynamics.sharpness_gradient import sharpness_gradient
from thalweg.dynamics.stepper_of import stepper_of
from thalweg.dynamics.steppers import SGD


def oscillation(
    objective: SmoothObjective,
    trajectory: xr.Dataset,
    rows: Iterable[int],
    stepper: SGD | None = None,
) -> xr.Dataset:
    """Return measured and predicted variance of the swing of gradient descent at some rows.

    The center of row t is (w[t-1] + 2 w[t] + w[t+1]) / 4, which a swing of period two leaves at
    rest. Dim step: `measured` = (v' (w - center))^2 with v the top eigenvector at the center;
    `predicted` = 2 <-grad L, grad S> / |grad S|^2 there; `loss_gap` = L(w) - L(center);
    `expected_gap` = predicted / lr; `sharpness` and `second`, the two largest eigenvalues. One row
    is one sample of a swing: compare means over many rows. The attributes `variance_ratio` and
    `gap_ratio` hold mean measured over mean predicted. They mean something where the sharpness is
    at 2 / lr and `second` below it.

    Args:
        objective: the one that was minimized, without kinks.
        trajectory: of full-batch gradient descent, every step kept.
        rows: which rows; neither the first nor the last.
        stepper: by default the one that the trajectory names.

    Raises:
        InputError: no gradient descent, steps left out, a row at an end, or kinks.
    """
    require_kind(trajectory, "trajectory")
    named = stepper_of(trajectory) if stepper is None else stepper
    if not isinstance(named, SGD):
        mend = "record a run of SGD"
        raise InputError("the swing is predicted for gradient descent", repr(named), mend)
    steps, points = trajectory["step"].values, trajectory["point"].values.astype(np.float64)
    chosen = [int(row) for row in rows]
    inner = all(0 < row < len(points) - 1 for row in chosen)
    if not chosen or not inner or (np.diff(steps) != 1).any():
        wanted = f"rows must lie between 1 and {len(points) - 2} of a run with every step kept"
        raise InputError(wanted, f"{chosen[:3]} of steps {steps[:3]}", "choose inner rows")
    found = [_one(objective, points[row - 1 : row + 2], named.lr) for row in chosen]
    names = ("measured", "predicted", "loss_gap", "expected_gap", "sharpness", "second")
    columns = dict(zip(names, np.array(found).T, strict=True))
    means = {name: float(values.mean()) for name, values in columns.items()}
    return xr.Dataset(
        {name: ("step", values) for name, values in columns.items()},
        coords={"step": steps[chosen]},
        attrs=provenance(
            "oscillation",
            {
                "objective": objective.name,
                "objective_digest": objective.digest(),
                "stepper": repr(named),
                "variance_ratio": means["measured"] / means["predicted"],
                "gap_ratio": means["loss_gap"] / means["expected_gap"],
            },
        ),
    )


def _one(
    objective: SmoothObjective, three: np.ndarray, lr: float
) -> tuple[float, float, float, float, float, float]:
    center = (three[0] + 2 * three[1] + three[2]) / 4
    top = ends(objective, center, lowest=0, highest=min(2, len(center)))
    direction = top.eigenvectors[-1]
    slope = sharpness_gradient(objective, center, direction)[0]
    loss, gradient = objective.value_and_gradient(center)
    predicted = float(-2 * gradient @ slope / (slope @ slope))
    measured = float(direction @ (three[1] - center)) ** 2
    gap = objective.value(three[1]) - loss
    second = float(top.eigenvalues[0]) if len(top.eigenvalues) > 1 else -np.inf
    return measured, predicted, gap, predicted / lr, float(top.eigenvalues[-1]), second
