"""Dense curvature: the whole Hessian in float64 and its whole spectrum.

At laboratory size (up to a few thousand parameters) this beats every estimator: exact to
rounding, every eigenvalue with its multiplicity, and the lowest as easily as the highest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray, require_finite
from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.core.schema import Attr, provenance

DENSE_LIMIT = 3000


@dataclass(frozen=True)
class Inertia:
    """How many eigenvalues are negative, zero and positive, at a stated tolerance.

    The counts are beyond doubt where `largest_zero` and `smallest_nonzero` are far apart: no
    tolerance in between would change them.

    Attributes:
        negative: the index, if the point is critical.
        zero: the nullity.
        positive: the rest.
        tolerance: eigenvalues of this absolute size or less count as zero.
        largest_zero: the largest |eigenvalue| that counts as zero; 0 if none does.
        smallest_nonzero: the smallest |eigenvalue| that does not; inf if all count as zero.
    """

    negative: int
    zero: int
    positive: int
    tolerance: float
    largest_zero: float
    smallest_nonzero: float


def hessian(objective: SmoothObjective, point: FloatArray) -> FloatArray:
    """Return the Hessian (n, n) at point (n,), symmetric to the bit, if it fits and is finite.

    Raises:
        InputError: more than 3,000 parameters, or a Hessian that is not finite.

    >>> from thalweg.objectives.zoo import quadratic
    >>> hessian(quadratic([1.0, -2.0]), np.zeros(2))
    array([[ 1.,  0.],
           [ 0., -2.]])
    """
    require_dense(objective.layout.size, DENSE_LIMIT, "a dense Hessian")
    with np.errstate(all="ignore"):  # what is not finite is told below
        matrix = objective.hessian(objective.check_point(point))
    return require_finite(matrix, "the Hessian", "choose a point where the loss is finite")


def require_dense(n: int, limit: int, what: str) -> None:
    """Raise InputError if a matrix (n, n) is too large to be written down."""
    if n > limit:
        wanted = f"{what} needs at most {limit:,} parameters"
        mend = "take ends() for its ends, trace() for its trace, density() for its shape"
        raise InputError(wanted, f"{n:,} ({_memory(8 * n * n)})", mend)


def _memory(size: float) -> str:
    power = min(int(np.log10(size) // 3), 4)
    return f"{size / 1000**power:.1f} {('B', 'kB', 'MB', 'GB', 'TB')[power]}"


def inertia(eigenvalues: NDArray[np.floating], tolerance: float | None = None) -> Inertia:
    """Count eigenvalues (n,) by sign; default tolerance: 1e-8 of the largest magnitude.

    >>> counts = inertia(np.array([-1.0, 1e-12, 1.0, 2.0]))
    >>> counts.negative, counts.zero, counts.largest_zero, counts.smallest_nonzero
    (1, 1, 1e-12, 1.0)
    """
    if tolerance is None:
        tolerance = 1e-8 * float(np.abs(eigenvalues).max(initial=0.0))
    negative = int((eigenvalues < -tolerance).sum())
    positive = int((eigenvalues > tolerance).sum())
    size = np.abs(eigenvalues)
    is_zero = size <= tolerance
    return Inertia(
        negative,
        len(eigenvalues) - negative - positive,
        positive,
        tolerance,
        float(size[is_zero].max(initial=0.0)),
        float(size[~is_zero].min(initial=np.inf)),
    )


def spectrum(objective: SmoothObjective, point: FloatArray) -> xr.Dataset:
    """Return the *spectrum* at point (n,): ascending eigenvalues and unit eigenvectors as rows.

    `residuals` are |Hv - lambda v| of each pair. The attributes hold the loss, the gradient norm,
    the largest residual, the inertia with its tolerance and the gap around it, and how it was made.

    >>> from thalweg.objectives.zoo import quadratic
    >>> spectrum(quadratic([3.0, -2.0]), np.zeros(2)).eigenvalues.values.round(12)
    array([-2.,  3.])
    """
    matrix = hessian(objective, point)
    values, vectors = np.linalg.eigh(matrix)
    residuals = np.linalg.norm(matrix @ vectors - vectors * values, axis=0)
    counts = inertia(values)
    own: dict[str, Attr] = {
        "negative": counts.negative,
        "zero": counts.zero,
        "tolerance": counts.tolerance,
        "largest_zero": counts.largest_zero,
        "smallest_nonzero": counts.smallest_nonzero,
        "how": "dense",
    }
    rows = np.ascontiguousarray(vectors.T)
    return spectrum_dataset(objective, point, values, rows, residuals, own)


def spectrum_dataset(
    objective: SmoothObjective,
    point: FloatArray,
    values: FloatArray,
    vectors: FloatArray,
    residuals: FloatArray,
    attrs: Mapping[str, Attr],
) -> xr.Dataset:
    """Return a *spectrum* from pairs: values (k,), vectors (k, n), residuals (k,)."""
    loss, gradient = objective.value_and_gradient(point)
    return xr.Dataset(
        {
            "eigenvalues": ("eigenvalue", np.array(values)),
            "eigenvectors": (("eigenvalue", "parameter"), np.array(vectors)),
            "residuals": ("eigenvalue", np.array(residuals)),
            "point": ("parameter", np.array(point, dtype=np.float64)),
        },
        attrs=provenance(
            "spectrum",
            {
                "objective": objective.name,
                "objective_digest": objective.digest(),
                "loss": loss,
                "gradient_norm": float(np.linalg.norm(gradient)),
                "residual": float(residuals.max(initial=0.0)),
                **attrs,
            },
        ),
    )
