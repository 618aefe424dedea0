"""project: a trajectory as a path in a plane, with what the plane does not show."""

import numpy as np
import xarray as xr

from thalweg.core.errors import InputError
from thalweg.core.objective import Objective
from thalweg.core.plane import Plane
from thalweg.core.schema import provenance, require_kind
from thalweg.core.seeded_plane import Planar


def project(objective: Objective, trajectory: xr.Dataset, plane: Planar) -> xr.Dataset:
    """Return the *path* of a trajectory in a plane: coordinates, residual and gap at each step.

    `loss` is of this objective at the very points, evaluated anew if the trajectory was recorded
    with another. `residual` is the distance from the plane; `gap` the true loss minus the loss at
    the projection, which is the height error of a path drawn on the surface. The attributes hold
    `captured_variance`, the share of the run's own variance that lies in the plane, and
    `largest_gap`, the largest |gap| among finite ones (NaN if there are none).

    Raises:
        InputError: trajectory and plane live in different spaces.

    >>> from thalweg.dynamics.record import record
    >>> from thalweg.dynamics.steppers import SGD
    >>> from thalweg.objectives.zoo import quadratic
    >>> bowl = quadratic([1.0, 4.0])
    >>> run = record(bowl, np.array([1.0, 3.0]), SGD(0.1), steps=1)
    >>> path = project(bowl, run, Plane(np.zeros(2), np.array([[1.0, 0.0]])))
    >>> float(path.a[0]), float(path.residual[0]), float(path.gap[0])
    (1.0, 3.0, 18.0)
    """
    require_kind(trajectory, "trajectory")
    points = trajectory["point"].values
    if points.shape[1] != plane.size:
        wanted = f"the trajectory must lie in R^{plane.size}"
        raise InputError(wanted, f"R^{points.shape[1]}", "project it on a plane of its own space")
    plane = objective.dense(plane)
    coords = plane.coordinates(points)
    if trajectory.attrs.get("objective_digest") == objective.digest():
        loss = trajectory["loss"].values
    else:  # told by a training loop: of other examples, or none at all
        loss = objective.values(points)
    plane_loss = objective.restrict(plane)(coords)["loss"]
    with np.errstate(all="ignore"):  # a diverging run is a result, not a fault
        gap = loss - plane_loss
    finite = np.abs(gap[np.isfinite(gap)])
    variables = {name: ("step", coords[:, i]) for i, name in enumerate(plane.axes)}
    variables |= {
        "residual": ("step", plane.residual(points)),
        "loss": ("step", loss),
        "plane_loss": ("step", plane_loss),
        "gap": ("step", gap),
    }
    attrs = {
        **{k: v for k, v in trajectory.attrs.items() if k != "kind"},
        "plane_digest": plane.digest(),
        "captured_variance": captured_variance(points, plane),
        "largest_gap": float(finite.max()) if finite.size else float("nan"),
    }
    coordinates = {"step": trajectory["step"].values}
    return xr.Dataset(variables, coords=coordinates, attrs=provenance("path", attrs))


def captured_variance(points: np.ndarray, plane: Plane) -> float:
    """Return the share of the variance of points (T, n) that lies in the plane.

    The variance is about the points' own mean. 1.0 for points that do not move at all; NaN if
    any point is not finite.
    """
    with np.errstate(all="ignore"):
        moved = points - points.mean(axis=0)
        total = np.square(moved).sum()
        q, _ = np.linalg.qr(plane.directions.T)
        share = np.square(moved @ q).sum() / total if total != 0 else 1.0
    return float(np.minimum(share, 1.0))  # not 1 + 2e-16
