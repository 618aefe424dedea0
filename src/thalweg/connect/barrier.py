"""Barrier: how much the loss rises over the chord on a way between two points."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray, as_floats, require_finite
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective
from thalweg.core.plane import Plane
from thalweg.views.prose import number

PEAKS = 3  # local maxima that are looked at closely
ROUNDS = 5  # each looks three times as closely as the one before


@dataclass(frozen=True, eq=False)
class Barrier:
    """The loss along a way from A (t = 0) to B (t = 1), and the highest rise over its chord.

    Attributes:
        height: max over the sampled t of L(t) - [(1 - t) L(A) + t L(B)]; 0 or more. A lower bound
            of the maximum over all t. NaN if any sample is NaN or an end is not finite, inf if
            a sample is.
        at: the t of that maximum, or of the first NaN.
        t: (m,), where the way was sampled: evenly, and closely about the highest samples.
        loss: (m,), the loss there.
        resolution: distance of the even samples; a peak that is narrower may be missed.
    """

    height: float
    at: float
    t: FloatArray
    loss: FloatArray
    resolution: float

    @property
    def rise(self) -> FloatArray:
        """The loss (m,) minus the chord of the end losses."""
        return _rise(self.t, self.loss)

    @property
    def nonfinite(self) -> int:
        """Number of samples where the loss is NaN or infinite."""
        return int((~np.isfinite(self.loss)).sum())

    @property
    def summary(self) -> str:
        """The height in one sentence, with what it does not say.

        >>> Barrier(0.25, 0.5, np.array([0, 0.5, 1]), np.array([0, 0.25, 0]), 0.5).summary
        'rises by 0.25 at t = 0.5 (a lower bound: 3 samples, peaks narrower than 0.5 may be missed)'
        """
        if self.nonfinite:
            count = f"{self.nonfinite} of {self.t.size} samples"
            known = "the barrier is infinite" if self.height == np.inf else "height unknown"
            return f"the loss is NaN or infinite at {count}: {known}"
        narrow = f"peaks narrower than {number(self.resolution, 2)} may be missed"
        rises = f"rises by {number(self.height)} at t = {number(self.at)}"
        return f"{rises} (a lower bound: {self.t.size} samples, {narrow})"


def barrier(objective: Objective, start: FloatArray, end: FloatArray, points: int = 51) -> Barrier:
    """Return the barrier on the straight line from start (n,) to end (n,).

    Args:
        objective: the loss.
        start: (n,), where t = 0.
        end: (n,), where t = 1.
        points: evenly spaced t, at least 3; some 40 more lie about the highest ones.

    Raises:
        InputError: ends that are not finite or live elsewhere, or too few points.

    >>> from thalweg.objectives.zoo import himmelblau
    >>> round(barrier(himmelblau(), np.array([3.0, 2.0]), np.array([3.0, 2.0]) + 1e-3).height, 4)
    0.0
    """
    start, end = check_ends(objective, start, end)
    if np.array_equal(start, end):
        value = objective.value(start)
        return sampled_barrier(lambda t: np.full(t.shape, value), points)
    line = objective.restrict(Plane(start, (end - start)[None]))
    return sampled_barrier(lambda t: line(t[:, None])["loss"], points)


def sampled_barrier(loss_at: Callable[[FloatArray], FloatArray], points: int = 51) -> Barrier:
    """Return the barrier on any way, given its losses: t (m,) -> (m,).

    After the even samples the three highest local maxima, later the highest one, are sampled more
    closely round by round, so that a smooth peak is found to about 1e-4 of what the even samples
    miss of it.

    Raises:
        InputError: fewer than 3 points.

    >>> bump = sampled_barrier(lambda t: np.exp(-100 * (t - 0.3) ** 2), points=5)
    >>> round(bump.height, 3), round(bump.at, 2)
    (1.0, 0.3)
    """
    if points < 3:
        raise InputError("a barrier needs at least 3 points", str(points), "leave the default, 51")
    t = np.linspace(0.0, 1.0, points)
    loss = loss_at(t)
    for turn in range(ROUNDS):
        rise = _rise(t, loss)
        if not np.isfinite(rise).all():
            break
        more = _closer(t, rise, PEAKS if turn < 2 else 1)
        t, loss = np.append(t, more), np.append(loss, loss_at(more))
        t, first = np.unique(t, return_index=True)
        loss = loss[first]
    rise = _rise(t, loss)
    top = int(rise.argmax())
    return Barrier(float(rise[top]), float(t[top]), t, loss, 1 / (points - 1))


def check_ends(
    objective: Objective, start: FloatArray, end: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return both ends as float64 (n,), or raise InputError."""
    shape, mend = (objective.layout.size,), f"pass finite parameters of {objective.name}"
    start, end = as_floats(start, "start", shape, mend), as_floats(end, "end", shape, mend)
    return require_finite(start, "start", mend), require_finite(end, "end", mend)


def _rise(t: FloatArray, loss: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):  # an infinite end has no chord: the rise is NaN
        return loss - ((1 - t) * loss[0] + t * loss[-1])


def _closer(t: FloatArray, rise: FloatArray, peaks: int) -> FloatArray:
    """Return t between the neighbors of the highest local maxima."""
    walled = np.concatenate([[-np.inf], rise, [-np.inf]])
    local = np.flatnonzero((rise >= walled[:-2]) & (rise >= walled[2:]))
    best = local[np.argsort(-rise[local], kind="stable")[:peaks]]
    left, right = t[np.maximum(best - 1, 0)], t[np.minimum(best + 1, t.size - 1)]
    sides = np.concatenate([left, right]) - np.tile(t[best], 2)  # the maximum itself is known
    return np.tile(t[best], 4) + np.concatenate([sides / 3, sides * (2 / 3)])
