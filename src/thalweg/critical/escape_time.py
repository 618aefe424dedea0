"""Escape times: how many steps of gradient descent it takes to leave a saddle.

Beside a saddle the component along an eigenvector of eigenvalue lambda < 0 grows by the factor
1 + lr |lambda| at each step, so from a to r it takes ln(r / a) / ln(1 + lr |lambda|) steps.
"""

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray, require_positive
from thalweg.core.errors import InputError
from thalweg.critical.point import CriticalPoint

EQUAL = 1e-6  # eigenvalues this near to the lowest (as a share) are copies of it


def escape_steps(amplitude: float, radius: float, lambda_min: float, lr: float) -> float:
    """Return the steps of gradient descent for growth from `amplitude` to `radius`.

    Args:
        amplitude: |component along the lowest eigenvectors| at first, above 0.
        radius: of it at last, above 0.
        lambda_min: the lowest eigenvalue at the saddle, below 0.
        lr: learning rate of plain gradient descent.

    Raises:
        InputError: an argument out of range.

    >>> round(escape_steps(1e-9, 1.0, lambda_min=-4.0, lr=0.02), 1)
    269.3
    """
    require_positive(amplitude, "the amplitude", "start beside the saddle, not at it")
    require_positive(radius, "the radius", "ask for growth to some size")
    return float(np.log(radius / amplitude) * efold_steps(lambda_min, lr))


def efold_steps(lambda_min: float, lr: float) -> float:
    """Return the steps of gradient descent for growth by a factor of e beside a saddle.

    Raises:
        InputError: a lowest eigenvalue that is not negative, or a learning rate that is not above
            0.

    >>> round(efold_steps(-4.0, lr=0.02), 2)
    12.99
    """
    require_positive(lr, "the learning rate", "pass that of the run")
    if not lambda_min < 0:
        mend = "there is no way down to leave by"
        raise InputError("the lowest eigenvalue must be negative", f"{lambda_min:g}", mend)
    return float(1 / np.log1p(lr * abs(lambda_min)))


def amplitudes(saddle: CriticalPoint, points: FloatArray) -> FloatArray:
    """Return how far points (m, n) lie from a saddle along its lowest eigenvectors: (m,).

    Raises:
        InputError: no negative eigenvalue.
    """
    if not saddle.index:
        wanted = "a way out needs a negative eigenvalue"
        raise InputError(wanted, saddle.words, "pass a saddle")
    below = saddle.eigenvalues[: saddle.index]
    lowest = saddle.downward[below - saddle.lambda_min <= EQUAL * abs(saddle.lambda_min)]
    return np.linalg.norm((points - saddle.point) @ lowest.T, axis=1)


def observed_escape(
    saddle: CriticalPoint, trajectory: xr.Dataset, row: int, radius: float
) -> float:
    """Return the steps a run took from `row` until its amplitude reached the radius.

    Interpolated between rows on a log scale; NaN if it was beyond at once, or never got there.
    """
    away = amplitudes(saddle, trajectory["point"][row:].values.astype(np.float64))
    steps = trajectory["step"].values[row:].astype(np.float64)
    beyond = np.flatnonzero(away >= radius)
    if not beyond.size or beyond[0] == 0:
        return np.nan
    before, after = away[beyond[0] - 1], away[beyond[0]]
    share = np.log(radius / before) / np.log(after / before)
    width = steps[beyond[0]] - steps[beyond[0] - 1]
    return float(steps[beyond[0] - 1] + share * width - steps[0])
