"""Twins: planes through two networks and a copy of one of them with its hidden units renamed."""

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective
from thalweg.core.plane import Plane
from thalweg.geometry.directions import random_directions
from thalweg.geometry.planes import plane_through
from thalweg.geometry.scaling import LayerNorm
from thalweg.geometry.symmetry import aligned_twin, permuted_twin
from thalweg.web.messages import Window

SAME = 1e-6  # of the distance between two networks: nearer than this they are one point
CORNERS = Window(-0.3, 1.3, -0.3, 1.3)  # the three points and a margin
TWINS = "Through the start, another random start, and the start with its hidden units renamed"


def twins_plane(objective: Objective, seed: int) -> Plane:
    """Return the plane through the start (0, 0), another one (1, 0) and a twin of the first (0, 1).

    The other start is drawn anew, each layer as large as in the first; the twin is the first with
    its hidden units in another order: other parameters, the same function.

    Raises:
        InputError: the objective tells no hidden units, or all of its weights begin at zero.

    >>> from thalweg.objectives.mlp import MLPObjective
    >>> from thalweg.objectives.network import MLP
    >>> objective = MLPObjective(MLP((2, 4, 1)), [[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> losses = objective.values(twins_plane(objective, 3).points([[0, 0], [0, 1]]))
    >>> bool(abs(losses[0] - losses[1]) < 1e-12)
    True
    """
    start = objective.start
    if not start.any():
        mend = "choose an initial scale above 0"
        raise InputError("twins need a start that is not zero", "all zeros", mend)
    drawn = random_directions(objective.layout, 1, seed)
    other = LayerNorm().apply(drawn, start, objective.layout)[0]
    twin = permuted_twin(objective, start, seed)
    names = ("the start", "another start", "the first one renamed")
    return plane_through(np.stack([start, other, twin]), names)


def aligned_plane(objective: Objective, first: FloatArray, second: FloatArray) -> Plane:
    """Return the plane through `first` (0, 0), `second` (1, 0) and `second` aligned (0, 1).

    Raises:
        InputError: the objective tells no hidden units, or there is no third corner: `second` is
            aligned already, or is `first` renamed.
    """
    aligned = aligned_twin(objective, second, first)
    away = float(np.linalg.norm(second - first))
    for corner, got in ((first, "the first one renamed"), (second, "one that matches already")):
        if np.linalg.norm(aligned - corner) <= SAME * away:
            wanted = "the second network must change when it is matched to the first"
            raise InputError(wanted, got, "choose two other runs")
    names = ("the first", "the second", "the second renamed to match")
    return plane_through(np.stack([first, second, aligned]), names)
