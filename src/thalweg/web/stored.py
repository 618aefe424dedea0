"""Stored: what is read from a store, and what a picture of it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError, StoreError, ThalwegError
from thalweg.core.grid import Grid
from thalweg.core.objective import Objective
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, axes_of, plane_of, surface_dataset
from thalweg.geometry.planes import principal_plane
from thalweg.store.folder import load
from thalweg.trust_report.trust import trust
from thalweg.viewer.frames import Frame
from thalweg.views.prose import counted, number
from thalweg.views.surface import SurfaceView, surface_view
from thalweg.views.trust import TrustLine
from thalweg.web.library import Library

P = ParamSpec("P")
R = TypeVar("R")
_NUMBERS = {"trajectory": {"point": ("step", "parameter"), "loss": ("step",)}}
LEAST = 3  # points of a run that a plane can be laid through


def sound(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function raise StoreError where a store holds what does not belong together."""

    @wraps(function)
    def reading(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ThalwegError:
            raise
        except Exception as fault:
            wanted = "a stored result must hold what its kind says"
            got = f"{type(fault).__name__}: {fault}"[:200]
            raise StoreError(wanted, got, "compute it again, or choose another one") from fault

    return reading


@dataclass(frozen=True, eq=False)
class StoredMap:
    """A stored surface with two directions.

    Attributes:
        surface: a *surface* Dataset.
        view: of it.
        plane: None where the surface does not hold it.
        paths: *path* Datasets that were kept beside it.
        trust: how far to trust it.
    """

    surface: xr.Dataset
    view: SurfaceView
    plane: Plane | None
    paths: tuple[xr.Dataset, ...]
    trust: tuple[TrustLine, ...]


@sound
def read(file: Path, name: str) -> xr.Dataset:
    """Return the Dataset in a store; what is wrong is said of its name, not of its whole path.

    Raises:
        StoreError: no store, a damaged one, or one that Thalweg did not write.
    """
    try:
        found = load(file)
    except StoreError as fault:
        wanted, got = (str(part).replace(str(file), name) for part in (fault.wanted, fault.got))
        raise StoreError(f"the result {wanted}", got, fault.mend) from None
    if "kind" not in found.attrs:
        wanted = f"the result {name} must be a store that Thalweg wrote"
        raise StoreError(wanted, "a Zarr group without a kind", "choose another one")
    for column, rows in _NUMBERS.get(str(found.attrs["kind"]), {}).items():
        values = found[column]
        if values.dims != rows or not np.issubdtype(values.dtype, np.floating):
            wanted = f"{column} of {name} must hold real numbers over {' and '.join(rows)}"
            raise StoreError(wanted, f"{values.dtype} over {values.dims}", "compute it again")
    return found


@sound
def read_map(library: Library, name: str, most: int) -> StoredMap:
    """Return a stored surface with two directions, and the paths that were kept beside it.

    Args:
        library: where it is.
        name: of it.
        most: at most so many paths.

    Raises:
        StoreError: it cannot be read.
        InputError: it has one direction, or three.
    """
    file = library.file(name)
    surface = read(file, name)
    if len(axes_of(surface)) != 2:
        got = f"{name}: {counted(len(axes_of(surface)), 'direction')}"
        raise InputError("a terrain has two directions", got, "draw it with `thalweg show`")
    for name in ("a", "b"):
        axis = surface[name].values
        if not (np.isfinite(axis).all() and (np.diff(axis) > 0).all()):
            wanted = f"the axis {name} of a terrain must rise"
            raise StoreError(wanted, "numbers that do not", "compute it again")
    beside = library.paths_over(file, surface.attrs["plane_digest"], most)
    paths = tuple(read(path, path.name) for path in beside)
    plane = plane_of(surface) if "directions" in surface else None
    lines = trust(surface, paths).lines()
    return StoredMap(surface, surface_view(surface), plane, paths, tuple(lines))


@sound
def plane_of_run(points: FloatArray) -> Plane:
    """Return the principal plane of the points (t, n) of a run, of those before the first NaN.

    Raises:
        InputError: too few points, or a run that never left a line.
    """
    finite = np.isfinite(points).all(axis=1)
    points = points[: finite.size if finite.all() else int(np.argmin(finite))]
    if len(points) < LEAST:
        wanted = f"a run must have {LEAST} finite points to be drawn on a plane"
        raise InputError(wanted, str(len(points)), "choose another one")
    return principal_plane(points)


def unknown_terrain(plane: Plane, grid: Grid, objective: str) -> xr.Dataset:
    """Return the *surface* of which nothing is known: all its cells are pending."""
    unknown = {"loss": np.full(grid.shape, np.nan)}
    status = np.full(grid.shape, Cell.PENDING, dtype=np.int8)
    return surface_dataset(plane, grid, unknown, status, {"objective": objective})


def is_of(found: xr.Dataset, objective: Objective, *, unsaid: bool) -> bool:
    """Return whether a stored result is of this objective.

    Args:
        found: it.
        objective: this one.
        unsaid: whether a result that does not say of what it is counts, if its size fits.
    """
    names = {f"{part}_digest": name for part, name in objective.identity().items()}
    if any(key in found.attrs for key in names):
        return all(found.attrs.get(key) == name for key, name in names.items())
    if "objective_digest" in found.attrs:
        return found.attrs["objective_digest"] == objective.digest()
    return unsaid and found.sizes.get("parameter") == objective.layout.size


def spectrum_frame(found: xr.Dataset, name: str) -> Frame:
    """Return the frame of a stored *spectrum* Dataset."""
    values = found["eigenvalues"].values
    negative = int(found.attrs.get("negative", (values < 0).sum()))
    words = f"{counted(values.size, 'eigenvalue')}, {negative:,} of them negative"
    if values.size:
        words += f"; lowest {number(values[0])}, highest {number(values[-1])}"
    if found.attrs.get("truncated"):
        words += "; the ends alone"
    if found.attrs.get("objective"):
        words += f"; of {found.attrs['objective']}"
    head = {"title": name, "negative": negative, "words": f"{words}."}
    return Frame("spectrum", head, {"eigenvalues": values})
