"""Statistics of the study: intervals over seeds."""

import numpy as np
from scipy.special import stdtrit

from thalweg.core.arrays import FloatArray


def interval(values: FloatArray) -> tuple[float, float]:
    """Return the 95 % t-interval of the mean of values (m,), without NaN and inf; NaN if m < 2.

    >>> [round(end, 3) for end in interval(np.array([1.0, 2.0, 3.0]))]  # 2 -+ 4.303 / sqrt(3)
    [-0.484, 4.484]
    """
    usable = values[np.isfinite(values)]
    if usable.size < 2:
        return float("nan"), float("nan")
    half = stdtrit(usable.size - 1, 0.975) * usable.std(ddof=1) / np.sqrt(usable.size)
    return float(usable.mean() - half), float(usable.mean() + half)


def effect_shares(table: FloatArray) -> tuple[float, float]:
    """Return the shares of the variance that go with rows and with columns of a table (r, c).

    Omega squared of a two-way layout with one value a cell: corrected for what chance alone
    would give, so it is about zero (and can be slightly below) where there is no effect.

    >>> [round(share, 2) for share in effect_shares(np.array([[0.0, 1.0], [10.0, 11.0]]))]
    [0.99, 0.01]
    """
    rows, columns = table.shape
    mean = table.mean()
    total = float(np.square(table - mean).sum())
    by_row = columns * float(np.square(table.mean(axis=1) - mean).sum())
    by_column = rows * float(np.square(table.mean(axis=0) - mean).sum())
    rest = max(total - by_row - by_column, 0.0) / ((rows - 1) * (columns - 1))
    row_share = (by_row - (rows - 1) * rest) / (total + rest)
    column_share = (by_column - (columns - 1) * rest) / (total + rest)
    return row_share, column_share
