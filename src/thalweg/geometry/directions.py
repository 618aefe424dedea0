"""Directions in parameter space: random, principal, orthogonalized."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, require_finite
from thalweg.core.errors import InputError
from thalweg.core.layout import Layout
from thalweg.core.noise import named_normals


def random_directions(layout: Layout, k: int = 2, seed: int = 0) -> FloatArray:
    """Return k directions (k, n) of independent N(0, 1) numbers, drawn block by block by name.

    A block keeps its numbers whatever other blocks the layout has; see `core/noise.py`.

    >>> random_directions(Layout.plain(5), k=2, seed=1).shape
    (2, 5)
    """
    if not 1 <= k <= 3:
        raise InputError("k must be 1, 2 or 3", str(k), "ask for a line, a plane or a volume")
    rows = [
        np.concatenate([named_normals(seed, i, block.name, block.size) for block in layout.blocks])
        for i in range(k)
    ]
    return np.stack(rows)


def orthogonalized(directions: ArrayLike) -> FloatArray:
    """Return directions (k, n) made exactly orthogonal, each keeping its length.

    The first keeps its direction; each later one loses its components along those before it.
    Householder QR, so the result is orthogonal to rounding however close the inputs were.

    Raises:
        InputError: the directions are linearly dependent, or not finite.

    >>> orthogonalized([[1.0, 0.0], [3.0, 4.0]])
    array([[1., 0.],
           [0., 5.]])
    """
    rows = as_floats(directions, "directions", (None, None), "stack them as rows")
    require_finite(rows, "directions", "build them from finite points")
    lengths = np.linalg.norm(rows, axis=1)
    q, r = np.linalg.qr(rows.T)
    pivots = np.diag(r)
    if len(pivots) < len(rows) or (np.abs(pivots) <= 1e-10 * lengths).any():
        wanted = "directions must be linearly independent"
        raise InputError(wanted, "dependent ones", "draw another seed")
    return (q * np.sign(pivots) * lengths).T + 0.0  # no -0.0


@dataclass(frozen=True, eq=False)
class Principal:
    """Principal directions of a cloud of points.

    Attributes:
        mean: (n,), the center of the cloud.
        directions: (k, n), orthonormal, by falling variance; largest component positive.
        explained: share of the total variance along *every* principal direction, falling.
    """

    mean: FloatArray
    directions: FloatArray
    explained: FloatArray


def principal_directions(points: ArrayLike, k: int = 2) -> Principal:
    """Return the k principal directions of points (T, n), by SVD of the centered cloud.

    High explained variance alone proves nothing: the path of a pure random walk has 0.61 and
    0.15 in its first two (Antognini and Sohl-Dickstein 2018), a straight path has 1.0.

    Raises:
        InputError: fewer than k + 1 points, NaN, or a cloud of lower dimension than k.

    >>> principal_directions([[0.0, 0], [2, 0], [4, 1e-9]], k=1).directions.round(6)
    array([[1., 0.]])
    """
    cloud = as_floats(points, "points", (None, None), "stack trajectory points as rows")
    require_finite(cloud, "points", "cut the trajectory where it diverged")
    if len(cloud) <= k:
        raise InputError(
            f"{k} directions need at least {k + 1} points", str(len(cloud)), "add some"
        )
    mean = cloud.mean(axis=0)
    _, singular, rows = np.linalg.svd(cloud - mean, full_matrices=False)
    spanned = int((singular > 1e-12 * max(1.0, float(np.abs(cloud).max()))).sum())
    if spanned < k:
        wanted = f"points must span at least {k} dimensions"
        raise InputError(wanted, str(spanned), "ask for fewer directions")
    directions = rows[:k]
    peak = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return Principal(mean, directions * np.sign(peak), singular**2 / (singular**2).sum())
