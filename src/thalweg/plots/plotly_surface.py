"""Interactive surface: the same view as the map, in three dimensions, in a browser."""

from collections.abc import Sequence
from typing import Any

import contourpy
import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs

from thalweg.core.arrays import FloatArray
from thalweg.plots.relief import Camera
from thalweg.plots.shade import fraction, height
from thalweg.views.levels import Scale, finite
from thalweg.views.path import PathView
from thalweg.views.surface import SurfaceView

_HEIGHT = Camera().height
_ZOOM = 1.5  # a parallel projection ignores the distance of the eye; the box itself grows
_LIFT = 0.02  # lines hover this fraction of the height above the surface, to stay visible


def surface_figure(
    view: SurfaceView, paths: Sequence[PathView] = (), *, dark: bool = False
) -> go.Figure:
    """Return an interactive figure: surface, contour lines painted on it, paths at true loss.

    Args:
        view: what; heights and colors are in its scale, so a LOG view shows the logarithm.
        paths: over it.
        dark: light ink on a dark page.
    """
    ink, paper = ("#E8EAED", "#14171C") if dark else ("#1A1D21", "#FFFFFF")
    figure = go.Figure([_surface(view, ink), _lines(view), *_all_paths(view, paths, paper)])
    a0, a1, b0, b1 = view.window
    longest = max(a1 - a0, b1 - b0)
    ratio = ((a1 - a0) / longest, (b1 - b0) / longest) if view.equal else (1.0, 1.0)
    plain: dict[str, Any] = {
        "showbackground": False,
        "showspikes": False,
        "zeroline": False,
        "gridcolor": "rgba(128,128,128,0.25)",
        "color": ink,
        "tickfont": {"size": 11},
        "title": {"font": {"size": 12}},
    }
    ends = [h for path in paths for h in finite(height(path.loss, view))]
    low, high = min([0.0, *ends]), max([1.0, *ends])
    shown = view.levels[:: 2 if view.levels.size > 7 else 1]
    words = list(view.level_texts[:: 2 if view.levels.size > 7 else 1])
    places = fraction(shown, view).tolist()
    caption = f"{view.field_label}{', log scale' if view.scale is Scale.LOG else ''}"
    figure.update_layout(
        title={"text": view.title, "x": 0.02, "font": {"size": 16}},
        font={"family": "DejaVu Sans, Verdana, sans-serif", "color": ink},
        paper_bgcolor=paper,
        margin={"l": 0, "r": 0, "t": 48 if view.title else 8, "b": 62},
        showlegend=bool(paths),
        legend={"x": 0.01, "y": 0.98, "bgcolor": "rgba(0,0,0,0)"},
        scene={
            "xaxis": {**plain, "title": {"text": "a", "font": {"size": 13}}},
            "yaxis": {**plain, "title": {"text": "b", "font": {"size": 13}}},
            "zaxis": {
                **plain,
                "title": {"text": "", "font": {"size": 12}},
                "tickvals": places,
                "ticktext": words,
                "range": [low, high],
            },
            "aspectmode": "manual",
            "aspectratio": {
                "x": _ZOOM * ratio[0],
                "y": _ZOOM * ratio[1],
                "z": _ZOOM * _HEIGHT * (high - low),
            },
            "camera": {
                "eye": {"x": -0.55, "y": -0.8, "z": 0.62},
                "center": {"x": 0, "y": 0, "z": -0.08},
                "projection": {"type": "orthographic"},
            },
        },
        annotations=[
            {
                "text": f"{view.a_label}<br>{view.b_label}<br>Height: {caption}, its whole range "
                f"drawn {_HEIGHT:g} as high as the ground is wide"
                + (f". {view.note}" if view.note else ""),
                "align": "left",
                "xref": "paper",
                "yref": "paper",
                "x": 0.01,
                "y": 0,
                "yshift": -52,
                "showarrow": False,
                "font": {"size": 11},
                "opacity": 0.75,
            }
        ],
    )
    return figure


def surface_html(
    view: SurfaceView,
    paths: Sequence[PathView] = (),
    *,
    dark: bool = False,
    include_plotlyjs: bool | str = "cdn",
    div_id: str = "thalweg-surface",
) -> str:
    """Return the interactive figure as an HTML fragment, the same for the same view.

    Args:
        view: what.
        paths: over it.
        dark: light ink on a dark page.
        include_plotlyjs: as plotly takes it: "cdn", True (inside the page), False, or an address.
        div_id: identifier of the element; give each figure of a page its own.
    """
    return surface_figure(view, paths, dark=dark).to_html(
        full_html=False,
        include_plotlyjs=include_plotlyjs,
        div_id=div_id,
        config={"displaylogo": False, "responsive": True},
    )


def plotly_script() -> str:
    """Return plotly's own JavaScript, for a page that holds it once and works offline."""
    return get_plotlyjs()


