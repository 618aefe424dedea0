"""Curvature along a line at a stated scale: what bends smoothly, and what kinks add.

The central second difference over a step h weighs the second derivative by a triangle,
[L(h) - 2 L(0) + L(-h)] / h^2 = integral of L''(t) K(t) dt with K(t) = max(0, 1 - |t| / h) / h.
Where the slope of a piecewise smooth loss jumps, L'' holds a spike that no Hessian shows.
"""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray, as_floats, require_finite, require_positive
from thalweg.core.objective import SmoothObjective

MATTERS = 0.05  # a share of the kinks from which the Hessian alone misleads


@dataclass(frozen=True)
class ScaledCurvature:
    """The curvature along a direction d, seen over a step h.

    Attributes:
        h: the step, in units of d.
        total: smooth + kink.
        smooth: d' H d at the point, H one-sided on a kink.
        kink: the jumps of the slope, each weighed by the triangle.
        share: |kink| / (|smooth| + |kink|), exactly 0 where no kink is near.
        measured: [L(h) - 2 L(0) + L(-h)] / h^2, the truth at this scale.
        rounding: what rounding the losses to float64 may do to `measured`.
    """

    h: float
    total: float
    smooth: float
    kink: float
    share: float
    measured: float
    rounding: float

    @property
    def warning(self) -> str:
        """Words where the Hessian leaves out a part that matters; else empty."""
        if self.share < MATTERS:
            return ""
        made = f"kinks make {self.share:.0%} of the curvature"
        return f"piecewise linear: pointwise Hessian incomplete, {made}"


def curvature_at_scale(
    objective: SmoothObjective, point: FloatArray, direction: FloatArray, h: float
) -> ScaledCurvature:
    """Return the curvature along a direction at scale h, from derivatives and as measured.

    `total` takes derivatives at the point only, so it meets `measured` as h goes to 0, up to its
    rounding; how far they are apart tells up to which h the point speaks for its surroundings.

    Args:
        objective: smooth, or piecewise so with known crossings.
        point: (n,).
        direction: (n,), used at the length it has.
        h: the step, above 0.

    Raises:
        InputError: point, direction or a loss is not finite, or h is not above 0.

    >>> from thalweg.objectives.zoo import quadratic
    >>> found = curvature_at_scale(quadratic([3.0, 1.0]), np.zeros(2), np.array([1.0, 0.0]), 0.5)
    >>> found.total, found.share, found.measured
    (3.0, 0.0, 3.0)
    """
    h = require_positive(float(h), "h", "try 0.05")
    mend = "pass a finite point of the objective's space"
    point = require_finite(objective.check_point(point), "point", mend)
    direction = as_floats(direction, "direction", point.shape, "pass one direction (n,)")
    require_finite(direction, "direction", "build it from finite points")
    losses = objective.values(point + h * np.outer([-1.0, 0.0, 1.0], direction))
    require_finite(losses, "the losses at -h, 0 and h", "take a smaller h")
    smooth = float(direction @ objective.hvp(point, direction))
    t, jumps = objective.crossings(point, direction)
    with np.errstate(over="ignore"):  # kinks infinitely many steps off
        kink = float(np.maximum(0.0, 1.0 - np.abs(t) / h) @ jumps) / h
        rounding = float(4 * np.finfo(np.float64).eps * np.abs(losses).max() / h / h)
    size = abs(smooth) + abs(kink)
    return ScaledCurvature(
        h=h,
        total=smooth + kink,
        smooth=smooth,
        kink=kink,
        share=abs(kink) / size if size else 0.0,
        measured=float(losses[0] - 2 * losses[1] + losses[2]) / h / h,
        rounding=rounding,
    )
