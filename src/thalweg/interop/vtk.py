"""VTK files for ParaView: .vts for a surface, .vtr for a volume, .vtp for a path over a surface.

Written by hand as XML with base64 arrays; no VTK needed. NaN and infinity stay as they are in the
fields; the cells around them are marked hidden (`vtkGhostType`), so that ParaView draws a hole.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.errors import InputError
from thalweg.core.files import write_whole
from thalweg.core.schema import axes_of, require_kind
from thalweg.interop.heights import Heights, Relief, runs_in_relief

_TYPES = {"f8": "Float64", "i8": "Int64", "i1": "Int8", "u1": "UInt8"}
_HIDDEN_CELL = 32
_OWN = ("origin", "directions")


def write_vts(surface: xr.Dataset, path: Path | str, heights: Heights = Heights()) -> Path:  # noqa: B008
    """Write a two-dimensional *surface* as a relief, all its fields as point data; return the path.

    Points are (a, b, height), at height zero where the field is not finite.

    Raises:
        InputError: what `heights` asks does not fit the surface.
        StoreError: the file cannot be written.
    """
    relief = heights.of(surface)
    b, a = np.meshgrid(relief.b, relief.a, indexing="ij")
    z = relief.height(relief.values)
    known = np.isfinite(z)
    points = np.stack([a, b, np.where(known, z, 0.0)], axis=-1).reshape(-1, 3)
    sizes = (relief.a.size, relief.b.size, 1)
    body = "".join(
        [
            _said(relief),
            f"<Piece Extent={_extent(sizes)}>\n",
            _data("PointData", _fields(surface, ("b", "a")), relief.field),
            _data("CellData", {"vtkGhostType": _hidden(known)}),
            f"<Points>\n{_array('Points', points)}</Points>\n</Piece>\n",
        ]
    )
    return write_whole(Path(path), _file("StructuredGrid", body, sizes))


def write_vtr(volume: xr.Dataset, path: Path | str) -> Path:
    """Write a three-dimensional *surface* on its grid, all its fields as point data.

    Raises:
        InputError: not three-dimensional.
        StoreError: the file cannot be written.
    """
    axes = axes_of(volume)
    sizes = tuple(volume.sizes[name] for name in axes)
    if len(axes) != 3:
        raise InputError("a .vtr file needs 3 directions", str(len(axes)), "write .vts or .csv")
    known = np.ones([volume.sizes[name] for name in "cba"], dtype=bool)
    fields = _fields(volume, ("c", "b", "a"))
    for name, values in fields.items():
        if name != "status":
            known &= np.isfinite(values).reshape(known.shape)
    body = "".join(
        [
            f"<Piece Extent={_extent(sizes)}>\n",
            _data("PointData", fields, next(iter(fields))),
            _data("CellData", {"vtkGhostType": _hidden(known)}),
            "<Coordinates>\n",
            *(_array(name, volume[name].values.astype(np.float64)) for name in axes),
            "</Coordinates>\n</Piece>\n",
        ]
    )
    return write_whole(Path(path), _file("RectilinearGrid", body, sizes))


def write_vtp(
    path_in_plane: xr.Dataset,
    surface: xr.Dataset,
    path: Path | str,
    heights: Heights = Heights(),  # noqa: B008
) -> Path:
    """Write a *path* as lines over the relief of its surface, at its true loss.

    The point data are step, loss, plane_loss, gap and residual. Steps that are not finite are
    left out, and the line is cut there.

    Args:
        path_in_plane: with coordinates a and b.
        surface: below it; it settles what `heights` leaves open.
        path: of the file.
        heights: as for the surface's own file.

    Raises:
        InputError: not a path in two dimensions, or heights of another field than the loss.
        StoreError: the file cannot be written.
    """
    require_kind(path_in_plane, "path")
    relief = heights.of(surface)
    runs = runs_in_relief(path_in_plane, relief)
    points = np.concatenate([p for p, _ in runs]) if runs else np.empty((0, 3))
    rows = np.concatenate([r for _, r in runs]) if runs else np.empty(0, dtype=np.int64)
    data: dict[str, NDArray] = {"step": path_in_plane["step"].values[rows].astype(np.int64)}
    for name in ("loss", "plane_loss", "gap", "residual"):
        data[name] = path_in_plane[name].values[rows].astype(np.float64)
    sizes = [len(run) for _, run in runs]
    body = "".join(
        [
            _said(relief),
            f'<Piece NumberOfPoints="{len(points)}" NumberOfVerts="0" '
            f'NumberOfLines="{len(runs)}" NumberOfStrips="0" NumberOfPolys="0">\n',
            _data("PointData", data, "loss"),
            f"<Points>\n{_array('Points', points)}</Points>\n",
            "<Lines>\n",
            _array("connectivity", np.arange(len(points))),
            _array("offsets", np.cumsum(sizes, dtype=np.int64)),
            "</Lines>\n</Piece>\n",
        ]
    )
    return write_whole(Path(path), _file("PolyData", body))


def _file(kind: str, body: str, sizes: Sequence[int] = ()) -> bytes:
    whole = f" WholeExtent={_extent(sizes)}" if sizes else ""
    head = f'<VTKFile type="{kind}" version="1.0" byte_order="LittleEndian" header_type="UInt64">'
    text = f'<?xml version="1.0"?>\n{head}\n<{kind}{whole}>\n{body}</{kind}>\n</VTKFile>\n'
    return text.encode()


def _extent(sizes: Sequence[int]) -> str:
    return '"' + " ".join(f"0 {size - 1}" for size in sizes) + '"'


def _fields(surface: xr.Dataset, dims: tuple[str, ...]) -> dict[str, NDArray]:
    """Return the fields flat, a fastest, and the status as its codes."""
    names = [str(name) for name in surface.data_vars if name not in _OWN]
    flat = {name: surface[name].transpose(*dims).values.ravel() for name in names}
    return {
        name: values.astype(np.int8 if name == "status" else np.float64)
        for name, values in flat.items()
    }


def _hidden(known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return for each cell between points whether one of its corners is not known."""
    bad = ~known
    for axis in range(known.ndim):
        if bad.shape[axis] > 1:
            ahead, behind = np.moveaxis(bad, axis, 0)[1:], np.moveaxis(bad, axis, 0)[:-1]
            bad = np.moveaxis(ahead | behind, 0, axis)
    return (bad.ravel() * _HIDDEN_CELL).astype(np.uint8)


