"""Datasets: small labeled clouds in the plane, and the best accuracy that anyone can reach.

Every maker returns X (n, 2) and labels y (n,) = 0, 1, ..., both float64, class by class; it draws
from a generator of its own and leaves NumPy's global one alone.
"""

from itertools import pairwise
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thalweg.core.arrays import FloatArray, as_floats, require_finite, require_positive
from thalweg.core.errors import InputError, MissingExtraError

Labeled = tuple[FloatArray, FloatArray]


def spiral_arms(n_points: int = 200, arms: int = 2) -> FloatArray:
    """Return the noiseless spiral arms: radius t / 4 pi, angle t + 2 pi k / arms, 0 <= t <= 4 pi.

    Args:
        n_points: points an arm, at least 1.
        arms: number of arms, at least 2.

    Returns:
        (arms, n_points, 2).

    Raises:
        InputError: n_points or arms out of range.

    >>> spiral_arms(2)[:, -1].round(12) + 0.0
    array([[ 1.,  0.],
           [-1.,  0.]])
    """
    _check_count(n_points, "n_points", 1)
    _check_count(arms, "arms", 2)
    theta = np.linspace(0, 4 * np.pi, n_points)
    radius = theta / (4 * np.pi)
    centers = np.empty((arms, n_points, 2))
    for arm in range(arms):
        angle = theta + 2 * np.pi * arm / arms  # for two arms bit for bit theta, theta + np.pi
        centers[arm, :, 0], centers[arm, :, 1] = radius * np.cos(angle), radius * np.sin(angle)
    return centers


def spiral(n_points: int = 200, noise: float = 0.3, seed: int = 42, arms: int = 2) -> Labeled:
    """Return spiral arms blurred by Gaussian noise, one class an arm.

    For two arms these are, bit for bit, the points of the chapter's `generate_spiral_data`.

    Args:
        n_points: points a class, at least 1.
        noise: standard deviation of each coordinate.
        seed: of the noise.
        arms: number of classes, at least 2.

    Returns:
        X (arms * n_points, 2) and y (arms * n_points,).

    Raises:
        InputError: an argument out of range.

    >>> X, y = spiral(n_points=3, noise=0.0, arms=3)
    >>> X.shape, y
    ((9, 2), array([0., 0., 0., 1., 1., 1., 2., 2., 2.]))
    """
    centers = spiral_arms(n_points, arms)
    _check_noise(noise)
    draws = np.random.RandomState(_check_seed(seed)).randn(arms, 2, n_points)
    return _labeled(centers + noise * draws.transpose(0, 2, 1))


def moons(n_points: int = 200, noise: float = 0.1, seed: int = 42) -> Labeled:
    """Return two interleaved half circles (scikit-learn's `make_moons`).

    Args:
        n_points: points a class, at least 1.
        noise: standard deviation of each coordinate.
        seed: of the noise.

    Raises:
        InputError: an argument out of range.
        MissingExtraError: scikit-learn is not installed.

    >>> moons(2, noise=0.0)[0].round(12) + 0.0
    array([[ 1. , 0. ], [-1. , 0. ], [ 0. , 0.5], [ 2. , 0.5]])
    """
    _check_count(n_points, "n_points", 1)
    _check_noise(noise)
    X, y = _sklearn_datasets().make_moons(
        (n_points, n_points), shuffle=False, noise=float(noise), random_state=_check_seed(seed)
    )
    return _as_float64(X, y)


def circles(
    n_points: int = 200, noise: float = 0.1, seed: int = 42, factor: float = 0.5
) -> Labeled:
    """Return a circle of radius 1, class 0, around one of radius `factor` (`make_circles`).

    Args:
        n_points: points a class, at least 1.
        noise: standard deviation of each coordinate.
        seed: of the noise.
        factor: radius of the inner circle, 0 <= factor < 1.

    Raises:
        InputError: an argument out of range.
        MissingExtraError: scikit-learn is not installed.

    >>> X, y = circles(4, noise=0.0)
    >>> np.hypot(X[:, 0], X[:, 1]).round(12)
    array([1. , 1. , 1. , 1. , 0.5, 0.5, 0.5, 0.5])
    """
    _check_count(n_points, "n_points", 1)
    _check_noise(noise)
    if not 0 <= factor < 1:
        raise InputError("factor must be at least 0 and below 1", repr(factor), "try 0.5")
    X, y = _sklearn_datasets().make_circles(
        (n_points, n_points),
        shuffle=False,
        noise=float(noise),
        random_state=_check_seed(seed),
        factor=float(factor),
    )
    return _as_float64(X, y)


