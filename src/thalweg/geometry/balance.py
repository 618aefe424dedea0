"""Balance: the scales of homogeneous units at which weights in and weights out are equally long.

Among all scales this is the one with the smallest sum of squares, and it is unique (Du, Hu and
Lee 2018, "Algorithmic regularization in learning deep homogeneous models", show that gradient
flow preserves it). Found like the balancing of a matrix: layer by layer, until nothing moves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.renaming import Blocks, rename, slices
from thalweg.core.units import Place, UnitLayer

SWEEPS = 2000
STILL = 1e-14  # a sweep that moves no factor by more has found the balance


@dataclass(frozen=True, eq=False)
class Balanced:
    """Blocks in balance.

    Attributes:
        blocks: the same function, with |in| = |out| for every unit that scales.
        factors: for each layer (size,), what its units were multiplied by.
        imbalance: the largest |ln(|in| / |out|)| that is left; dead units do not count.
    """

    blocks: Blocks
    factors: tuple[FloatArray, ...]
    imbalance: float


def balance(blocks: Mapping[str, FloatArray], layers: Sequence[UnitLayer]) -> Balanced:
    """Return the blocks with the scales of homogeneous and linear units in balance.

    One unit is balanced by a = sqrt(|out| / |in|), where |in| is the norm of its weights and
    biases in, |out| that of its weights out. A dead unit (either is 0) keeps its scale.
    """
    squares, shrunk = _shrunk(blocks, layers)
    factors = [np.ones(layer.size) for layer in layers]
    imbalance = 0.0
    for _ in range(SWEEPS):
        imbalance = 0.0
        for i, layer in enumerate(shrunk):
            if layer.nature.scales:
                square = _step(squares, layer)
                squares = rename(squares, layer, factors=square)
                factors[i] = factors[i] * np.sqrt(square)
                imbalance = max(imbalance, float(np.abs(np.log(square)).max()))
        if imbalance <= STILL:
            break
    found = dict(blocks)
    for layer, each in zip(layers, factors, strict=True):
        found = rename(found, layer, factors=each)
    return Balanced(found, tuple(factors), imbalance)


def zeroed(
    blocks: Mapping[str, FloatArray], layers: Sequence[UnitLayer]
) -> tuple[Blocks, tuple[FloatArray, ...]]:
    """Return the blocks with the numbers of dead units set to 0, and which units (size,) are dead.

    A dead unit has nothing coming in or nothing going out, so it adds nothing. As one side
    shrinks to 0 the balanced form shrinks both: zero is its limit.
    """
    found, dead = dict(blocks), [np.zeros(layer.size, bool) for layer in layers]
    changed = True
    while changed:
        changed, sizes = False, {name: np.abs(array) for name, array in found.items()}
        for i, layer in enumerate(layers):
            if not layer.nature.scales:
                continue
            sides = layer.incoming, layer.outgoing
            none = np.any([_total(sizes, side, layer.size) == 0 for side in sides], axis=0)
            if (none & ~dead[i]).any():
                changed = True
                dead[i] = dead[i] | none
                alive = np.where(none, 0.0, 1.0)
                found = rename(found, UnitLayer("", layer.size, _both(layer), ()), factors=alive)
    return found, tuple(dead)


def _shrunk(
    blocks: Mapping[str, FloatArray], layers: Sequence[UnitLayer]
) -> tuple[Blocks, list[UnitLayer]]:
    """Return sums of squares over all but the axes of units that scale, and the layers there.

    A convolution becomes (units out, units in), so that a sweep costs little.
    """
    axes: dict[str, dict[int, int]] = {}
    for layer in layers:
        for place in _both(layer) if layer.nature.scales else ():
            axes.setdefault(place.block, {})[place.axis] = place.repeat
    squares = {}
    for name, repeats in axes.items():
        found: FloatArray = np.square(blocks[name])
        for axis in range(found.ndim):
            length: int = found.shape[axis]
            ahead, repeat, behind = (
                found.shape[:axis],
                repeats.get(axis, length),
                found.shape[axis + 1 :],
            )
            found = found.reshape((*ahead, length // repeat, repeat, *behind)).sum(axis + 1)
        squares[name] = found

    def moved(places: Iterable[Place]) -> tuple[Place, ...]:
        return tuple(Place(place.block, place.axis) for place in _scaled(places))

    shrunk = [replace(e, incoming=moved(e.incoming), outgoing=moved(e.outgoing)) for e in layers]
    return squares, shrunk


def _step(squares: Mapping[str, FloatArray], layer: UnitLayer) -> FloatArray:
    """Return a^2 (size,) of one layer, given squared blocks; 1 for dead units."""
    inward, outward = (
        _total(squares, each, layer.size) for each in (layer.incoming, layer.outgoing)
    )
    found = np.ones(layer.size)
    alive = (inward > 0) & (outward > 0)
    np.divide(outward, inward, out=found, where=alive)
    return np.sqrt(found)


def _total(blocks: Mapping[str, FloatArray], places: Iterable[Place], size: int) -> FloatArray:
    """Return the sum (size,) of all that belongs to each unit at the scaled places."""
    found = np.zeros(size)
    for place in _scaled(places):
        found += slices(blocks[place.block], place, size).sum(1)
    return found


def _scaled(places: Iterable[Place]) -> list[Place]:
    return [place for place in places if place.scaled]


def _both(layer: UnitLayer) -> tuple[Place, ...]:
    return tuple(_scaled(layer.incoming + layer.outgoing))
