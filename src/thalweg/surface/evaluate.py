"""evaluate: the fields of an objective on a grid of a plane, tile by tile."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from thalweg.core.errors import InputError
from thalweg.core.executor import Executor, Progress, SerialExecutor
from thalweg.core.grid import Grid
from thalweg.core.objective import Objective
from thalweg.core.patience import Patience
from thalweg.core.schema import Attr
from thalweg.core.seeded_plane import Planar
from thalweg.store.draft import SurfaceDraft
from thalweg.store.surface import SurfaceStore
from thalweg.surface.work import TileWork

ENOUGH = 0.1  # seconds that make a measurement


@dataclass(frozen=True)
class Estimate:
    """What a surface will cost.

    Attributes:
        cells: how many points are evaluated.
        seconds: expected, from a short measurement.
        bytes: of the fields in memory.
    """

    cells: int
    seconds: float
    bytes: int

    def __str__(self) -> str:
        size = f"{self.bytes / 1e6:.1f} MB"
        return f"{self.cells:,} cells, about {self.seconds:.2g} s, {size}"


def estimate(
    objective: Objective, plane: Planar, grid: Grid, fields: Sequence[str] = ("loss",)
) -> Estimate:
    """Return the cost of `evaluate`, measured on this very grid: few cells of a slow objective."""
    _check_axes(plane, grid)
    restriction = objective.restrict_for_map(plane, fields, grid.size)
    coords = grid.coords(next(iter(grid.tiles())))
    restriction(coords[:1])  # the first call may compile; that is paid once
    cells, seconds = 1, 0.0
    while True:
        began = time.perf_counter()
        restriction(coords[:cells])
        seconds = time.perf_counter() - began
        if seconds > ENOUGH or cells == len(coords):
            break
        cells = min(4 * cells, len(coords))
    return Estimate(grid.size, seconds * grid.size / cells, 8 * grid.size * len(fields))


def evaluate(
    objective: Objective,
    plane: Planar,
    grid: Grid,
    fields: Sequence[str] = ("loss",),
    executor: Executor | None = None,
    store: Path | str | None = None,
    progress: Progress | None = None,
    patience: float | None = None,
) -> xr.Dataset:
    """Return the *surface* of the fields on the grid.

    Args:
        objective: what is mapped.
        plane: its origin and k directions.
        grid: k axes; need not be square, nor centered.
        fields: among `objective.fields`.
        executor: who evaluates the tiles; default: this thread (the kernels use all cores).
        store: a folder that keeps each finished tile; the same call resumes from it.
        progress: called with (cells done, cells).
        patience: seconds that a cell may take at most; cells are then computed one by one.

    A cell whose loss raises, or outlasts the patience, is kept as FAILED with what it said; so are
    the cells of a tile whose workers died each time. The others are computed.

    Raises:
        InputError: the grid has not one axis a direction, a field is unknown, or the executor
            cannot stop a cell that takes too long.
        StoreError: the folder holds another surface, is written by another process, is damaged,
            or cannot be written.

    >>> from thalweg.core.plane import Plane
    >>> from thalweg.objectives.zoo import quadratic
    >>> plane = Plane([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]])
    >>> bowl = evaluate(quadratic([2.0, 20.0]), plane, Grid(([0.0, 1.0, 2.0], [0.0, 1.0])))
    >>> bowl.loss.dims, bowl.loss.sel(a=2, b=1).item()
    (('b', 'a'), 14.0)
    """
    _check_axes(plane, grid)
    executor = executor or SerialExecutor()
    limit = Patience.under(executor.overtime, patience)
    work = TileWork(objective, plane, grid, tuple(fields), limit)
    work.prepare()
    attrs: dict[str, Attr] = {
        "objective": objective.name,
        **{f"{part}_digest": name for part, name in objective.identity().items()},
        "fields": list(fields),
    }
    if store is None:
        kept = SurfaceDraft(plane, grid, fields, attrs)
    else:
        kept = SurfaceStore(store, plane, grid, fields, attrs)
    with kept:
        todo = list(kept.pending())
        done = grid.size - sum(tile.size for tile in todo)
        with closing(executor.map(work, todo, work.lost)) as results:
            for tile, found in results:
                kept.write(tile, found.fields, found.status, found.failures, found.method)
                done += tile.size
                if progress is not None:
                    progress(done, grid.size)
        return kept.dataset()


def _check_axes(plane: Planar, grid: Grid) -> None:
    if plane.k != grid.k:
        wanted = f"the grid must have {plane.k} axes, one a direction"
        raise InputError(wanted, str(grid.k), "build it with Grid.square(radius, points, k)")
