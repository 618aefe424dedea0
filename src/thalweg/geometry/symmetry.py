"""Symmetry: different parameters, one function. Hidden units can be renamed, flipped and scaled.

Which units there are is told by the objective (`Objective.units`).
"""

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, require_finite
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective
from thalweg.core.renaming import rename
from thalweg.core.units import UnitLayer
from thalweg.geometry.alignment import matched
from thalweg.geometry.balance import balance
from thalweg.geometry.sameness import change

SPREAD = 0.5  # standard deviation of the logarithm of a random scale
DRAWS = 200  # until a twin is another point; of two units every second order is the old one


def permuted_twin(
    objective: Objective,
    point: ArrayLike,
    seed: int = 0,
    *,
    signs: bool = True,
    scales: bool = False,
) -> FloatArray:
    """Return the same network (n,) with the units of every hidden layer in a random order.

    The function is unchanged, to rounding. A barrier between a network and its twin is the null
    against which barriers between seeds are read. So the twin is never the same point again, unless
    no other order, sign or scale moves it, as with one hidden unit.

    Args:
        objective: tells its hidden units.
        point: (n,).
        seed: of the orders, signs and scales.
        signs: whether odd units (tanh) are flipped at random too, as another seed would.
        scales: whether homogeneous units (ReLU) are scaled too, by exp(N(0, 0.5^2)). That
            changes a penalty on the parameters.

    Raises:
        InputError: the objective tells no hidden units.

    >>> from thalweg.objectives.linear_network import LinearNetwork
    >>> network = LinearNetwork([[3.0, 0.0], [0.0, 1.0]], hidden=2)
    >>> permuted_twin(network, [1.0, 2, 3, 4, 5, 6, 7, 8], seed=3, signs=False)
    array([3., 4., 1., 2., 6., 5., 8., 7.])
    """
    layers, point = units_of(objective), objective.check_point(np.asarray(point))
    random, twin = np.random.default_rng(seed), point
    for _ in range(DRAWS):
        twin = _drawn(objective, point, layers, random, signs, scales)
        if not np.array_equal(twin, point, equal_nan=True):
            break
    return twin


def _drawn(
    objective: Objective,
    point: FloatArray,
    layers: tuple[UnitLayer, ...],
    random: np.random.Generator,
    signs: bool,
    scales: bool,
) -> FloatArray:
    blocks = objective.layout.unpack(point)
    for layer in layers:
        order, factors = random.permutation(layer.size), np.ones(layer.size)
        if signs and layer.nature.flips:
            factors *= random.choice([-1.0, 1.0], layer.size)
        if scales and layer.nature.scales:
            factors *= np.exp(SPREAD * random.standard_normal(layer.size))
        blocks = rename(blocks, layer, order, factors)
    return objective.layout.pack(blocks)


def aligned_twin(
    objective: Objective,
    point: ArrayLike,
    reference: ArrayLike,
    restarts: int = 5,
    seed: int = 0,
) -> FloatArray:
    """Return the twin of `point` (n,) that lies close to `reference` (n,).

    Units are matched by weights, with their signs if odd (see `alignment.py`). Scales of
    homogeneous units are set in both networks so that weights in and out of a unit are equally
    long; matching sees those, and the result gets the reference's own scales back, so that a twin
    of the reference comes back to it. With one hidden layer no other order or signs come nearer
    among the balanced; with more it is a local optimum.

    Args:
        objective: tells its hidden units.
        point: (n,), the network that is renamed.
        reference: (n,), the network that stays.
        restarts: random orders to start from as well, where several layers are hidden.
        seed: of those.

    Raises:
        InputError: the objective tells no hidden units, or the twin found is not the same
            function (then `Objective.units` is wrong).

    >>> from thalweg.objectives.linear_network import LinearNetwork
    >>> network = LinearNetwork([[3.0, 0.0], [0.0, 1.0]], hidden=2)
    >>> other = permuted_twin(network, network.start, seed=1, scales=True)
    >>> bool(np.abs(aligned_twin(network, other, network.start) - network.start).max() < 1e-15)
    True
    """
    layers, mend = units_of(objective), "align finite parameters only"
    moving = require_finite(objective.check_point(np.asarray(point)), "point", mend)
    staying = require_finite(objective.check_point(np.asarray(reference)), "reference", mend)
    if restarts < 0:
        raise InputError("restarts must be 0 or more", str(restarts), "try 5")
    target = balance(objective.layout.unpack(staying), layers)
    blocks = balance(objective.layout.unpack(moving), layers).blocks
    blocks = matched(blocks, target.blocks, layers, restarts, seed)
    for layer, factors in zip(layers, target.factors, strict=True):
        blocks = rename(blocks, layer, factors=1 / factors)
    found = objective.layout.pack(blocks)
    error = change(objective, moving, found)
    if not error.is_rounding:
        wanted = f"alignment must keep the function of {objective.name}"
        mend = "check the units that the objective tells"
        raise InputError(wanted, f"a change of {error.error:.2g}", mend)
    return found


def units_of(objective: Objective) -> tuple[UnitLayer, ...]:
    """Return the layers of hidden units that an objective tells, at least one.

    Raises:
        InputError: it tells none.
    """
    layers = objective.units()
    if not layers:
        wanted = "twins need an objective that tells its hidden units"
        mend = "take an MLPObjective, a PyTorch model with hidden layers, or implement units()"
        raise InputError(wanted, f"none from {objective.name}", mend)
    return layers
