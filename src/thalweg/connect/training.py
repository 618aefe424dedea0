"""Training of a curve: the loss along it is lowered by moving the bends, the ends stay.

Garipov, Izmailov, Podoprikhin, Vetrov and Wilson 2018, "Loss surfaces, mode connectivity, and fast
ensembling of DNNs" lower the mean loss over uniform t. Here t is stratified, the highest samples
weigh more after a while, and of all bends that were passed those with the lowest barrier are kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from thalweg.connect.bends import Bends
from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.executor import Progress
from thalweg.core.objective import Objective, SampledObjective, SmoothObjective
from thalweg.core.plane import Plane

NUMBERS = 1 << 24  # parameters of several points that are held at once where only values count
CHECKS = 20  # times that the whole curve is looked at while it is trained
CHECK_POINTS = 41
KICK = 0.01  # a first move out of the line, which may be a ridge: no slope points off it
MEAN_SHARE = 0.2  # of the steps lower the mean; then the samples weigh exp(PEAK * loss / range)
PEAK = 10.0
FIRST, SECOND, TINY = 0.9, 0.99, 1e-12  # of Adam


@dataclass(frozen=True, eq=False)
class Corners:
    """The points that span a curve: two fixed ends and the bends (k, n) between them."""

    start: FloatArray
    bends: FloatArray
    end: FloatArray

    @property
    def stacked(self) -> FloatArray:
        """All in order: (k + 2, n)."""
        return np.vstack([self.start, self.bends, self.end])

    def losses(self, objective: Objective, weights: FloatArray) -> FloatArray:
        """Return the losses (m,) at the points that the weights (m, k + 2) mix."""
        plane = self._plane
        if plane is not None:
            return objective.restrict(plane)(weights[:, 1:])["loss"]
        stacked, rows = self.stacked, max(1, NUMBERS // self.start.size)
        parts = [weights[at : at + rows] for at in range(0, len(weights), rows)]
        return np.concatenate([objective.values(part @ stacked) for part in parts])

    @cached_property
    def _plane(self) -> Plane | None:
        """The plane of the corners, on which objectives are fast; None if they span none."""
        try:
            return Plane(self.start, np.vstack([self.bends, self.end]) - self.start)
        except InputError:
            return None


def straight(start: FloatArray, end: FloatArray, bends: int) -> Corners:
    """Return the corners of the straight line, the bends at equal distances."""
    share = np.linspace(0.0, 1.0, bends + 2)[1:-1, None]
    return Corners(start, (1 - share) * start + share * end, end)


def trained(
    objective: SmoothObjective,
    start: FloatArray,
    end: FloatArray,
    method: Bends,
    progress: Progress | None = None,
) -> Corners:
    """Return the corners with the lowest barrier among those passed in training.

    Samples whose loss or gradient is not finite are left out of
    a step; bends with such a sample are never kept.

    Raises:
        InputError: batches of an objective without examples, or larger than all of them.
    """
    random = np.random.default_rng(method.seed)
    unit = float(np.sqrt(np.square(end - start).mean()))
    check = method.weights(np.linspace(0.0, 1.0, CHECK_POINTS))
    batches = _batches(objective, method.batch, random)
    bends = straight(start, end, method.bends).bends
    bends = bends + KICK * unit * random.standard_normal(bends.shape)
    best, lowest = Corners(start, bends, end), (np.inf, np.inf)
    first, second = np.zeros_like(bends), np.zeros_like(bends)
    for step in range(1, method.steps + 1):
        t = (np.arange(method.samples) + random.random(method.samples)) / method.samples
        peak = PEAK if step > MEAN_SHARE * method.steps else 0.0
        pull = _pull(next(batches), method.weights(t), Corners(start, bends, end), peak)
        if pull is None:  # nothing finite anywhere shows a way
            break
        first += (1 - FIRST) * (pull - first)
        second += (1 - SECOND) * (np.square(pull) - second)
        rate = method.lr * unit * (1 + np.cos(np.pi * step / method.steps)) / 2
        steady, size = first / (1 - FIRST**step), np.sqrt(second / (1 - SECOND**step))
        bends = bends - rate * steady / (size + TINY)
        if step % max(1, method.steps // CHECKS) == 0 or step == method.steps:
            here = Corners(start, bends, end)
            quality = _quality(here.losses(objective, check))
            if quality < lowest:
                best, lowest = here, quality
        if progress is not None:
            progress(step, method.steps)
    return best


def _quality(loss: FloatArray) -> tuple[float, float]:
    """Return (highest rise over the chord, mean loss), both inf where that is unknown."""
    chord = np.linspace(0.0, 1.0, loss.size)
    with np.errstate(invalid="ignore"):
        rise = loss - ((1 - chord) * loss[0] + chord * loss[-1])
    if not np.isfinite(rise).all():
        return np.inf, np.inf
    return float(rise.max()), float(loss.mean())


def _pull(
    objective: SmoothObjective, weights: FloatArray, corners: Corners, peak: float
) -> FloatArray | None:
    """Return the gradient (k, n) of the weighed mean loss over the finite samples; None if none."""
    values, gradients = objective.value_and_gradients(weights @ corners.stacked)
    good = np.isfinite(values) & np.isfinite(gradients).all(axis=1)
    if not good.any():
        return None
    values, gradients, weights = values[good], gradients[good], weights[good]
    span = values.max() - values.min()
    share = np.exp(peak * (values - values.max()) / span) if span > 0 else np.ones_like(values)
    return (weights[:, 1:-1] * (share / share.sum())[:, None]).T @ gradients


def _batches(
    objective: SmoothObjective, size: int | None, random: np.random.Generator
) -> Iterator[SmoothObjective]:
    """Yield the objective of each step: all examples, or so many of them, epoch by epoch."""
    if size is None:
        while True:
            yield objective
    if not isinstance(objective, SampledObjective):
        wanted = "batches need an objective that is a mean over examples"
        raise InputError(wanted, objective.name, "leave batch out")
    if size > objective.n_examples:
        wanted = f"batch must be at most {objective.n_examples}"
        raise InputError(wanted, str(size), "lower it")
    while True:
        order = random.permutation(objective.n_examples)
        for at in range(0, order.size, size):
            yield objective.subset(order[at : at + size])
