"""`thalweg export`: a stored result as a file for another program."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from thalweg.cli.output import Json, print_json, print_result
from thalweg.cli.show import Width
from thalweg.core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

FILMS = (".mp4", ".gif")

EXAMPLES = """\
Examples:
  thalweg export landscape.zarr landscape.vts
  thalweg export landscape.zarr cells.csv
  thalweg export landscape.zarr landscape.glb --field accuracy
  thalweg export landscape.zarr run.mp4
  thalweg export landscape-path.zarr run.vtp --over landscape.zarr
"""


def export(
    store: Annotated[Path, Parameter(help="A store.")],
    file: Annotated[Path, Parameter(help="The file; its ending chooses the format.")],
    /,
    *,
    field: Annotated[str, Parameter(help="Field that becomes height or color.")] = "loss",
    path: Annotated[
        Path | None,
        Parameter(help="Path over the surface; default: the one that `follow` kept beside it."),
    ] = None,
    over: Annotated[Path | None, Parameter(help="Surface below a path, for .vtp.")] = None,
    width: Width = None,
    seconds: Annotated[float, Parameter(help="Length of a film.")] = 8.0,
    json: Json = False,
) -> None:
    """Write a stored result for another program; an existing file is replaced.

    Any result: .csv .nc, and .png .svg .pdf .html as `thalweg show` draws it.
    A surface: .h5 as the code of Li et al. 2018 has it, .vts for ParaView,
    .glb .obj .stl for modelers and printers, and with a path .mp4 .gif.
    A volume: .vtr. A path: .vtp. Cells that are pending, failed or not finite
    are holes in a mesh and nan in a table, which has their status beside them.
    """
    from thalweg.cli.stored import path_over, read

    stored = read(store)
    along = read(path) if path is not None else path_over(store, stored)
    check_ending(file)
    if file.suffix.lower() in FILMS:
        film(stored, along, file, field, width, seconds)
    else:
        write(stored, along, read(over) if over is not None else None, file, field, width)
    if json:
        told = {"store": str(store), "file": str(file), "bytes": file.stat().st_size}
        print_json({**told, "field": field})
    else:
        print_result(str(file))


def check_ending(file: Path) -> None:
    """Raise InputError unless the ending names a format."""
    from thalweg.cli.pictures import PICTURES
    from thalweg.interop.export import ENDINGS

    known = (*ENDINGS, *PICTURES, *FILMS)
    if file.suffix.lower() not in known:
        got = repr(file.name)
        raise InputError(f"the file must end in one of {', '.join(known)}", got, "rename it")
    if file.is_dir():
        raise InputError(f"{file} must be a file", "a folder", "choose another name")


def write(
    stored: "xr.Dataset",
    path: "xr.Dataset | None",
    over: "xr.Dataset | None",
    file: Path,
    field: str,
    width: float | None,
) -> None:
    """Write one file in the format of its ending.

    Raises:
        InputError: a result that does not fit the format.
        MissingExtraError: the format needs a package that is not installed.
        StoreError: the file cannot be written.
    """
    from thalweg.cli.pictures import PICTURES, draw
    from thalweg.interop.export import export as exported
    from thalweg.interop.heights import Heights

    ending = file.suffix.lower()
    if ending in PICTURES:
        draw(stored, path, file, field, "", width)
        return
    if ending == ".vtp":
        run, below = (path, stored) if stored.attrs["kind"] == "surface" else (stored, over)
        if run is None or below is None:
            got, mend = "one of them", "give --path or --over"
            raise InputError("a .vtp needs a path and the surface below it", got, mend)
        exported(run, file, heights=Heights(field), over=below)
        return
    paths = [path] if path is not None and ending in (".glb", ".obj") else []
    exported(stored, file, heights=Heights(field), paths=paths)


def film(
    stored: "xr.Dataset",
    path: "xr.Dataset | None",
    file: Path,
    field: str,
    width: float | None,
    seconds: float,
) -> None:
    """Write a film of the path being walked.

    Raises:
        InputError: no surface, or no path over it.
        MissingExtraError: .mp4 and .gif need the formats extra.
        StoreError: the file cannot be written.
    """
    from thalweg.core.schema import require_kind
    from thalweg.plots.mpl_animation import save_animation
    from thalweg.study.journey_figure import map_views

    require_kind(stored, "surface")
    if path is None:
        mend = "give --path, or make one with thalweg follow"
        raise InputError(f"a {file.suffix} needs a path over the surface", "none", mend)
    view, paths, trust = map_views(stored, path, field)
    save_animation(view, paths, file, seconds=seconds, trust=trust, width_mm=width or 120.0)
