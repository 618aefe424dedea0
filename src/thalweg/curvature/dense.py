"""Dense curvature: the whole Hessian in float64 and its whole spectrum.

At laboratory size (up to a few thousand parameters) this beats every estimator: exact to
rounding, every eigenvalue with its multiplicity, and the lowest as easily as the highest.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray, require_finite
from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.core.schema import provenance

DENSE_LIMIT = 3000


@dataclass(frozen=True)
class Inertia:
    """How many eigenvalues are negative, zero and positive, at a stated tolerance.

    Attributes:
        negative: the index, if the point is critical.
        zero: the nullity.
        positive: the rest.
        tolerance: eigenvalues of this absolute size or less count as zero.
    """

    negative: int
    zero: int
    positive: int
    tolerance: float


def hessian(objective: SmoothObjective, point: FloatArray) -> FloatArray:
    """Return the Hessian (n, n) at point (n,), symmetric to the bit, if it fits and is finite.

    Raises:
        InputError: more than 3,000 parameters, or a Hessian that is not finite.

    >>> from thalweg.objectives.zoo import quadratic
    >>> hessian(quadratic([1.0, -2.0]), np.zeros(2))
    array([[ 1.,  0.],
           [ 0., -2.]])
    """
    n = objective.layout.size
    if n > DENSE_LIMIT:
        wanted = f"a dense Hessian needs at most {DENSE_LIMIT:,} parameters"
        raise InputError(wanted, f"{n:,} ({8 * n * n / 1e9:.1f} GB)", "take a smaller model")
    with np.errstate(all="ignore"):  # what is not finite is told below
        matrix = objective.hessian(objective.check_point(point))
    return require_finite(matrix, "the Hessian", "choose a point where the loss is finite")


def inertia(eigenvalues: NDArray[np.floating], tolerance: float | None = None) -> Inertia:
    """Count eigenvalues (n,) by sign; default tolerance: 1e-8 of the largest magnitude.

    >>> inertia(np.array([-1.0, 1e-12, 1.0, 2.0]))
    Inertia(negative=1, zero=1, positive=2, tolerance=2e-08)
    """
    if tolerance is None:
        tolerance = 1e-8 * float(np.abs(eigenvalues).max(initial=0.0))
    negative = int((eigenvalues < -tolerance).sum())
    positive = int((eigenvalues > tolerance).sum())
    return Inertia(negative, len(eigenvalues) - negative - positive, positive, tolerance)


def spectrum(objective: SmoothObjective, point: FloatArray) -> xr.Dataset:
    """Return the *spectrum* at point (n,): ascending eigenvalues and unit eigenvectors as rows.

    The attributes hold the loss, the gradient norm, the residual max |Hv - lambda v| of the
    decomposition, and the inertia with its tolerance.

    >>> from thalweg.objectives.zoo import quadratic
    >>> spectrum(quadratic([3.0, -2.0]), np.zeros(2)).eigenvalues.values.round(12)
    array([-2.,  3.])
    """
    matrix = hessian(objective, point)
    values, vectors = np.linalg.eigh(matrix)
    residual = float(np.linalg.norm(matrix @ vectors - vectors * values, axis=0).max())
    loss, gradient = objective.value_and_gradient(point)
    counts = inertia(values)
    return xr.Dataset(
        {
            "eigenvalues": ("eigenvalue", values),
            "eigenvectors": (("eigenvalue", "parameter"), np.ascontiguousarray(vectors.T)),
            "point": ("parameter", np.array(point, dtype=np.float64)),
        },
        attrs=provenance(
            "spectrum",
            {
                "objective": objective.name,
                "objective_digest": objective.digest(),
                "loss": loss,
                "gradient_norm": float(np.linalg.norm(gradient)),
                "residual": residual,
                "negative": counts.negative,
                "zero": counts.zero,
                "tolerance": counts.tolerance,
            },
        ),
    )
