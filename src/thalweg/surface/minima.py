"""Minima of a surface on its grid: what the picture shows, not what the objective has."""

import numpy as np
from scipy.ndimage import minimum_filter

from thalweg.core.arrays import FloatArray


def interior_minima(values: FloatArray) -> int:
    """Return how many interior cells of values (b, a) lie strictly below all 8 neighbors.

    A minimum of a slice need not be a minimum of the objective, and one on the rim may go on
    outside the window; so the rim is not counted. NaN counts as infinitely high.

    >>> interior_minima(np.array([[2.0, 2, 2], [2, 1, 2], [2, 2, 2]]))
    1
    """
    heights = np.where(np.isnan(values), np.inf, values)
    around = np.ones((3, 3), dtype=bool)
    around[1, 1] = False
    lower = heights < minimum_filter(heights, footprint=around, mode="constant", cval=-np.inf)
    return int(lower.sum())
