"""Scalings: how long a random direction is, relative to the parameters it perturbs.

Filter and layer normalization follow Li, Xu, Taylor, Studer and Goldstein 2018, "Visualizing the
Loss Landscape of Neural Nets", section 4, and the authors' code for what the paper leaves open:
the small constant in the denominator and the rule for biases.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from thalweg.core.arrays import FloatArray, as_floats
from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout, Role

EPSILON = 1e-10  # the authors' constant; keeps a zero direction at zero


class BiasRule(Enum):
    """What normalization does to blocks without filters (biases, norm gains and shifts)."""

    ZERO = "zero"  # the papers' pictures: "ignore=biasbn"; these parameters stay put
    COPY = "copy"  # the authors' code without that flag: the direction becomes the parameters


@dataclass(frozen=True)
class Unscaled:
    """Leave the directions as they are."""

    def apply(self, directions: FloatArray, origin: FloatArray, layout: Layout) -> FloatArray:
        """Return a copy of directions (k, n)."""
        return _check(directions, layout).copy()

    def block(self, block: Block, part: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the parts (k, m) as they are."""
        return part

    def __str__(self) -> str:
        return "unscaled"


@dataclass(frozen=True)
class Unit:
    """Scale each direction to Euclidean length 1."""

    def apply(self, directions: FloatArray, origin: FloatArray, layout: Layout) -> FloatArray:
        """Return directions (k, n) of length 1."""
        directions = _check(directions, layout)
        return directions / np.linalg.norm(directions, axis=1, keepdims=True)

    def __str__(self) -> str:
        return "unit-length"


@dataclass(frozen=True)
class LayerNorm:
    """Scale each block of a direction to the norm of the same block at the origin.

    >>> layout = Layout((Block("W", (2, 2), filter_axis=1),))
    >>> origin = np.array([3.0, 0, 4, 0])
    >>> LayerNorm().apply(np.array([[0, 2.0, 0, 0]]), origin, layout)
    array([[0., 5., 0., 0.]])
    """

    biases: BiasRule = BiasRule.ZERO

    def apply(self, directions: FloatArray, origin: FloatArray, layout: Layout) -> FloatArray:
        """Return directions (k, n), each weight block as long as at origin (n,)."""
        return _by_blocks(self, directions, origin, layout)

    def block(self, block: Block, part: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the parts (k, m), as long as weights (m,) if it is a weight block."""
        if block.role is not Role.WEIGHT:
            return _ruled(self.biases, part, weights)
        norms = np.linalg.norm(part, axis=1, keepdims=True)
        return part * (np.linalg.norm(weights) / (norms + EPSILON))

    def __str__(self) -> str:
        return "layer-normalized"


@dataclass(frozen=True)
class FilterNorm:
    """Scale each filter of a direction to the norm of the same filter at the origin.

    A filter is the set of weights into one output unit: d_ij <- d_ij |w_ij| / (|d_ij| + 1e-10).

    >>> layout = Layout((Block("W", (2, 2), filter_axis=1),))
    >>> origin = np.array([3.0, 1, 4, 0])  # filters (3, 4) and (1, 0)
    >>> FilterNorm().apply(np.array([[2.0, 0, 0, 7]]), origin, layout).round(6)
    array([[5., 0., 0., 1.]])
    """

    biases: BiasRule = BiasRule.ZERO

    def apply(self, directions: FloatArray, origin: FloatArray, layout: Layout) -> FloatArray:
        """Return directions (k, n), each filter as long as at origin (n,)."""
        return _by_blocks(self, directions, origin, layout)

    def block(self, block: Block, part: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the parts (k, m), each filter as long as in weights (m,)."""
        if block.role is not Role.WEIGHT or block.filter_axis is None:
            return _ruled(self.biases, part, weights)
        shaped, weights = part.reshape(-1, *block.shape), weights.reshape(block.shape)
        rest = tuple(i for i in range(weights.ndim) if i != block.filter_axis)
        wanted = np.sqrt(np.square(weights).sum(axis=rest, keepdims=True))
        inner = tuple(i + 1 for i in rest)
        norms = np.sqrt(np.square(shaped).sum(axis=inner, keepdims=True))
        return (shaped * (wanted / (norms + EPSILON))).reshape(part.shape)

    def __str__(self) -> str:
        return "filter-normalized"


Scaling = Unscaled | Unit | LayerNorm | FilterNorm


def _ruled(rule: BiasRule, part: FloatArray, weights: FloatArray) -> FloatArray:
    """Return what the rule makes of a block that has nothing to normalize."""
    return np.broadcast_to(weights if rule is BiasRule.COPY else np.zeros(1), part.shape)


def _check(directions: FloatArray, layout: Layout) -> FloatArray:
    return as_floats(directions, "directions", (None, layout.size), "build them for this layout")


def _by_blocks(
    scaling: LayerNorm | FilterNorm, directions: FloatArray, origin: FloatArray, layout: Layout
) -> FloatArray:
    directions = _check(directions, layout)
    origin = as_floats(origin, "origin", (layout.size,), "pass parameters of this layout")
    scaled = np.empty_like(directions)
    weighed = False
    for block, at in layout.slices():
        scaled[:, at] = scaling.block(block, directions[:, at], origin[at])
        filtered = block.filter_axis is not None or isinstance(scaling, LayerNorm)
        weighed |= block.role is Role.WEIGHT and filtered and bool(origin[at].any())
    if not weighed:
        wanted = "normalization needs an origin with filters or layers of weights"
        raise InputError(wanted, "no weights that are not zero", "take Unit() instead")
    return scaled
