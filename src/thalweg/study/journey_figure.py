"""The picture of a journey: a map or a line, the path over it, and how far to trust both."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from thalweg.core.schema import axes_of
from thalweg.plots.mpl_figures import surfaces_figure, views_figure
from thalweg.plots.mpl_page import Figure
from thalweg.trust_report.cut import axis_names
from thalweg.trust_report.report import TrustReport
from thalweg.trust_report.trust import trust
from thalweg.views.curves import CurvesView, Series, curves_view
from thalweg.views.levels import format_number
from thalweg.views.path import PathView, path_view
from thalweg.views.surface import (
    SurfaceView,
    field_label,
    require_field,
    shared_scale,
    surface_view,
)
from thalweg.views.trust import TrustLines, trust_lines

ROOMY, ABREAST = 100.0, 150.0  # mm: widths for whole captions, and for three maps in a row


def journey_figure(
    surface: xr.Dataset,
    path: xr.Dataset | None = None,
    *,
    title: str = "",
    field: str = "loss",
    width_mm: float | None = None,
    report: TrustReport | None = None,
) -> Figure:
    """Return the publishable picture of a surface with one, two or three directions.

    Args:
        surface: a *surface* Dataset; a volume is shown as three slices.
        path: a *path* Dataset over it, for a plane only.
        title: the finding, or empty.
        field: which field of the surface.
        width_mm: width of the page, 85 for a journal column; default: 120, or 170 for a volume.
        report: what to trust; default: what is known without the objective.

    Raises:
        InputError: no such field.
    """
    require_field(surface, field)
    k = len(axes_of(surface))
    width_mm = width_mm or (170.0 if k == 3 else 120.0)
    if k == 2:
        view, paths, strip = map_views(surface, path, field, width_mm >= ROOMY, report)
        over = [paths] if paths else ()
        return surfaces_figure([view], paths=over, title=title, trust=strip, width_mm=width_mm)
    strip = trust_lines((report or trust(surface, field=field)).lines())
    if k == 1:
        line = section_view(surface, field)
        return views_figure([line], title=title, trust=strip, width_mm=width_mm)
    columns = 3 if width_mm >= ABREAST else 1
    views = slices(surface, field)
    return surfaces_figure(views, columns=columns, title=title, trust=strip, width_mm=width_mm)


def map_views(
    surface: xr.Dataset,
    path: xr.Dataset | None,
    field: str = "loss",
    whole: bool = True,
    report: TrustReport | None = None,
) -> tuple[SurfaceView, list[PathView], TrustLines]:
    """Return the views of a plane and of the path over it, and what to trust of both."""
    a, b = axis_names(surface, whole)
    view = replace(surface_view(surface, field), a_label=a, b_label=b)
    paths = [] if path is None else [path]
    report = report or trust(surface, paths, field=field)
    return view, [path_view(each, view) for each in paths], trust_lines(report.lines())


def section_view(surface: xr.Dataset, field: str = "loss") -> CurvesView:
    """Return the view of a line: the field, with two standard errors around the loss."""
    values = surface[field].values
    low = high = None
    if field == "loss" and "loss_stderr" in surface:
        error = 2 * surface["loss_stderr"].values
        low, high = values - error, values + error
    series = Series("", surface["a"].values, values, low, high)
    return curves_view([series], axis_names(surface)[0], field_label(field))


def slices(surface: xr.Dataset, field: str = "loss") -> Sequence[SurfaceView]:
    """Return three slices of a volume, at the lowest, middle and highest c, on one scale."""
    depth, about = surface.sizes["c"], surface.attrs
    cut = {
        "lengths": about["lengths"][:2],
        "labels": about["labels"][:2],
        "cosines": list(np.reshape(about["cosines"], (3, 3))[:2, :2].ravel()),
    }
    found = []
    for place in sorted({0, (depth - 1) // 2, depth - 1}):
        flat = surface.isel(c=place, drop=True).assign_attrs(cut)
        title = f"c = {format_number(float(surface['c'][place]))}"
        a, b = axis_names(flat, whole=False)
        found.append(replace(surface_view(flat, field, title=title), a_label=a, b_label=b))
    return shared_scale(found)
