"""Planes: what a visitor asks for becomes a plane of the present objective, with its own window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.objective import SmoothObjective
from thalweg.core.plane import Plane
from thalweg.curvature.ends import ends
from thalweg.geometry.planes import eigen_plane, plane_through, principal_plane, random_plane
from thalweg.geometry.scaling import FilterNorm, Unit
from thalweg.web.messages import PlaneSpec, Window
from thalweg.web.twins import CORNERS, TWINS, aligned_plane, twins_plane

NEED_RUNS = ("principal", "points", "aligned", "stored")
RISE = 0.1  # of the loss, toward the edges of a map along eigenvectors
LEAST = 5  # points along the shorter side of a map


class Walked(Protocol):
    """A run, as far as planes look at it."""

    name: str

    @property
    def points(self) -> FloatArray:
        """(t, n)."""
        ...


@dataclass(frozen=True, eq=False)
class Cut:
    """A plane that was asked for.

    Attributes:
        plane: where.
        window: the part that is shown at first.
        words: how it was made.
        spec: what was asked for, with the runs and steps that counted, so that it can be made anew.
    """

    plane: Plane
    window: Window
    words: str
    spec: PlaneSpec


def cut(spec: PlaneSpec, objective: SmoothObjective, runs: Mapping[int, Walked]) -> Cut:
    """Return the plane.

    Raises:
        InputError: a run or a step that is not there, or nothing to span a plane with.
    """
    if spec.recipe == "principal":
        return _principal(spec, runs)
    if spec.recipe == "points":
        return _points(spec, runs)
    if spec.recipe == "twins":
        return Cut(twins_plane(objective, spec.seed), CORNERS, TWINS, spec)
    if spec.recipe == "aligned":
        return _aligned(spec, objective, runs)
    if spec.recipe == "stored":
        mend = "choose the stored result again"
        raise InputError("a stored plane comes with its result", "none", mend)
    origin, spec, around = _middle(spec, objective, runs)
    if spec.recipe == "eigen":
        return _eigen(spec, objective, origin, around)
    scaling = Unit() if spec.recipe == "random" else FilterNorm()
    try:
        plane = random_plane(origin, objective.layout, spec.seed, 2, scaling)
    except InputError as fault:  # weights that are all zero have no norm
        raise InputError(fault.wanted, fault.got, "choose unscaled random directions") from None
    words = f"{scaling} random directions, seed {spec.seed}, around {around}"
    return Cut(plane, Window(-1.0, 1.0, -1.0, 1.0), words.capitalize(), spec)


def depends_on_runs(spec: PlaneSpec) -> bool:
    """Return whether the plane cannot be made without its runs.

    >>> depends_on_runs(PlaneSpec("principal")), depends_on_runs(PlaneSpec("filter"))
    (True, False)
    """
    return spec.recipe in NEED_RUNS or spec.run is not None


def grid_of(window: Window, points: int) -> Grid:
    """Return the grid of a window: `points` along its longer side, cells near to square.

    Raises:
        InputError: a window without width or height.

    >>> grid_of(Window(-1.0, 1.0, 0.0, 1.0), 81).shape
    (40, 81)
    """
    width, height = window.a1 - window.a0, window.b1 - window.b0
    if not (width > 0 and height > 0):
        raise InputError("a window must be wider than 0", f"{width:g} by {height:g}", "zoom out")
    longest = max(width, height)
    na, nb = (max(LEAST, round(points * side / longest)) for side in (width, height))
    axes = np.linspace(window.a0, window.a1, na), np.linspace(window.b0, window.b1, nb)
    return Grid(axes, tile=16)


def _middle(
    spec: PlaneSpec, objective: SmoothObjective, runs: Mapping[int, Walked]
) -> tuple[FloatArray, PlaneSpec, str]:
    """Return the middle of a plane, the request with its step filled in, and words for it."""
    if spec.run is None:
        return objective.start, spec, "the start"
    run = _run(spec.run, runs)
    step = _step(spec.run, run, spec.step)
    spec = msgspec.structs.replace(spec, step=step)
    return run.points[step], spec, f"step {step} of run {spec.run} ({run.name})"


def _run(number: int | None, runs: Mapping[int, Walked]) -> Walked:
    if number is None or number not in runs:
        there = ", ".join(map(str, runs)) or "none"
        mend = f"there are: {there}; drop a ball first" if runs else "drop a ball first"
        raise InputError("the run must be one that is shown", f"run {number}", mend)
    return runs[number]


def _step(number: int, run: Walked, step: int | None) -> int:
    last = len(run.points) - 1
    if step is None or step == -1:
        step = last
    if not 0 <= step <= last:
        wanted = f"the step must be one that run {number} has taken"
        raise InputError(wanted, str(step), f"it has come to step {last}")
    return step


def _counted(
    spec: PlaneSpec, runs: Mapping[int, Walked], numbers: Sequence[int]
) -> tuple[list[FloatArray], PlaneSpec]:
    """Return the points of each run that count, and the request that says which."""
    if len(set(numbers)) < len(numbers):
        got = ", ".join(map(str, numbers))
        raise InputError("a plane takes each run once", got, "name different runs")
    asked = spec.steps or [-1] * len(numbers)
    if len(asked) != len(numbers):
        got = f"{len(asked)} steps, {len(numbers)} runs"
        raise InputError("a plane needs one step a run", got, "leave the steps out")
    steps = [_step(n, _run(n, runs), step) for n, step in zip(numbers, asked, strict=True)]
    found = [runs[n].points[: step + 1] for n, step in zip(numbers, steps, strict=True)]
    return found, msgspec.structs.replace(spec, runs=list(numbers), steps=steps)


def _principal(spec: PlaneSpec, runs: Mapping[int, Walked]) -> Cut:
    if not runs:
        mend = "drop a ball first"
        raise InputError("principal directions need a run to follow", "none", mend)
    walked, spec = _counted(spec, runs, spec.runs or sorted(runs))
    cloud = np.concatenate(walked)
    if len(cloud) < 3:
        mend = "let the runs take some steps first"
        raise InputError("principal directions need 3 steps", str(len(cloud)), mend)
    plane = principal_plane(cloud)
    window = _covering(plane.coordinates(cloud), 0.15)
    whose = "the run" if len(walked) == 1 else f"{len(walked)} runs"
    return Cut(plane, window, f"Principal directions of {whose}, through the mean", spec)


def _points(spec: PlaneSpec, runs: Mapping[int, Walked]) -> Cut:
    numbers = spec.runs or sorted(runs)[-3:]
    if len(numbers) != 3:
        mend = "drop three balls, or choose three runs"
        raise InputError("the plane goes through the ends of 3 runs", str(len(numbers)), mend)
    walked, spec = _counted(spec, runs, numbers)
    names = [runs[n].name for n in numbers]
    plane = plane_through([points[-1] for points in walked], names)
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    ends_of = ", ".join(f"{n} ({runs[n].name})" for n in numbers)
    return Cut(plane, _covering(corners, 0.3), f"Through the ends of runs {ends_of}", spec)


def _aligned(spec: PlaneSpec, objective: SmoothObjective, runs: Mapping[int, Walked]) -> Cut:
    numbers = spec.runs or sorted(runs)[:2]
    if len(numbers) != 2:
        mend = "drop two balls, or choose two runs"
        raise InputError("networks are aligned in pairs", f"{len(numbers)} runs", mend)
    walked, spec = _counted(spec, runs, numbers)
    plane = aligned_plane(objective, walked[0][-1], walked[1][-1])
    words = f"Through the ends of runs {numbers[0]} and {numbers[1]}, and the latter aligned"
    return Cut(plane, CORNERS, words, spec)


def _eigen(spec: PlaneSpec, objective: SmoothObjective, origin: FloatArray, around: str) -> Cut:
    found = ends(objective, origin)
    values, vectors = found.eigenvalues, found.eigenvectors
    plane = eigen_plane(origin, [float(v) for v in values], vectors)
    # As far as it takes the parabola of each axis to rise or fall by a tenth of the loss: farther
    # out the ground is no parabola, and what bends down would drown in what rises. But neither
    # axis is left so short that nothing shows, and the map stays no longer than twice its height.
    rise = max(RISE * abs(objective.value(origin)), 1e-6)
    reach = np.sqrt(2 * rise / np.maximum(np.abs(values), 1e-9))
    longest = min(float(reach.max()), 4 * float(reach.min()))
    ra, rb = (float(np.clip(r, longest / 2, longest)) for r in reach)
    words = f"Lowest and highest Hessian eigenvector, around {around}"
    return Cut(plane, Window(-ra, ra, -rb, rb), words, spec)


def _covering(coords: FloatArray, margin: float) -> Window:
    a, b = Grid.covering(coords, 2, margin).axes
    return Window(float(a[0]), float(a[-1]), float(b[0]), float(b[-1]))
