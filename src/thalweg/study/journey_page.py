"""The page of a journey: one HTML file that asks for nothing else, with a surface to turn."""

from html import escape

import xarray as xr

from thalweg.study.journey_figure import map_views
from thalweg.trust_report.report import TrustReport
from thalweg.viewer.figure import figure_frames
from thalweg.viewer.frames import Frame
from thalweg.viewer.page import page

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<style>
body {{ margin: 2rem auto; max-width: 62rem; padding: 0 1rem;
  font: 16px/1.5 system-ui, sans-serif; color: #1a1d21; background: #fff; }}
h1 {{ font-size: 1.25rem; font-weight: 600; }}
svg {{ width: 100%; height: auto; }}
</style>
</head>
<body>
{heading}{picture}
</body>
</html>
"""


def surface_page(
    surface: xr.Dataset,
    path: xr.Dataset | None = None,
    *,
    title: str = "",
    field: str = "loss",
    report: TrustReport | None = None,
) -> str:
    """Return the page of a surface with two directions; it works offline.

    Args:
        surface: a *surface* Dataset.
        path: a *path* Dataset over it, or None.
        title: the finding, or empty.
        field: which field of the surface.
        report: what to trust; default: what is known without the objective.
    """
    return page(surface_frames(surface, path, title=title, field=field, report=report), title)


def surface_frames(
    surface: xr.Dataset,
    path: xr.Dataset | None = None,
    *,
    title: str = "",
    field: str = "loss",
    report: TrustReport | None = None,
) -> list[Frame]:
    """Return the frames of that page."""
    view, _, trust = map_views(surface, path, field, report=report)
    paths = [] if path is None else [path]
    labels = view.a_label, view.b_label
    return figure_frames(surface, paths, title=title, field=field, trust=trust, labels=labels)


def figure_page(svg: str, title: str = "") -> str:
    """Return the page of a figure, given as SVG text, which carries its own trust lines."""
    heading = f"<h1>{escape(title)}</h1>\n" if title else ""
    picture = svg[svg.index("<svg") :]
    return _PAGE.format(name=escape(title or "Thalweg"), heading=heading, picture=picture)
