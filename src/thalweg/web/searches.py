"""Searches: critical points from several starts, as marks on the map and in words."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective
from thalweg.core.plane import Plane
from thalweg.critical.levenberg_marquardt import LevenbergMarquardt
from thalweg.critical.local import require_whole_hessian
from thalweg.critical.many import alike
from thalweg.critical.point import CriticalPoint, Kind
from thalweg.critical.search import Outcome, Search, find_critical
from thalweg.trust_report.underneath import shape
from thalweg.viewer.frames import Frame
from thalweg.views.prose import counted, listed, number
from thalweg.web.spot import IN_PLANE

LARGEST = 1000  # parameters: every step of a search takes the whole Hessian
WORK = 1.6e9  # steps x n^3 of one search: some ten seconds
KINK = "kink"
_KINDS = {Kind.MINIMUM: "minimum", Kind.SADDLE: "saddle", Kind.MAXIMUM: "maximum"}
_ENDED = {
    Outcome.KINK: "on a ReLU kink, where the Hessian is one-sided and there is no index",
    Outcome.GRADIENT_FLAT: "where the gradient is stationary but not zero (gradient-flat)",
    Outcome.RUNAWAY: "nowhere: the gradient fades only toward infinity",
    Outcome.ROUNDING: "where the gradient drowned in rounding",
    Outcome.BUDGET: "unfinished: the steps ran out",
}


@dataclass(frozen=True)
class Hunt:
    """A search and where it began, in words."""

    start: str
    search: Search


def search_from(objective: Objective, start: FloatArray) -> Search:
    """Return the search from start (n,), with as many steps as some seconds allow.

    Raises:
        InputError: more than 1,000 parameters, no derivatives, or a start that is not finite.

    >>> from thalweg.objectives.zoo import himmelblau
    >>> search_from(himmelblau(), np.array([0.1, -2.0])).found.words
    'saddle of index 1'
    """
    n = objective.layout.size
    if n > LARGEST:
        wanted = f"a search takes whole Hessians, so at most {LARGEST:,} parameters"
        raise InputError(wanted, f"{n:,}", "lay out a narrower or shallower network")
    steps = int(np.clip(WORK / n**3, 20, 300))
    return find_critical(objective, start, LevenbergMarquardt(steps))


def critical_frame(
    objective: Objective, plane: Plane, hunts: list[Hunt], scene: int, reach: float
) -> Frame:
    """Return the frame of what searches found, copies told once, and how the others ended.

    Args:
        objective: the loss.
        plane: the one that is shown.
        hunts: the searches.
        scene: number of the plane.
        reach: of the window, in parameter space.
    """
    distinct = _distinct(hunts)
    marks = [_mark(objective, plane, point, reach) for point in distinct]
    marks += [_end(plane, hunt) for hunt in _on_kinks(hunts)]
    return Frame("critical", {"scene": scene, "points": marks, "words": _words(hunts, distinct)})


def found_by(hunts: list[Hunt]) -> list[tuple[str, FloatArray]]:
    """Return what searches found, in words and as points (n,), in the order of the frame's marks.

    >>> from thalweg.objectives.zoo import himmelblau
    >>> search = search_from(himmelblau(), np.array([0.1, -2.0]))
    >>> [words for words, _ in found_by([Hunt("here", search), Hunt("there", search)])]
    ['saddle of index 1']
    """
    points = [(point.words, point.point) for point in _distinct(hunts)]
    return points + [(KINK, hunt.search.end) for hunt in _on_kinks(hunts)]


def _distinct(hunts: list[Hunt]) -> list[CriticalPoint]:
    """Return the critical points, copies once, from the lowest loss on."""
    distinct: list[CriticalPoint] = []
    for hunt in hunts:
        found = hunt.search.found
        if found is not None and not any(alike(found, other) for other in distinct):
            distinct.append(found)
    return sorted(distinct, key=lambda point: point.loss)


def _on_kinks(hunts: list[Hunt]) -> list[Hunt]:
    return [hunt for hunt in hunts if hunt.search.outcome is Outcome.KINK]


def _mark(objective: Objective, plane: Plane, found: CriticalPoint, reach: float) -> dict:
    a, b = (float(x) for x in plane.coordinates(found.point))
    distance = float(plane.residual(found.point))
    words = f"{found.words} at loss {number(found.loss, 4)}"
    if found.kind is not Kind.SADDLE:
        flat = counted(found.nullity, "direction")
        words += f", {flat} without curvature" if found.nullity else ""
    if distance > IN_PLANE * reach:
        words += f", {number(distance, 2)} out of the plane: the picture does not show it"
    else:
        words += f", which this plane draws as {_drawn(objective, plane, found)}"
    return {
        "a": a,
        "b": b,
        "text": found.words,
        "kind": _KINDS.get(found.kind, "point"),
        "loss": found.loss,
        "index": found.index,
        "nullity": found.nullity,
        "distance": distance,
        "words": words,
    }


def _drawn(objective: Objective, plane: Plane, found: CriticalPoint) -> str:
    unit = plane.directions / np.array(plane.lengths)[:, None]
    projected = unit @ require_whole_hessian(objective).hvp(found.point, unit).T
    seen = shape(np.linalg.eigvalsh((projected + projected.T) / 2), found.threshold).value
    return "flat ground" if seen == "flat" else f"a {seen}"


def _end(plane: Plane, hunt: Hunt) -> dict:
    """Return the mark of a search that ended on a kink: a place, but no critical point."""
    search = hunt.search
    a, b = (float(x) for x in plane.coordinates(search.end))
    return {
        "a": a,
        "b": b,
        "text": KINK,
        "kind": "point",
        "loss": search.loss,
        "index": None,
        "nullity": None,
        "distance": float(plane.residual(search.end)),
        "words": f"no critical point: from {hunt.start} the search ended {_ENDED[search.outcome]}",
    }


def _words(hunts: list[Hunt], distinct: list[CriticalPoint]) -> str:
    """Return what was found from where, and how the other searches ended."""
    told = []
    if distinct:
        kinds = Counter(point.words for point in distinct)
        named = [f"{count} × {words}" if count > 1 else words for words, count in kinds.items()]
        told.append(f"Found: {listed(named)}.")
    else:
        told.append("No critical point was found.")
    for outcome, text in _ENDED.items():
        starts = [hunt.start for hunt in hunts if hunt.search.outcome is outcome]
        if starts:
            told.append(f"From {listed(starts)} the search ended {text}.")
    return " ".join(told)
