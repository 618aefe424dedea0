"""The picture of a journey: a map or a line, the path over it, and how far to trust both."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from thalweg.core.schema import axes_of
from thalweg.plots.mpl_figures import surfaces_figure, views_figure
from thalweg.plots.mpl_page import Figure
from thalweg.study.trust import axis_names, path_trust, surface_trust
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
) -> Figure:
    """Return the publishable picture of a surface with one, two or three directions.

    Args:
        surface: a *surface* Dataset; a volume is shown as three slices.
        path: a *path* Dataset over it, for a plane only.
        title: the finding, or empty.
        field: which field of the surface.
        width_mm: width of the page, 85 for a journal column; default: 120, or 170 for a volume.

    Raises:
        InputError: no such field.
    """
    require_field(surface, field)
    k = len(axes_of(surface))
    width_mm = width_mm or (170.0 if k == 3 else 120.0)
    if k == 2:
        view, paths, trust = map_views(surface, path, field, whole=width_mm >= ROOMY)
        over = [paths] if paths else ()
        return surfaces_figure([view], paths=over, title=title, trust=trust, width_mm=width_mm)
    trust = trust_lines(surface_trust(surface, field))
    if k == 1:
        line = section_view(surface, field)
        return views_figure([line], title=title, trust=trust, width_mm=width_mm)
    columns = 3 if width_mm >= ABREAST else 1
    views = slices(surface, field)
    return surfaces_figure(views, columns=columns, title=title, trust=trust, width_mm=width_mm)


def map_views(
    surface: xr.Dataset, path: xr.Dataset | None, field: str = "loss", whole: bool = True
) -> tuple[SurfaceView, list[PathView], TrustLines]:
    """Return the views of a plane and of the path over it, and what to trust of both."""
    a, b = axis_names(surface, whole)
    view = replace(surface_view(surface, field), a_label=a, b_label=b)
    lines = surface_trust(surface, field)
    if path is None:
        return view, [], trust_lines(lines)
    return view, [path_view(path, view)], trust_lines([*path_trust(path, view, field), *lines])


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
