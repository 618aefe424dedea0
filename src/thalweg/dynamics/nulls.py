"""Nulls: how much of its variance a run keeps in its principal plane though it knows no landscape.

A random walk looks planar: its principal components are cosines and a few of them carry nearly
all variance (Antognini and Sohl-Dickstein 2018, "PCA of high dimensional random walks with
comparison to neural network training"). A straight line has all of it in one component. So a
captured variance is told beside both, and beside the cosine content of the components (Hess
2002, "Convergence of sampling in protein simulations").
"""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray, as_floats
from thalweg.core.errors import InputError

STRAIGHT = 1.0  # what the first component of a straight line captures
COSINE_LIMIT = 0.7  # above it a component is what a random walk would show
MOST_POINTS, CHUNK = 201, 4096
DRAWS = 200


@dataclass(frozen=True)
class Null:
    """What chance alone gives: mean over draws, its standard error, and the 5 to 95 % range.

    Attributes:
        mean: of the captured variance.
        low, high: its 5 % and 95 % quantiles.
        stderr: standard error of the mean.
    """

    mean: float
    low: float
    high: float
    stderr: float


def walk_shares(points: int, k: int = 2) -> FloatArray:
    """Return the shares (k,) of variance of the principal components of a random walk.

    The limit of many dimensions, n much larger than T = `points`: of T centered points the j-th
    variance is 1 / (4 sin^2(pi j / 2T)), all together (T^2 - 1) / 6.

    Raises:
        InputError: fewer than 2 points, or no component.

    >>> walk_shares(201, 3).round(4)
    array([0.608 , 0.152 , 0.0676])
    """
    _check(points, 1, k)
    modes = np.arange(1, k + 1)
    variances = 1 / (4 * np.sin(np.pi * modes / (2 * points)) ** 2)
    return np.where(modes < points, variances, 0.0) / ((points**2 - 1) / 6)


def walk_null(
    points: int,
    n: int,
    k: int = 2,
    momentum: float = 0.0,
    draws: int = DRAWS,
    seed: int = 0,
) -> Null:
    """Return the variance that k principal components capture of a Gaussian random walk in R^n.

    v <- momentum v + noise, x <- x + v, from v = 0. The law is drawn, not approximated: a walk
    is an orthogonal matrix times its modes times Gaussian noise, and of that noise only the
    triangle of Bartlett's decomposition is needed, so that any n costs no more than n = points.

    Args:
        points: recorded points T of the run; more than 201 are thinned evenly to 201.
        n: number of parameters.
        k: components kept, 2 for a plane.
        momentum: in [0, 1); 0 for independent steps.
        draws: number of walks.
        seed: of the draws.

    Raises:
        InputError: fewer than 2 points or draws, no parameter, or a momentum outside [0, 1).

    >>> null = walk_null(201, 65)
    >>> 0.70 < null.low < 0.75 < null.mean < 0.79 < null.high < 0.84
    True
    """
    _check(points, n, k)
    if not 0 <= momentum < 1:
        raise InputError("momentum must lie in [0, 1)", repr(momentum), "try 0.9")
    if draws < 2:
        raise InputError("a null needs at least 2 draws", str(draws), "leave the default")
    modes = _modes(points, momentum)
    random = np.random.default_rng(seed)
    walks = (modes[:, None] * _noise(random, modes.size, n) for _ in range(draws))
    shares = np.array([_share(walk, k) for walk in walks])
    low, high = (float(q) for q in np.quantile(shares, [0.05, 0.95]))
    return Null(float(shares.mean()), low, high, float(shares.std(ddof=1) / np.sqrt(draws)))


def cosine_content(scores: FloatArray) -> FloatArray:
    """Return how much of each principal component (T, k) of a run is half, one, 3/2 ... cosine.

    c_j = (2 / T) (sum_t cos(pi j t / T) p_j(t))^2 / sum_t p_j(t)^2 with t at the middle of each
    interval, so that 0 <= c_j <= 1, and 1 for a random walk in many dimensions. Above 0.7 the
    shape of the path is the one that chance draws. NaN for a component that never moves.

    >>> t = (np.arange(50) + 0.5) / 50
    >>> cosine_content(np.column_stack([np.cos(np.pi * t), np.cos(np.pi * t)])).round(12)
    array([1., 0.])
    """
    scores = as_floats(scores, "scores", (None, None), "pass one column a component")
    length, k = scores.shape
    times = (np.arange(length)[:, None] + 0.5) / length
    waves = np.cos(np.pi * times * np.arange(1, k + 1))
    with np.errstate(all="ignore"):
        overlap = np.square(np.einsum("tj,tj->j", waves, scores))
        return 2 / length * overlap / np.square(scores).sum(axis=0)


def _modes(points: int, momentum: float) -> FloatArray:
    """Return the singular values of the map from noise to centered positions, largest first."""
    rows = np.unique(np.linspace(0, points - 1, min(points, MOST_POINTS)).round().astype(int))
    gram = np.zeros((len(rows), len(rows)))
    for first in range(0, points - 1, CHUNK):
        kicks = np.arange(first, min(first + CHUNK, points - 1))
        reach = np.maximum(rows[:, None] - kicks, 0)  # steps that a kick has had to act
        moved = (1 - momentum**reach) / (1 - momentum)
        moved -= moved.mean(axis=0)
        gram += moved @ moved.T
    variances = np.linalg.eigvalsh(gram)[::-1][: len(rows) - 1]
    return np.sqrt(np.maximum(variances, 0.0))


def _noise(random: np.random.Generator, rows: int, n: int) -> FloatArray:
    """Return a matrix with the law of a Gaussian one (rows, n), up to a rotation in R^n."""
    if n <= rows:
        return random.standard_normal((rows, n))
    lower = np.tril(random.standard_normal((rows, rows)), -1)
    return lower + np.diag(np.sqrt(random.chisquare(n - np.arange(rows))))


def _share(walk: FloatArray, k: int) -> float:
    gram = walk @ walk.T if walk.shape[0] <= walk.shape[1] else walk.T @ walk
    variances = np.linalg.eigvalsh(gram)
    return float(variances[-k:].sum() / variances.sum())


def _check(points: int, n: int, k: int) -> None:
    if points < 2 or n < 1 or k < 1:
        wanted = "a null needs at least 2 points, 1 parameter and 1 component"
        raise InputError(wanted, f"{points}, {n} and {k}", "pass the numbers of a recorded run")
