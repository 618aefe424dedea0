"""`thalweg connect`: how two solutions are joined, beside what renaming units alone does."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from thalweg.cli.guest import Arguments
from thalweg.cli.output import Json, print_json, print_result
from thalweg.cli.surface import Made

if TYPE_CHECKING:
    from thalweg.connect.connected import Connection

EXAMPLES = """\
Examples:
  thalweg connect train.py:loss seed-1.pt seed-2.pt
  thalweg connect train.py:loss seed-1.pt seed-2.pt --figure connection.png
  thalweg connect train.py:loss seed-1.pt seed-2.pt --no-curve --json
"""


def connect(
    objective: Made,
    a: Annotated[Path, Parameter(help="Checkpoint of one solution.")],
    b: Annotated[Path, Parameter(help="Checkpoint of the other.")],
    /,
    *,
    curve: Annotated[bool, Parameter(help="Also train a curve between them.")] = True,
    seed: Annotated[int, Parameter(help="Of renamed copies and alignment.")] = 0,
    figure: Annotated[
        Path | None, Parameter(help="Draw the ways: .png, .svg or .pdf; replaced if there.")
    ] = None,
    arg: Arguments = (),
    quiet: Annotated[bool, Parameter(help="No progress.", negative="", show_default=False)] = False,
    json: Json = False,
) -> None:
    """Tell the barrier between two solutions, and how much of it is only naming.

    Four barriers: on the straight line; between each network and a renamed copy of itself, which
    is the null; after the units of one are renamed to fit the other; and along a trained curve.
    Beside the distance stands how often the two answer differently.
    """
    from rich.console import Console

    from thalweg.cli.checkpoint import point_of
    from thalweg.cli.factory import objective_of
    from thalweg.cli.output import console, guests_on_stderr
    from thalweg.cli.pictures import check_suffix
    from thalweg.cli.progress import CountProgress
    from thalweg.connect.bends import Bezier
    from thalweg.connect.connection import connection

    if figure is not None:
        check_suffix(figure)
    with guests_on_stderr():
        made = objective_of(objective, arg)
        ends = point_of(a, made), point_of(b, made)
        method = Bezier() if curve else None
        shown = Console(quiet=True) if quiet else console()
        with CountProgress(shown, what="steps of the curves") as progress:
            found = connection(made, *ends, method=method, seed=seed, progress=progress)
    if figure is not None:
        _draw(found, figure, made.name)
    if json:
        told = {"objective": made.name, "from": str(a), "to": str(b), **_told(found)}
        print_json({**told, "figure": figure and str(figure)})
    else:
        print_result("\n".join([*found.summary, *([str(figure)] if figure else [])]))


def _draw(found: "Connection", figure: Path, name: str) -> None:
    from thalweg.cli.pictures import save
    from thalweg.plots.mpl_figures import views_figure
    from thalweg.views.connection import connection_view
    from thalweg.views.trust import trust_lines

    view = connection_view(found.lines, found.copies)
    strip = trust_lines([*found.summary, f"{name}."])
    save(views_figure([view], trust=strip, width_mm=120.0), figure)


def _told(found: "Connection") -> dict[str, Any]:
    from dataclasses import asdict

    null, aligned, curve = found.null, found.aligned, found.curve
    told: dict[str, Any] = {
        "straight": found.straight.height,
        "distance": found.distance,
        "explained_by_renaming": found.explained,
        "disagreements": {name: asdict(each) for name, each in found.disagreements.items()},
        "null": None,
        "aligned": None,
        "curve": curve and curve.barrier.height,
        "summary": list(found.summary),
        "missing": list(found.missing),
    }
    if null is not None:
        heights, back = null.heights.tolist(), null.found_back.tolist()
        distances = null.distances.tolist()
        told["null"] = {"heights": heights, "distances": distances, "found_back": back}
    if aligned is not None:
        told["aligned"] = {
            "straight": aligned.barrier.height,
            "distance": aligned.distance,
            "curve": aligned.curve and aligned.curve.barrier.height,
        }
    return told
