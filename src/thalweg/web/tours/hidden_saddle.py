"""The hidden saddle: a picture draws a minimum where space has many ways down."""

from typing import TYPE_CHECKING

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.critical.classify import classify
from thalweg.critical.escape_time import amplitudes, escape_steps, observed_escape
from thalweg.critical.point import CriticalPoint
from thalweg.curvature.chance import chance_of_minimum
from thalweg.geometry.planes import random_plane
from thalweg.trust_report.underneath import Shape, shape
from thalweg.views.prose import number, percent
from thalweg.web.inspect import inspect, shown_of
from thalweg.web.messages import Bench, Inspect, Spectrum
from thalweg.web.spot import Spot, spot_of
from thalweg.web.tours.tour import Scene, Step, Tour, ball, plane, runs_of
from thalweg.web.underneath import spectrum

if TYPE_CHECKING:
    from thalweg.web.session import Session

DRAWS = 200  # random planes whose curvature is looked at
RATE, BESIDE, RADIUS = 1.0, 1e-3, 0.1  # how the ball leaves
STEPS = 300

# All weights zero and tanh for ReLU: the gradient vanishes exactly, and nothing lies on a kink.
_ZERO = Bench(activation="tanh", scale=0.0)
_RANDOM = Scene(_ZERO, (plane("random"),))
_EIGEN = _RANDOM.then(plane("eigen"))
_BALL = _EIGEN.then(ball(BESIDE, 0.0, STEPS, ("SGD", RATE)))


def share_of_minima(matrix: FloatArray, planes: list[FloatArray]) -> float:
    """Return the share of planes, directions (2, n) each, along which a Hessian bends upward only.

    >>> share_of_minima(np.diag([1.0, 1.0, -1.0]), [np.eye(3)[:2], np.eye(3)[1:]])
    0.5
    """
    shapes = [shape(np.linalg.eigvalsh(rows @ matrix @ rows.T), 0.0) for rows in planes]
    return shapes.count(Shape.MINIMUM) / len(shapes)


async def _looks(session: "Session") -> str:
    spot = await _spot(session)
    bends = spot.bends
    if bends is None:
        return "The curvature is not finite here, so there is nothing to tell."
    drawn = "a minimum" if bends.shown is Shape.MINIMUM else f"no minimum but {bends.shown.value}"
    a, b = (number(bend, 2) for bend in bends.curvatures)
    return (
        f"A network with all {spot.parameters} weights at zero, on two random directions. Loss "
        f"{number(spot.loss)} in the middle, slope {number(max(map(abs, spot.slopes)), 1)}, "
        f"curvature {a} along a and {b} along b. The picture draws {drawn}. Would you stop "
        "training here?"
    )


async def _underneath(session: "Session") -> str:
    await inspect(session, Inspect(0.0, 0.0))
    await spectrum(session, Spectrum(0.0, 0.0))
    saddle = await _saddle(session)
    return (
        f"The gradient is zero ({number(saddle.gradient_norm, 1)}), so this is a critical point. "
        f"But of {saddle.point.size} eigenvalues {saddle.index} are negative, {saddle.nullity} "
        f"are zero: a {saddle.words}, from {number(saddle.lambda_min, 2)} to "
        f"{number(saddle.lambda_max, 2)}. Every negative one is a way down that the two "
        "directions of the map mix with ways up."
    )


async def _turned(session: "Session") -> str:
    spot = await _spot(session)
    bends = spot.bends
    if bends is None:
        return "The curvature is not finite here, so there is nothing to tell."
    a, b = (number(bend, 2) for bend in bends.curvatures)
    return (
        "The same point, the same loss, another plane: the eigenvectors of the lowest and the "
        f"highest eigenvalue. Now the curvature is {a} along a and {b} along b: the saddle is "
        "in the picture. The first map was not wrong; it was two directions out of "
        f"{spot.parameters}."
    )


async def _often(session: "Session") -> str:
    saddle = await _saddle(session)
    share, exact = await session.compute(_shares, saddle, session)
    mean = float(saddle.eigenvalues.mean())
    sign = "positive" if mean > 0 else "not positive"
    return (
        f"Was that one map bad luck? Of {DRAWS} random planes through this saddle "
        f"{percent(share)} draw a minimum; the exact chance is {percent(exact)}. A random "
        "direction sees the average of all eigenvalues, give or take, and that average is "
        f"{sign} here: {number(mean, 2)}. So ask for the eigenvalues before you call "
        "something a minimum."
    )


async def _leave(session: "Session") -> str:
    saddle, run = await _saddle(session), runs_of(session)[0]
    first = float(amplitudes(saddle, run.points[:1])[0])
    predicted = escape_steps(first, RADIUS, saddle.lambda_min, RATE)
    seen = observed_escape(saddle, run.trajectory(), 0, RADIUS)
    left = (
        f"it took {number(seen)}"
        if np.isfinite(seen)
        else f"it had not left after {len(run.losses) - 1}"
    )
    return (
        f"A ball {number(first, 1)} beside the saddle, gradient descent at rate {number(RATE)}. "
        f"Its distance should grow by {number(1 - RATE * saddle.lambda_min, 4)} a step: "
        f"{number(predicted)} steps to {number(RADIUS)}; {left}. The loss fell from "
        f"{number(run.losses[0], 5)} to {number(run.losses[-1], 5)} in {len(run.losses) - 1} "
        "steps. At a small rate a run here looks stuck."
    )


async def _spot(session: "Session") -> Spot:
    here, objective = session.require_plane(), session.require_objective()
    reach = shown_of(session).reach
    return await session.compute(spot_of, objective, here, objective.start, reach)


async def _saddle(session: "Session") -> CriticalPoint:
    objective = session.require_objective()
    return await session.compute(classify, objective, objective.start)


def _shares(saddle: CriticalPoint, session: "Session") -> tuple[float, float]:
    """Return how often random planes show a minimum: seen, and the exact law."""
    objective = session.require_objective()
    layout, matrix = objective.layout, objective.hessian(saddle.point)
    drawn = [random_plane(saddle.point, layout, seed).directions for seed in range(DRAWS)]
    return share_of_minima(matrix, drawn), chance_of_minimum(saddle.eigenvalues).probability


HIDDEN_SADDLE = Tour(
    "hidden-saddle",
    "The hidden saddle",
    (
        Step("It looks like a minimum", _RANDOM, _looks, "Look underneath"),
        Step("What is underneath", _RANDOM, _underneath, "Turn the plane"),
        Step("The same point, turned", _EIGEN, _turned, "Was it bad luck?"),
        Step("How often this happens", _EIGEN, _often, "Drop a ball"),
        Step("How a ball leaves", _BALL, _leave),
    ),
)
