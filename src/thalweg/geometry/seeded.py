"""seeded_plane: random directions through where an objective starts, at no cost of memory."""

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.objective import Objective
from thalweg.core.plane import Plane
from thalweg.core.seeded_plane import BlockScaling, SeededPlane, measured_plane
from thalweg.geometry.scaling import FilterNorm


def seeded_plane(
    objective: Objective,
    seed: int = 0,
    k: int = 2,
    scaling: BlockScaling = FilterNorm(),  # noqa: B008
) -> SeededPlane:
    """Return the plane through the objective's start along k random directions, scaled.

    The same directions as `random_plane(objective.start, objective.layout, ...)`, but drawn anew
    whenever they are needed instead of stored: for models of any size.

    Raises:
        InputError: k is not 1, 2 or 3, the start is not finite, or it has no filters to scale to.

    >>> from thalweg.geometry.scaling import Unscaled
    >>> from thalweg.objectives.zoo import quadratic
    >>> seeded_plane(quadratic([1.0, 2.0]), seed=3, scaling=Unscaled()).recipe
    'random, seed 3, Unscaled()'
    """
    return measured_plane(objective.layout, objective.start_blocks(), seed, k, scaling)


def plane_at(
    objective: Objective, point: ArrayLike, seed: int, k: int, scaling: BlockScaling
) -> Plane:
    """Return the plane through any point (n,) along the directions that `seeded_plane` draws.

    They are scaled to this point; being no longer those of the start, they are kept as arrays.

    >>> from thalweg.geometry.scaling import Unscaled
    >>> from thalweg.objectives.zoo import quadratic
    >>> bowl = quadratic([1.0, 3.0])
    >>> plane = plane_at(bowl, [2.0, 5.0], 0, 2, Unscaled())
    >>> plane.origin, bool((plane.directions == bowl.dense(
    ...     seeded_plane(bowl, 0, 2, Unscaled())).directions).all())
    (array([2., 5.]), True)
    """
    origin = objective.check_point(np.asarray(point))
    blocks = ((block, origin[at]) for block, at in objective.layout.slices())
    return measured_plane(objective.layout, blocks, seed, k, scaling).dense(origin)
