"""Scalings: how long a random direction is, relative to the parameters it perturbs.

Filter and layer normalization follow Li, Xu, Taylor, Studer and Goldstein 2018, "Visualizing the
Loss Landscape of Neural Nets", section 4, and the authors' code for what the paper leaves open:
the small constant in the denominator and the rule for biases.
"""

from collections.abc import Callable, Iterator
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
        scaled = np.empty_like(_check(directions, layout))
        for block, at, part, weights in _blocks(directions, origin, layout, _is_weight):
            if not _is_weight(block):
                scaled[:, at] = weights if self.biases is BiasRule.COPY else 0.0
                continue
            norms = np.linalg.norm(part, axis=1, keepdims=True)
            scaled[:, at] = part * (np.linalg.norm(weights) / (norms + EPSILON))
        return scaled

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
        scaled = np.empty_like(_check(directions, layout))
        for block, at, part, weights in _blocks(directions, origin, layout, _has_filters):
            if not _has_filters(block):
                scaled[:, at] = weights if self.biases is BiasRule.COPY else 0.0
                continue
            part = part.reshape(-1, *block.shape)
            weights = weights.reshape(block.shape)
            rest = tuple(i for i in range(weights.ndim) if i != block.filter_axis)
            wanted = np.sqrt(np.square(weights).sum(axis=rest, keepdims=True))
            inner = tuple(i + 1 for i in rest)
            norms = np.sqrt(np.square(part).sum(axis=inner, keepdims=True))
            scaled[:, at] = (part * (wanted / (norms + EPSILON))).reshape(len(part), -1)
        return scaled

    def __str__(self) -> str:
        return "filter-normalized"


Scaling = Unscaled | Unit | LayerNorm | FilterNorm


def _is_weight(block: Block) -> bool:
    return block.role is Role.WEIGHT


def _has_filters(block: Block) -> bool:
    return block.role is Role.WEIGHT and block.filter_axis is not None


def _check(directions: FloatArray, layout: Layout) -> FloatArray:
    return as_floats(directions, "directions", (None, layout.size), "build them for this layout")


def _blocks(
    directions: FloatArray,
    origin: FloatArray,
    layout: Layout,
    is_scaled: Callable[[Block], bool],
) -> Iterator[tuple[Block, slice, FloatArray, FloatArray]]:
    origin = as_floats(origin, "origin", (layout.size,), "pass parameters of this layout")
    if not any(origin[at].any() for block, at in layout.slices() if is_scaled(block)):
        wanted = "normalization needs an origin with filters or layers of weights"
        raise InputError(wanted, "no weights that are not zero", "take Unit() instead")
    for block, at in layout.slices():
        yield block, at, directions[:, at], origin[at]
