"""CSV of any result: one row a cell, a step or an eigenvalue; every number to its last bit.

Numbers have as many digits (17 at most) as it takes to read the same float64 again; nan, inf and
-inf are spelled so.
"""

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.errors import InputError
from thalweg.core.files import write_whole
from thalweg.core.schema import Cell, axes_of, require_kind

_ROWS = {
    "trajectory": "step",
    "projections": "step",
    "path": "step",
    "spectrum": "eigenvalue",
}


def write_csv(dataset: xr.Dataset, path: Path | str, points: bool = False) -> Path:
    """Write a result of any kind as CSV with a header; return the path.

    A surface becomes a row a cell: coordinates, fields, and the status in words, a changing
    fastest. Its plane and its provenance are left out; netCDF keeps them.

    Args:
        dataset: of any kind.
        path: of the file.
        points: whether a trajectory's parameters go along, as columns point_0, point_1, ...

    Raises:
        InputError: a Dataset of no known kind.
        StoreError: the file cannot be written.
    """
    kind = str(dataset.attrs.get("kind", "a Dataset without a kind"))
    if kind == "surface":
        columns = _cells(dataset)
    elif kind in _ROWS:
        columns = _rows(require_kind(dataset, kind), _ROWS[kind], points)
    else:
        wanted = f"a table needs a surface or one of {', '.join(_ROWS)}"
        raise InputError(wanted, kind, "pass a result of Thalweg")
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return write_whole(Path(path), text.getvalue().encode())


def _cells(surface: xr.Dataset) -> dict[str, Sequence[object]]:
    axes = axes_of(surface)
    dims = axes[::-1]
    mesh = np.meshgrid(*(surface[name].values for name in dims), indexing="ij")
    columns: dict[str, Sequence[object]] = {
        name: _numbers(values) for name, values in zip(dims, mesh, strict=True)
    }
    columns = {name: columns[name] for name in axes}
    for name in surface.data_vars:
        if set(surface[name].dims) == set(dims) and name != "status":
            columns[str(name)] = _numbers(surface[name].transpose(*dims).values)
    codes = surface["status"].transpose(*dims).values.ravel()
    columns["status"] = [Cell(int(code)).name.lower() for code in codes]
    return columns


def _rows(dataset: xr.Dataset, dim: str, points: bool) -> dict[str, Sequence[object]]:
    columns: dict[str, Sequence[object]] = {dim: [int(i) for i in dataset[dim].values]}
    for name, variable in dataset.data_vars.items():
        if variable.dims == (dim,):
            columns[str(name)] = _numbers(variable.values)
        elif name == "product" or (name == "point" and points):
            columns |= {f"{name}_{i}": _numbers(c) for i, c in enumerate(variable.values.T)}
    return columns


def _numbers(values: NDArray) -> list[object]:
    """Return Python numbers, flat, whose text reads back as the same bits."""
    return list(np.asarray(values).ravel().tolist())
