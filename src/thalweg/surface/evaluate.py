"""evaluate: the fields of an objective on a grid of a plane, tile by tile."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.executor import Executor, Progress, SerialExecutor
from thalweg.core.grid import Grid, Tile
from thalweg.core.objective import Fields, Objective
from thalweg.core.plane import Plane
from thalweg.core.schema import Attr, Cell, surface_dataset
from thalweg.store.surface import SurfaceStore

PROBES = 64


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
    objective: Objective, plane: Plane, grid: Grid, fields: Sequence[str] = ("loss",)
) -> Estimate:
    """Return the cost of `evaluate`, measured on up to 64 cells of this very grid."""
    _check_axes(plane, grid)
    restriction = objective.restrict(plane, fields)
    first = next(iter(grid.tiles()))
    coords = grid.coords(first)[:PROBES]
    restriction(coords[:1])  # the first call may compile; that is paid once
    began = time.perf_counter()
    restriction(coords)
    seconds = (time.perf_counter() - began) * grid.size / len(coords)
    return Estimate(grid.size, seconds, 8 * grid.size * len(fields))


def evaluate(
    objective: Objective,
    plane: Plane,
    grid: Grid,
    fields: Sequence[str] = ("loss",),
    executor: Executor | None = None,
    store: Path | str | None = None,
    progress: Progress | None = None,
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

    Raises:
        InputError: the grid has not one axis a direction, or a field is unknown.
        StoreError: the folder holds another surface, or cannot be written.

    >>> from thalweg.objectives.zoo import quadratic
    >>> plane = Plane(np.zeros(2), np.eye(2))
    >>> bowl = evaluate(quadratic([2.0, 20.0]), plane, Grid((np.arange(3.0), np.arange(2.0))))
    >>> bowl.loss.dims, bowl.loss.sel(a=2, b=1).item()
    (('b', 'a'), 14.0)
    """
    _check_axes(plane, grid)
    restriction = objective.restrict(plane, fields)
    attrs: dict[str, Attr] = {
        "objective": objective.name,
        "objective_digest": objective.digest(),
        "fields": list(fields),
    }

    def compute(tile: Tile) -> Fields:
        shape = tuple(at.stop - at.start for at in tile.slices)
        return {k: v.reshape(shape) for k, v in restriction(grid.coords(tile)).items()}

    workers = executor or SerialExecutor()
    if store is not None:
        kept = SurfaceStore(store, plane, grid, fields, attrs)
        todo = list(kept.pending())
        done = grid.size - sum(_cells(tile) for tile in todo)
        for tile, found in _with_progress(workers, compute, todo, done, grid.size, progress):
            kept.write(tile, found, _status(found))
        return kept.dataset()
    values = {field: np.full(grid.shape, np.nan) for field in fields}
    status = np.full(grid.shape, Cell.PENDING, dtype=np.int8)
    todo = list(grid.tiles())
    for tile, found in _with_progress(workers, compute, todo, 0, grid.size, progress):
        for field in fields:
            values[field][tile.slices] = found[field]
        status[tile.slices] = _status(found)
    return surface_dataset(plane, grid, values, status, attrs)


def _with_progress(
    executor: Executor,
    compute: Callable[[Tile], Fields],
    todo: Iterable[Tile],
    done: int,
    total: int,
    progress: Progress | None,
) -> Iterator[tuple[Tile, Fields]]:
    for tile, found in executor.map(compute, todo):
        yield tile, found
        done += _cells(tile)
        if progress is not None:
            progress(done, total)


def _cells(tile: Tile) -> int:
    return int(np.prod([at.stop - at.start for at in tile.slices]))


def _status(found: dict[str, FloatArray]) -> NDArray[np.int8]:
    finite = np.all([np.isfinite(values) for values in found.values()], axis=0)
    return np.where(finite, Cell.DONE, Cell.NONFINITE).astype(np.int8)


def _check_axes(plane: Plane, grid: Grid) -> None:
    if plane.k != grid.k:
        wanted = f"the grid must have {plane.k} axes, one a direction"
        raise InputError(wanted, str(grid.k), "build it with Grid.square(radius, points, k)")
