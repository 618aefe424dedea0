"""Renaming: the units of a layer in another order, with other signs and scales, block by block."""

from collections.abc import Mapping

import numpy as np

from thalweg.core.arrays import FloatArray, IndexArray
from thalweg.core.units import Place, UnitLayer

Blocks = dict[str, FloatArray]


def rename(
    blocks: Mapping[str, FloatArray],
    layer: UnitLayer,
    order: IndexArray | None = None,
    factors: FloatArray | None = None,
) -> Blocks:
    """Return the blocks where unit i of a layer is factors[i] times the old unit order[i].

    What comes in is multiplied by the factor, what goes out divided by it: the function stays,
    if the factors are such as the layer's nature allows.

    Args:
        blocks: arrays by name, as `Layout.unpack` gives them; not written.
        layer: whose units are renamed.
        order: (size,), a permutation; None: as they are.
        factors: (size,), signs times positive scales; None: all 1.

    >>> layer = UnitLayer("hidden", 2, (Place("W1", 1),), (Place("W2", 0),))
    >>> old = {"W1": np.array([[1.0, 2]]), "W2": np.array([[3.0], [4]])}
    >>> new = rename(old, layer, np.array([1, 0]), np.array([-1.0, 2]))
    >>> new["W1"], new["W2"]
    (array([[-2.,  2.]]), array([[-4. ],
           [ 1.5]]))
    """
    found = dict(blocks)
    for places, inward in ((layer.incoming, True), (layer.outgoing, False)):
        for place in places:
            array = found[place.block]
            if order is not None:
                array = np.take(array, _spread(order, place.repeat), place.axis)
            if factors is not None and place.scaled:
                shape = [-1 if axis == place.axis else 1 for axis in range(array.ndim)]
                each = np.repeat(factors, place.repeat).reshape(shape)
                array = array * each if inward else array / each
            found[place.block] = array
    return found


def slices(array: FloatArray, place: Place, size: int) -> FloatArray:
    """Return what belongs to each of `size` units at a place: (size, numbers a unit)."""
    return np.moveaxis(array, place.axis, 0).reshape(size, -1)


def _spread(order: IndexArray, repeat: int) -> IndexArray:
    return (order[:, None] * repeat + np.arange(repeat)).ravel()
