"""Minima of a surface on its grid: what the picture shows, not what the objective has."""

import numpy as np
from scipy.ndimage import label, minimum_filter

from thalweg.core.arrays import FloatArray


def interior_minima(values: FloatArray) -> int:
    """Return how many interior places of values (b, a) lie below everything around them.

    A place is a cell or several connected cells of exactly equal value; neighbors are all 8. A
    minimum of a slice need not be a minimum of the objective, and one that reaches the rim may
    go on outside the window; so it is not counted. NaN counts as infinitely high.

    >>> interior_minima(np.array([[2.0, 2, 2], [2, 1, 2], [2, 2, 2]]))
    1
    """
    heights = np.where(np.isnan(values), np.inf, values)
    around = np.ones((3, 3), dtype=bool)
    around[1, 1] = False
    lowest = minimum_filter(heights, footprint=around, mode="constant", cval=-np.inf)
    low = (heights <= lowest) & np.isfinite(heights)
    # A flat place that touches an equal cell which itself has a lower neighbor is a shelf.
    others = minimum_filter(np.where(low, np.inf, heights), size=3, mode="constant", cval=np.inf)
    places = np.empty(low.shape, dtype=np.int32)
    count = int(label(low, structure=np.ones((3, 3)), output=places))  # type: ignore[arg-type]
    shelves = np.unique(places[low & (others <= heights)])
    return count - len(shelves)
