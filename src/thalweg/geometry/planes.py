"""Planes made from directions, each with captions for its axes and its recipe as provenance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats
from thalweg.core.errors import InputError
from thalweg.core.layout import Layout
from thalweg.core.plane import Plane
from thalweg.geometry.directions import (
    principal_directions,
    random_directions,
)
from thalweg.geometry.scaling import Scaling, Unit


def random_plane(
    origin: ArrayLike,
    layout: Layout,
    seed: int = 0,
    k: int = 2,
    scaling: Scaling = Unit(),  # noqa: B008
) -> Plane:
    """Return the plane through origin (n,) along k random directions, scaled, not orthogonalized.

    Independent Gaussian directions are nearly orthogonal in many dimensions; `Plane.cosines`
    tells how nearly. Orthogonalizing after normalization would undo the normalization.
    """
    origin = as_floats(origin, "origin", (layout.size,), "pass parameters of this layout")
    directions = scaling.apply(random_directions(layout, k, seed), origin, layout)
    labels = tuple(f"{scaling} random direction {i + 1}" for i in range(k))
    return Plane(origin, directions, labels, f"random, seed {seed}, {scaling!r}")


def principal_plane(points: ArrayLike | Sequence[FloatArray], k: int = 2) -> Plane:
    """Return the plane of best fit to points (T, n): through their mean, k principal directions.

    Pass the stacked points of several runs for their common plane.
    """
    found = principal_directions(points, k)
    labels = tuple(
        f"principal direction {i + 1}, {100 * found.explained[i]:.0f} %" for i in range(k)
    )
    return Plane(found.mean, found.directions, labels, "principal directions, through the mean")


def plane_through(points: ArrayLike, names: Sequence[str] = ()) -> Plane:
    """Return the plane through 2, 3 or 4 points (m, n).

    The first lies at 0, each other one at 1 on an axis of its own: two points give a line.

    Raises:
        InputError: fewer or more points, not one name a point, or points on one line.
    """
    mend = "stack 2 to 4 points as rows"
    stacked = as_floats(points, "points", (None, None), mend)
    if not 2 <= len(stacked) <= 4:
        raise InputError("a plane goes through 2 to 4 points", str(len(stacked)), mend)
    names = names or [f"point {i + 1}" for i in range(len(stacked))]
    if len(names) != len(stacked):
        raise InputError(f"names must be {len(stacked)}", repr(names), "name each point once")
    labels = tuple(f"from {names[0]} (0) to {name} (1)" for name in names[1:])
    return Plane(stacked[0], stacked[1:] - stacked[0], labels, f"through {', '.join(names)}")


def eigen_plane(origin: ArrayLike, eigenvalues: Sequence[float], eigenvectors: ArrayLike) -> Plane:
    """Return the plane through origin (n,) along Hessian eigenvectors (k, n), never rescaled.

    Scaling an eigenvector block by block destroys it; so this takes no scaling, and the unit
    vectors stay as they are.
    """
    vectors = as_floats(eigenvectors, "eigenvectors", (None, None), "pass them as rows")
    labels = tuple(f"eigenvector, λ = {value:.3g}".replace("-", "−") for value in eigenvalues)
    return Plane(np.asarray(origin), vectors, labels, "Hessian eigenvectors, unit length")
