"""Surface files of tomgoldstein/loss-landscape: read as a *surface*, written so that it reads."""

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError, StoreError
from thalweg.core.grid import Grid
from thalweg.core.schema import Attr, Cell, axes_of, provenance, surface_dataset
from thalweg.core.seeded_plane import Planar
from thalweg.interop.apart import arrays_of_h5
from thalweg.interop.canonical.writing import write_arrays

_FIELDS = {  # theirs: ours
    "train_loss": "loss",
    "train_acc": "accuracy",
    "test_loss": "test_loss",
    "test_acc": "test_accuracy",
    "min_eig": "min_eig",  # of the Hessian summed over batches, weights alone: theirs by name
    "max_eig": "max_eig",
}
_PERCENT = ("train_acc", "test_acc")
_BLANK = {name: 1.0 if name == "min_eig" else -1.0 for name in _FIELDS}  # "not evaluated yet"


def read_surface(path: Path | str, plane: Planar | None = None) -> xr.Dataset:
    """Return the *surface* in a file: rows are y (b), columns are x (a).

    Accuracy is a percentage there and a fraction here. Cells at that code's blank value are
    PENDING; a field that is blank everywhere is left out. Arrays of a grid that is not square lie
    scrambled in its files, as (nx, ny) filled in the order of (ny, nx); they are put right.
    Such a file does not hold its plane: without `plane` the lengths of the axes are NaN.

    Args:
        path: of the file.
        plane: on which it was evaluated, say `read_directions(file).plane(weights)`.

    Raises:
        StoreError: no such file, or not one of a surface.
        InputError: the plane has another number of directions than the surface.
    """
    path = Path(path)
    found = arrays_of_h5(path)[0]
    grid, orders = _grid(path, found)
    fields, pending = {}, np.zeros(grid.shape, dtype=bool)
    for theirs, ours in _FIELDS.items():
        if theirs not in found:
            continue
        values = _straight(path, theirs, found[theirs], grid)[np.ix_(*orders)]
        blank = values == _BLANK[theirs]
        if blank.all() and theirs != "train_loss":
            continue
        pending |= blank
        fields[ours] = values / 100 if theirs in _PERCENT else values
    if not fields:
        got, mend = f"{', '.join(found) or 'nothing'}", "pass a file with train_loss"
        raise StoreError(f"{path} must hold one of {', '.join(_FIELDS)}", got, mend)
    fields = {name: np.where(pending, np.nan, values) for name, values in fields.items()}
    finite = np.all([np.isfinite(values) for values in fields.values()], axis=0)
    status = np.where(pending, Cell.PENDING, np.where(finite, Cell.DONE, Cell.NONFINITE))
    attrs: dict[str, Attr] = {
        "objective": "canonical file",
        "fields": list(fields),
        "failures": [],
        "source": path.name,
        "direction_file": str(found.get("dir_file", "")),
    }
    if plane is None:
        return _unplaced(grid, fields, status.astype(np.int8), attrs)
    if plane.k != grid.k:
        wanted = f"the plane must have {grid.k} directions"
        raise InputError(wanted, str(plane.k), "read the directions that the surface was made of")
    return surface_dataset(plane, grid, fields, status.astype(np.int8), attrs)


def write_surface(surface: xr.Dataset, path: Path | str, direction_file: str = "") -> Path:
    """Write a *surface* of one or two dimensions as a file that code can read; return the path.

    PENDING cells get its blank value, FAILED ones NaN (it has no word for them). Arrays are
    (ny, nx), also where that code scrambles its own.

    Args:
        surface: with the field loss; accuracy, test_loss and test_accuracy go along.
        path: see `surface_file_name`.
        direction_file: name of the file of its directions.

    Raises:
        InputError: three dimensions, no field of theirs, or a value that means "blank" there.
        StoreError: the file cannot be written.
    """
    axes = axes_of(surface)
    if len(axes) > 2:
        raise InputError("that code knows 1 or 2 dimensions", "3", "write a .vtr or .nc file")
    dims, status = axes[::-1], surface["status"]
    pending = status.transpose(*dims).values == Cell.PENDING
    arrays: dict[str, NDArray | str] = {"dir_file": direction_file}
    for name, axis in zip(("xcoordinates", "ycoordinates"), axes, strict=False):
        arrays[name] = surface[axis].values.astype(np.float64)
    for theirs, ours in _FIELDS.items():
        if ours not in surface:
            continue
        values = surface[ours].transpose(*dims).values.astype(np.float64)
        values = values * 100 if theirs in _PERCENT else values
        if (values[~pending] == _BLANK[theirs]).any():
            wanted = f"{ours} must not be exactly {_BLANK[theirs]:g}, which means blank there"
            raise InputError(wanted, "such a cell", "shift the field, or write netCDF")
        arrays[theirs] = np.where(pending, _BLANK[theirs], values)
    if not arrays.keys() & _FIELDS.keys():
        raise InputError("the surface must have a field loss", "none", "evaluate it first")
    return write_arrays(Path(path), arrays)


def _grid(path: Path, found: dict[str, NDArray]) -> tuple[Grid, list[NDArray[np.intp]]]:
    """Return the grid, and for each array axis the order that makes its coordinates rise."""
    axes = [found[name] for name in ("xcoordinates", "ycoordinates") if name in found]
    if "xcoordinates" not in found or any(axis.ndim != 1 or not axis.size for axis in axes):
        got, mend = f"{', '.join(found) or 'nothing'}", "pass a file <directions>_[...].h5"
        raise StoreError(f"{path} must hold xcoordinates (and ycoordinates)", got, mend)
    orders = [np.argsort(axis, kind="stable") for axis in axes]
    sorted_axes = [np.asarray(axis)[order] for axis, order in zip(axes, orders, strict=True)]
    return Grid(tuple(sorted_axes)), orders[::-1]


def _straight(path: Path, name: str, values: NDArray, grid: Grid) -> FloatArray:
    """Return values of the grid's shape (ny, nx); (nx, ny) is that code's scrambled order."""
    if values.shape not in (grid.shape, grid.shape[::-1]):
        wanted = f"{name} in {path} must have shape {grid.shape}"
        raise StoreError(wanted, str(values.shape), "copy the file anew")
    return np.asarray(values, dtype=np.float64).reshape(grid.shape)


def _unplaced(
    grid: Grid, fields: dict[str, FloatArray], status: NDArray[np.int8], attrs: dict[str, Attr]
) -> xr.Dataset:
    """Return a *surface* whose plane is unknown."""
    k, dims = grid.k, grid.dims
    coords = {name: (name, axis) for name, axis in zip(dims[::-1], grid.axes, strict=True)}
    variables = {name: (dims, values) for name, values in {**fields, "status": status}.items()}
    unknown: dict[str, Attr] = {
        "labels": [f"{axis} direction" for axis in "xy"[:k]],
        "recipe": "a canonical file without its plane",
        "origin_length": float("nan"),
        "lengths": [float("nan")] * k,
        "cosines": [1.0 if i == j else float("nan") for i in range(k) for j in range(k)],
        "plane_digest": "unknown",
        "grid_digest": grid.digest(),
    }
    return xr.Dataset(variables, coords, provenance("surface", {**unknown, **attrs}))
