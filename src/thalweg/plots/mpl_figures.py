"""Figures: views in, one composed figure out. A few general composers serve every chapter."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thalweg.core.errors import InputError
from thalweg.plots.mpl_curves import draw_curves
from thalweg.plots.mpl_dots import draw_dots
from thalweg.plots.mpl_labels import dense
from thalweg.plots.mpl_matrix import draw_matrix
from thalweg.plots.mpl_merge_tree import draw_merge_tree
from thalweg.plots.mpl_moving_frame import draw_moving_frame
from thalweg.plots.mpl_page import Panel, figure_with_trust
from thalweg.plots.mpl_path import draw_path
from thalweg.plots.mpl_persistence import draw_persistence
from thalweg.plots.mpl_scatter import draw_scatter
from thalweg.plots.mpl_spectrum import draw_spectrum
from thalweg.plots.mpl_style import LIGHT, Theme
from thalweg.plots.mpl_surface import draw_colorbar, draw_surface
from thalweg.views.curves import CurvesView
from thalweg.views.dots import DotsView
from thalweg.views.matrix import MatrixView
from thalweg.views.merge_tree import MergeTreeView
from thalweg.views.moving_frame import MovingFrameView
from thalweg.views.path import PathView
from thalweg.views.persistence import PersistenceView
from thalweg.views.scatter import ScatterView, shared_window
from thalweg.views.spectrum import SpectrumView
from thalweg.views.surface import SurfaceView
from thalweg.views.trust import TrustLines

View = (
    SurfaceView
    | CurvesView
    | SpectrumView
    | ScatterView
    | MatrixView
    | DotsView
    | PersistenceView
    | MergeTreeView
    | MovingFrameView
)
_DRAW: dict[type, Callable[..., None]] = {
    CurvesView: draw_curves,
    SpectrumView: draw_spectrum,
    ScatterView: draw_scatter,
    MatrixView: draw_matrix,
    DotsView: draw_dots,
    MovingFrameView: draw_moving_frame,
    PersistenceView: draw_persistence,
    MergeTreeView: draw_merge_tree,
}


def panel(
    view: View, *, paths: Sequence[PathView] = (), theme: Theme = LIGHT, **options: Any
) -> Panel:
    """Return the panel that draws a view; paths go over a surface only.

    Args:
        view: any view.
        paths: drawn over a surface.
        theme: light or dark page.
        options: handed to the draw function of the view, such as `colorbar=False`.
    """
    if isinstance(view, SurfaceView):
        return Panel(partial(_map, view=view, paths=paths, theme=theme, **options), _aspect(view))
    if paths:
        kind = type(view).__name__
        raise InputError("paths are drawn over a surface", kind, "pass a SurfaceView")
    draw = partial(_DRAW[type(view)], view=view, theme=theme, **options)
    if isinstance(view, ScatterView):
        x0, x1, y0, y1 = view.window
        return Panel(draw, (y1 - y0) / (x1 - x0))
    if isinstance(view, MatrixView):
        return Panel(draw, len(view.rows) / len(view.columns))
    return Panel(draw)


def views_figure(
    views: Sequence[View],
    *,
    columns: int = 0,
    title: str = "",
    trust: TrustLines | None = None,
    width_mm: float = 170.0,
    theme: Theme = LIGHT,
    flexible_aspect: float = 0.62,
) -> Figure:
    """Return any views side by side: data, curves, spectra, a matrix with its dots.

    Args:
        views: in reading order.
        columns: panels a row; by default all in one row.
        title: the finding, or empty.
        trust: the strip under the picture.
        width_mm: width of the page; 85 is a journal column.
        theme: light or dark page.
        flexible_aspect: height over width of panels without a shape of their own.
    """
    views = _alike(views)
    panels = [panel(view, theme=theme, **_options(views, i)) for i, view in enumerate(views)]
    rows = in_rows(panels, columns or len(panels))
    return figure_with_trust(
        rows,
        title=title,
        trust=trust,
        width_mm=width_mm,
        theme=theme,
        flexible_aspect=flexible_aspect,
    )


def surfaces_figure(
    views: Sequence[SurfaceView],
    *,
    paths: Sequence[Sequence[PathView]] = (),
    columns: int = 0,
    title: str = "",
    trust: TrustLines | None = None,
    width_mm: float = 170.0,
    theme: Theme = LIGHT,
) -> Figure:
    """Return maps side by side; one color bar if all have one scale (see `shared_scale`).

    Args:
        views: in reading order.
        paths: for each view, the paths over it.
        columns: maps a row; by default all in one row.
        title: the finding, or empty.
        trust: the strip under the picture.
        width_mm: width of the page; 85 is a journal column.
        theme: light or dark page.

    Raises:
        InputError: paths that are not one sequence a view.
    """
    if paths and len(paths) != len(views):
        raise InputError(f"paths must be {len(views)}", str(len(paths)), "give one list a view")
    columns = columns or len(views)
    common = len(views) > 1 and _one_scale(views)
    outer = len(views) > 1 and _one_window(views)
    views = _without_unlike_units(views) if outer else views
    panels = []
    for index, view in enumerate(views):
        below = index + columns < len(views)
        draw = partial(
            _map,
            view=view,
            paths=paths[index] if paths else (),
            theme=theme,
            colorbar=not common,
            title_room=max(len(view.title) for view in views),
            hide=((outer and below), (outer and index % columns > 0)),
        )
        panels.append(Panel(draw, _aspect(view)))
    return figure_with_trust(
        in_rows(panels, columns),
        title=title,
        trust=trust,
        bar=partial(draw_colorbar, view=views[0], theme=theme) if common else None,
        width_mm=width_mm,
        theme=theme,
    )


def stacked_figure(
    views: Sequence[CurvesView],
    *,
    title: str = "",
    trust: TrustLines | None = None,
    width_mm: float = 120.0,
    theme: Theme = LIGHT,
    aspect: float = 0.3,
) -> Figure:
    """Return curves one below the other on a common x axis, such as curvature along a run."""
    ends = np.array([[s.x.min(), s.x.max()] for view in views for s in view.series if s.x.size])
    pad = 0.02 * (ends.max() - ends.min())
    limits = (float(ends.min() - pad), float(ends.max() + pad)) if pad > 0 else None
    rows = []
    for index, view in enumerate(views):
        bare = index < len(views) - 1
        rows.append([Panel(partial(_curves, view=view, theme=theme, limits=limits, bare=bare))])
    return figure_with_trust(
        rows, title=title, trust=trust, width_mm=width_mm, theme=theme, flexible_aspect=aspect
    )


def in_rows(panels: Sequence[Panel], columns: int) -> list[list[Panel | None]]:
    """Return panels in rows of `columns`, the last filled with None."""
    if not panels or columns < 1:
        raise InputError("a figure needs at least 1 panel", "none", "pass views")
    padded: list[Panel | None] = [*panels, *[None] * (-len(panels) % columns)]
    return [padded[i : i + columns] for i in range(0, len(padded), columns)]


def _alike(views: Sequence[View]) -> Sequence[View]:
    """Return the views; several scatter views get one window."""
    scatters = [view for view in views if isinstance(view, ScatterView)]
    return shared_window(scatters) if scatters and len(scatters) == len(views) else views


def _options(views: Sequence[View], index: int) -> dict[str, Any]:
    """Name the classes once, at the right of the last of several scatter views."""
    here, last = views[index], views[-1]
    if isinstance(here, ScatterView) and isinstance(last, ScatterView) and here.names == last.names:
        return {"names": index == len(views) - 1}
    return {}


def _map(
    ax: Axes,
    view: SurfaceView,
    paths: Sequence[PathView],
    theme: Theme,
    hide: tuple[bool, bool] = (False, False),
    **options: Any,
) -> None:
    avoid = [dense(np.column_stack([path.a, path.b])) for path in paths]
    draw_surface(ax, view, theme=theme, avoid=avoid, **options)
    for path in paths:
        draw_path(ax, path, theme=theme)
    if hide[0]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    if hide[1]:
        ax.set_ylabel("")
        ax.tick_params(labelleft=False)


def _curves(
    ax: Axes, view: CurvesView, theme: Theme, limits: tuple[float, float] | None, bare: bool
) -> None:
    draw_curves(ax, view, theme=theme)
    if limits:
        ax.set_xlim(*limits)
    if bare:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)


def _aspect(view: SurfaceView) -> float:
    a0, a1, b0, b1 = view.window
    return (b1 - b0) / (a1 - a0) if view.equal else 1.0


def _one_scale(views: Sequence[SurfaceView]) -> bool:
    first = views[0]
    return all(
        v.scale is first.scale
        and v.limits == first.limits
        and np.array_equal(v.levels, first.levels)
        for v in views
    )


def _one_window(views: Sequence[SurfaceView]) -> bool:
    """Return whether all maps have the same axes, apart from what a unit of them is."""
    first, *rest = views
    return all(v.window == first.window and _heads(v) == _heads(first) for v in rest)


def _heads(view: SurfaceView) -> tuple[str, str]:
    return view.a_label.partition(" (")[0], view.b_label.partition(" (")[0]


def _without_unlike_units(views: Sequence[SurfaceView]) -> Sequence[SurfaceView]:
    """Return the views; units that differ leave the captions: each map has its scale bar."""
    if len({(view.a_label, view.b_label) for view in views}) == 1:
        return views
    return [replace(v, a_label=_heads(v)[0], b_label=_heads(v)[1]) for v in views]
