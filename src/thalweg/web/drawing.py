"""Drawing: the map of a window, a tile at a time, coarse first where it takes long."""

from collections.abc import AsyncIterator, Callable
from time import perf_counter

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.objective import Objective, Restriction
from thalweg.core.plane import Plane
from thalweg.core.schema import Attr
from thalweg.store.draft import SurfaceDraft
from thalweg.surface.work import TileWork
from thalweg.web.hall import Hall
from thalweg.web.turns import Gone

SLICE = 0.02  # seconds of work before others have their turn
PATIENCE = 0.15  # a map that takes longer is shown coarse first
COARSE = 25  # points of a coarse map
PROBE = 64  # cells that are timed


async def drawn(
    hall: Hall, objective: Objective, plane: Plane, grid: Grid, tell: Callable[[float], None]
) -> AsyncIterator[tuple[xr.Dataset, bool]]:
    """Yield the *surface*, and whether it is a draft; to stop it takes one tile at most.

    Args:
        hall: whose threads do the work.
        objective: what is mapped.
        plane: where.
        grid: of the whole map.
        tell: called with the share that is done, now and then.

    Raises:
        InputError: it would take longer than the hall allows; the draft is there by then.
    """
    seconds = await hall.quick(_estimate, objective, plane, grid)
    if seconds > PATIENCE and max(grid.shape) > COARSE:
        coarse = Grid(tuple(axis[_spread(axis.size)] for axis in grid.axes))
        less = seconds * coarse.size / grid.size
        yield await _surface(hall, objective, plane, coarse, less, tell), True
    limit = hall.limits.seconds
    if seconds > limit:
        got = f"about {seconds:.0f} s for {grid.size:,} cells"
        raise InputError(f"a map may take {limit:g} s", got, "ask for fewer points")
    yield await _surface(hall, objective, plane, grid, seconds, tell), False


def _spread(size: int) -> np.ndarray:
    """Return which of so many points a coarse axis keeps; both ends are among them."""
    return np.unique(np.linspace(0, size - 1, min(size, COARSE)).round().astype(int))


def _estimate(objective: Objective, plane: Plane, grid: Grid) -> float:
    """Return the seconds that a map will take, from some of its cells."""
    restriction = _forgiving(objective.restrict(plane))
    coords = grid.coords()
    chosen = coords[:: max(1, len(coords) // PROBE)][:PROBE]
    restriction(chosen[:1])  # the first call may compile
    began = perf_counter()
    restriction(chosen)
    return (perf_counter() - began) * len(coords) / len(chosen)


def _forgiving(restriction: Restriction) -> Callable[[FloatArray], object]:
    """Return a restriction whose cells may raise: the map itself marks such cells as failed."""

    def called(coords: FloatArray) -> object:
        try:
            return restriction(coords)
        except Gone:
            raise
        except Exception:
            return None

    return called


async def _surface(
    hall: Hall,
    objective: Objective,
    plane: Plane,
    grid: Grid,
    seconds: float,
    tell: Callable[[float], None],
) -> xr.Dataset:
    """Return the *surface*, the same as from `evaluate`, in tiles of about a slice each."""
    side = int(np.clip(np.sqrt(grid.size * SLICE / max(seconds, 1e-6)), 4, max(grid.shape)))
    grid = Grid(grid.axes, side)
    work = TileWork(objective, plane, grid, ("loss",))
    attrs: dict[str, Attr] = {
        "objective": objective.name,
        **{f"{part}_digest": name for part, name in objective.identity().items()},
    }
    kept, done = SurfaceDraft(plane, grid, ("loss",), attrs), 0
    for tile in grid.tiles():
        found = await hall.quick(work, tile)
        kept.write(tile, found.fields, found.status, found.failures, found.method)
        done += tile.size
        tell(done / grid.size)
    return kept.dataset()
