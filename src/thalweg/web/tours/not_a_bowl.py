"""Not a bowl: a map that looks round, and four ways to see that the loss is not."""

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from thalweg.connect.barrier import barrier
from thalweg.core.arrays import FloatArray
from thalweg.views.prose import counted, number, percent
from thalweg.web.inspect import shown_of
from thalweg.web.labels import labels_of
from thalweg.web.messages import Basins, Bench, Spectrum
from thalweg.web.spot import spot_of
from thalweg.web.tours.tour import Scene, Step, Tour, ball, plane, runs_of
from thalweg.web.underneath import basins, require_map, spectrum

if TYPE_CHECKING:
    from thalweg.web.session import Session

PAIRS = 2000  # of cells of the map, whose middles are looked at
ADAM = ("Adam", 0.02)
STEPS = 400
LEVEL = 1e-9  # a ridge lower than this is rounding

_MAP = Scene(Bench(), (plane("filter"),))
_EIGEN = _MAP.then(plane("eigen"))
_BALLS = _MAP.then(ball(0.0, 0.0, STEPS, ADAM), ball(0.8, 0.0, STEPS, ADAM))
_BALLS = _BALLS.then(ball(0.0, 0.8, STEPS, ADAM))
_ENDS = _BALLS.then(plane("points", runs=(0, 1, 2), steps=STEPS))


def bulging(values: FloatArray, pairs: int = PAIRS) -> float:
    """Return the share of random pairs of cells whose middle lies above their mean.

    In a bowl (a convex function) no middle does.

    >>> x = np.linspace(-1, 1, 21)
    >>> bulging(x[:, None] ** 2 + x**2), bulging(-(x[:, None] ** 2) - x**2) > 0.9
    (0.0, True)
    """
    random = np.random.default_rng(0)
    rows, columns = ((np.array(values.shape) + 1) // 2).tolist()
    ends = 2 * np.stack([random.integers(0, (rows, columns)) for _ in range(2 * pairs)])
    one, other = ends[:pairs], ends[pairs:]
    half = (one + other) // 2
    chord = (values[tuple(one.T)] + values[tuple(other.T)]) / 2
    return float((values[tuple(half.T)] > chord + 1e-12 * np.abs(chord)).mean())


async def _look(session: "Session") -> str:
    await basins(session, Basins())
    objective, surface = session.require_objective(), require_map(session)
    count = (await session.compute(labels_of, surface)).count
    middle, values = objective.value(session.require_plane().origin), surface["loss"].values
    round_ = "One basin, no second one" if count == 1 else f"{counted(count, 'basin')}"
    return (
        f"This network has {objective.layout.size} weights; the map shows two random directions "
        f"of them. Height is the loss: {number(middle)} in the middle, {number(values.min())} to "
        f"{number(values.max())} over the map. {round_} in sight. Is the loss a bowl?"
    )


async def _middles(session: "Session") -> str:
    share = await session.compute(bulging, require_map(session)["loss"].values)
    verdict = (
        "So already this map is not a bowl."
        if share
        else "This map passes: here it could be part of a bowl."
    )
    return (
        "In a bowl the ground half-way between two places is never higher than their average. "
        f"For {PAIRS:,} random pairs of places on this map it is higher for {percent(share, 1)}. "
        f"{verdict}"
    )


async def _downward(session: "Session") -> str:
    objective, shown = session.require_objective(), shown_of(session)
    spot = await session.compute(
        spot_of, objective, session.require_plane(), objective.start, shown.reach
    )
    await spectrum(session, Spectrum(0.0, 0.0))
    bends = spot.bends
    if bends is None or not bends.negative:
        return "No eigenvalue is negative here: to second order this place could be in a bowl."
    return (
        "Now the map is cut along the directions that bend most. A bowl bends upward in every "
        f"direction. Here {counted(bends.negative, 'eigenvalue')} of {spot.parameters} are "
        f"negative, the lowest {number(bends.lowest, 2)} beside a highest of "
        f"{number(bends.highest, 2)}: along a the ground bends down. Not a bowl."
    )


async def _three(session: "Session") -> str:
    runs = runs_of(session)
    losses = [float(run.losses[-1]) for run in runs]
    apart = [float(np.linalg.norm(x - y)) for x, y in combinations(_ends(session), 2)]
    told = ", ".join(number(loss, 4) for loss in losses)
    return (
        f"Three balls, one optimizer (Adam), {STEPS} steps each, from three places. A bowl has "
        f"one bottom; they come to losses {told}, and the nearest two are still "
        f"{number(min(apart), 2)} apart, the farthest {number(max(apart), 2)}. They may not be "
        "at rest yet; so look between them."
    )


async def _between(session: "Session") -> str:
    objective, ends = session.require_objective(), _ends(session)
    heights = [
        (await session.compute(barrier, objective, x, y)).height for x, y in combinations(ends, 2)
    ]
    told = ", ".join(number(height, 2) for height in heights)
    verdict = (
        "The chapter is right: not a bowl."
        if min(heights) > LEVEL
        else "Not every pair shows a ridge, and one is enough: not a bowl."
        if max(heights) > LEVEL
        else "No ridge between these three, so this test does not decide."
    )
    return (
        "This plane goes through the three ends. In a bowl a straight walk from one to another "
        f"never rises above the line between them. Here it rises by {told}. A straight walk is "
        f"not the only one: a bent valley may still join them. {verdict}"
    )


def _ends(session: "Session") -> list[FloatArray]:
    return [run.points[-1] for run in runs_of(session)]


NOT_A_BOWL = Tour(
    "not-a-bowl",
    "Not a bowl",
    (
        Step("A map of a loss", _MAP, _look, "Test it"),
        Step("Half-way", _MAP, _middles, "Look underneath"),
        Step("Which way it bends", _EIGEN, _downward, "Drop three balls"),
        Step("Three balls, one bottom?", _BALLS, _three, "Look between them"),
        Step("Between the ends", _ENDS, _between),
    ),
)
