"""Two seeds, one network: how much of the ridge between two networks is only naming."""

from typing import TYPE_CHECKING, cast

import numpy as np

from thalweg.connect.barrier import barrier
from thalweg.core.arrays import FloatArray
from thalweg.core.objective import SampledObjective
from thalweg.geometry.symmetry import aligned_twin
from thalweg.views.prose import number, percent
from thalweg.web.boundary import boundary
from thalweg.web.messages import Bench, Boundary
from thalweg.web.tours.tour import Scene, Step, Tour, ball, plane, runs_of

if TYPE_CHECKING:
    from thalweg.web.session import Session

SEED, STEPS, ADAM = 0, 400, ("Adam", 0.02)
SAME = 1e-9  # losses and answers that differ by less are equal but for rounding
REMOVED = 0.01  # of the barrier: less is left if naming was all there was to it

_STARTS = Scene(Bench(), (plane("twins", SEED),))
_TWO = _STARTS.then(ball(0.0, 0.0, STEPS, ADAM), ball(1.0, 0.0, STEPS, ADAM))
_THREE = _TWO.then(ball(0.0, 1.0, STEPS, ADAM))
_ENDS = _THREE.then(plane("points", runs=(0, 1, 2), steps=STEPS))
_ALIGNED = _ENDS.then(plane("aligned", runs=(0, 1), steps=STEPS))


async def _two(session: "Session") -> str:
    first, second = _ends(session)
    height = await _height(session, first, second)
    a, b = (float(run.losses[-1]) for run in runs_of(session))
    return (
        f"Two random starts, one optimizer, {STEPS} steps. The losses come to {number(a, 4)} and "
        f"{number(b, 4)}, and the networks end {number(_apart(first, second), 3)} apart. On the "
        f"straight line between them the loss rises by {number(height, 2)}. Two basins, the "
        "chapter would say. Before we believe it: how high is such a ridge when there is nothing "
        "to find?"
    )


async def _renamed(session: "Session") -> str:
    runs = runs_of(session)
    first, second, twin = _ends(session)
    apart = float(np.abs(runs[0].losses - runs[2].losses).max())
    same = "the same at every step" if apart < SAME else "not the same"
    height = await _height(session, first, twin)
    between = await _height(session, first, second)
    moral = " So such a ridge proves nothing." if height > between / 2 else ""
    return (
        "A third ball starts from the first network with its units reordered: other "
        f"weights, the same function. Its losses are {same} (to {number(apart, 1)}); it ends "
        f"{number(_apart(first, twin), 3)} from the first. Between these two, one network under "
        f"two names, the ridge is {number(height, 2)}; between the seeds it was "
        f"{number(between, 2)}.{moral}"
    )


async def _computes(session: "Session") -> str:
    objective = cast(SampledObjective, session.require_objective())  # of the bench
    numbers = [run.number for run in runs_of(session)]
    await boundary(session, Boundary(0.0, 0.0, numbers[2], -1))
    answers = [objective.outputs(point)[:, 0] for point in _ends(session)]
    error = float(np.abs(answers[0] - answers[2]).max())
    differ = float(((answers[0] > 0) != (answers[1] > 0)).mean())
    verdict = "equal but for rounding" if error < SAME else "not equal"
    return (
        "What do they compute? The answers of the first network and of the renamed one differ by "
        f"{number(error, 1)} at most: {verdict}. The two seeds label {percent(differ)} of the "
        "points differently: those are two networks. Hover the three corners of this plane and "
        "watch the boundary."
    )


async def _matched(session: "Session") -> str:
    first, second = _ends(session)[:2]
    aligned = session.require_plane().points([[0.0, 1.0]])[0]
    before, after = await _left(session)
    naming = f"{percent(1 - after / before)} of it was naming." if after < before else ""
    return (
        "Now rename the second network's units so that they match the first's as well as they can. "
        f"Its function stays; its distance falls from {number(_apart(first, second), 3)} to "
        f"{number(_apart(first, aligned), 3)}, and the ridge goes from {number(before, 2)} to "
        f"{number(after, 2)}. {naming}"
    ).strip()


async def _verdict(session: "Session") -> str:
    first, _, twin = _ends(session)
    found = await session.compute(aligned_twin, session.require_objective(), twin, first)
    null = await _height(session, first, found)
    before, after = await _left(session)
    much = "Most" if after < before / 2 else "Less than half"
    verdict = (
        "Here the two seeds share one basin."
        if after < REMOVED * before
        else "A bent valley may still join them: undetermined."
    )
    return (
        "Does matching work? The renamed copy, matched to the first network, lies "
        f"{number(_apart(first, found), 1)} from it, with a ridge of {number(null, 1)}. Between "
        f"the seeds {number(after, 2)} of {number(before, 2)} is left. “Different seeds end in "
        f"different basins”, says the chapter. {much} of that ridge was naming. {verdict}"
    )


async def _left(session: "Session") -> tuple[float, float]:
    """Return the ridge between the two seeds, and what is left of it once units are matched."""
    first, second = _ends(session)[:2]
    aligned = session.require_plane().points([[0.0, 1.0]])[0]
    return await _height(session, first, second), await _height(session, first, aligned)


def _ends(session: "Session") -> list[FloatArray]:
    return [run.points[-1] for run in runs_of(session)]


def _apart(x: FloatArray, y: FloatArray) -> float:
    return float(np.linalg.norm(x - y))


async def _height(session: "Session", x: FloatArray, y: FloatArray) -> float:
    return (await session.compute(barrier, session.require_objective(), x, y)).height


ONE_NETWORK = Tour(
    "one-network",
    "Two seeds, one network",
    (
        Step("Two seeds", _TWO, _two, "Drop a third ball"),
        Step("One network, two names", _ENDS, _renamed, "What do they compute?"),
        Step("What they compute", _ENDS, _computes, "Match the units"),
        Step("Matched", _ALIGNED, _matched, "So, two basins?"),
        Step("What is left", _ALIGNED, _verdict),
    ),
)
