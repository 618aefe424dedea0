"""Canonical form: one point for all twins of a network, so that parameters can be compared.

Scales as in `balance.py` (a = sqrt(|v| / |(w, b)|) for a unit with weights v out), then units in
descending order of length, each odd one with its largest settled number positive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, IndexArray, require_finite
from thalweg.core.objective import Objective
from thalweg.core.renaming import Blocks, rename, slices
from thalweg.core.units import Place, UnitLayer
from thalweg.geometry.balance import balance, zeroed
from thalweg.geometry.sameness import change
from thalweg.geometry.symmetry import units_of

TIE = 1e-9  # lengths nearer than this share of the longest are settled by the next number


@dataclass(frozen=True, eq=False)
class Canonical:
    """A network in canonical form, with the proof that it is still the same.

    Attributes:
        point: (n,).
        loss_error: |L(point) - L(before)| / |L(before)|; a penalty on the parameters counts, and
            falls by balancing.
        outputs_error: max |outputs(point) - outputs(before)|, relative to the largest output where
            that exceeds 1; NaN where the objective does not tell outputs.
        dead: units with nothing coming in or nothing going out, whose numbers were set to 0.
        imbalance: the largest |ln(|in| / |out|)| left among units that scale; 1e-14 or less
            if the balance was found.
    """

    point: FloatArray
    loss_error: float
    outputs_error: float
    dead: int
    imbalance: float

    @property
    def invariance_error(self) -> float:
        """`outputs_error` where the objective tells outputs, else `loss_error`."""
        return self.loss_error if np.isnan(self.outputs_error) else self.outputs_error


def canonical(objective: Objective, point: ArrayLike) -> Canonical:
    """Return the canonical form of the network at point (n,): the same for all its twins.

    Twins by order, by signs of odd units and by scales of homogeneous ones have the same form, to
    rounding. Other symmetries stay: mixing of linear units, the length of weights before a
    normalization, and whatever the data cannot tell. A dead unit (its weights and biases in, or
    its weights out, are all 0) has no balance; all its numbers become 0, the limit of balanced
    ones, and the function stays.

    Args:
        objective: tells its hidden units.
        point: (n,).

    Raises:
        InputError: the objective tells no hidden units, or the point is not finite.

    >>> from thalweg.objectives.linear_network import LinearNetwork
    >>> network = LinearNetwork([[1.0]], hidden=2)
    >>> canonical(network, [0.5, -8.0, 0.5, 2.0]).point
    array([ 4. ,  0.5, -4. ,  0.5])
    """
    layers = units_of(objective)
    mend = "take finite parameters"
    before = require_finite(objective.check_point(np.asarray(point)), "point", mend)
    blocks, dead = zeroed(objective.layout.unpack(before), layers)
    found = balance(blocks, layers)
    after = objective.layout.pack(_ordered(found.blocks, layers))
    error = change(objective, before, after)
    count = sum(int(each.sum()) for each in dead)
    return Canonical(after, error.loss, error.outputs, count, found.imbalance)


def _ordered(blocks: Blocks, layers: Sequence[UnitLayer]) -> Blocks:
    """Return the blocks with orders and signs settled, layer by layer from the inputs."""
    open_axes = {(p.block, p.axis) for layer in layers for p in layer.incoming + layer.outgoing}
    for layer in layers:
        places = layer.incoming + layer.outgoing
        settled = [p for p in places if _is_settled(p, open_axes)]
        if layer.nature.flips:
            blocks = rename(blocks, layer, factors=_signs(blocks, settled, layer.size))
        keys = np.column_stack(
            [-_lengths(blocks, places, layer.size)]
            + [slices(blocks[p.block], p, layer.size) for p in settled]
        )
        blocks = rename(blocks, layer, _sorted(keys))
        open_axes -= {(p.block, p.axis) for p in places}
    return blocks


def _is_settled(place: Place, open_axes: set[tuple[str, int]]) -> bool:
    """Whether no other axis of the block has units that are not in their final order."""
    return not any(name == place.block and axis != place.axis for name, axis in open_axes)


def _lengths(blocks: Mapping[str, FloatArray], places: Sequence[Place], size: int) -> FloatArray:
    """Return the norm (size,) of all that belongs to each unit: the same in any order."""
    parts = [np.square(slices(blocks[p.block], p, size)).sum(1) for p in places]
    return np.sqrt(np.sum(parts, axis=0))


def _signs(blocks: Mapping[str, FloatArray], settled: Sequence[Place], size: int) -> FloatArray:
    """Return the signs (size,) that make each unit's largest settled number positive."""
    rows = [slices(blocks[p.block], p, size) for p in settled if p.scaled]
    numbers = np.concatenate([np.zeros((size, 1)), *rows], axis=1)
    largest = np.take_along_axis(numbers, np.abs(numbers).argmax(1)[:, None], 1)[:, 0]
    return np.where(largest < 0, -1.0, 1.0)


def _sorted(keys: FloatArray) -> IndexArray:
    """Return the order (size,) of rows of keys (size, m): by the first, ties by the next, ..."""
    groups = [np.arange(len(keys))]
    for column in keys.T:
        if len(groups) == len(keys):
            break
        slack = TIE * np.abs(column).max(initial=0.0)
        groups = [part for group in groups for part in _split(group, column, slack)]
    return np.concatenate(groups)


def _split(group: IndexArray, column: FloatArray, slack: float) -> list[IndexArray]:
    if len(group) == 1:
        return [group]
    group = group[np.argsort(column[group], kind="stable")]
    cuts = np.flatnonzero(np.diff(column[group]) > slack) + 1
    return np.split(group, cuts)
