"""Curvature along a run: the ends of the Hessian's spectrum at chosen steps."""

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray, IndexArray
from thalweg.core.executor import Executor, Progress, SerialExecutor
from thalweg.core.objective import SmoothObjective
from thalweg.core.schema import provenance, require_kind
from thalweg.curvature.dense import hessian, inertia
from thalweg.curvature.ends import ends
from thalweg.curvature.lanczos import DEFAULT, Lanczos

LOWEST, HIGHEST = 8, 2  # pairs at each end, where the whole spectrum is out of reach
_Pairs = tuple[FloatArray, FloatArray]


def curvature_along(
    objective: SmoothObjective,
    trajectory: xr.Dataset,
    rows: IndexArray,
    executor: Executor | None = None,
    progress: Progress | None = None,
    *,
    lanczos: Lanczos = DEFAULT,
) -> xr.Dataset:
    """Return the spectrum at some rows of a trajectory, with what is read off it.

    Dims (step, eigenvalue): `eigenvalues` ascending; per step `negative` and `zero` (counts, at
    1e-8 of the largest magnitude), `gradient_in_negative` (share of |gradient|^2 in the space of
    negative curvature), `loss` and `gradient_norm`. A count of negative eigenvalues
    is the index only where the gradient vanishes.

    Above `lanczos.dense_up_to` parameters only the 8 lowest and 2 highest eigenvalues are found:
    the attribute `truncated` then says how many are left out, what is within the tolerance of the
    search of zero is counted as zero, and the counts and the share are lower bounds.

    Args:
        objective: the trajectory's.
        trajectory: with whole points.
        rows: rows of it, from 0.
        executor: where the work is done; None: here.
        progress: is told how many rows are done.
        lanczos: settings of the search, for large objectives.
    """
    require_kind(trajectory, "trajectory")
    points = trajectory["point"].values
    n = objective.layout.size
    dense = n <= lanczos.dense_up_to
    tolerance = 1e-8 if dense else lanczos.tolerance

    def pairs(point: FloatArray) -> _Pairs:
        if dense:
            return np.linalg.eigh(hessian(objective, point))
        found = ends(objective, point, LOWEST, HIGHEST, lanczos=lanczos)
        return found.eigenvalues, found.eigenvectors.T

    def one(row: int) -> tuple[FloatArray, float]:
        values, vectors = pairs(points[row])
        gradient = objective.gradient(points[row])
        below = vectors[:, : _counts(values, tolerance)[0]]
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
    counts = np.array([_counts(v, tolerance) for v in values])
    at = trajectory.isel(step=np.asarray(rows))
    own = {"truncated": n - values.shape[1]} if values.shape[1] < n else {}
    return xr.Dataset(
        {
            "eigenvalues": (("step", "eigenvalue"), values),
            "negative": ("step", counts[:, 0]),
            "zero": ("step", counts[:, 1]),
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
                **own,
            },
        ),
    )


def _counts(values: FloatArray, tolerance: float) -> tuple[int, int]:
    """How many eigenvalues are negative and zero, at a share of the largest magnitude."""
    counts = inertia(values, tolerance * float(np.abs(values).max(initial=0.0)))
    return counts.negative, counts.zero
