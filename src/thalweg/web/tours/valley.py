"""The valley and the three optimizers: the chapter's runs, and what it says of them, tested."""

from typing import TYPE_CHECKING

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.curvature.dense import hessian
from thalweg.dynamics.project import captured_variance
from thalweg.views.prose import listed, number, percent
from thalweg.web.live_run import LiveRun
from thalweg.web.messages import Bench
from thalweg.web.tours.tour import Scene, Step, Tour, ball, plane, runs_of

if TYPE_CHECKING:
    from thalweg.web.session import Session

STEPS, RATE, TUNED = 200, 0.01, 1.0  # the chapter's, and a rate a hundred times as large
NARROW = 100.0  # largest eigenvalue over the typical one, from which on a valley is narrow
OSCILLATES = 0.25  # share of steps that turn back

_THREE = ball(0.0, 0.0, STEPS, ("SGD", RATE), ("momentum", RATE), ("Adam", RATE))
_MAP = Scene(Bench(), (plane("filter"),))
_RUNS = _MAP.then(_THREE)
_PRINCIPAL = _RUNS.then(plane("principal", runs=(0, 1, 2), steps=STEPS))
_TUNED = _PRINCIPAL.then(plane("filter"), ball(0.0, 0.0, STEPS, ("SGD", TUNED)))
_TUNED = _TUNED.then(plane("principal", runs=(0, 1, 2, 3), steps=STEPS))


def turning(points: FloatArray) -> float:
    """Return the share of the steps of a run (t, n) that turn back on the one before.

    >>> turning(np.array([[0.0], [1.0], [2.0], [1.5]]))
    0.5
    """
    steps = np.diff(points, axis=0)
    return float((np.einsum("ij,ij->i", steps[1:], steps[:-1]) < 0).mean())


def step_law(points: FloatArray, norms: FloatArray) -> float:
    """Return p where the length of a step goes as the gradient norm to the power p.

    >>> x = 0.5 ** np.arange(6.0)[:, None]
    >>> round(step_law(x, np.abs(x[:, 0])), 12)
    1.0
    """
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return float(np.polyfit(np.log(norms[:-1]), np.log(lengths), 1)[0])


async def _narrow(session: "Session") -> str:
    objective = session.require_objective()
    values = np.linalg.eigvalsh(await session.compute(hessian, objective, objective.start))
    typical = float(np.median(np.abs(values)))
    ratio = float(values[-1]) / typical if typical else np.inf
    verdict = "this valley is narrow" if ratio >= NARROW else "this one is not so narrow yet"
    return (
        "The chapter speaks of narrow valleys: steep one way, nearly flat along most others. "
        f"At the start the steepest curvature is {number(float(values[-1]), 2)} and a typical "
        f"one {number(typical, 2)}: {number(ratio, 2)} times less. If {number(NARROW)} makes "
        f"a narrow valley, {verdict}. A ball has to cross the steep way and still get on along "
        "the flat ones."
    )


async def _race(session: "Session") -> str:
    runs = runs_of(session)
    told = listed([f"{_short(run)} {number(run.losses[-1], 4)}" for run in runs])
    best = min(runs, key=lambda run: float(run.losses[-1]))
    moved = [f"{_short(run)} {number(_moved(run), 2)}" for run in runs]
    return (
        f"Three optimizers from one start, rate {number(RATE)}, {STEPS} steps, as in the "
        f"chapter. The loss was {number(runs[0].losses[0], 4)}; it came to {told}. "
        f"{_short(best)} is ahead. Distance traveled, start to end: {listed(moved)}."
    )


async def _captured(session: "Session") -> str:
    runs, now = runs_of(session), session.require_plane()
    share = [captured_variance(run.points, now) for run in runs]
    told = listed([f"{percent(s)} of {_short(run)}" for run, s in zip(runs, share, strict=True)])
    gaps = [session.path_dataset(run).attrs["largest_gap"] for run in runs]
    worst = int(np.argmax(gaps))
    return (
        "The plane now follows the three runs: their principal directions. It captures "
        f"{told} (of each run's own variance). The rest happens out of the picture: "
        f"{_short(runs[worst])} is drawn up to {number(gaps[worst], 2)} beside its true loss. "
        "The runs of the picture are shadows of the runs."
    )


async def _claims(session: "Session") -> str:
    runs = runs_of(session)[:3]
    back = turning(runs[0].points)
    law = step_law(runs[2].points, runs[2].trajectory()["gradient_norm"].values)
    swings = "holds" if back > OSCILLATES else "does not hold here"
    adapts = "holds" if law < 0 else "does not hold here"
    return (
        f"The chapter says that SGD oscillates in the valley. At this rate {percent(back)} of its "
        f"steps turn back: that {swings}. It says that Adam takes larger steps on flatter "
        f"ground. Its steps go as the gradient norm to the power {number(law, 2)}; larger ones "
        f"would need a negative power: that {adapts}."
    )


async def _tuned(session: "Session") -> str:
    runs = runs_of(session)
    slow, adam, fast = (float(runs[i].losses[-1]) for i in (0, 2, 3))
    ahead = "ahead of" if fast < adam else "still behind"
    return (
        f"Was SGD slow, or its rate? The same SGD at rate {number(TUNED)} comes to "
        f"{number(fast, 4)} in {STEPS} steps, against {number(slow, 4)} at {number(RATE)}; that is "
        f"{ahead} Adam's {number(adam, 4)} at {number(RATE)}. Compare optimizers each at a rate "
        "of its own, or you compare rates."
    )


def _short(run: LiveRun) -> str:
    return run.stepper.name


def _moved(run: LiveRun) -> float:
    return float(np.linalg.norm(run.points[-1] - run.points[0]))


VALLEY = Tour(
    "valley",
    "The valley and the three optimizers",
    (
        Step("A narrow valley", _MAP, _narrow, "Drop three optimizers"),
        Step("Three optimizers", _RUNS, _race, "Follow them"),
        Step("Their own plane", _PRINCIPAL, _captured, "Test what is said"),
        Step("Two claims, tested", _PRINCIPAL, _claims, "Turn up the rate"),
        Step("The optimizer or its rate", _TUNED, _tuned),
    ),
)
