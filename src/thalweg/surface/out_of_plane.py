"""The gradient out of a plane: why a minimum of a slice need not be one of the objective."""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray, as_floats
from thalweg.core.objective import SmoothObjective
from thalweg.core.seeded_plane import Planar


@dataclass(frozen=True, eq=False)
class GradientParts:
    """Lengths of the parts of the gradient at places of a plane.

    Attributes:
        in_plane: (m,), along the plane; at a critical cell, what the grid leaves of it.
        out_of_plane: (m,), perpendicular to it; 0 at a critical point of the objective.
    """

    in_plane: FloatArray
    out_of_plane: FloatArray


def out_of_plane_gradient(
    objective: SmoothObjective, plane: Planar, coords: FloatArray
) -> GradientParts:
    """Return how long the gradient is along a plane and out of it, at coordinates (m, k).

    Raises:
        InputError: a plane of another space, or coordinates of another dimension.

    >>> from thalweg.core.plane import Plane
    >>> from thalweg.objectives.zoo import quadratic
    >>> plane = Plane(np.array([0.0, 0.0, 5.0]), np.eye(3)[:2])
    >>> out_of_plane_gradient(quadratic([1.0, 2.0, 3.0]), plane, np.zeros((1, 2))).out_of_plane
    array([15.])
    """
    objective.check_request(plane, ("loss",))
    dense = objective.dense(plane)
    coords = as_floats(coords, "coords", (None, dense.k), "pass one row a place, as a, b, c")
    basis = np.linalg.qr((dense.directions / np.array(dense.lengths)[:, None]).T)[0]
    parts = np.empty((2, len(coords)))
    for i, row in enumerate(coords):  # one at once: a gradient may fill the memory
        gradient = objective.gradient(dense.points(row[None])[0])
        along = basis @ (basis.T @ gradient)
        parts[:, i] = np.linalg.norm(along), np.linalg.norm(gradient - along)
    return GradientParts(parts[0], parts[1])
