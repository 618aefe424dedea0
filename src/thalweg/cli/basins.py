"""`thalweg basins`: the minima of a stored surface, and how deep they are against the noise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from thalweg.cli.output import Json, print_json, print_result

if TYPE_CHECKING:
    import xarray as xr

    from thalweg.plots.mpl_page import Figure
    from thalweg.topology.noise import Noise
    from thalweg.topology.result import Topology

EXAMPLES = """\
Examples:
  thalweg basins landscape.zarr
  thalweg basins landscape.zarr --figure basins.png
  thalweg basins landscape.zarr --noise 0.01 --json
"""


def basins(
    store: Annotated[Path, Parameter(help="A stored surface.")],
    /,
    *,
    field: Annotated[str, Parameter(help="Field of the surface.")] = "loss",
    noise: Annotated[
        float | None,
        Parameter(help="How wrong any value may be; default: from standard errors, if stored."),
    ] = None,
    figure: Annotated[
        Path | None, Parameter(help="Draw map and persistence; replaced if there.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell the minima, saddles and maxima of a stored surface, and how persistent they are.

    A minimum is certain if it is deeper than twice the noise. Cells that are NaN, pending or
    failed are holes; what touches a hole or the edge of the window may go on outside, and is
    marked. A minimum of a slice need not be a minimum of the loss: `thalweg trust` says more.
    """
    from thalweg.cli.pictures import check_suffix, save
    from thalweg.cli.stored import read
    from thalweg.core.schema import require_kind
    from thalweg.topology.of_surface import topology_of

    if figure is not None:
        check_suffix(figure)
    surface = require_kind(read(store), "surface")
    found = topology_of(surface, field, noise=_noise(noise, surface, field))
    if figure is not None:
        save(_drawn(surface, found), figure)
    if json:
        print_json({"store": str(store), **found.facts(), "figure": figure and str(figure)})
    else:
        print_result("\n".join([*_lines(found), *([str(figure)] if figure else [])]))


def _noise(given: float | None, surface: "xr.Dataset", field: str) -> "Noise":
    from thalweg.topology.noise import StandardErrors

    if given is not None:
        return given
    return StandardErrors() if f"{field}_stderr" in surface else None


def _lines(found: "Topology") -> list[str]:
    from thalweg.views.prose import number

    lines = [f"{found.summary[:1].upper()}{found.summary[1:]}."]
    if found.noise:
        source = f": {found.noise_words}" if found.noise_words else ", as told"
        lines.append(f"  noise {number(found.noise)}{source}")
    certain = found.certain
    for name, places in (
        ("minimum", found.minima),
        ("saddle", found.saddles),
        ("maximum", found.maxima),
    ):
        for row in range(min(len(places), 12)):
            at = ", ".join(number(float(x)) for x in places.coords[row])
            deep = _persistence(name, float(places.persistence[row]))
            words = f"  {name} {number(float(places.value[row]), 4)} at ({at}), {deep}"
            if places.on_boundary[row]:
                words += "; on the edge of the window or a hole"
            if name == "minimum" and not certain[row]:
                words += "; noise could make it"
            lines.append(words)
        if len(places) > 12:
            lines.append(f"  and {len(places) - 12:,} more; --json tells all")
    return lines


def _persistence(name: str, value: float) -> str:
    """Return a persistence in words: infinite and unknown ones say why."""
    from math import isinf, isnan

    from thalweg.views.prose import number

    if isnan(value):
        return "joins no two basins"
    if isinf(value):
        return "meets no lower one" if name == "minimum" else "meets no higher one"
    return f"persistence {number(value)}"


def _drawn(surface: "xr.Dataset", found: "Topology") -> "Figure":
    from thalweg.plots.mpl_figures import View, views_figure
    from thalweg.views.basins import topology_lines, with_basins
    from thalweg.views.persistence import persistence_view
    from thalweg.views.surface import surface_view

    table = found.dataset()
    views: list[View] = [persistence_view(table, title="how deep each minimum is")]
    if len(found.axes) == 2:
        view = surface_view(surface, found.field, title="its basins")
        views.insert(0, with_basins(view, table))
    wide = 170.0 if len(views) == 2 else 120.0
    return views_figure(views, trust=topology_lines(table), width_mm=wide)
