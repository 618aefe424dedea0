"""result: what `surface`, `line` and `follow` say when they are done."""

from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.cli.options import Options
from thalweg.cli.output import console, print_json, print_result

if TYPE_CHECKING:
    import xarray as xr

    from thalweg.cli.work import Done

EXIT_FAILED = 1


def tell(done: "Done", path: "xr.Dataset | None", out: Path, options: Options) -> int:
    """Draw what was asked for, print the result, and return the exit code.

    Args:
        done: the surface.
        path: the path over it, if one was followed.
        out: its store.
        options: whether to draw, and how to print.
    """
    from thalweg.cli.describe import counts, description
    from thalweg.cli.words import cells

    count = counts(done.surface)
    if count["failed"] or count["nonfinite"]:
        console().print(f"{count['total']:,} cells: {cells(count)}.")
    for words in done.surface.attrs.get("failures", [])[:1]:
        console().print(f"The first failure: {words}", markup=False)
    figure = _figure(done.surface, path, options)
    if options.json:
        result = description(done.surface, out)
        result |= {"figure": figure and str(figure), "resumed": done.resumed}
        result |= {"seconds": done.seconds}
        if path is not None:
            from thalweg.study.journeys import path_store

            result["path"] = description(path, path_store(out))
        print_json(result)
    else:
        print_result("\n".join(str(place) for place in (out, figure) if place))
    return EXIT_FAILED if count["failed"] == count["total"] else 0


def _figure(surface: "xr.Dataset", path: "xr.Dataset | None", options: Options) -> Path | None:
    if options.figure is None:
        return None
    from thalweg.cli.pictures import draw

    field = "loss" if "loss" in surface else options.chosen[0]
    return draw(surface, path, options.figure, field, options.title, None)
