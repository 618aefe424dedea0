"""Notebook: a surface shows itself; its picture first, the viewer when asked."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

import xarray as xr

from thalweg.core.schema import axes_of
from thalweg.study.journey_figure import journey_figure, map_views
from thalweg.trust_report.report import TrustReport
from thalweg.trust_report.trust import trust
from thalweg.viewer.figure import figure_frames
from thalweg.viewer.notebook import Shown
from thalweg.views.trust import TrustLine

DOTS = 110  # an inch


def explore(
    surface: xr.Dataset,
    paths: Sequence[xr.Dataset] = (),
    *,
    title: str = "",
    field: str = "loss",
    report: TrustReport | None = None,
) -> Shown:
    """Return a surface with two directions to walk in: put it at the end of a notebook's cell.

    It needs no network. Where anywidget is installed it is a widget, elsewhere a frame.

    Args:
        surface: a *surface* Dataset.
        paths: *path* Datasets over it.
        title: the finding, or empty.
        field: which field of the surface.
        report: what to trust; default: what is known without the objective.

    Raises:
        InputError: no such field, or not two directions.

    >>> from thalweg.geometry.scaling import Unscaled
    >>> from thalweg.objectives.zoo import quadratic
    >>> from thalweg.study.journeys import landscape
    >>> bowl = landscape(quadratic([1.0, 3.0]), scaling=Unscaled(), points=5)
    >>> [frame.kind for frame in explore(bowl.surface).frames]
    ['hello', 'scene', 'surface', 'trust']
    """
    report = report or trust(surface, paths, field=field)
    view, _, lines = map_views(surface, None, field, report=report)
    labels = view.a_label, view.b_label
    frames = figure_frames(surface, paths, title=title, field=field, trust=lines, labels=labels)
    return Shown(frames, title)


def picture_html(
    surface: xr.Dataset,
    path: xr.Dataset | None = None,
    report: TrustReport | None = None,
    hint: str = "",
) -> str:
    """Return a surface as HTML: its picture, how far to trust it, and how to see more.

    Args:
        surface: a *surface* Dataset.
        path: a *path* Dataset over it, or None.
        report: what to trust; default: what is known without the objective.
        hint: the Python that shows more of two directions, or empty.
    """
    from thalweg.plots.mpl_figures import surfaces_figure  # drawing is slow to import
    from thalweg.plots.mpl_save import png_bytes

    report = report or trust(surface, [] if path is None else [path])
    flat, said = len(axes_of(surface)) == 2, ""
    if flat:
        view, paths, lines = map_views(surface, path, report=report)
        figure = surfaces_figure([view], paths=[paths], width_mm=120.0)
        said = f"<ul>{''.join(_item(line) for line in lines.lines)}</ul>"
    else:  # these carry their lines inside
        figure = journey_figure(surface, path, report=report)
    data = base64.b64encode(png_bytes(figure, DOTS)).decode("ascii")
    about = escape(f"loss of {surface.attrs.get('objective', 'an objective')}")
    more = f"<p>To turn it: <code>{escape(hint)}</code></p>" if flat and hint else ""
    return f'<div><img src="data:image/png;base64,{data}" alt="{about}">{said}{more}</div>'


def load_ipython_extension(ipython: Any) -> None:
    """Let every *surface* Dataset show its picture: `%load_ext thalweg`.

    Args:
        ipython: the shell, as IPython hands it over.
    """
    ipython.display_formatter.formatters["text/html"].for_type(xr.Dataset, _dataset_html)


def _dataset_html(dataset: xr.Dataset) -> str:
    """Return xarray's own table, under the picture if it is of a surface that can be drawn."""
    table = dataset._repr_html_()
    if dataset.attrs.get("kind") != "surface" or "loss" not in dataset:
        return table
    hint = "thalweg.explore(...) of this Dataset"
    return f"{picture_html(dataset, hint=hint)}<details><summary>Dataset</summary>{table}</details>"


def _item(line: TrustLine) -> str:
    text = escape(line.text)
    return f"<li><strong>{text}</strong></li>" if line.warning else f"<li>{text}</li>"
