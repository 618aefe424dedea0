"""Small surfaces whose ways are known, with exact gradients."""

import numpy as np

from thalweg.objectives.functions import from_function


def ring():
    """(|p|^2 - 1)^2: zero on the unit circle, 1 at its center."""
    return from_function(
        lambda p: ((p**2).sum(axis=1) - 1) ** 2,
        lambda p: 4 * ((p**2).sum(axis=1) - 1)[:, None] * p,
        lambda x: 4 * (x @ x - 1) * np.eye(2) + 8 * np.outer(x, x),
        [1.0, 0.0],
        "ring",
    )


def pierced(hole, value=np.nan):
    """A hill exp(-4 |p|^2) whose loss is another value nearer to its top than `hole`."""

    def loss(p):
        square = (p**2).sum(axis=1)
        return np.where(square < hole**2, value, np.exp(-4 * square))

    return from_function(
        loss,
        lambda p: -8 * p * loss(p)[:, None],
        lambda x: np.zeros((2, 2)),
        [1.0, 0.0],
        "pierced hill",
    )
