"""Local: a loss to second order at one point, in the frame of its eigenvectors."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective, SmoothObjective
from thalweg.curvature.dense import DENSE_LIMIT


@dataclass(frozen=True, eq=False)
class Local:
    """Loss, gradient and Hessian at a point, all finite.

    Attributes:
        point: (n,).
        loss: there.
        gradient: (n,).
        matrix: (n, n), the Hessian.
        eigenvalues: (n,), ascending.
        vectors: (n, n), unit eigenvectors as columns.
    """

    point: FloatArray
    loss: float
    gradient: FloatArray
    matrix: FloatArray
    eigenvalues: FloatArray
    vectors: FloatArray

    @property
    def slope(self) -> float:
        """The length of the gradient."""
        return float(np.linalg.norm(self.gradient))

    @property
    def largest(self) -> float:
        """The largest magnitude of an eigenvalue."""
        return float(np.abs(self.eigenvalues).max(initial=0.0))

    @cached_property
    def along(self) -> FloatArray:
        """The gradient (n,) in the eigenvectors' frame."""
        return self.gradient @ self.vectors

    @property
    def flatness(self) -> float:
        """|H g| / (|H| |g|): 0 where the gradient lies in the kernel of H; NaN without gradient."""
        whole = self.largest * self.slope
        return float(np.linalg.norm(self.eigenvalues * self.along)) / whole if whole else np.nan

    def damped_step(self, damping: float) -> FloatArray:
        """Return the step (n,) that lowers |g|^2, kept short by damping (Levenberg, Marquardt)."""
        scaled = self.eigenvalues * self.along / (np.square(self.eigenvalues) + damping)
        return -self.vectors @ scaled

    def newton_step(self, cut: float, share: float = 0.0) -> FloatArray:
        """Return the Newton step (n,) in the space of the eigenvalues larger than `cut`.

        Args:
            cut: in units of the eigenvalues.
            share: of the gradient that an eigenvector must hold to count. Where curvature is
                small, the rounding of a gradient makes steps as long as you like.
        """
        seen = (np.abs(self.eigenvalues) > cut) & (np.abs(self.along) >= share * self.slope)
        scaled = np.divide(self.along, self.eigenvalues, out=np.zeros_like(self.along), where=seen)
        return -self.vectors @ scaled


def look(objective: SmoothObjective, point: FloatArray) -> Local | None:
    """Return the objective to second order at point (n,), or None where that is not finite."""
    with np.errstate(all="ignore"):
        loss, gradient = objective.value_and_gradient(point)
        if not (np.isfinite(loss) and np.isfinite(gradient).all()):
            return None
        matrix = objective.hessian(point)
    if not np.isfinite(matrix).all():
        return None
    values, vectors = np.linalg.eigh(matrix)
    return Local(point, loss, gradient, matrix, values, vectors)


def require_whole_hessian(objective: Objective) -> SmoothObjective:
    """Return the objective if an index can be had of it: derivatives, and few enough parameters.

    Raises:
        InputError: an objective without derivatives, or with more parameters than a dense Hessian
            can take.
    """
    if not isinstance(objective, SmoothObjective):
        mend = "pass an objective with gradients and Hessians"
        raise InputError("an index needs derivatives", objective.name, mend)
    n = objective.layout.size
    if n > DENSE_LIMIT:
        wanted = f"an index needs the whole spectrum, so at most {DENSE_LIMIT:,} parameters"
        mend = "take ends() for the lowest eigenvalues: no index, only a lower bound"
        raise InputError(wanted, f"{n:,}", mend)
    return objective
