"""Central flow: where gradient descent goes on average while it swings at the edge of stability.

With S the largest eigenvalue of the Hessian and one unstable mode, the averaged point follows
dw/dt = -lr [grad L + (sigma^2 / 2) grad S], where sigma^2 is the variance of the oscillation
that keeps S at 2 / lr: sigma^2 = 2 <-grad L, grad S> / |grad S|^2 (Damian, Nichani and Lee 2023,
"Self-stabilization"; Cohen et al. 2025, "Understanding optimization in deep learning with
central flows"). The loss then lies sigma^2 / lr above that of the averaged point.
"""

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray, digest, require_finite, require_positive
from thalweg.core.errors import InputError
from thalweg.core.executor import Progress
from thalweg.core.objective import SmoothObjective
from thalweg.core.schema import trajectory_dataset
from thalweg.curvature.dense import hessian
from thalweg.dynamics.sharpness_gradient import sharpness_gradient

SETTLING = 100.0  # steps in which a sharpness beyond the edge is led back to it


@dataclass
class _Course:
    """Rows of the flow as they come."""

    points: list[FloatArray] = field(default_factory=list)
    numbers: list[tuple[float, float, float, float, float]] = field(default_factory=list)


def central_flow(
    objective: SmoothObjective,
    start: FloatArray,
    lr: float,
    steps: int,
    parts: int = 1,
    every: int = 1,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the averaged course of gradient descent, as a *trajectory*: a row each `every` steps.

    Besides the variables of a trajectory it holds `sharpness` S, `second` (the eigenvalue below
    it), `variance` sigma^2 and `expected_loss` = loss + sigma^2 / lr, what gradient descent shows
    on average. While S < 2 / lr it is gradient flow. The theory is of one unstable mode: where
    `second` reaches 2 / lr too, the course is no longer that of gradient descent.

    Each part of a step is exact for a quadratic (exponential Euler); sigma^2 is chosen so that S
    stays at 2 / lr to first order, or goes back there in 100 steps. It needs the dense Hessian.

    Args:
        objective: smooth, without kinks.
        start: (n,).
        lr: learning rate of the gradient descent that is averaged.
        steps: steps of it.
        parts: of a step; more for a closer course.
        every: keep each so many-th row, and the last.
        progress: called with (steps done, steps).

    Raises:
        InputError: a start or a Hessian that is not finite, kinks, or too many parameters.

    >>> from thalweg.objectives.zoo import quadratic
    >>> flow = central_flow(quadratic([1.0]), np.ones(1), lr=0.5, steps=2)
    >>> bool(np.allclose(flow.point.values[:, 0], np.exp([0, -0.5, -1])))  # gradient flow
    True
    """
    point = objective.check_point(start).copy()
    require_finite(point, "start", "start from an initial point")
    require_positive(lr, "lr", "try 0.1")
    if min(steps, parts, every) < 1:
        wanted = "steps, parts and every must be at least 1"
        raise InputError(wanted, f"{steps}, {parts} and {every}", "ask for one or more")
    kept, course = [], _Course()
    for t in range(steps + 1):
        keep = t % every == 0 or t == steps
        for part in range(parts if t < steps else 1):
            if not np.isfinite(point).all():
                wanted = "the flow must stay finite"
                raise InputError(wanted, f"NaN at step {t}", "take more parts, or a smaller lr")
            with np.errstate(all="ignore"):  # what is not finite is told above
                numbers, moved = _advance(objective, point, lr, 1 / parts)
            if keep and part == 0:
                kept.append(t)
                course.points.append(point)
                course.numbers.append(numbers)
            point = moved
        if progress is not None and t < steps:
            progress(t + 1, steps)
    loss, norm, top, second, variance = np.array(course.numbers).T
    attrs = {
        "objective": objective.name,
        "objective_digest": objective.digest(),
        "optimizer": "central flow",
        "flow": f"central flow of SGD(lr={lr!r}), {parts} parts a step",
        "steps": steps,
        "start_digest": digest(course.points[0]),
    }
    flow = trajectory_dataset(np.array(kept), np.stack(course.points), loss, norm, attrs)
    flow["sharpness"] = ("step", top)
    flow["second"] = ("step", second)
    flow["variance"] = ("step", variance)
    flow["expected_loss"] = ("step", loss + variance / lr)
    return flow


def _advance(
    objective: SmoothObjective, point: FloatArray, lr: float, time: float
) -> tuple[tuple[float, float, float, float, float], FloatArray]:
    """Return loss, gradient norm, S, second and sigma^2 at a point, and the point after `time`."""
    loss, gradient = objective.value_and_gradient(point)
    values, vectors = np.linalg.eigh(hessian(objective, point))
    slope = sharpness_gradient(objective, point, vectors[:, -1])[0]
    decay = -lr * time * values
    reach = lr * time * np.where(decay == 0, 1.0, np.expm1(decay) / np.where(decay == 0, 1, decay))
    down, turn = vectors.T @ gradient, vectors.T @ slope
    beyond, freely = values[-1] - 2 / lr, turn @ (reach * down)
    bend = float(turn @ (reach * turn))
    swing, half = 0.0, 0.0
    if bend > 0:
        swing = max(0.0, (min(beyond, 0.0) - freely) / bend)
        back = beyond * min(1.0, time / SETTLING) if beyond > 0 else beyond
        half = max(0.0, (back - freely) / bend)
    moved = point - vectors @ (reach * (down + half * turn))
    second = float(values[-2]) if len(values) > 1 else -np.inf
    norm = float(np.linalg.norm(gradient))
    return (loss, norm, float(values[-1]), second, 2 * swing), moved
