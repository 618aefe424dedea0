"""Contour lines with numbers that stay clear of paths, borders and each other."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.text import Text

from thalweg.core.arrays import FloatArray
from thalweg.plots.mpl_style import SMALL, luminance
from thalweg.plots.shade import fraction
from thalweg.views.surface import SurfaceView

COLORS = colormaps["viridis"]
_MOST_LABELS = 8


def contrast(part: float) -> tuple[float, float, float, float]:
    """Return the ink of a line that reads on the color of a fraction: light on dark, or dark."""
    dark = luminance(COLORS(part)) < 0.18
    return (1, 1, 1, 0.6) if dark else (0.05, 0.07, 0.1, 0.5)


def draw_contours(
    ax: Axes, view: SurfaceView, avoid: Sequence[FloatArray] = (), label_levels: bool = True
) -> list[Text]:
    """Draw the contour lines of a view; return their numbers.

    Args:
        ax: with its limits set.
        view: what.
        avoid: arrays (k, 2) of data points that numbers keep clear of.
        label_levels: whether lines carry their numbers.
    """
    known = view.values[np.isfinite(view.values)]
    if min(view.values.shape) < 2 or not known.size:
        return []
    levels = view.levels[(view.levels > known.min()) & (view.levels < known.max())]
    if not levels.size:
        return []
    inks = [contrast(float(part)) for part in fraction(levels, view)]
    values = np.ma.masked_invalid(view.values)
    lines = ax.contour(view.a, view.b, values, levels, colors=inks, linewidths=0.55, zorder=1)
    if not label_levels:
        return []
    every = -(-levels.size // _MOST_LABELS)
    rows, columns = np.nonzero(~np.isfinite(view.values))
    missing = np.column_stack([view.a[columns], view.b[rows]])
    spots = _spots(ax, lines, range(0, levels.size, every), [*avoid, missing])
    if not spots:
        return []
    chosen = sorted(spots)
    texts = dict(zip(view.levels.tolist(), view.level_texts, strict=True))
    words = {float(levels[i]): texts[float(levels[i])] for i in chosen}
    solid = [(*inks[i][:3], 0.95) for i in chosen]
    places = [spots[i] for i in chosen]
    return ax.clabel(
        lines,
        levels[chosen],
        fmt=words,
        fontsize=SMALL,
        colors=solid,
        inline_spacing=2,
        manual=places,
        zorder=1.5,
    )


def _spots(
    ax: Axes, lines: ContourSet, indices: range, avoid: Sequence[FloatArray]
) -> dict[int, tuple[float, float]]:
    """Return for each level that has room the place of its number, in data coordinates."""
    point = ax.figure.dpi / 72
    box = ax.get_window_extent()
    obstacles = [ax.transData.transform(np.asarray(points)) for points in avoid if len(points)]
    taken = np.concatenate(obstacles) if obstacles else np.empty((0, 2))
    taken = taken[np.isfinite(taken).all(axis=1)]
    labels = np.empty((0, 2))
    spots: dict[int, tuple[float, float]] = {}
    for index in indices:
        data = np.asarray(lines.get_paths()[index].vertices)
        if len(data) < 8:
            continue
        pixels = ax.transData.transform(data)
        if np.ptp(pixels, axis=0).max() < 44 * point:
            continue  # a loop too small to hold a number
        edges = np.concatenate([pixels - [box.x0, box.y0], [box.x1, box.y1] - pixels], axis=1)
        clear = np.minimum(edges.min(axis=1) / point, 18)
        room = np.minimum(_nearest(pixels, taken) / point, 16)
        apart = np.minimum(_nearest(pixels, labels) / point, 36)
        score = np.where((clear < 13) | (room < 9) | (apart < 14), -np.inf, clear + room + apart)
        best = int(np.argmax(score))
        if np.isfinite(score[best]):
            spots[index] = (float(data[best, 0]), float(data[best, 1]))
            labels = np.vstack([labels, pixels[best]])
    return spots


def _nearest(points: FloatArray, others: FloatArray) -> FloatArray:
    """Return the distance (m,) of each point (m, 2) to the nearest of the others."""
    if not len(others):
        return np.full(len(points), 1e3)
    thin = others[:: max(1, len(others) // 400)]
    return np.sqrt(((points[:, None] - thin[None]) ** 2).sum(axis=2).min(axis=1))