def blobs(n_points: int = 200, noise: float = 1.0, seed: int = 42, classes: int = 3) -> Labeled:
    """Return Gaussian clouds around centers drawn from [-10, 10]^2 (`make_blobs`).

    Args:
        n_points: points a class, at least 1.
        noise: standard deviation of each coordinate.
        seed: of the centers and the noise.
        classes: number of clouds, at least 2.

    Raises:
        InputError: an argument out of range.
        MissingExtraError: scikit-learn is not installed.

    >>> X, y = blobs(2, noise=0.0)
    >>> bool((X[0] == X[1]).all()), y
    (True, array([0., 0., 1., 1., 2., 2.]))
    """
    _check_count(n_points, "n_points", 1)
    _check_count(classes, "classes", 2)
    _check_noise(noise)
    X, y = _sklearn_datasets().make_blobs(
        [n_points] * classes,
        cluster_std=float(noise),
        shuffle=False,
        random_state=_check_seed(seed),
    )
    return _as_float64(X, y)


def xor_centers() -> FloatArray:
    """Return the corners of the square by class (2, 2, 2): label 1 where the signs differ.

    >>> xor_centers().prod(axis=2)
    array([[ 1., 1.], [-1., -1.]])
    """
    return np.array([[[1.0, 1.0], [-1.0, -1.0]], [[-1.0, 1.0], [1.0, -1.0]]])


def xor(n_points: int = 200, noise: float = 0.3, seed: int = 42) -> Labeled:
    """Return four Gaussian clouds at (+-1, +-1); a cloud's label is 1 if its signs differ.

    Args:
        n_points: points a class, at least 1; its two clouds take turns.
        noise: standard deviation of each coordinate.
        seed: of the noise.

    Returns:
        X (2 * n_points, 2) and y (2 * n_points,).

    Raises:
        InputError: an argument out of range.

    >>> xor(2, noise=0.0)
    (array([[ 1., 1.], [-1., -1.], [-1., 1.], [ 1., -1.]]), array([0., 0., 1., 1.]))
    """
    _check_count(n_points, "n_points", 1)
    _check_noise(noise)
    centers = xor_centers()[:, np.arange(n_points) % 2]
    draws = np.random.default_rng(_check_seed(seed)).standard_normal(centers.shape)
    return _labeled(centers + noise * draws)


def bayes_posterior(centers: ArrayLike, noise: float, X: ArrayLike) -> FloatArray:
    """Return P(class | x) where each class is a uniform mixture of Gaussians at its centers.

    Args:
        centers: (classes, n, 2); the classes have equal weight.
        noise: standard deviation of each coordinate, above 0.
        X: (m, 2).

    Returns:
        (m, classes), rows that sum to 1; the optimal boundary is where the largest two tie.

    Raises:
        InputError: wrong shapes, numbers that are not finite, or noise not above 0.

    >>> bayes_posterior([[[0.0, 0.0]], [[2.0, 0.0]]], 1.0, [[1.0, 5.0]])
    array([[0.5, 0.5]])
    """
    clouds = _check_centers(centers, noise)
    rows = as_floats(X, "X", (None, 2), "pass points (m, 2)")
    require_finite(rows, "X", "drop the rows that are not finite")
    posterior = np.empty((len(rows), len(clouds)))
    step = max(1, 2_000_000 // (clouds.shape[0] * clouds.shape[1]))
    for at in range(0, len(rows), step):
        gap = rows[at : at + step, None, None, :] - clouds
        exponent = -(gap**2).sum(axis=3) / (2 * noise**2)
        exponent -= exponent.max(axis=(1, 2), keepdims=True)
        density = np.exp(exponent).sum(axis=2)
        posterior[at : at + step] = density / density.sum(axis=1, keepdims=True)
    return posterior


def attainable_accuracy(centers: ArrayLike, noise: float) -> float:
    """Return the Bayes accuracy: what the best classifier reaches on fresh points.

    The integral over the plane of max over classes of p(x | class) / classes, where p is a
    uniform mixture of isotropic Gaussians. Method: the sum over a square lattice, in tiles of
    side 8 noise around the centers. The lattice is exponentially accurate for Gaussians; only
    the kink of the max along the class boundary costs, and the lattice is turned by an angle of
    golden slope, so that no straight boundary runs along it and the kink's errors cancel. The
    lattice is refined until two halvings in a row each move the sum by less than 2e-6.

    Args:
        centers: (classes, n, 2), with at least 2 classes; the classes have equal weight.
        noise: standard deviation of each coordinate, above 0.

    Returns:
        The accuracy, between 1 / classes and 1, to 1e-5.

    Raises:
        InputError: wrong shapes, numbers that are not finite, or noise not above 0.

    >>> round(attainable_accuracy([[[0.0, 0.0]], [[2.0, 0.0]]], noise=1.0), 4)  # Phi(1)
    0.8413
    """
    clouds = _check_centers(centers, noise)
    classes, n, _ = clouds.shape
    slope = (1 + np.sqrt(5)) / 2
    turn = np.array([[1.0, slope], [-slope, 1.0]]) / np.hypot(1.0, slope)
    middle = clouds.mean(axis=(0, 1))
    points = ((clouds - middle) / noise @ turn.T).reshape(-1, 2)
    tiles = _tiles(points, np.repeat(np.arange(classes), n), classes)
    last = before = np.inf
    best = 0.0
    for nodes in (16, 32, 64, 128, 256, 512):
        best, previous = _best_mass(tiles, nodes) / (classes * n), best
        before, last = last, abs(best - previous)
        if max(before, last) < 2e-6:
            break
    return float(np.clip(best, 1 / classes, 1.0))


_TILE = 8.0  # side of a tile, in units of the noise; Gaussians further than that are below 1e-14
_Tile = tuple[FloatArray, list[slice]]


def _tiles(points: FloatArray, labels: NDArray[np.int64], classes: int) -> list[_Tile]:
    """Return, for each tile near a point, its 3 x 3 neighborhood's points and their classes.

    Args:
        points: (n, 2), in units of the noise.
        labels: (n,), not decreasing.
        classes: number of classes.

    Returns:
        A list of points (k, 2) counted from the tile's corner, and the slice of every class.
    """
    shifts = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1]), axis=-1).reshape(9, 1, 2)
    corners = (np.floor(points / _TILE) + shifts).reshape(-1, 2)
    members = np.tile(np.arange(len(points)), 9)
    found, which = np.unique(corners, axis=0, return_inverse=True)
    order = np.lexsort((members, which.ravel()))
    groups = np.split(members[order], np.cumsum(np.bincount(which.ravel()))[:-1])
    tiles = []
    for corner, group in zip(found, groups, strict=True):
        cuts = np.searchsorted(labels[group], np.arange(classes + 1))
        slices = [slice(*cut) for cut in pairwise(cuts)]
        tiles.append((points[group] - corner * _TILE, slices))
    return tiles


