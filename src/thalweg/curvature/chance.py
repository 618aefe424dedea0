"""Chance: how often a random plane through a point shows a minimum, whatever is really there.

The curvature seen along a random unit direction has mean tr H / n, so a plane tends to show the
sign of the trace: a saddle with a positive trace looks like a minimum (Boettcher and Wheeler
2022, "Visualizing high-dimensional loss landscapes with Hessian directions").

For one direction the chance is that of a quadratic form in normal variables being positive,
found by inverting its characteristic function (Imhof 1961, "Computing the distribution of
quadratic forms in normal variables"). For two directions the same inversion is done over
symmetric 2 x 2 matrices; the integral over their eigenvalues is double, and its inner half is an
indefinite integral by sinc functions. Both run along a contour through the saddle point of the
integrand, so that small chances keep their digits, and both are refined until they stand still.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root_scalar
from scipy.special import sici

from thalweg.core.arrays import FloatArray, as_floats, require_finite
from thalweg.core.errors import InputError

DRAWS = 2000
STILL = 1e-12  # two refinements that differ by less agree
ROUNDING = 1e-13  # what is left then
FINEST = 1e-3  # step of the last refinement
DEEP = 40.0  # e^-40 is nothing beside 1


class Law(StrEnum):
    """How a chance was found."""

    SIGNS = "exact: the signs of the eigenvalues decide"
    INVERSION = "exact law, by numerical inversion"
    DRAWN = "random draws"


@dataclass(frozen=True)
class Chance:
    """A probability, and how far it may be off.

    Attributes:
        probability: from 0 to 1.
        stderr: its standard error if drawn, else a bound of the numerical error.
        law: how it was found.
    """

    probability: float
    stderr: float
    law: Law = Law.DRAWN


def chance_of_minimum(
    eigenvalues: FloatArray, k: int = 2, draws: int = DRAWS, seed: int = 0
) -> Chance:
    """Return the probability that k random Gaussian directions see only upward curvature.

    The projected Hessian is G diag(eigenvalues) G' with a Gaussian G (k, n). Its signs do not
    change with the lengths of the directions, and by rotation invariance only the eigenvalues
    (n,) matter; a scaling block by block, as filter normalization, breaks that. Exact for k = 1
    and 2, drawn for k = 3. For p eigenvalues +a, q eigenvalues -b and k = 1 the answer is
    P(F(p, q) > b q / (a p)).

    Args:
        eigenvalues: (n,), finite.
        k: how many directions, 1 to 3.
        draws: for k = 3.
        seed: of the draws.

    Raises:
        InputError: no eigenvalue, some not finite, or another k.

    >>> from scipy.stats import f
    >>> found = chance_of_minimum(np.repeat([1.0, -3.0], [49, 16]), k=1)
    >>> bool(abs(found.probability - f.sf(3 * 16 / 49, 49, 16)) < 1e-12)
    True
    """
    mend = "pass those of a Hessian"
    eigenvalues = as_floats(eigenvalues, "eigenvalues", (None,), mend)
    require_finite(eigenvalues, "eigenvalues", mend)
    if not eigenvalues.size:
        raise InputError("a chance needs eigenvalues", "none", mend)
    if not 1 <= k <= 3:
        raise InputError("k must be 1, 2 or 3", str(k), "ask for a line, a plane or a volume")
    present = eigenvalues[eigenvalues != 0]
    if (present > 0).sum() < k:
        return Chance(0.0, 0.0, Law.SIGNS)
    if (present > 0).all():
        return Chance(1.0, 0.0, Law.SIGNS)
    if k == 3:
        return drawn_chance(present, k, draws, seed)
    present = present / present.max()
    step, before, found = 0.5, np.inf, _inverted(present, k, 0.5)
    while abs(found - before) > STILL and step > FINEST:
        step, before = step / 2, found
        found = _inverted(present, k, step)
    error = max(abs(found - before), ROUNDING)
    return Chance(min(max(found, 0.0), 1.0), error, Law.INVERSION)


def drawn_chance(eigenvalues: FloatArray, k: int = 2, draws: int = DRAWS, seed: int = 0) -> Chance:
    """Return the same probability from random draws, with its standard error."""
    random = np.random.default_rng(seed)
    directions = random.standard_normal((draws, k, len(eigenvalues)))
    projected = np.einsum("dki,i,dli->dkl", directions, eigenvalues, directions, optimize=True)
    return share_positive(np.linalg.eigvalsh(projected)[:, 0])


def share_positive(values: NDArray[np.floating]) -> Chance:
    """Return the share of draws (m,) above zero as a chance; never quite sure of 0 or 1.

    The standard error is that of the rule of succession, (hits + 1) / (m + 2).
    """
    hits, draws = int((values > 0).sum()), len(values)
    sure = (hits + 1) / (draws + 2)
    return Chance(hits / draws, float(np.sqrt(sure * (1 - sure) / draws)), Law.DRAWN)


@dataclass(frozen=True)
class NullCurvature:
    """What the curvature along a random unit direction is, over all directions.

    Attributes:
        mean: tr H / n.
        spread: standard deviation, sqrt(2 / (n + 2) (tr H^2 / n - (tr H / n)^2)).
    """

    mean: float
    spread: float


def null_curvature(eigenvalues: FloatArray) -> NullCurvature:
    """Return mean and standard deviation of d' H d over random unit directions d.

    >>> null_curvature(np.array([3.0, -1.0])).mean
    1.0
    """
    n, mean = len(eigenvalues), float(eigenvalues.mean())
    return NullCurvature(mean, float(np.sqrt(2 / (n + 2) * np.square(eigenvalues - mean).mean())))


def share_below(eigenvalues: FloatArray, curvature: float) -> Chance:
    """Return the share of random directions whose curvature d' H d / |d|^2 is below a number.

    >>> share_below(np.array([3.0, -1.0]), 1.0).probability
    0.5
    """
    return chance_of_minimum(curvature - eigenvalues, 1)


def _inverted(eigenvalues: FloatArray, k: int, step: float) -> float:
    """Return the chance by sums of that step along the contour s = c + i w sinh(x)."""
    power = (k + 1) / 2
    center, width = _saddle(eigenvalues, power)
    reach = 8.0
    while reach < 400 and _size(eigenvalues, power, k, center, width, reach) > -DEEP:
        reach += 2.0
    x = np.arange(-np.ceil(reach / step), np.ceil(reach / step) + 1) * step
    t, moved = width * np.sinh(x), width * np.cosh(x) * step
    level = _log_integrand(eigenvalues, power, np.array([complex(center)]))[0].real
    values = np.exp(_log_integrand(eigenvalues, power, center + 1j * t) - level) * moved
    if k == 1:
        return float(np.exp(level) * values.real.sum() / (2 * np.pi))
    sine = sici(np.pi * np.arange(-len(x) + 1, len(x)))[0]  # Si(pi m): the indefinite integral
    inner = np.convolve(values, sine)[len(x) - 1 : 2 * len(x) - 1]
    total = (t * values * inner).sum().real
    return float(np.exp(2 * level) * total * 2 / np.pi / (8 * np.pi))


def _saddle(eigenvalues: FloatArray, power: float) -> tuple[float, float]:
    """Return where the integrand is least between 0 and its first pole, and its width there."""
    pole = 0.5  # the largest eigenvalue is 1

    def slope(s: float) -> float:
        return float(-power / s + (eigenvalues / (1 - 2 * s * eigenvalues)).sum())

    bracket = (pole * 1e-12, pole * (1 - 1e-12))
    center = float(root_scalar(slope, bracket=bracket, method="brentq", xtol=1e-15).root)
    bend = power / center**2 + (2 * np.square(eigenvalues / (1 - 2 * center * eigenvalues))).sum()
    return center, float(1 / np.sqrt(bend))


def _size(
    eigenvalues: FloatArray, power: float, k: int, center: float, width: float, x: float
) -> float:
    """Return the log of the integrand's size at x against that at 0, with what multiplies it."""
    ends = np.array([center + 0j, center + 1j * width * np.sinh(x)])
    low, high = _log_integrand(eigenvalues, power, ends).real
    return float(high - low + k * np.log(np.cosh(x)))


def _log_integrand(
    eigenvalues: FloatArray, power: float, s: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """Return log(s^-power product (1 - 2 s lambda)^(-1/2)) at points s (m,)."""
    found = np.asarray(np.log(s) * -power, dtype=np.complex128)
    for some in np.array_split(np.arange(len(s)), 1 + len(s) * len(eigenvalues) // 2_000_000):
        found[some] -= np.log(1 - 2 * np.outer(s[some], eigenvalues)).sum(axis=1) / 2
    return found
