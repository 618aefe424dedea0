"""Invariance: by what factor the drawn curvature changes where the function does not.

A unit with a homogeneous activation (ReLU) may be scaled up on the way in and down on the way
out: the same network, at other parameters (Dinh, Pascanu, Bengio and Bengio 2017, "Sharp minima
can generalize for deep nets"). A fair picture would not change. Filter normalization removes the
scale of whole layers, not that of single units.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.core.renaming import rename
from thalweg.core.units import UnitLayer
from thalweg.geometry.directions import random_directions
from thalweg.geometry.sameness import change
from thalweg.geometry.scaling import Scaling
from thalweg.views.prose import number
from thalweg.views.trust import TrustLine

TWINS, LAYER_TWINS, DIRECTIONS, SPREAD = 6, 2, 3, 10.0
SAME = 1e-6  # losses that differ by less, relatively, are of the same function
SLIGHT = 1.005  # shown as no change
FAIR = 2.0  # a picture that changes by more than this factor is not comparable between networks


@dataclass(frozen=True)
class Invariance:
    """Fold changes of the curvature drawn along random directions; 1 = none.

    Attributes:
        scaling: of the directions, in words.
        layers: geometric mean when all units of a layer are scaled by one factor.
        units: the same when each unit is scaled by its own factor; `worst` over the twins.
        spread: factors are log-uniform from 1 / spread to spread.
        twins: how many networks with rescaled units; two more with rescaled layers.
        error: largest relative difference of their losses: 0 to rounding, which is much of a loss
            near 0 in single precision.
    """

    scaling: str
    layers: float
    units: float
    worst: float
    spread: float
    twins: int
    error: float

    def lines(self) -> list[TrustLine]:
        """Return the invariance error; a warning where networks cannot be compared."""
        words = (
            f"Scales: rescaling single units by up to {number(self.spread)}, which leaves the "
            f"function as it is, changes the curvature of such pictures {_fold(self.units)}"
        )
        if self.worst > SLIGHT:
            words += f" (at most {_fold(self.worst)})"
        return [TrustLine(f"{words}; whole layers, {_fold(self.layers)}.", self.units > FAIR)]


def _fold(factor: float) -> str:
    return "not at all" if factor < SLIGHT else f"{number(factor, 2)}-fold"


def scaling_layers(objective: SmoothObjective) -> tuple[UnitLayer, ...]:
    """Return the layers whose units may be scaled; () if there are none, or none are known."""
    return tuple(layer for layer in objective.units() if layer.nature.scales)


def products() -> int:
    """Return how many Hessian-vector products `invariance_of` takes."""
    return DIRECTIONS * (1 + TWINS + LAYER_TWINS)


def invariance_of(objective: SmoothObjective, point: FloatArray, scaling: Scaling) -> Invariance:
    """Return the invariance error of a scaling of random directions at point (n,).

    Raises:
        InputError: the function changes under rescaling, as with a penalty on the parameters.
    """
    layers = scaling_layers(objective)
    own = rescaled_twins(objective, point, layers, TWINS, each=True)
    whole = rescaled_twins(objective, point, layers, LAYER_TWINS, each=False)
    loss = objective.value(point)
    off = float(np.abs(objective.values(np.stack([*own, *whole])) - loss).max())
    error = off / (abs(loss) or 1.0)
    if not off <= max(SAME * abs(loss), change(objective, point, own[0]).tolerance):
        wanted = "the loss must stay as units are rescaled"
        got = f"a relative change of {number(error, 2)}"
        raise InputError(wanted, got, "leave out penalties on the parameters")
    folds = fold_changes(objective, point, scaling, [*own, *whole])
    if not np.isfinite(folds).all():
        wanted, mend = "random directions must see curvature that is not 0", "look at another point"
        raise InputError(wanted, "none along some of them", mend)
    units, by_layer = folds[:TWINS], folds[TWINS:]
    return Invariance(
        scaling=str(scaling),
        layers=geometric_mean(by_layer),
        units=geometric_mean(units),
        worst=float(units.max()),
        spread=SPREAD,
        twins=TWINS,
        error=error,
    )


def rescaled_twins(
    objective: SmoothObjective,
    point: FloatArray,
    layers: Sequence[UnitLayer],
    count: int,
    each: bool,
    seed: int = 0,
) -> list[FloatArray]:
    """Return `count` points (n,) of the same function, their units rescaled at random.

    Args:
        objective: whose layout the point has.
        point: (n,).
        layers: whose units scale.
        count: how many.
        each: whether each unit has a factor of its own, or each layer one for all.
        seed: of the factors, log-uniform from 1/10 to 10.
    """
    random, twins = np.random.default_rng(seed), []
    for _ in range(count):
        drawn = [random.uniform(-1, 1, size=layer.size if each else 1) for layer in layers]
        twins.append(rescaled(objective, point, layers, [SPREAD**powers for powers in drawn]))
    return twins


def rescaled(
    objective: SmoothObjective,
    point: FloatArray,
    layers: Sequence[UnitLayer],
    factors: Sequence[FloatArray],
) -> FloatArray:
    """Return the same function (n,), the units of each layer scaled by its (size,) or (1,) factors.

    What comes into a unit is multiplied, what goes out of it divided.
    """
    blocks = objective.layout.unpack(point)
    for layer, each in zip(layers, factors, strict=True):
        blocks = rename(blocks, layer, factors=np.broadcast_to(each, layer.size))
    return objective.layout.pack(blocks)


def fold_changes(
    objective: SmoothObjective,
    point: FloatArray,
    scaling: Scaling,
    twins: Sequence[FloatArray],
    seeds: int = 1,
) -> FloatArray:
    """Return by what factor (m,), at least 1, the drawn curvature of each twin (n,) differs.

    The curvature is the mean of |d'Hd| over three random directions a seed, the same ones for all.
    """
    before = _curvature(objective, point, scaling, seeds)
    after = np.array([_curvature(objective, twin, scaling, seeds) for twin in twins])
    return np.exp(np.abs(np.log(after / before)))


def geometric_mean(folds: FloatArray) -> float:
    """Return the geometric mean of positive numbers (m,)."""
    return float(np.exp(np.log(folds).mean()))


def _curvature(
    objective: SmoothObjective, point: FloatArray, scaling: Scaling, seeds: int
) -> float:
    """Return the mean size of the curvature d'Hd over random directions of a scaling."""
    seen = []
    for seed in range(seeds):
        raw = random_directions(objective.layout, DIRECTIONS, seed)
        scaled = scaling.apply(raw, point, objective.layout)
        seen.append(np.einsum("ki,ki->k", scaled, objective.hvp(point, scaled)))
    return float(np.abs(np.concatenate(seen)).mean())
