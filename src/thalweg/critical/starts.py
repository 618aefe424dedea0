"""Starts: points to search from, with the words that say how they were drawn.

No finder of critical points samples them without bias (Frye et al. 2019, "Numerically recovering
the critical points of a deep linear autoencoder"), so what was found means little without where
it was looked for.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, frozen, require_finite
from thalweg.core.errors import InputError
from thalweg.core.schema import require_kind


@dataclass(frozen=True, eq=False)
class Starts:
    """Points with their origin in words.

    Attributes:
        points: (m, n).
        recipe: how they were drawn; it goes with every rate.

    Raises:
        InputError: no points, points that are not finite, or no recipe.
    """

    points: FloatArray
    recipe: str

    def __post_init__(self) -> None:
        mend = "stack one start a row"
        points = as_floats(self.points, "starts", (None, None), mend)
        require_finite(points, "starts", "leave those rows out")
        if not len(points):
            raise InputError("starts must hold at least 1 point", "none", mend)
        if not self.recipe.strip():
            mend = "say it in a few words"
            raise InputError("starts need a recipe: how they were drawn", "none", mend)
        object.__setattr__(self, "points", frozen(points))


def starts_around(center: ArrayLike, spread: float, count: int, seed: int = 0) -> Starts:
    """Return points center (n,) + spread * Gaussian noise.

    >>> starts_around([0.0, 0.0], 1.0, count=3).points.shape
    (3, 2)
    """
    middle, spread = as_floats(center, "center", (None,), "pass one point"), _width(spread)
    noise = np.random.default_rng(seed).standard_normal((_positive(count), middle.size))
    recipe = f"{count} Gaussian points of standard deviation {spread:g} around a point, seed {seed}"
    return Starts(middle + spread * noise, recipe)


def starts_along(trajectory: xr.Dataset, count: int, spread: float, seed: int = 0) -> Starts:
    """Return random rows of a *trajectory* plus spread * Gaussian noise."""
    require_kind(trajectory, "trajectory")
    points, random = trajectory["point"].values, np.random.default_rng(seed)
    spread = _width(spread)
    chosen = points[random.integers(0, len(points), _positive(count))].astype(np.float64)
    moved = chosen + spread * random.standard_normal(chosen.shape)
    noise = f" plus Gaussian noise of standard deviation {spread:g}" if spread else ""
    run = str(trajectory.attrs.get("stepper", "")) or "a run"
    return Starts(moved, f"{count} random points on {run}{noise}, seed {seed}")


def _width(spread: float) -> float:
    if not 0 <= spread < np.inf:
        raise InputError("spread must be 0 or a positive number", repr(spread), "try 0.1")
    return spread


def _positive(count: int) -> int:
    if count < 1:
        raise InputError("count must be at least 1", str(count), "ask for one start or more")
    return count
