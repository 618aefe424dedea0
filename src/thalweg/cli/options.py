"""Options that `surface`, `line` and `follow` have in common."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from thalweg.cli.factory import name_of


@Parameter(name="*")
@dataclass(frozen=True)
class Options:
    """What to evaluate, where to keep it, and who computes."""

    out: Annotated[
        Path | None,
        Parameter(help="Store for the cells, resumed if there; default: FUNCTION-COMMAND.zarr."),
    ] = None
    figure: Annotated[
        Path | None, Parameter(help="Also draw it: .png, .svg, .pdf or .html; replaced if there.")
    ] = None
    title: Annotated[
        str, Parameter(help="Title of the figure: what it shows.", show_default=False)
    ] = ""
    fields: Annotated[
        str,
        Parameter(
            help=(
                "Fields, such as loss,accuracy; default: the loss and its error. Of the curvature: "
                "top_eigenvalue, lowest_eigenvalue, eigenvalue_ratio."
            ),
            show_default=False,
        ),
    ] = ""
    arg: Annotated[
        tuple[str, ...],
        Parameter(
            help="name=value for the function; may be repeated.", negative="", show_default=False
        ),
    ] = ()
    ray: Annotated[
        str,
        Parameter(
            help="Compute with Ray: local, auto, or the address of a cluster.", show_default=False
        ),
    ] = ""
    workers: Annotated[int | None, Parameter(help="Ray workers; default: one a core.")] = None
    trust_cluster: Annotated[
        bool,
        Parameter(
            help="Use a cluster elsewhere that asks for no token.", negative="", show_default=False
        ),
    ] = False
    patience: Annotated[
        float | None, Parameter(help="Seconds a cell may take; slower ones are marked failed.")
    ] = None
    max_hours: Annotated[float, Parameter(help="Refuse work that would take longer.")] = 12.0
    yes: Annotated[
        bool,
        Parameter(
            help="Go on where time, memory or disk look too small.", negative="", show_default=False
        ),
    ] = False
    json: Annotated[
        bool, Parameter(help="Print the result as JSON.", negative="", show_default=False)
    ] = False
    quiet: Annotated[
        bool, Parameter(help="No progress, no estimate.", negative="", show_default=False)
    ] = False

    def store(self, spec: str, command: str) -> Path:
        """Return the store: the one given, or one named after the function."""
        return self.out or Path(f"{name_of(spec)}-{command}.zarr")

    @property
    def chosen(self) -> tuple[str, ...]:
        """The fields asked for; empty for the default."""
        return tuple(name.strip() for name in self.fields.split(",") if name.strip())
