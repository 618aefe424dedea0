"""Journeys: from an objective to a picture that says how far to trust it, in one call.

`landscape` maps the surroundings of a point, `follow` the plane along which a run moved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError, StoreError
from thalweg.core.executor import Executor, Progress
from thalweg.core.grid import Grid
from thalweg.core.objective import Objective
from thalweg.core.plane import Plane
from thalweg.core.schema import require_kind
from thalweg.core.seeded_plane import BlockScaling, Planar
from thalweg.dynamics.project import project
from thalweg.geometry.planes import principal_plane
from thalweg.geometry.scaling import FilterNorm
from thalweg.geometry.seeded import plane_at, seeded_plane
from thalweg.store.folder import is_store, load, save, was_repaired
from thalweg.study.workshop import as_stored
from thalweg.surface.evaluate import evaluate
from thalweg.trust_report.beside import report_beside
from thalweg.trust_report.effort import Effort
from thalweg.trust_report.report import TrustReport
from thalweg.trust_report.trust import trust

if TYPE_CHECKING:
    from thalweg.plots.mpl_page import Figure
    from thalweg.viewer.notebook import Shown

PIECES = {1: 64, 2: 8, 3: 4}  # tiles an axis: some 64 in all, so that a stop costs little


@dataclass(frozen=True, eq=False)
class Landscape:
    """A mapped plane, and the path that was followed over it, if any.

    Attributes:
        surface: a *surface* Dataset.
        plane: where it lies in parameter space.
        path: a *path* Dataset over it, or None.
        objective: what was mapped, so that the trust report can look underneath.
        end: (n,), where the run that was followed ended.
    """

    surface: xr.Dataset
    plane: Planar
    path: xr.Dataset | None = None
    objective: Objective | None = None
    end: FloatArray | None = None

    @cached_property
    def trust(self) -> TrustReport:
        """What the picture does not show, found at little cost; see `judged` for all of it."""
        return self.judged()

    def judged(self, field: str = "loss", effort: Effort = Effort.LITTLE) -> TrustReport:
        """Return the trust report: underneath the end of the run, or the middle of the plane.

        Args:
            field: which field of the surface is shown.
            effort: LITTLE takes a small part of the work of the map, FULL all that is needed.
        """
        return trust(
            self.surface,
            [] if self.path is None else [self.path],
            self.objective,
            field=field,
            at=self.end,
            where="" if self.end is None else "the end of the run",
            effort=effort,
        )

    def figure(
        self, title: str = "", *, field: str = "loss", width_mm: float | None = None
    ) -> "Figure":
        """Return the picture: map, path, and the strip that says how far to trust both.

        Args:
            title: the finding, or empty.
            field: which field of the surface.
            width_mm: width of the page, 85 for a journal column; default: 120, or 170 for a volume.
        """
        from thalweg.study.journey_figure import journey_figure  # drawing is slow to import

        report = self._report(field)
        return journey_figure(
            self.surface, self.path, title=title, field=field, width_mm=width_mm, report=report
        )

    def save(
        self,
        folder: Path | str,
        name: str,
        title: str = "",
        *,
        field: str = "loss",
        width_mm: float | None = None,
        formats: Sequence[str] = ("png", "svg"),
    ) -> tuple[Path, ...]:
        """Write the picture, and beside it folder/name.trust.json; return the paths.

        Args:
            folder: where; made if it does not exist.
            name: file name without ending.
            title: the finding, or empty.
            field: which field of the surface.
            width_mm: width of the page, as for `figure`.
            formats: among png, svg, pdf.
        """
        from thalweg.plots.mpl_save import save_figure

        figure = self.figure(title, field=field, width_mm=width_mm)
        beside = report_beside(Path(folder) / name, self._report(field))
        return *save_figure(figure, folder, name, formats), beside

    def explore(self, title: str = "", *, field: str = "loss") -> "Shown":
        """Return the landscape to walk in, for a notebook: put it at the end of a cell.

        Args:
            title: the finding, or empty.
            field: which field of the surface.

        Raises:
            InputError: no such field, or not two directions.
        """
        from thalweg.study.notebook import explore

        paths = [] if self.path is None else [self.path]
        return explore(self.surface, paths, title=title, field=field, report=self._report(field))

    def _repr_html_(self) -> str:
        """Return the picture, how far to trust it, and how to walk in it."""
        from thalweg.study.notebook import picture_html

        return picture_html(self.surface, self.path, self.trust, ".explore()")

    def _report(self, field: str) -> TrustReport:
        return self.trust if field == "loss" else self.judged(field)


def landscape(
    objective: Objective,
    *,
    seed: int = 0,
    k: int = 2,
    scaling: BlockScaling = FilterNorm(),  # noqa: B008
    radius: float = 1.0,
    points: int = 51,
    at: FloatArray | None = None,
    fields: Sequence[str] = (),
    store: Path | str | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Landscape:
    """Return the loss around a point, along k random directions.

    Args:
        objective: what is mapped.
        seed: of the directions.
        k: how many directions, 1 to 3.
        scaling: of the directions; filter normalization by default.
        radius: the map goes from -radius to radius along each.
        points: on each axis.
        at: (n,), the middle of the map; default: where the objective starts. A network that
            was put into `canonical` form first has one picture, whatever its scales and names.
        fields: among `objective.fields`; default: the loss, and its standard error if there is one.
        store: a folder that keeps each finished tile; the same call resumes from it.
        executor: who evaluates the tiles.
        progress: called with (cells done, cells).

    Raises:
        InputError: a field, a size or a scaling that does not fit the objective.
        StoreError: the folder holds another surface, or cannot be written.

    >>> from thalweg.geometry.scaling import Unscaled
    >>> from thalweg.objectives.zoo import quadratic
    >>> bowl = landscape(quadratic([1.0, 3.0]), scaling=Unscaled(), points=5)
    >>> bowl.surface.sizes["a"], bowl.surface.attrs["recipe"]
    (5, 'random, seed 0, Unscaled()')
    """
    plane, grid = around(objective, seed, k, scaling, radius, points, at)
    fields = chosen_fields(objective, fields)
    surface = evaluate(objective, plane, grid, fields, executor, store, progress)
    return Landscape(surface, plane, objective=objective)


def around(
    objective: Objective,
    seed: int,
    k: int,
    scaling: BlockScaling,
    radius: float,
    points: int,
    at: FloatArray | None = None,
) -> tuple[Planar, Grid]:
    """Return the plane and the grid of `landscape`."""
    grid = tiled(Grid.square(radius, points, k))
    if at is None:
        return seeded_plane(objective, seed, k, scaling), grid
    return plane_at(objective, at, seed, k, scaling), grid


def follow(
    objective: Objective,
    trajectory: xr.Dataset,
    *,
    points: int = 51,
    fields: Sequence[str] = (),
    store: Path | str | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Landscape:
    """Return the landscape that a run went through: its principal plane, and its path there.

    Args:
        objective: what is mapped; its start does not matter.
        trajectory: a *trajectory* Dataset of the same parameters, such as `Recorder.trajectory`.
        points: on the longer axis of the map.
        fields: among `objective.fields`; default: the loss, and its standard error if there is one.
        store: a folder that keeps each finished tile, with the path in a folder beside it (see
            `path_store`); the same call resumes from it.
        executor: who evaluates the tiles.
        progress: called with (cells done, cells).

    Raises:
        InputError: a trajectory of another space, or one that never left a line.
        StoreError: the folder holds another surface, or cannot be written.

    >>> from thalweg.dynamics.record import record
    >>> from thalweg.dynamics.steppers import Momentum
    >>> from thalweg.objectives.zoo import quadratic
    >>> bowl = quadratic([1.0, 9.0])
    >>> run = record(bowl, np.array([3.0, 1.0]), Momentum(0.05), steps=20)
    >>> round(follow(bowl, run, points=5).path.attrs["captured_variance"], 6)
    1.0
    """
    course = chart(objective, trajectory, points, store)
    fields = chosen_fields(objective, fields)
    surface = evaluate(objective, course.plane, course.grid, fields, executor, store, progress)
    path, end = trace(objective, course, store), course.trajectory["point"].values[-1]
    return Landscape(surface, course.plane, path, objective, end)


@dataclass(frozen=True, eq=False)
class Course:
    """Where a run went: the trajectory as far as it is finite, its plane, and the grid around."""

    trajectory: xr.Dataset
    plane: Plane
    grid: Grid
    left_out: int


def chart(
    objective: Objective, trajectory: xr.Dataset, points: int, store: Path | str | None
) -> Course:
    """Return the course of a run; points from the first that is not finite on are left out.

    Raises:
        InputError: a trajectory of another space, or one that never left a line.
    """
    require_kind(trajectory, "trajectory")
    size, n = trajectory.sizes["parameter"], objective.layout.size
    if size != n:
        wanted = f"the trajectory must be of the {n} parameters of {objective.name}"
        raise InputError(wanted, str(size), "record the model that the objective holds")
    finite = [bool(np.isfinite(point).all()) for point in trajectory["point"].values]
    kept = (*finite, False).index(False)
    trajectory = trajectory.isel(step=slice(kept))
    visited = trajectory["point"].values
    plane = principal_plane(visited)
    grid = tiled(Grid.covering(plane.coordinates(visited), points))
    if store is not None and is_store(Path(store)):
        try:
            plane, grid = as_stored(load(store), plane, grid)
        except StoreError:
            if not was_repaired(store):  # if it was, `evaluate` makes anew what is gone
                raise
    return Course(trajectory, plane, grid, len(finite) - kept)


def trace(objective: Objective, course: Course, store: Path | str | None) -> xr.Dataset:
    """Return the path of a course in its plane, kept beside the surface if that has a store."""
    names = {f"{part}_digest": name for part, name in objective.identity().items()}
    beside = None if store is None else path_store(store)
    if beside is not None and is_store(beside):
        there = load(beside)
        if there.attrs.get("kind") != "path":
            got = f"a {there.attrs.get('kind', 'store without a kind')}"
            raise StoreError(f"{beside} must be free for the path", got, "choose another store")
        if _is_of(there, {**names, "plane_digest": course.plane.digest()}, course):
            return there
    path = project(objective, course.trajectory, course.plane)
    visited: FloatArray = course.trajectory["point"].values
    path.attrs |= names
    path.attrs["end_to_end"] = float(np.linalg.norm(visited[-1] - visited[0]))
    path.attrs["points_left_out"] = course.left_out
    if beside is not None:
        save(path, beside)
    return path


def path_store(store: Path | str) -> Path:
    """Return the folder of the path that belongs to the surface in `store`.

    >>> path_store("runs/landscape.zarr").as_posix()
    'runs/landscape-path.zarr'
    """
    store = Path(store)
    return store.with_name(f"{store.stem}-path{store.suffix}")


def chosen_fields(objective: Objective, fields: Sequence[str]) -> tuple[str, ...]:
    """Return the fields asked for, or the loss with its standard error where there is one."""
    offered = tuple(name for name in ("loss", "loss_stderr") if name in objective.fields)
    return tuple(fields) or offered


def tiled(grid: Grid) -> Grid:
    """Return the grid in tiles small enough that a stop in the midst costs little."""
    longest = max(grid.shape)
    return Grid(grid.axes, min(64, -(-longest // PIECES[grid.k])))


def _is_of(path: xr.Dataset, names: Mapping[str, str], course: Course) -> bool:
    """Return whether a stored path is that of this objective, plane and run."""
    same = all(path.attrs.get(key) == name for key, name in names.items())
    return same and np.array_equal(path["step"].values, course.trajectory["step"].values)
