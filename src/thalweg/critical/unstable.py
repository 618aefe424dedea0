"""Planes through a critical point along its own directions, where a random plane may mislead.

Boettcher and Wheeler 2022, "Visualizing high-dimensional loss landscapes with Hessian
directions". Eigenvectors are taken at unit length and never normalized per filter, which would
destroy them.
"""

from thalweg.core.errors import InputError
from thalweg.core.plane import Plane
from thalweg.critical.point import CriticalPoint
from thalweg.geometry.planes import eigen_plane


def unstable_plane(found: CriticalPoint, k: int = 2) -> Plane:
    """Return the plane through a critical point along its k lowest unstable directions.

    Raises:
        InputError: fewer than k negative eigenvalues.

    >>> import numpy as np
    >>> from thalweg.critical.classify import classify
    >>> from thalweg.objectives.zoo import quadratic
    >>> unstable_plane(classify(quadratic([3.0, -2.0, -1.0]), np.zeros(3))).labels
    ('eigenvector, λ = −2', 'eigenvector, λ = −1')
    """
    if not 1 <= k <= min(found.index, 3):
        wanted = f"unstable directions to span the plane must be 1 to {min(found.index, 3)}"
        mend = "take fewer, or saddle_plane for the lowest and the stiffest"
        raise InputError(wanted, str(k), mend)
    return eigen_plane(found.point, found.eigenvalues[:k].tolist(), found.downward[:k])


def saddle_plane(found: CriticalPoint) -> Plane:
    """Return the plane through a saddle along its lowest and its stiffest eigenvector.

    Raises:
        InputError: no negative eigenvalue, or only one direction in all.
    """
    if not found.index or found.eigenvalues.size < 2:
        mend = "take eigen_plane with eigenvectors of your choice"
        raise InputError(
            "a saddle plane needs a way down and a second direction", found.words, mend
        )
    ends = (found.lambda_min, found.lambda_max)
    return eigen_plane(found.point, ends, [found.downward[0], found.stiffest])
