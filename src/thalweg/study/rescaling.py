"""Rescaling: what function-preserving changes of scale do to the curvature that a slice draws.

For ReLU, (w_j, b_j) -> s (w_j, b_j) and v_j -> v_j / s leave the network's function alone
(Dinh et al. 2017). A fair picture would not change.
"""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import SmoothObjective
from thalweg.geometry.scaling import FilterNorm, Scaling, Unit
from thalweg.trust_report.invariance import (
    SPREAD,
    fold_changes,
    geometric_mean,
    rescaled,
    rescaled_twins,
    scaling_layers,
)

DRAWS, SEEDS = 20, 3


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


def rescaling(objective: SmoothObjective, end: FloatArray) -> Rescaling:
    """Return the fold changes at a point (n,) of a network with hidden ReLU units."""
    layers = scaling_layers(objective)
    own = rescaled_twins(objective, end, layers, DRAWS, each=True)
    same = [rescaled(objective, end, layers, [np.array([SPREAD])] * len(layers))]

    def fold(scaling: Scaling, twins: list[FloatArray]) -> float:
        return geometric_mean(fold_changes(objective, end, scaling, twins, SEEDS))

    return Rescaling(
        layer_unit=fold(Unit(), same),
        layer_filter=fold(FilterNorm(), same),
        units_unit=fold(Unit(), own),
        units_filter=fold(FilterNorm(), own),
    )
