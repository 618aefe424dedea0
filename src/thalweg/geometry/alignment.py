"""Alignment: the order and signs of hidden units that bring one network close to another.

Weight matching by coordinate descent over the layers, each step an exact linear assignment
(Ainsworth, Hayase and Srinivasa 2022, "Git Re-Basin"). Odd units are matched by the absolute
value of their agreement and then take its sign.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from thalweg.core.arrays import FloatArray
from thalweg.core.renaming import Blocks, rename, slices
from thalweg.core.units import Place, UnitLayer

SWEEPS = 100
SLACK = 1e-14  # relative: less is rounding


def matched(
    blocks: Mapping[str, FloatArray],
    target: Mapping[str, FloatArray],
    layers: Sequence[UnitLayer],
    restarts: int,
    seed: int,
) -> Blocks:
    """Return the blocks with units renamed and signs changed such that they come near `target`.

    The distance over all parameters only falls. With one hidden layer the result is the nearest;
    with more it is the best of restarts + 2 local optima: one grown from inputs and outputs, where
    what is not matched yet does not count; one from the order given; the rest from random orders.
    """
    random = np.random.default_rng(seed)
    begins = [_grown(dict(blocks), target, layers), dict(blocks)]
    if len(layers) > 1:
        begins += [_shuffled(blocks, layers, random) for _ in range(restarts)]
    found = [_descend(begin, target, layers, random) for begin in begins]
    return max(found, key=lambda each: _agreement(each, target, target))


def _descend(
    blocks: Blocks,
    target: Mapping[str, FloatArray],
    layers: Sequence[UnitLayer],
    random: np.random.Generator,
) -> Blocks:
    for _ in range(SWEEPS):
        moved = False
        for i in random.permutation(len(layers)):
            places = layers[i].incoming + layers[i].outgoing
            trial = _assign(blocks, target, layers[i], places)
            names = {place.block for place in places}
            before, after = (_agreement(each, target, names) for each in (blocks, trial))
            # A block with one layer on both axes is not linear in its order: a step may lose.
            if after > before + SLACK * abs(before):
                blocks, moved = trial, True
        if not moved:
            break
    return blocks


def _grown(blocks: Blocks, target: Mapping[str, FloatArray], layers: Sequence[UnitLayer]) -> Blocks:
    """Match layer by layer, from what is fixed or matched already."""
    open_axes = {(p.block, p.axis) for layer in layers for p in layer.incoming + layer.outgoing}
    for layer in layers:
        places = layer.incoming + layer.outgoing
        settled = tuple(p for p in places if _is_settled(p, open_axes))
        if settled:
            blocks = _assign(blocks, target, layer, settled)
        open_axes -= {(p.block, p.axis) for p in places}
    return blocks


def _is_settled(place: Place, open_axes: set[tuple[str, int]]) -> bool:
    return not any(name == place.block and axis != place.axis for name, axis in open_axes)


def _assign(
    blocks: Blocks, target: Mapping[str, FloatArray], layer: UnitLayer, places: tuple[Place, ...]
) -> Blocks:
    """Return the blocks with one layer matched exactly, the others as they are."""
    plain, signed = np.zeros((2, layer.size, layer.size))
    for place in places:
        wanted = slices(target[place.block], place, layer.size)
        product = wanted @ slices(blocks[place.block], place, layer.size).T
        if layer.nature.flips and place.scaled:
            signed += product
        else:
            plain += product
    _, order = linear_sum_assignment(plain + np.abs(signed), maximize=True)
    signs = np.where(signed[np.arange(layer.size), order] < 0, -1.0, 1.0)
    return rename(blocks, layer, order, signs)


def _shuffled(
    blocks: Mapping[str, FloatArray], layers: Sequence[UnitLayer], random: np.random.Generator
) -> Blocks:
    found = dict(blocks)
    for layer in layers:
        signs = random.choice([-1.0, 1.0], layer.size) if layer.nature.flips else None
        found = rename(found, layer, random.permutation(layer.size), signs)
    return found


def _agreement(
    blocks: Mapping[str, FloatArray], target: Mapping[str, FloatArray], names: Iterable[str]
) -> float:
    """Return the inner product; renaming keeps the length, so more is nearer."""
    return sum(float(np.vdot(target[name], blocks[name])) for name in names)
