"""Barrier: how much the loss rises on the straight line between two points."""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import Objective
from thalweg.core.plane import Plane


@dataclass(frozen=True, eq=False)
class Barrier:
    """The loss along a line from A (t = 0) to B (t = 1).

    Attributes:
        height: max over t of L(t) - [(1 - t) L(A) + t L(B)]; 0 or more.
        at: the t of that maximum.
        t: (m,), where the line was sampled.
        loss: (m,), the loss there.
    """

    height: float
    at: float
    t: FloatArray
    loss: FloatArray


def barrier(objective: Objective, start: FloatArray, end: FloatArray, points: int = 51) -> Barrier:
    """Return the barrier on the straight line from start (n,) to end (n,).

    The maximum is over `points` evenly spaced t, so it is a lower bound of the true height.

    >>> from thalweg.objectives.zoo import himmelblau
    >>> round(barrier(himmelblau(), np.array([3.0, 2.0]), np.array([3.0, 2.0]) + 1e-3).height, 4)
    0.0
    """
    t = np.linspace(0.0, 1.0, max(points, 2))
    if np.array_equal(start, end):
        loss = np.full(t.shape, objective.value(start))
    else:
        line = Plane(start, (np.asarray(end) - start)[None])
        loss = objective.restrict(line)(t[:, None])["loss"]
    with np.errstate(invalid="ignore"):  # an infinite end has no chord: the rise is NaN
        rise = loss - ((1 - t) * loss[0] + t * loss[-1])
    top = int(rise.argmax())
    return Barrier(float(rise[top]), float(t[top]), t, loss)
