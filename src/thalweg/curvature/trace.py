"""Trace and diagonal of a Hessian: exact where it is small, estimated with an error where not.

Hutch++ (Meyer, Musco, Musco and Woodruff 2021, "Hutch++: optimal stochastic trace estimation"):
what a random sketch catches of the matrix is added up exactly, the rest is estimated by
Hutchinson's random signs. Given the sketch, the estimate is a mean of independent unbiased draws,
so that its standard error is honest.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.core.arrays import FloatArray, frozen, require_finite, require_positive
from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.core.operator import HessianOperator
from thalweg.curvature.basis import Basis
from thalweg.curvature.dense import DENSE_LIMIT, hessian
from thalweg.curvature.ends import Ends

DRAWS = 60


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error.

    Attributes:
        value: the number.
        stderr: its standard error; 0 if exact.
        draws: Hessian-vector products spent; 0 if exact.
    """

    value: float
    stderr: float
    draws: int


@dataclass(frozen=True, eq=False)
class DiagonalEstimate:
    """The diagonal of a matrix, each entry with its standard error.

    Attributes:
        values: (n,).
        stderrs: (n,), standard errors; 0 if exact.
        draws: Hessian-vector products spent; 0 if exact.
    """

    values: FloatArray
    stderrs: FloatArray
    draws: int

    def __post_init__(self) -> None:
        for name in ("values", "stderrs"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def trace(
    objective: SmoothObjective,
    point: FloatArray,
    draws: int = DRAWS,
    seed: int = 0,
    *,
    known: Ends | None = None,
    accuracy: float | None = None,
    dense_up_to: int = DENSE_LIMIT,
) -> Estimate:
    """Return the trace of the Hessian at point (n,).

    Args:
        objective: with second derivatives.
        point: (n,).
        draws: Hessian-vector products to spend, at least 6.
        seed: of the draws.
        known: eigenpairs found at this point, without a scale; they take the sketch's place.
        accuracy: the standard error to reach. The spread of the first `draws` tells how many more
            are needed (Stein 1945), so that nothing is gained by stopping at a lucky moment.
        dense_up_to: with at most so many parameters the answer is exact.

    Raises:
        InputError: too few draws, an accuracy not above 0, or a Hessian that is not finite.

    >>> from thalweg.objectives.zoo import quadratic
    >>> trace(quadratic([1.0, 3.0, -2.0]), np.zeros(3)).value.__round__(12)
    2.0
    """
    _check(draws)
    if accuracy is not None:
        require_positive(accuracy, "accuracy", "leave it out, or state a standard error")
    if objective.layout.size <= dense_up_to:
        return Estimate(float(np.trace(hessian(objective, point))), 0.0, 0)
    part = _Part(objective.operator(objective.check_point(point)), draws, seed, known)
    samples = part.samples(0, part.left)
    more = 0
    if accuracy is not None:
        more = max(0, int(np.ceil(samples.var(ddof=1) / accuracy**2)) - len(samples))
        samples = np.concatenate([samples, part.samples(part.left, part.left + more)])
    stderr = float(samples.std(ddof=1) / np.sqrt(len(samples)))
    return Estimate(part.caught + float(samples.mean()), stderr, draws + more)


def diagonal(
    objective: SmoothObjective,
    point: FloatArray,
    draws: int = DRAWS,
    seed: int = 0,
    *,
    dense_up_to: int = DENSE_LIMIT,
) -> DiagonalEstimate:
    """Return the diagonal (n,) of the Hessian at point (n,); arguments as for `trace`.

    >>> from thalweg.objectives.zoo import quadratic
    >>> diagonal(quadratic([1.0, 3.0, -2.0]), np.zeros(3)).values.sum().round(12)
    np.float64(2.0)
    """
    _check(draws)
    if objective.layout.size <= dense_up_to:
        values = np.diagonal(hessian(objective, point))
        return DiagonalEstimate(values, np.zeros(len(values)), 0)
    part = _Part(objective.operator(objective.check_point(point)), draws, seed, None)
    mean, spread = part.row(0), 0.0
    for i in range(1, part.left):
        row = part.row(i)
        away = row - mean
        mean = mean + away / (i + 1)
        spread = spread + away * (row - mean)
    values = part.operator.numpy(part.caught_diagonal() + mean)[0]
    require_finite(values, "the Hessian", "choose a point where the loss is finite")
    squares = part.operator.numpy(spread)[0]
    return DiagonalEstimate(values, np.sqrt(squares / (part.left - 1) / part.left), draws)


class _Part:
    """The matrix in two parts: Q Q' H + H Q Q' - Q Q' H Q Q', known exactly, and the rest.

    Attributes:
        caught: the trace of the first part.
        left: draws that are left for the second.
    """

    def __init__(
        self, operator: HessianOperator, draws: int, seed: int, known: Ends | None
    ) -> None:
        self.operator, self._seed = operator, seed
        self._basis = Basis(operator, seed)
        if known is not None:
            self.caught, self.left = float(known.eigenvalues.sum()), draws
            for row in operator.native(known.eigenvectors):
                self._basis.append(row[None, :], 1.0)
            return
        count = min(draws // 6, operator.size)
        for i in range(count):
            product = operator.times(self._signs(-1 - i))
            whole = self._basis.norm(product)
            _, rest, norm = self._basis.split(product)
            if norm > 1e-10 * whole:  # else the matrix has no larger rank
                self._basis.append(rest, norm)
        self._images = [operator.times(self._basis.row(i)) for i in range(len(self._basis))]
        size = len(self._images)
        shares = [self._basis.split(image)[0] for image in self._images]
        self._shares = np.array(shares).reshape(size, size)
        self.caught = float(np.trace(self._shares))
        self.left = draws - count - size

    def samples(self, start: int, stop: int) -> FloatArray:
        """Return draws start to stop of the trace of the second part."""
        found = np.array([self.operator.numpy(self.row(i)).sum() for i in range(start, stop)])
        return require_finite(found, "the Hessian", "choose a point where the loss is finite")

    def row(self, i: int) -> Any:
        """Return draw i of the second part: its sum estimates the trace, itself the diagonal."""
        signs = self._signs(i)
        _, rest, _ = self._basis.split(signs)
        _, image, _ = self._basis.split(self.operator.times(rest))
        return signs * image

    def caught_diagonal(self) -> Any:
        """Return the diagonal (1, n) of the first part."""
        found = self.operator.native(np.zeros((1, self.operator.size)))
        for i, image in enumerate(self._images):
            row = self._basis.row(i)
            within = self._basis.combine(self._shares[i][None])
            found = found + row * (2 * image - within)
        return found

    def _signs(self, i: int) -> Any:
        random = np.random.default_rng([self._seed, abs(i), int(i < 0)])
        signs = random.integers(0, 2, (1, self.operator.size), dtype=np.int8)
        return self.operator.native(2.0 * signs.astype(np.float64) - 1.0)


def _check(draws: int) -> None:
    if draws < 6:
        raise InputError("an estimate needs at least 6 draws", str(draws), "try 60")
