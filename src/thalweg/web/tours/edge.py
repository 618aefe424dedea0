"""The edge of stability: gradient descent walks until the ground is as steep as it can bear."""

from typing import TYPE_CHECKING

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.plane import Plane
from thalweg.curvature.dense import hessian
from thalweg.geometry.planes import random_plane
from thalweg.geometry.scaling import FilterNorm
from thalweg.views.prose import number, percent
from thalweg.web.messages import Bench
from thalweg.web.stability import stability_frame, stability_of
from thalweg.web.tours.tour import Scene, Step, Tour, ball, plane, runs_of

if TYPE_CHECKING:
    from thalweg.web.session import Session

RATE, FASTER, STEPS = 2.0, 3.0, 1000
NEAR = 0.1  # a mean ratio this near to 1 is at the edge
LAST = 200  # steps whose swing is looked at

_MAP = Scene(Bench(), (plane("filter"),))
_RUN = _MAP.then(ball(0.0, 0.0, STEPS, ("SGD", RATE)))
_SWING = _RUN.then(plane("eigen", run=0, steps=STEPS))
_BOTH = _SWING.then(plane("filter"), ball(0.0, 0.0, STEPS, ("SGD", FASTER)))


def swinging(points: FloatArray, way: FloatArray) -> tuple[float, float]:
    """Return the share of steps (t, n) that turn back along a direction, and in space.

    >>> zigzag = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]])
    >>> swinging(zigzag, np.array([0.0, 1.0]))
    (1.0, 0.0)
    """
    steps = np.diff(points, axis=0)
    along = steps @ way
    whole = np.einsum("ij,ij->i", steps[1:], steps[:-1])
    return float((along[1:] * along[:-1] < 0).mean()), float((whole < 0).mean())


def held(points: FloatArray, plane: Plane) -> float:
    """Return the share of the squared lengths of steps (t, n) that lies in a plane.

    >>> held(np.array([[0.0, 0, 0], [3, 0, 4]]), Plane(np.zeros(3), np.eye(3)[:2]))
    0.36
    """
    steps = np.diff(points, axis=0)
    basis, _ = np.linalg.qr(plane.directions.T)
    inside = np.square(steps @ basis).sum() / np.square(steps).sum()
    return round(min(float(inside), 1.0), 12)


async def _limit(session: "Session") -> str:
    objective = session.require_objective()
    values = np.linalg.eigvalsh(await session.compute(hessian, objective, objective.start))
    top = float(values[-1])
    safe = "So the first steps are safe." if top * RATE < 2 else "So the first steps overshoot."
    return (
        "A step that is too long for the ground overshoots. On a parabola of curvature λ gradient "
        "descent is stable while λ stays below 2 / rate. At rate "
        f"{number(RATE)} that edge is {number(2 / RATE)}. The steepest curvature at the start is "
        f"{number(top)}: ratio {number(top * RATE / 2, 2)}. {safe} And later?"
    )


async def _walk(session: "Session") -> str:
    ratio = await _ratios(session, 0)
    later = ratio[len(ratio) // 2 :]
    mean, near = float(np.nanmean(later)), abs(float(np.nanmean(later)) - 1) < NEAR
    verdict = "It does not stay at the edge of stability."
    if near:
        verdict = (
            "It sits at the edge of stability. Nobody told it to: training itself made the "
            "ground steeper."
        )
    return (
        f"{STEPS:,} steps of gradient descent at rate {number(RATE)}. The ratio began at "
        f"{number(float(ratio[0]), 2)}, rose to {number(float(np.nanmax(ratio)))} at most, and "
        f"over the second half it is {number(mean)} on average. {verdict}"
    )


async def _loss(session: "Session") -> str:
    losses = runs_of(session)[0].losses
    rises = np.diff(losses) > 0
    half = len(rises) // 2
    first, second = float(rises[:half].mean()), float(rises[half:].mean())
    fell = "and yet it fell" if losses[-1] < losses[half] else "and it fell no further"
    return (
        "Below the edge every step of gradient descent lowers the loss of a parabola. Here the "
        f"loss rises in {percent(first)} of the steps of the first half and in {percent(second)} "
        f"of the second, {fell}: from {number(losses[0], 4)} over {number(losses[half], 4)} half "
        f"way to {number(losses[-1], 4)}. A rising loss is no proof that a run diverges."
    )


async def _swing(session: "Session") -> str:
    run, here = runs_of(session)[0], session.require_plane()
    objective, last = session.require_objective(), run.points[-LAST:]
    along, whole = swinging(last, here.directions[1] / here.lengths[1])
    random = random_plane(objective.start, objective.layout, 0, scaling=FilterNorm())
    now, before = held(last, here), held(last, random)
    lost = "; the swing could not be seen there" if before < now / 2 else ""
    return (
        "The plane of the lowest and the highest eigenvalue where the run ended. Along b, the "
        f"steep way, {percent(along)} of the last {LAST} steps turn back; in space "
        f"{percent(whole)} do. This plane holds {percent(now)} of those steps' squared lengths, "
        f"the random map before held {percent(before)}{lost}."
    )


async def _faster(session: "Session") -> str:
    means = []
    for which, rate in enumerate((RATE, FASTER)):
        ratio = await _ratios(session, which)
        means.append(float(np.nanmean(ratio[len(ratio) // 2 :])) * 2 / rate)
    slow, fast = (float(run.losses[-1]) for run in runs_of(session))
    flatter = fast and means[1] < means[0]
    verdict = (
        "The rate chose how steep the ground is where it rests"
        if flatter
        else "A larger rate did not lead to flatter ground here"
    )
    return (
        f"A second run at rate {number(FASTER)}, with its edge at {number(2 / FASTER)}. Over the "
        f"second half its sharpness is {number(means[1])} on average, that of the first run "
        f"{number(means[0])}. {verdict}. The losses: {number(slow, 4)} and {number(fast, 4)}. "
        "The ReLU's kinks are not in these numbers: the Hessian does not see them."
    )


async def _ratios(session: "Session", which: int) -> FloatArray:
    """Return the stability ratio along a run, and show it on the page."""
    run = runs_of(session)[which]
    found = await session.compute(stability_of, session.require_objective(), run.trajectory())
    session.send(stability_frame(found, run.number))
    return found["stability_ratio"].values


EDGE = Tour(
    "edge",
    "The edge of stability",
    (
        Step("How long a step may be", _MAP, _limit, "Let it walk"),
        Step("Up to the edge", _RUN, _walk, "Look at the loss"),
        Step("The loss goes up and down", _RUN, _loss, "See the swing"),
        Step("The swing", _SWING, _swing, "Walk faster"),
        Step("A larger rate", _BOTH, _faster),
    ),
)
