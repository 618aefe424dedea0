"""seeded_plane: random directions through where an objective starts, at no cost of memory."""

from thalweg.core.objective import Objective
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
