"""Levenberg-Marquardt on the gradient: walk to where |g|^2 is least, whatever the index there.

Levenberg 1944 and Marquardt 1963 for the step; the damping is updated as in Nielsen 1999,
"Damping parameter in Marquardt's method". The Hessian is the Jacobian of the gradient, and its
eigenvectors give every step: a refused one costs a gradient only.
"""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray, require_positive
from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.critical.local import Local, look

STALLED = 0.99999  # |g| that fell by less than this factor ...
OVER = 20  # ... over so many steps has come to rest
SHORT = 1e-16  # a step of this share of the point changes nothing any more
POLISHES = 8


@dataclass(frozen=True, eq=False)
class Walk:
    """Where a walk ended.

    Attributes:
        end: the objective to second order there.
        hessians: number of Hessians it took; `gradients` of gradients alone.
        stalled: whether it came to rest with the gradient above its target.
    """

    end: Local
    hessians: int
    gradients: int
    stalled: bool


@dataclass(frozen=True)
class LevenbergMarquardt:
    """The method with its settings.

    Attributes:
        steps: accepted steps at most, each of one Hessian.
        damping: the first damping, over the largest squared eigenvalue at the start.

    Raises:
        InputError: no steps, or a damping that is not above 0.
    """

    steps: int = 300
    damping: float = 1e-3

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError("steps must be at least 1", str(self.steps), "leave the default")
        require_positive(self.damping, "damping", "leave the default")

    def walk(self, objective: SmoothObjective, start: Local, target: float) -> Walk:
        """Return where it ends: |g| at most `target`, at rest above it, or out of steps."""
        here, gradients, slopes = start, 0, [start.slope]
        damping, factor = self.damping * (start.largest**2 or 1.0), 2.0
        while here.slope > target and len(slopes) <= self.steps:
            accepted, room = None, SHORT * max(1.0, float(np.linalg.norm(here.point)))
            while accepted is None:
                step = here.damped_step(damping)
                if np.linalg.norm(step) <= room:
                    return Walk(here, len(slopes), gradients, stalled=True)
                gain, gradients = _gain(objective, here, step, damping), gradients + 1
                if gain > 0:
                    accepted = look(objective, here.point + step)
                if accepted is None:
                    damping, factor = damping * factor, factor * 2
                else:
                    damping, factor = damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), 2.0
            here = accepted
            slopes.append(here.slope)
            if len(slopes) > OVER and slopes[-1] > STALLED * slopes[-1 - OVER]:
                return Walk(here, len(slopes), gradients, stalled=here.slope > target)
        return Walk(here, len(slopes), gradients, stalled=False)


def polish(objective: SmoothObjective, start: Local, zero: float) -> Local:
    """Return where Newton's method ends, in the space of the eigenvalues that are not zero.

    Args:
        objective: the loss.
        start: near a critical point.
        zero: eigenvalues of at most this share of the largest magnitude are left alone.
    """
    here = start
    for _ in range(POLISHES):
        there = look(objective, here.point + here.newton_step(zero * here.largest))
        if there is None or not there.slope < here.slope:
            break
        here = there
    return here


def _gain(objective: SmoothObjective, here: Local, step: FloatArray, damping: float) -> float:
    """Return how much |g|^2 falls over a step, as a share of what the model promised."""
    with np.errstate(all="ignore"):
        there = objective.gradient(here.point + step)
        fell = float(here.gradient @ here.gradient - there @ there)
    promised = float(step @ (damping * step - here.matrix @ here.gradient))
    return fell / promised if promised > 0 and np.isfinite(fell) else 0.0