def _surface(view: SurfaceView, ink: str) -> go.Surface:
    part = fraction(view.values, view)
    every = 2 if view.levels.size > 7 else 1
    shown = view.levels[::every]
    logarithmic = "<br>log scale" if view.scale is Scale.LOG else ""
    return go.Surface(
        x=np.asarray(view.a, dtype=np.float32),
        y=np.asarray(view.b, dtype=np.float32),
        z=part.astype(np.float32),
        customdata=_small(view.values),
        hovertemplate=f"a %{{x:.3g}}<br>b %{{y:.3g}}<br>{view.field_label} "
        "%{customdata:.4g}<extra></extra>",
        colorscale="Viridis",
        cmin=0,
        cmax=1,
        showlegend=False,
        colorbar={
            "title": {"text": view.field_label + logarithmic, "font": {"size": 12}},
            "tickvals": fraction(shown, view).tolist(),
            "ticktext": list(view.level_texts[::every]),
            "thickness": 12,
            "len": 0.7,
            "outlinewidth": 0,
            "tickfont": {"color": ink},
        },
        lighting={"ambient": 0.72, "diffuse": 0.45, "specular": 0.04, "roughness": 0.9},
        lightposition={"x": -1e4, "y": 1e4, "z": 1.5e4},
        contours={axis: {"highlight": False} for axis in ("x", "y", "z")},
    )


def _lines(view: SurfaceView) -> go.Scatter3d:
    """Return all contour lines as one trace, broken by NaN."""
    empty = np.full((1, 3), np.nan)
    pieces = [empty]
    if min(view.values.shape) >= 2 and finite(view.values).size:
        maker = contourpy.contour_generator(view.a, view.b, np.ma.masked_invalid(view.values))
        for level in view.levels:
            up = min(1.0, float(fraction(np.array(level), view)) + _LIFT)
            for line in maker.lines(float(level)):
                flat = np.asarray(line, dtype=np.float64)
                pieces += [np.column_stack([flat, np.full(len(flat), up)]), empty]
    points = np.concatenate(pieces).astype(np.float32)
    return go.Scatter3d(
        x=points[:, 0],
        y=points[:, 1],
        z=points[:, 2],
        mode="lines",
        line={"color": "rgba(20,24,30,0.8)", "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )


def _all_paths(view: SurfaceView, paths: Sequence[PathView], paper: str) -> list[go.Scatter3d]:
    return [trace for path in paths for trace in _path(view, path, paper)]


def _path(view: SurfaceView, path: PathView, paper: str) -> list[go.Scatter3d]:
    up = height(path.loss, view) + 2 * _LIFT
    a, b, z = (np.asarray(v, dtype=np.float32) for v in (path.a, path.b, up))
    numbers = np.column_stack([path.steps, path.loss, path.plane_loss])
    line = go.Scatter3d(
        x=a,
        y=b,
        z=z,
        mode="lines",
        name=path.label,
        line={"color": path.color, "width": 6},
        customdata=_small(numbers.astype(np.float64)),
        hovertemplate="step %{customdata[0]:.0f}<br>a %{x:.3g}<br>b %{y:.3g}"
        "<br>loss %{customdata[1]:.4g}<br>loss in the plane %{customdata[2]:.4g}",
    )
    last = int(np.flatnonzero(np.isfinite(path.a) & np.isfinite(path.loss))[-1])
    ends = [0, last]
    marks = go.Scatter3d(
        x=a[ends],
        y=b[ends],
        z=z[ends],
        mode="markers",
        marker={
            "size": 5,
            "color": [paper, path.color],
            "line": {"color": path.color, "width": 2},
        },
        hoverinfo="skip",
        showlegend=False,
    )
    return [line, marks, _stems(view, path)]


def _stems(view: SurfaceView, path: PathView) -> go.Scatter3d:
    """Return thin lines from the surface to the true loss, where the gap is visible."""
    true, below = height(path.loss, view), height(path.plane_loss, view)
    tall = [int(i) for i in path.dots if abs(true[i] - below[i]) > 0.03]
    rows: list[tuple[float, float, float]] = [(np.nan, np.nan, np.nan)]
    for i in tall:
        rows += [(path.a[i], path.b[i], below[i]), (path.a[i], path.b[i], true[i]), rows[0]]
    points: FloatArray = np.array(rows)
    x, y, z = (points[:, k].astype(np.float32) for k in range(3))
    thin = {"color": path.color, "width": 1}
    return go.Scatter3d(x=x, y=y, z=z, mode="lines", line=thin, hoverinfo="skip", showlegend=False)


def _small(values: FloatArray) -> NDArray[np.float32]:
    """Return values in single precision, which holds at most 3.4e38."""
    return np.clip(values, -3e38, 3e38).astype(np.float32)
