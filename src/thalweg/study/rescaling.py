"""Rescaling: what function-preserving changes of scale do to the curvature that a slice draws.

For ReLU, (w_j, b_j) -> s (w_j, b_j) and v_j -> v_j / s leave the network's function alone
(Dinh et al. 2017). A fair picture would not change.
"""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.layout import Layout
from thalweg.geometry.directions import random_directions
from thalweg.geometry.scaling import FilterNorm, Scaling, Unit
from thalweg.objectives.mlp import MLPObjective

DRAWS, DIRECTIONS, SPREAD = 20, 3, 10.0


@dataclass(frozen=True)
class Rescaling:
    """Fold changes of the curvature drawn along random directions (1 = none; geometric means).

    Attributes:
        layer_unit, layer_filter: all hidden units by one factor 10; directions of length 1, or
            filter-normalized.
        units_unit, units_filter: each unit by its own factor, log-uniform from 1/10 to 10.
    """

    layer_unit: float
    layer_filter: float
    units_unit: float
    units_filter: float


def rescale(point: FloatArray, layout: Layout, factors: FloatArray) -> FloatArray:
    """Return the same ReLU function (n,) with hidden unit j scaled by factors (h,) on the way in.

    >>> from thalweg.objectives.network import MLP
    >>> rescale(np.ones(7), MLP((1, 2, 1)).layout, np.array([2.0, 4.0]))
    array([2.  , 4.  , 2.  , 4.  , 0.5 , 0.25, 1.  ])
    """
    blocks = layout.unpack(point)
    blocks["W1"] *= factors
    blocks["b1"] *= factors
    blocks["W2"] /= factors[:, None]
    return layout.pack(blocks)


def rescaling(objective: MLPObjective, end: FloatArray) -> Rescaling:
    """Return the fold changes at a point (n,) of a network with one hidden ReLU layer."""
    units = objective.network.widths[1]
    random = np.random.default_rng(0)
    own = SPREAD ** random.uniform(-1, 1, size=(DRAWS, units))
    same = np.full((1, units), SPREAD)

    def fold(scaling: Scaling, factors: FloatArray) -> float:
        before = _curvature(objective, end, scaling)
        layout = objective.layout
        after = [_curvature(objective, rescale(end, layout, f), scaling) for f in factors]
        return float(np.exp(np.abs(np.log(np.array(after) / before)).mean()))

    return Rescaling(
        layer_unit=fold(Unit(), same),
        layer_filter=fold(FilterNorm(), same),
        units_unit=fold(Unit(), own),
        units_filter=fold(FilterNorm(), own),
    )


def _curvature(objective: MLPObjective, point: FloatArray, scaling: Scaling) -> float:
    """Return the mean size of the curvature d' H d over random directions of a scaling."""
    seen = []
    for seed in range(DIRECTIONS):
        raw = random_directions(objective.layout, 3, seed)
        scaled = scaling.apply(raw, point, objective.layout)
        seen.append(np.einsum("ki,ki->k", scaled, objective.hvp(point, scaled)))
    return float(np.abs(np.concatenate(seen)).mean())
