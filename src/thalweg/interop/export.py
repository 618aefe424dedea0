"""export: a result as a file for another program, by the ending of its name."""

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from thalweg.core.errors import InputError
from thalweg.interop.canonical.surfaces import write_surface
from thalweg.interop.gltf import write_glb
from thalweg.interop.heights import Heights
from thalweg.interop.netcdf import write_netcdf
from thalweg.interop.solids import write_obj, write_stl
from thalweg.interop.tables import write_csv
from thalweg.interop.vtk import write_vtp, write_vtr, write_vts

ENDINGS = {
    ".csv": "any result as a table",
    ".nc": "any result as NetCDF-4, with its plane and provenance",
    ".h5": "a surface as tomgoldstein/loss-landscape writes it",
    ".vts": "a surface as a relief for ParaView",
    ".vtr": "a volume for ParaView",
    ".vtp": "a path over a surface for ParaView",
    ".glb": "a surface and its paths as glTF, with colors",
    ".obj": "a surface and its paths for modelers, with colors",
    ".stl": "a surface for printers",
}


def export(
    result: xr.Dataset,
    path: Path | str,
    *,
    heights: Heights = Heights(),  # noqa: B008
    paths: Sequence[xr.Dataset] = (),
    over: xr.Dataset | None = None,
) -> Path:
    """Write a result in the format that the file's ending names; return the path.

    Endings: .csv and .nc take any result; .h5, .vts, .glb, .obj and .stl a surface; .vtr a
    volume; .vtp a path.

    Args:
        result: a Dataset of Thalweg.
        path: of the file, written whole or not at all.
        heights: how the field becomes a height, where the format has one.
        paths: that go along, in a .glb or .obj file.
        over: the surface below a path, for a .vtp file.

    Raises:
        InputError: an unknown ending, or a result that does not fit it.
        MissingExtraError: .h5 or .nc without the formats extra.
        StoreError: the file cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        wanted = f"the ending must be among {', '.join(ENDINGS)}"
        raise InputError(wanted, repr(ending), "rename the file")
    if paths and ending not in (".glb", ".obj"):
        mend = "write each path as .vtp or .csv"
        raise InputError("paths go along in .glb and .obj files", ending, mend)
    match ending:
        case ".csv":
            return write_csv(result, path)
        case ".nc":
            return write_netcdf(result, path)
        case ".h5":
            return write_surface(result, path)
        case ".vts":
            return write_vts(result, path, heights)
        case ".vtr":
            return write_vtr(result, path)
        case ".glb":
            return write_glb(result, path, heights, paths)
        case ".obj":
            return write_obj(result, path, heights, paths)
        case ".stl":
            return write_stl(result, path, heights)
    if over is None:
        raise InputError("a .vtp file needs the surface below the path", "none", "pass over=")
    return write_vtp(result, over, path, heights)
