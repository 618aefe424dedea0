"""`thalweg show`: a stored result as a picture."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from thalweg.cli.output import Json, print_json, print_result

EXAMPLES = """\
Examples:
  thalweg show landscape.zarr --open
  thalweg show landscape.zarr --out figures/landscape.pdf --title "A narrow valley"
  thalweg show landscape.zarr --field accuracy --out accuracy.png --width 85
  thalweg show landscape.zarr --out landscape.html
"""

Width = Annotated[
    float | None, Parameter(help="Width in millimeters; 85 is a journal column; default: 120.")
]


def show(
    store: Annotated[Path, Parameter(help="A store.")],
    /,
    *,
    out: Annotated[
        Path | None, Parameter(help="Picture: .png, .svg, .pdf or .html; default: STORE.png.")
    ] = None,
    field: Annotated[str, Parameter(help="Field of a surface.")] = "loss",
    title: Annotated[
        str, Parameter(help="Title: what the picture shows.", show_default=False)
    ] = "",
    width: Width = None,
    open_: Annotated[
        bool, Parameter(name="--open", help="Open the picture.", negative="", show_default=False)
    ] = False,
    json: Json = False,
) -> None:
    """Draw a stored surface, line, trajectory, path or spectrum.

    A surface that `thalweg follow` made is drawn with its path. Cells that are pending or failed
    are marked as such. A picture that is there already is replaced.
    """
    from thalweg.cli.pictures import check_suffix, draw
    from thalweg.cli.stored import path_over, read

    picture = out or store.with_suffix(".png")
    check_suffix(picture)
    stored = read(store)
    draw(stored, path_over(store, stored), picture, field, title, width)
    if json:
        print_json({"store": str(store), "picture": str(picture), "field": field})
    else:
        print_result(str(picture))
    if open_:
        import webbrowser

        webbrowser.open(picture.resolve().as_uri())
