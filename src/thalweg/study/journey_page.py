"""The page of a journey: one HTML file that asks for nothing else, with a surface to turn."""

from collections.abc import Sequence
from html import escape

import xarray as xr

from thalweg.plots.plotly_surface import surface_html
from thalweg.study.journey_figure import map_views
from thalweg.trust_report.report import TrustReport
from thalweg.views.trust import TrustLine

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
.turn {{ height: 36rem; }}
.turn > div {{ height: 100%; }}
.picture > svg {{ width: 100%; height: auto; }}
ul {{ border-top: 1px solid #ddd; padding: .8rem 0 0 1.2rem; font-size: .9rem; color: #5a6068; }}
.warning {{ color: #1a1d21; font-weight: 600; }}
</style>
</head>
<body>
{heading}<div class="{look}">
{picture}
</div>
{trust}</body>
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
    view, paths, trust = map_views(surface, path, field, report=report)
    return _page(surface_html(view, paths, include_plotlyjs=True), "turn", title, trust.lines)


def figure_page(svg: str, title: str = "") -> str:
    """Return the page of a figure, given as SVG text, which carries its own trust lines."""
    return _page(svg[svg.index("<svg") :], "picture", title, ())


def _page(picture: str, look: str, title: str, lines: Sequence[TrustLine]) -> str:
    looks = {True: ' class="warning"', False: ""}
    items = "\n".join(f"<li{looks[line.warning]}>{escape(line.text)}</li>" for line in lines)
    return _PAGE.format(
        name=escape(title or "Thalweg"),
        heading=f"<h1>{escape(title)}</h1>\n" if title else "",
        look=look,
        picture=picture,
        trust=f"<ul>\n{items}\n</ul>\n" if items else "",
    )
