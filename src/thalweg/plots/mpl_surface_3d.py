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
from thalweg.plots.relief import FLOOR, Camera, Relief, best_camera
from thalweg.plots.shade import height
from thalweg.views.levels import Scale, finite, format_number
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
    relief = _relief(view, paths, camera)
    _draw(ax, relief, _picture(relief, theme), paths, theme, colorbar)


def _picture(relief: Relief, theme: Theme) -> NDArray[np.uint8]:
    """Return the rendered block (h, w, 4)."""
    picture = relief.render(lambda part: COLORS(part)[..., :3], 0.9 if theme is LIGHT else 0.22)
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
    left, right, bottom, top = _frame(relief, paths)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    ax.set_axis_off()
    hidden = [_path(ax, relief, path, theme) for path in paths]
    lowest = _axes_of_block(ax, relief, theme)
    words = _note(relief, paths, any(hidden))
    wide = ax.get_window_extent().width / ax.figure.dpi * 72
    style: dict[str, Any] = {"fontsize": SMALL, "color": theme.quiet, "va": "top"}
    below: dict[str, Any] = {"xytext": (0, lowest - 5), "textcoords": "offset points"}
    ax.annotate(wrapped(words, wide, SMALL), (0, 0), xycoords="axes fraction", **below, **style)
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
    relief = _relief(view, paths, camera)
    left, right, bottom, top = _frame(relief, paths)
    picture = _picture(relief, theme)
    draw = partial(_draw, relief=relief, picture=picture, paths=paths, theme=theme)
    return Panel(draw, (top - bottom) / (right - left))


def _relief(view: SurfaceView, paths: Sequence[PathView], camera: Camera | None) -> Relief:
    """Return the relief, on a block deep enough for losses below the surface's lowest."""
    parts = [float(h) for path in paths for h in finite(height(path.loss, view))]
    floor = min([0.0, *parts]) + FLOOR
    return Relief(view, camera or best_camera(view, paths), floor=floor)


def _spots(relief: Relief, path: PathView) -> FloatArray:
    """Return the picture positions (t, 2) of a path at its true loss, NaN where it has none."""
    x, y = relief.ground(path.a, path.b)
    spots = relief.project(x, y, height(path.loss, relief.view))
    spots[~np.isfinite(spots).all(axis=1)] = np.nan
    return spots


def _frame(relief: Relief, paths: Sequence[PathView]) -> tuple[float, float, float, float]:
    """Return left, right, bottom, top of a picture that holds the block and the paths."""
    left, right, bottom, top = relief.extent
    highest = [
        float(np.nanmax(spots[:, 1])) for path in paths if len(spots := _spots(relief, path))
    ]
    return left, right, bottom, max([top, *[h + 0.02 for h in highest if np.isfinite(h)]])


def _path(ax: Axes, relief: Relief, path: PathView, theme: Theme) -> bool:
    """Draw a path at its true loss; return whether some of it is behind the surface."""
    x, y = relief.ground(path.a, path.b)
    part, spot = height(path.loss, relief.view), _spots(relief, path)
    good = np.isfinite(spot[:, 0])
    if not good.any():
        return False
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
    return bool((good & ~seen).any())


def _stems(ax: Axes, relief: Relief, path: PathView, spot: FloatArray, part: FloatArray) -> None:
    below = height(path.plane_loss, relief.view)
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
    flat = [
        relief.project(np.array([x]), np.array([y]), np.array([relief.floor]))[0]
        for x, y in corners
    ]
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
    spots = relief.project(np.array([x0, x1]), np.array([y0, y1]), np.full(2, relief.floor))
    right = spots[1, 0] > spots[0, 0]
    across = spots[1] - spots[0]
    normal = np.array([abs(across[1]) * (1 if right else -1), -abs(across[0])])
    normal /= np.hypot(*normal)
    for value in _few_ticks(low, high):
        a, b = (value, b0) if along_a else (a0, value)
        tx, ty = relief.ground(np.array([a]), np.array([b]))
        x, y = (tx, np.array([y0])) if along_a else (np.array([x0]), ty)
        spot = relief.project(x, y, np.array([relief.floor]))[0]
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
        (19 * normal[0], 19 * normal[1]),
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


def _note(relief: Relief, paths: Sequence[PathView], hidden: bool) -> str:
    """Return what the reader must know: the exaggeration, and what dotted and missing mean."""
    view = relief.view
    what = f"log {view.field_label}" if view.scale is Scale.LOG else view.field_label
    high = relief.camera.height
    notes = [f"Height: {what}, its whole range drawn {high:g} as high as the ground is wide."]
    if paths:
        notes.append("Paths at their true loss, a stem to the surface where they leave it.")
    if hidden:
        notes.append("Dotted: behind or below the surface.")
    if any((np.abs(finite(height(path.loss, view)) - 0.5) >= 1).any() for path in paths):
        notes.append("Losses far beyond the range of the surface are drawn at its margin.")
    if view.note:
        notes.append(f"{view.note[0].upper()}{view.note[1:]}.")
    return " ".join(notes)
