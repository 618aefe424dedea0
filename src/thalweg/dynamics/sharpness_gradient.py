"""How the sharpness changes with the parameters: grad S = grad (v' H v), v the top eigenvector."""

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective

REACH = 4e-3  # of the differences, in units of a typical parameter


def sharpness_gradient(
    objective: SmoothObjective, point: FloatArray, direction: FloatArray
) -> tuple[FloatArray, float]:
    """Return the gradient (n,) of v' H(w) v in w at point (n,), v held fixed, and its error.

    Where v is the unit eigenvector of a simple eigenvalue, that is the gradient of the
    eigenvalue. Along v the product H v is differentiated by central differences over two
    distances, extrapolated to distance 0; the error is the norm of what the extrapolation added.

    Raises:
        InputError: a loss with kinks, which has no third derivative.

    >>> from thalweg.objectives.zoo import rosenbrock
    >>> sharpness_gradient(rosenbrock(), np.array([1.0, 1.0]), np.array([1.0, 0.0]))[0].round(6)
    array([2400., -400.])
    """
    if objective.kink_distance(point) != np.inf:  # NaN: not known
        mend = "take a smooth activation such as tanh"
        raise InputError("the third derivative needs a loss without kinks", objective.name, mend)
    reach = REACH * max(1.0, float(np.linalg.norm(point)) / np.sqrt(point.size))

    def slope(far: float) -> FloatArray:
        ahead = objective.hvp(point + far * direction, direction)
        return (ahead - objective.hvp(point - far * direction, direction)) / (2 * far)

    near, far = slope(reach / 2), slope(reach)
    added = (near - far) / 3
    return near + added, float(np.linalg.norm(added))
