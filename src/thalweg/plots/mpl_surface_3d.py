"""Relief of a surface: a block seen from the side, with paths at their true loss."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.plots.mpl_labels import dense, map_labels
from thalweg.plots.mpl_page import Panel, figure_with_trust
from thalweg.plots.mpl_path import runs, short
from thalweg.plots.mpl_style import LIGHT, SMALL, TEXT, Theme, readable, wrapped
from thalweg.plots.mpl_surface import COLORS, beside, draw_colorbar
from thalweg.plots.relief import Camera, Relief, best_camera
from thalweg.plots.shade import fraction
from thalweg.views.levels import Scale, format_number
from thalweg.views.path import PathView
from thalweg.views.surface import SurfaceView
from thalweg.views.trust import TrustLines

_APART = 0.03  # stems keep this distance, in widths of the window
_STEM = 0.03  # gaps above this fraction of the height get a stem


def draw_surface_3d(
    ax: Axes,
    view: SurfaceView,
    paths: Sequence[PathView] = (),
    *,
    camera: Camera | None = None,
    theme: Theme = LIGHT,
    colorbar: bool = True,
) -> None:
    """Draw a surface as a block in parallel projection, and paths at their true loss.

    Args:
        ax: plain two-dimensional axes; call inside `styled(theme)`.
        view: what.
        paths: drawn where they are in front of the surface, faded where they are behind.
        camera: by default one from which most of the paths is visible.
        theme: light or dark page.
        colorbar: whether to put the scale beside it.
    """
    relief = Relief(view, camera or best_camera(view, paths))
    _draw(ax, relief, _picture(relief, theme), paths, theme, colorbar)


def _picture(relief: Relief, theme: Theme) -> NDArray[np.uint8]:
    """Return the rendered block (h, w, 4)."""
    picture = relief.render(lambda part: COLORS(part)[..., :3], 0.9 if theme is LIGHT else 0.3)
    return (picture * 255).round().astype(np.uint8)


def _draw(
    ax: Axes,
    relief: Relief,
    picture: NDArray[np.uint8],
    paths: Sequence[PathView],
    theme: Theme,
    colorbar: bool = True,
) -> None:
    left, right, bottom, top = relief.extent
    box = (left, right, bottom, top)
    ax.imshow(picture, extent=box, origin="lower", interpolation="bilinear", zorder=0)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    ax.set_axis_off()
    for path in paths:
        _path(ax, relief, path, theme)
    lowest = _axes_of_block(ax, relief, theme)
    _note(ax, relief.view, relief.camera, theme, lowest)
    if relief.view.title:
        ax.set_title(relief.view.title, loc="left", fontsize=TEXT, color=theme.ink)
    if colorbar:
        draw_colorbar(beside(ax, 8.0), relief.view, theme=theme)


def surface_3d_figure(
    view: SurfaceView,
    paths: Sequence[PathView] = (),
    *,
    camera: Camera | None = None,
    title: str = "",
    trust: TrustLines | None = None,
    width_mm: float = 130.0,
    theme: Theme = LIGHT,
) -> Figure:
    """Return the relief of one surface with its trust margin."""
    return figure_with_trust(
        [[panel_3d(view, paths, camera=camera, theme=theme)]],
        title=title,
        trust=trust,
        width_mm=width_mm,
        theme=theme,
    )


def panel_3d(
    view: SurfaceView,
    paths: Sequence[PathView] = (),
    *,
    camera: Camera | None = None,
    theme: Theme = LIGHT,
) -> Panel:
    """Return the panel that draws a relief."""
    relief = Relief(view, camera or best_camera(view, paths))
    left, right, bottom, top = relief.extent
    picture = _picture(relief, theme)
    draw = partial(_draw, relief=relief, picture=picture, paths=paths, theme=theme)
    return Panel(draw, (top - bottom) / (right - left))


def _path(ax: Axes, relief: Relief, path: PathView, theme: Theme) -> None:
    x, y = relief.ground(path.a, path.b)
    part = fraction(path.loss, relief.view)
    good = np.isfinite(x) & np.isfinite(y) & np.isfinite(part)
    spot = np.where(good[:, None], relief.project(x, y, part), np.nan)
    seen = np.zeros(x.size, dtype=bool)
    seen[good] = relief.visible(x[good], y[good], part[good])
    _stems(ax, relief, path, spot, part)
    style: dict[str, Any] = {"solid_capstyle": "round", "solid_joinstyle": "round"}
    for piece, front in runs(spot, seen[1:] & seen[:-1]):
        if front:
            ax.plot(piece[:, 0], piece[:, 1], color="white", lw=2.8, alpha=0.8, zorder=5, **style)
            ax.plot(piece[:, 0], piece[:, 1], color=path.color, lw=1.5, zorder=6, **style)
        else:
            behind: dict[str, Any] = {"lw": 1.2, "ls": (0, (1, 1.3))}
            ax.plot(piece[:, 0], piece[:, 1], color="white", lw=2.0, alpha=0.35, zorder=3.9)
            ax.plot(piece[:, 0], piece[:, 1], color=path.color, zorder=4, **behind)
    dots = path.dots[seen[path.dots]]
    ax.plot(spot[dots, 0], spot[dots, 1], "o", ms=2.2, color=path.color, mew=0, zorder=7)
    last = np.flatnonzero(good)[-1]
    start, end = spot[np.flatnonzero(good)[0]], spot[last]
    ax.plot(start[0], start[1], "o", ms=5.5, mfc="white", mec=path.color, mew=1.4, zorder=8)
    ax.plot(end[0], end[1], "o", ms=5.5, mfc=path.color, mec="white", mew=0.9, zorder=9)
    words = readable(path.color, theme)
    map_labels(ax, theme).add(
        short(ax, path.label), float(end[0]), float(end[1]), words, dense(spot)
    )


def _stems(ax: Axes, relief: Relief, path: PathView, spot: FloatArray, part: FloatArray) -> None:
    below = fraction(path.plane_loss, relief.view)
    x, y = relief.ground(path.a, path.b)
    foot = relief.project(x, y, below)
    last = np.array([np.inf, np.inf])
    for i in path.dots:
        here = np.array([x[i], y[i]])
        if not abs(part[i] - below[i]) > _STEM or np.hypot(*(here - last)) < _APART:
            continue
        last = here
        ends = np.stack([spot[i], foot[i]])
        ax.plot(ends[:, 0], ends[:, 1], color=path.color, lw=0.5, alpha=0.75, zorder=4.5)


def _axes_of_block(ax: Axes, relief: Relief, theme: Theme) -> float:
    """Write ticks and captions along the front edges; return how low they reach, in points."""
    lowest = 0.0
    corners = relief.corners()
    flat = [relief.project(np.array([x]), np.array([y]), np.array([-0.06]))[0] for x, y in corners]
    nearest = int(np.argmin([spot[1] for spot in flat]))
    for other in ((nearest - 1) % 4, (nearest + 1) % 4):
        along_a = corners[other][1] == corners[nearest][1]
        label = relief.view.a_label if along_a else relief.view.b_label
        ends = (corners[nearest], corners[other])
        lowest = min(lowest, _edge(ax, relief, ends, along_a, label, theme))
    return lowest


def _edge(
    ax: Axes,
    relief: Relief,
    ends: tuple[tuple[float, float], tuple[float, float]],
    along_a: bool,
    label: str,
    theme: Theme,
) -> float:
    a0, a1, b0, b1 = relief.view.window
    low, high = (a0, a1) if along_a else (b0, b1)
    (x0, y0), (x1, y1) = ends
    spots = relief.project(np.array([x0, x1]), np.array([y0, y1]), np.array([-0.06, -0.06]))
    right = spots[1, 0] > spots[0, 0]
    across = spots[1] - spots[0]
    normal = np.array([abs(across[1]) * (1 if right else -1), -abs(across[0])])
    normal /= np.hypot(*normal)
    for value in _few_ticks(low, high):
        a, b = (value, b0) if along_a else (a0, value)
        tx, ty = relief.ground(np.array([a]), np.array([b]))
        x, y = (tx, np.array([y0])) if along_a else (np.array([x0]), ty)
        spot = relief.project(x, y, np.array([-0.06]))[0]
        place = (2.5 * normal[0], 2.5 * normal[1])
        ax.annotate(
            format_number(value),
            (spot[0], spot[1]),
            place,
            textcoords="offset points",
            fontsize=SMALL,
            ha="left" if right else "right",
            va="top",
        )
    middle = spots.mean(axis=0)
    rise, run = spots[1] - spots[0]
    angle = float(np.rad2deg(np.arctan2(run, rise)))
    angle = (angle + 90) % 180 - 90
    length = float(np.hypot(rise, run)) / (relief.extent[1] - relief.extent[0])
    room = ax.get_window_extent().width / ax.figure.dpi * 72 * length
    words = wrapped(label, room, SMALL)
    written = ax.annotate(
        words,
        (middle[0], middle[1]),
        (15 * normal[0], 15 * normal[1]),
        textcoords="offset points",
        fontsize=SMALL,
        rotation=angle,
        rotation_mode="anchor",
        ha="center",
        va="top",
        color=theme.ink,
    )
    low_end = written.get_window_extent().y0 - ax.get_window_extent().y0
    return low_end / ax.figure.dpi * 72


def _few_ticks(low: float, high: float) -> list[float]:
    for step in sorted((m * 10.0**p for p in range(-12, 13) for m in (1, 2, 5)), reverse=True):
        ticks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
        if len(ticks) >= 3:
            return [float(round(t, 12)) for t in ticks]
    return [low, high]


def _note(ax: Axes, view: SurfaceView, camera: Camera, theme: Theme, lowest: float) -> None:
    what = f"log {view.field_label}" if view.scale is Scale.LOG else view.field_label
    note = f"Height: {what}, its whole range drawn {camera.height:g} as high as the ground is wide."
    if view.note:
        note += f" {view.note[0].upper()}{view.note[1:]}."
    wide = ax.get_window_extent().width / ax.figure.dpi * 72
    style: dict[str, Any] = {"fontsize": SMALL, "color": theme.quiet, "va": "top", "ha": "left"}
    words = wrapped(note, wide, SMALL)
    ax.annotate(
        words,
        (0, 0),
        (0, lowest - 5),
        "axes fraction",
        textcoords="offset points",
        **style,
    )