def _best_mass(tiles: list[_Tile], nodes: int) -> float:
    """Return the integral of the largest class density, on nodes x nodes midpoints a tile."""
    step = _TILE / nodes
    at = (np.arange(nodes) + 0.5)[:, None] * step
    total = 0.0
    for centers, slices in tiles:
        by_x = np.exp(-0.5 * (at - centers[:, 0]) ** 2)
        by_y = np.exp(-0.5 * (at - centers[:, 1]) ** 2)
        best = np.zeros((nodes, nodes))
        for part in slices:
            np.maximum(best, by_x[:, part] @ by_y[:, part].T, out=best)
        total += float(best.sum())
    return total * step**2 / (2 * np.pi)


def _check_centers(centers: ArrayLike, noise: float) -> FloatArray:
    mend = "pass centers (classes, n, 2), as spiral_arms returns"
    clouds = as_floats(centers, "centers", (None, None, 2), mend)
    if len(clouds) < 2 or clouds.shape[1] < 1:
        wanted = "centers must hold at least 2 classes of at least 1 center"
        raise InputError(wanted, str(clouds.shape), mend)
    require_positive(noise, "noise", "without noise there is nothing to integrate")
    return require_finite(clouds, "centers", mend)


def _check_count(value: int, name: str, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        wanted = f"{name} must be an integer of at least {least}"
        raise InputError(wanted, repr(value), f"pass {name}={least} or more")


def _check_noise(noise: float) -> None:
    if not (np.isfinite(noise) and noise >= 0):
        raise InputError("noise must be finite and at least 0", repr(noise), "try noise=0.3")


def _check_seed(seed: int) -> int:
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        wanted = "seed must be an integer from 0 to 2**32 - 1"
        raise InputError(wanted, repr(seed), "leave the default, 42")
    return int(seed)


def _labeled(clouds: FloatArray) -> Labeled:
    """Return X and y of clouds (classes, n, 2), class by class."""
    classes, n, _ = clouds.shape
    return clouds.reshape(-1, 2), np.repeat(np.arange(classes, dtype=np.float64), n)


def _as_float64(X: ArrayLike, y: ArrayLike) -> Labeled:
    return np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)


def _sklearn_datasets() -> ModuleType:
    try:
        from sklearn import datasets
    except ImportError:
        raise MissingExtraError(
            "scikit-learn must be installed",
            "no module 'sklearn'",
            "pip install 'thalweg[datasets]'",
        ) from None
    return datasets
