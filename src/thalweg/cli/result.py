"""result: what `surface`, `line` and `follow` say when they are done."""

from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.cli.options import Options
from thalweg.cli.output import console, print_json, print_result

if TYPE_CHECKING:
    import xarray as xr

    from thalweg.cli.work import Done, Job
    from thalweg.core.arrays import FloatArray
    from thalweg.trust_report.report import TrustReport

EXIT_FAILED = 1


def tell(
    done: "Done",
    path: "xr.Dataset | None",
    out: Path,
    options: Options,
    report: "TrustReport | None" = None,
) -> int:
    """Draw what was asked for, print the result, and return the exit code.

    Args:
        done: the surface.
        path: the path over it, if one was followed.
        out: its store.
        options: whether to draw, and how to print.
        report: what to trust of the figure, if one was asked for.
    """
    from thalweg.cli.describe import counts, description
    from thalweg.cli.words import cells

    count = counts(done.surface)
    if count["failed"] or count["nonfinite"]:
        console().print(f"{count['total']:,} cells: {cells(count)}.")
    for words in done.surface.attrs.get("failures", [])[:1]:
        console().print(f"The first failure: {words}", markup=False)
    figure = _figure(done.surface, path, options, report)
    if options.json:
        result = description(done.surface, out)
        result |= {"figure": figure and str(figure), "resumed": done.resumed}
        result |= {"trust": report and report.to_dict()}
        result |= {"seconds": done.seconds}
        if path is not None:
            from thalweg.study.journeys import path_store

            result["path"] = description(path, path_store(out))
        print_json(result)
    else:
        print_result("\n".join(str(place) for place in (out, figure) if place))
    return EXIT_FAILED if count["failed"] == count["total"] else 0


def judged(
    job: "Job",
    done: "Done",
    path: "xr.Dataset | None" = None,
    end: "FloatArray | None" = None,
) -> "TrustReport | None":
    """Return the trust report for the figure, if one was asked for.

    It looks underneath only where that costs little, and asks a guest's loss for nothing more
    once it raised, or may outlast the patience.

    Args:
        job: what was mapped.
        done: the surface.
        path: the path over it, if one was followed, that ends at the point `end` (n,).
        end: where it is looked underneath; default: the plane's origin.
    """
    from thalweg.core.schema import Cell
    from thalweg.trust_report.trust import trust

    options = job.options
    if options.figure is None:
        return None
    faulty = bool((done.surface["status"].values == Cell.FAILED).any())
    objective = None if faulty or options.patience is not None else job.objective
    return trust(
        done.surface,
        [] if path is None else [path],
        objective,
        field=_shown(done.surface, options),
        at=end,
        where="" if end is None else "the end of the run",
    )


def _shown(surface: "xr.Dataset", options: Options) -> str:
    return "loss" if "loss" in surface else options.chosen[0]


def _figure(
    surface: "xr.Dataset",
    path: "xr.Dataset | None",
    options: Options,
    report: "TrustReport | None",
) -> Path | None:
    if options.figure is None:
        return None
    from thalweg.cli.pictures import draw

    field = _shown(surface, options)
    return draw(surface, path, options.figure, field, options.title, None, report)
