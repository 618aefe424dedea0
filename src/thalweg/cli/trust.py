"""`thalweg trust`: what a stored surface, and the paths over it, do not show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from thalweg.cli.output import Json, print_json
from thalweg.core.errors import InputError

if TYPE_CHECKING:
    from thalweg.trust_report.report import TrustReport

EXAMPLES = """\
Examples:
  thalweg trust landscape.zarr
  thalweg trust landscape.zarr --objective train.py:loss
  thalweg trust follow.zarr --objective train.py:loss --at last.pt --json
"""


def trust(
    store: Annotated[Path, Parameter(help="A stored surface.")],
    /,
    *,
    paths: Annotated[
        tuple[Path, ...],
        Parameter(
            help="Paths over it; default: the one that `follow` kept beside it.",
            negative="",
            consume_multiple=True,
        ),
    ] = (),
    objective: Annotated[
        str | None,
        Parameter(help="MODULE:FUNCTION or file.py:FUNCTION that makes what was mapped."),
    ] = None,
    arg: Annotated[
        tuple[str, ...],
        Parameter(
            help="name=value for the function; may be repeated.", negative="", show_default=False
        ),
    ] = (),
    at: Annotated[
        Path | None,
        Parameter(help="Checkpoint to look underneath; default: the plane's origin."),
    ] = None,
    field: Annotated[str, Parameter(help="Field that is shown.")] = "loss",
    json: Json = False,
) -> None:
    """Say how far to trust the picture of a stored surface: what it hides, with errors.

    From the store alone: holes, captured variance and gaps of paths beside what chance gives,
    sampling error, seed. With --objective also the spectrum in full space and whether a saddle is
    seen as a minimum, what other seeds and random planes show, and how much the drawn curvature
    depends on scales that leave the function alone; that takes as long as it needs.
    """
    from thalweg.cli.checkpoint import point_of
    from thalweg.cli.factory import objective_of
    from thalweg.cli.output import guests_on_stderr
    from thalweg.cli.stored import path_over, read
    from thalweg.core.schema import require_kind
    from thalweg.trust_report.effort import Effort
    from thalweg.trust_report.trust import trust as judged

    if at is not None and objective is None:
        raise InputError("--at needs --objective", "--at alone", "name the function that makes it")
    surface = require_kind(read(store), "surface")
    beside = path_over(store, surface)
    found = [read(path) for path in paths] or ([] if beside is None else [beside])
    for path in found:
        if path.attrs.get("plane_digest") != surface.attrs["plane_digest"]:
            wanted = f"the path must lie in the plane of {store}"
            raise InputError(wanted, "another plane", "name the path that was made with it")
    with guests_on_stderr():
        made = None if objective is None else objective_of(objective, arg)
        point = None if at is None or made is None else point_of(at, made)
        where = "" if at is None else at.name
        effort = Effort.FULL
        report = judged(surface, found, made, field=field, at=point, where=where, effort=effort)
    if json:
        print_json({"store": str(store), **report.to_dict()})
    else:
        _print(report)


def _print(report: "TrustReport") -> None:
    """Print the lines of a report, warnings marked, and what there is not."""
    from rich.console import Console
    from rich.text import Text

    from thalweg.trust_report.part import Missing

    page = Console(highlight=False, soft_wrap=True)
    for line in report.lines():
        mark = "! " if line.warning else "  "
        page.print(Text(mark + line.text, style="bold" if line.warning else ""))
    for name in ("underneath", "chances", "redraws", "invariance", "sampling"):
        part = getattr(report, name)
        if isinstance(part, Missing) and not part.told:
            page.print(Text(f"  {name}: {part.reason}", style="dim"))
