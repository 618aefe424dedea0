"""classify: the index of a given point, or a refusal that says why there is none.

How near a tolerated gradient is to a true critical point depends on the curvature. So the Hessian
is looked at a second time, one Newton step on: what moves by then is no better known than that,
and eigenvalues below four times the move count as zero. At x^2 + y^3, for example, a search ends
beside the origin where the second eigenvalue is a small number of either sign; a Newton step
halves it, so it counts as zero.
"""

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective, SmoothObjective
from thalweg.critical.local import Local, look, require_whole_hessian
from thalweg.critical.point import CriticalPoint
from thalweg.critical.tolerances import Tolerances

DRIFTS = 4.0  # at y^p a Newton step moves the eigenvalue by half of it (p = 3) to 63 %
_STRICT = Tolerances()


def classify(
    objective: Objective, point: FloatArray, tolerances: Tolerances = _STRICT
) -> CriticalPoint:
    """Return the critical point at (n,) with its index, nullity and kind.

    Args:
        objective: the loss.
        point: (n,), where the gradient vanishes.
        tolerances: what counts as vanishing.

    Raises:
        InputError: a point on a kink, with a gradient, or where the loss or its derivatives are
            not finite; an objective without derivatives or above the dense limit.

    >>> from thalweg.objectives.zoo import quadratic
    >>> classify(quadratic([3.0, -2.0, 0.0]), np.zeros(3)).words
    'saddle of index 1'
    """
    objective = require_whole_hessian(objective)
    local = look_or_refuse(objective, point)
    distance = objective.kink_distance(local.point)
    if distance <= tolerances.kink:
        wanted = f"an index needs a point off all kinks (inputs above {tolerances.kink:g})"
        mend = "move the point, or study the smooth twin (tanh, softplus or GELU)"
        raise InputError(wanted, f"an input of {distance:.1g}", mend)
    if local.slope > tolerances.gradient:
        wanted = f"an index needs |gradient| of at most {tolerances.gradient:g}"
        raise InputError(wanted, f"{local.slope:.1g}", "search from there with find_critical")
    return classified(objective, local, tolerances, distance)


def look_or_refuse(objective: SmoothObjective, point: FloatArray) -> Local:
    """Return the objective to second order at point (n,).

    Raises:
        InputError: the point has another shape, or something there is not finite.
    """
    local = look(objective, objective.check_point(point))
    if local is None:
        wanted = "loss, gradient and Hessian must be finite at the point"
        raise InputError(wanted, "NaN or infinity", "choose another point")
    return local


def classified(
    objective: SmoothObjective, local: Local, tolerances: Tolerances, kink_distance: float
) -> CriticalPoint:
    """Return the critical point at a place that is known to be one."""
    cut = tolerances.zero * local.largest
    threshold = max(cut, DRIFTS * _drift(objective, local, cut))
    below = local.eigenvalues < -threshold
    return CriticalPoint(
        point=local.point,
        loss=local.loss,
        gradient_norm=local.slope,
        eigenvalues=local.eigenvalues,
        downward=local.vectors[:, below].T,
        stiffest=local.vectors[:, -1],
        threshold=threshold,
        kink_distance=kink_distance,
        tolerances=tolerances,
    )


def _drift(objective: SmoothObjective, local: Local, cut: float) -> float:
    """Return by how much (Frobenius norm) the Hessian differs one Newton step on."""
    step = local.newton_step(cut)
    if not step.any():
        return 0.0
    with np.errstate(all="ignore"):
        there = objective.hessian(local.point + step)
    drift = float(np.linalg.norm(there - local.matrix))
    return drift if np.isfinite(drift) else np.inf
