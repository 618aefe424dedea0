"""Curvature along a run: the ends of the Hessian's spectrum at chosen steps."""

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray, IndexArray
from thalweg.core.executor import Executor, Progress, SerialExecutor
from thalweg.core.objective import SmoothObjective
from thalweg.core.schema import provenance, require_kind
from thalweg.curvature.dense import hessian, inertia


def curvature_along(
    objective: SmoothObjective,
    trajectory: xr.Dataset,
    rows: IndexArray,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the whole spectrum at some rows of a trajectory, with what is read off it.

    Dims (step, eigenvalue): `eigenvalues` ascending; per step `negative` and `zero` (counts, at
    1e-8 of the largest magnitude), `gradient_in_negative` (share of |gradient|^2 in the space of
    negative curvature), `loss` and `gradient_norm`. A count of negative eigenvalues
    is the index only where the gradient vanishes.
    """
    require_kind(trajectory, "trajectory")
    points = trajectory["point"].values

    def one(row: int) -> tuple[FloatArray, float]:
        values, vectors = np.linalg.eigh(hessian(objective, points[row]))
        gradient = objective.gradient(points[row])
        below = vectors[:, : inertia(values).negative]
        total = float(gradient @ gradient)
        energy = float(np.square(gradient @ below).sum()) / total if total else float("nan")
        return values, energy

    found = {}
    for row, pair in (executor or SerialExecutor()).map(one, [int(row) for row in rows]):
        found[row] = pair
        if progress is not None:
            progress(len(found), len(rows))
    values = np.stack([found[int(row)][0] for row in rows])
    energy = np.array([found[int(row)][1] for row in rows])
    counts = [inertia(v) for v in values]
    at = trajectory.isel(step=np.asarray(rows))
    return xr.Dataset(
        {
            "eigenvalues": (("step", "eigenvalue"), values),
            "negative": ("step", np.array([c.negative for c in counts])),
            "zero": ("step", np.array([c.zero for c in counts])),
            "gradient_in_negative": ("step", energy),
            "loss": ("step", at["loss"].values),
            "gradient_norm": ("step", at["gradient_norm"].values),
        },
        coords={"step": at["step"].values},
        attrs=provenance(
            "curvature",
            {
                "objective": objective.name,
                "objective_digest": objective.digest(),
                "optimizer": str(trajectory.attrs.get("optimizer", "")),
            },
        ),
    )
