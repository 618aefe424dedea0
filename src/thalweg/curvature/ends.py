"""Ends: the lowest and the highest eigenpairs of a Hessian, at any size."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray, as_floats, frozen, require_finite
from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.curvature.dense import hessian, spectrum_dataset
from thalweg.curvature.lanczos import DEFAULT, Lanczos, Search


@dataclass(frozen=True, eq=False)
class Ends:
    """Extreme eigenpairs of a symmetric matrix.

    Attributes:
        eigenvalues: (k,), ascending, each as often as its multiplicity.
        eigenvectors: (k, n), orthonormal rows.
        residuals: (k,), |Hv - lambda v| of each pair.
        lowest: how many of them are from the lower end; the others are from the upper end.
        products: Hessian-vector products spent.
        how: in words.
    """

    eigenvalues: FloatArray
    eigenvectors: FloatArray
    residuals: FloatArray
    lowest: int
    products: int
    how: str

    def __post_init__(self) -> None:
        for name in ("eigenvalues", "eigenvectors", "residuals"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def ends(
    objective: SmoothObjective,
    point: FloatArray,
    lowest: int = 1,
    highest: int = 1,
    *,
    scale: FloatArray | None = None,
    lanczos: Lanczos = DEFAULT,
) -> Ends:
    """Return the extreme eigenpairs of the Hessian at point (n,), all of them if n is small.

    Args:
        objective: with second derivatives.
        point: (n,).
        lowest: how many from the lower end.
        highest: how many from the upper end.
        scale: (n,), finite; if given, the matrix is diag(scale) H diag(scale).
        lanczos: settings; up to `dense_up_to` parameters the dense matrix is taken instead.

    Raises:
        InputError: a negative count, none wanted, or a Hessian that is not finite.

    >>> from thalweg.objectives.zoo import quadratic
    >>> ends(quadratic([1.0, 3.0, -2.0]), np.zeros(3)).eigenvalues.round(12)
    array([-2.,  3.])
    """
    n = objective.layout.size
    if min(lowest, highest) < 0 or not lowest + highest:
        wanted = "lowest and highest must be counts, one of them above 0"
        raise InputError(wanted, f"{lowest} and {highest}", "ask for 1 and 1")
    if lowest + highest > n:
        lowest = min(lowest, n)
        highest = n - lowest
    if scale is not None:
        scale = as_floats(scale, "scale", (n,), "give one factor a parameter")
        require_finite(scale, "scale", "drop what is not")
    if n <= lanczos.dense_up_to:
        return _dense(objective, point, lowest, highest, scale)
    operator = objective.operator(objective.check_point(point))
    found = Search(operator, lowest, highest, scale, lanczos).run()
    arrays = found.values, found.vectors, found.residuals
    return Ends(*arrays, lowest, found.products, found.how)


def ends_dataset(objective: SmoothObjective, point: FloatArray, found: Ends) -> xr.Dataset:
    """Return a *spectrum* of the ends alone, found at point (n,) without a scale.

    The attribute `truncated` says how many eigenvalues between the two ends are left out, `lowest`
    how many of those kept are from the lower end; `negative` counts the ones found, so that
    it is a lower bound of the index unless a found value of the lower end is not negative.
    """
    tolerance = float(found.residuals.max(initial=0.0))
    return spectrum_dataset(
        objective,
        point,
        found.eigenvalues,
        found.eigenvectors,
        found.residuals,
        {
            "truncated": objective.layout.size - len(found.eigenvalues),
            "lowest": found.lowest,
            "negative": int((found.eigenvalues < -tolerance).sum()),
            "tolerance": tolerance,
            "how": found.how,
        },
    )


def _dense(
    objective: SmoothObjective,
    point: FloatArray,
    lowest: int,
    highest: int,
    scale: FloatArray | None,
) -> Ends:
    matrix = hessian(objective, point)
    if scale is not None:
        matrix = scale[:, None] * matrix * scale
    values, vectors = np.linalg.eigh(matrix)
    n = len(values)
    kept = np.r_[:lowest, n - highest : n]
    values, vectors = values[kept], vectors[:, kept]
    residuals = np.linalg.norm(matrix @ vectors - vectors * values, axis=0)
    how = f"dense, all {n} eigenvalues"
    return Ends(values, np.ascontiguousarray(vectors.T), residuals, lowest, n, how)
