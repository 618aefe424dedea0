"""How planar the runs are, beside what chance and a straight line would give."""

from dataclasses import asdict, dataclass

import xarray as xr

from thalweg.dynamics.nulls import COSINE_LIMIT, Null, cosine_content, walk_null
from thalweg.dynamics.project import captured_variance
from thalweg.geometry.planes import principal_plane
from thalweg.study.context import Study
from thalweg.study.section import Table, percent

MOMENTUM = 0.9
DRAWS = 60


@dataclass(frozen=True)
class Planarity:
    """A run's variance in its own principal plane, and the nulls to read it against.

    Attributes:
        captured: by two principal components.
        cosines: cosine content of the two.
        walk: captured of random walks with as many points and parameters.
        momentum_walk: the same, of walks with momentum 0.9.
    """

    captured: float
    cosines: tuple[float, float]
    walk: Null
    momentum_walk: Null


Planarities = dict[str, dict[str, Planarity]]


def planarities(study: Study) -> Planarities:
    """Return the planarity of every run of both settings."""
    return {s.key: _of_runs(study.runs[s.key], study.plan.seed) for s in study.settings}


def planarity_facts(found: Planarities) -> dict[str, dict[str, dict[str, object]]]:
    """Return the numbers, ready for JSON."""
    return {
        key: {n: {**asdict(p), "cosines": list(p.cosines)} for n, p in runs.items()}
        for key, runs in found.items()
    }


def planarity_blocks(study: Study, found: Planarities) -> list[str | Table]:
    """Return what the nulls say of the captured variances, and their table."""
    rows, beyond, drawn = [], [], []
    for setting in study.settings:
        for name, p in found[setting.key].items():
            run = f"{name} in {setting.title}"
            ranges = [
                f"{percent(n.mean)} ({percent(n.low)}–{percent(n.high)})"
                for n in (p.walk, p.momentum_walk)
            ]
            cosines = tuple(f"{c:.2f}" for c in p.cosines)
            rows.append((f"{setting.title}, {name}", percent(p.captured, 1), *ranges, *cosines))
            if p.captured > p.momentum_walk.high:
                beyond.append(run)
            if p.cosines[0] > COSINE_LIMIT:
                drawn.append(run)
    words = (
        "A large captured variance proves little. A random walk, which knows no landscape, keeps "
        "76 % of its variance in two principal components in many dimensions, more with momentum, "
        "and a straight line keeps all of it. "
    )
    total = len(rows)
    words += (
        f"{_runs(beyond, total)} captures more than 95 % of walks with momentum {MOMENTUM:g} do. "
    )
    words += (
        f"The first component of {_runs(drawn, total, start=False)} is the half cosine that a "
        f"walk or any slow drift draws (content above {COSINE_LIMIT:g})."
    )
    head = ("run", "captured", "walk", "walk with momentum", "cosine 1", "cosine 2")
    caption = (
        "Variance in each run's own principal plane; mean and 5–95 % range of random walks with as "
        f"many points and parameters ({DRAWS} draws; momentum {MOMENTUM:g}). A straight line has "
        "100 %. Cosine content: share of a component that is the cosine of its order."
    )
    return [words, Table(head, tuple(rows), caption)]


def _runs(names: list[str], total: int, start: bool = True) -> str:
    """Return which of so many runs, in words that take a verb in the singular."""
    if len(names) == 1:
        return names[0]
    words = f"each of {len(names)} of the {total} runs"
    if len(names) in (0, total):
        words = "every run" if names else "no run"
    return words[0].upper() + words[1:] if start else words


def _of_runs(runs: dict[str, xr.Dataset], seed: int) -> dict[str, Planarity]:
    nulls: dict[tuple[int, int], tuple[Null, Null]] = {}
    found = {}
    for name, run in runs.items():
        points = run["point"].values
        if points.shape not in nulls:
            walks = [
                walk_null(*points.shape, momentum=momentum, draws=DRAWS, seed=seed)
                for momentum in (0.0, MOMENTUM)
            ]
            nulls[points.shape] = walks[0], walks[1]
        plane = principal_plane(points)
        first, second = cosine_content(plane.coordinates(points))
        share = captured_variance(points, plane)
        found[name] = Planarity(share, (float(first), float(second)), *nulls[points.shape])
    return found
