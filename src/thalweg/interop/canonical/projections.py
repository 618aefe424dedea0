"""Projection files of tomgoldstein/loss-landscape: where checkpoints lie on a plane."""

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats
from thalweg.core.errors import InputError, StoreError
from thalweg.core.plane import AXES
from thalweg.core.schema import provenance
from thalweg.interop.apart import arrays_of_h5
from thalweg.interop.canonical.names import ProjectionMethod
from thalweg.interop.canonical.writing import write_arrays

_NAMES = ("proj_xcoord", "proj_ycoord")


def read_projection(
    path: Path | str, method: ProjectionMethod, directions: ArrayLike | None = None
) -> xr.Dataset:
    """Return the *path* in a file; residual and losses are NaN, for it does not hold them.

    A COS file holds dot(move, d) / |d| for each direction d: a length, not a coordinate, unless
    the directions are orthogonal and of length 1. With them the coordinates are exact again.

    Args:
        path: of the file.
        method: by which it was made, the end of its name.
        directions: (k, n), of its plane; needed for COS.

    Raises:
        InputError: a COS file without its directions, or with another number of them.
        StoreError: no such file, or not one of a projection.
    """
    found = arrays_of_h5(path)[0]
    columns = [np.asarray(found[name], dtype=np.float64) for name in _NAMES if name in found]
    if _NAMES[0] not in found or len({column.shape for column in columns}) != 1:
        got, mend = f"{', '.join(found) or 'nothing'}", "pass a file ..._proj_cos.h5 or _lstsq.h5"
        raise StoreError(f"{path} must hold {' and '.join(_NAMES)}, alike", got, mend)
    coords = np.stack(columns, axis=1)
    if method is ProjectionMethod.COS:
        if directions is None:
            mend = "pass directions=read_directions(file).flat"
            raise InputError("a COS projection needs the directions", "none", mend)
        unit, lengths = _unit(directions, coords.shape[1])
        coords = np.linalg.solve(unit @ unit.T, coords.T).T / lengths
    unknown = np.full(len(coords), np.nan)
    variables = {name: ("step", coords[:, i]) for i, name in enumerate(AXES[: coords.shape[1]])}
    variables |= dict.fromkeys(("residual", "loss", "plane_loss", "gap"), ("step", unknown))
    attrs = provenance("path", {"source": Path(path).name, "captured_variance": float("nan")})
    return xr.Dataset(variables, {"step": np.arange(len(coords))}, attrs)


def write_projection(
    path_in_plane: xr.Dataset,
    path: Path | str,
    method: ProjectionMethod,
    directions: ArrayLike | None = None,
) -> Path:
    """Write a *path* as that code would; return the file's path.

    Args:
        path_in_plane: with coordinates a (and b).
        path: see `projection_file_name`.
        method: COS turns coordinates into the lengths that its plots expect.
        directions: (k, n), of the plane; needed for COS.

    Raises:
        InputError: COS without the directions, or three coordinates.
        StoreError: the file cannot be written.
    """
    names = [name for name in AXES if name in path_in_plane.variables]
    if not 1 <= len(names) <= 2:
        wanted = "that code knows 1 or 2 coordinates"
        raise InputError(wanted, str(len(names)), "write the path as CSV or netCDF")
    coords = np.stack([path_in_plane[name].values for name in names], axis=1).astype(np.float64)
    if method is ProjectionMethod.COS:
        if directions is None:
            raise InputError("COS needs the directions", "none", "pass plane.directions")
        unit, lengths = _unit(directions, len(names))
        coords = coords * lengths @ (unit @ unit.T)
    columns = {name: coords[:, i] for i, name in enumerate(_NAMES[: len(names)])}
    return write_arrays(Path(path), columns)


def _unit(directions: ArrayLike, k: int) -> tuple[FloatArray, FloatArray]:
    """Return unit directions (k, n) and the lengths (k,) that they had."""
    rows = as_floats(directions, "directions", (k, None), "pass those of the plane")
    lengths = np.linalg.norm(rows, axis=1)
    return rows / lengths[:, None], lengths