def _said(relief: Relief) -> str:
    numbers = {"exaggeration": relief.exaggeration, "base": relief.base}
    arrays = "".join(
        _array(name, np.array([value]), ' NumberOfTuples="1"') for name, value in numbers.items()
    )
    said = relief.said.replace("--", "- -")  # two would end the comment
    return f"<!-- {said} -->\n<FieldData>\n{arrays}</FieldData>\n"


def _data(tag: str, arrays: Mapping[str, NDArray], scalars: str = "") -> str:
    shown = f" Scalars={quoteattr(scalars)}" if scalars else ""
    inner = "".join(_array(name, values) for name, values in arrays.items())
    return f"<{tag}{shown}>\n{inner}</{tag}>\n"


def _array(name: str, values: NDArray, more: str = "") -> str:
    """Return a DataArray: base64 of its length in bytes (8 bytes) and its numbers."""
    kind = values.dtype.str[1:]
    raw = np.ascontiguousarray(values).astype(f"<{kind}").tobytes()
    coded = b64encode(len(raw).to_bytes(8, "little") + raw).decode()
    more += f' NumberOfComponents="{values.shape[1]}"' if values.ndim == 2 else ""
    head = f'<DataArray type="{_TYPES[kind]}" Name={quoteattr(name)}{more} format="binary">'
    return f"{head}\n{coded}\n</DataArray>\n"
