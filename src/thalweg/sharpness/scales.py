"""Scales: what one unit of each parameter counts, so that sharpness survives a change of scale.

With H the Hessian and s the scale, the sharpness is the largest eigenvalue of diag(s) H diag(s).
It is the same for all twins of a network where s grows with the parameters as they are rescaled.
"""

from collections.abc import Sequence

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.layout import Layout
from thalweg.core.renaming import slices
from thalweg.core.units import Place, UnitLayer


def adaptive_scale(point: FloatArray) -> FloatArray:
    """Return |point| (n,) (Kwon et al. 2021, "ASAM", arXiv 2102.11600, element by element)."""
    return np.abs(point)


def neuron_scale(layout: Layout, layers: Sequence[UnitLayer], point: FloatArray) -> FloatArray:
    """Return the scale (n,) in which a hidden unit's weights and biases in count as one filter.

    They all get their common norm; every other parameter gets its own size |w|: weights out, and
    weights between two hidden layers, which both units scale. Weights before a normalization,
    which it rescales by itself, are a filter of their own.

    Args:
        layout: of the point.
        layers: the objective's hidden units.
        point: (n,).

    >>> from thalweg.objectives.network import MLP
    >>> net = MLP((1, 1, 1))
    >>> neuron_scale(net.layout, net.units, np.array([3.0, -4.0, -2.0, 1.0]))
    array([5., 5., 2., 1.])
    """
    blocks, scale = layout.unpack(point), layout.unpack(adaptive_scale(point))
    outgoing = {place.block for layer in layers for place in layer.outgoing}
    for layer in layers:
        own = [place for place in layer.incoming if place.block not in outgoing]
        for scaled in (True, False):
            filters = [place for place in own if place.scaled is scaled]
            squares = [np.square(slices(blocks[p.block], p, layer.size)).sum(1) for p in filters]
            norms = np.sqrt(np.sum(squares, axis=0))
            for place in filters:
                _fill(scale[place.block], place, norms)
    return layout.pack(scale)


def _fill(array: FloatArray, place: Place, norms: FloatArray) -> None:
    """Give all that belongs to a unit its norm (size,)."""
    along = np.repeat(norms, place.repeat)
    array[...] = along.reshape([-1 if axis == place.axis else 1 for axis in range(array.ndim)])
