"""Path on a map: hollow start, solid end, dots for speed; pale and dashed where it is untrue."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.plots.mpl_labels import dense, map_labels
from thalweg.plots.mpl_style import LIGHT, Theme, readable
from thalweg.views.path import GAP_BANDS, TRUE_BELOW, PathView

STRENGTHS = (1.0, 0.82, 0.64, 0.42, 0.2)  # of the color, by how far the gap has grown


def draw_path(ax: Axes, view: PathView, *, theme: Theme = LIGHT, label: bool = True) -> None:
    """Draw a path over a map.

    Args:
        ax: on which the surface was drawn.
        view: what.
        theme: light or dark page.
        label: whether to write the optimizer and the captured variance beside its end.
    """
    points = np.column_stack([view.a, view.b])
    style: dict[str, Any] = {
        "solid_capstyle": "round",
        "solid_joinstyle": "round",
        "dash_capstyle": "butt",
    }
    ax.plot(view.a, view.b, color="white", lw=3.2, alpha=0.7, zorder=6, **style)
    for piece, band in runs(points, view.bands):
        if band > GAP_BANDS.index(TRUE_BELOW):  # rails keep the optimizer's color
            ax.plot(*piece.T, color=view.color, lw=2.3, ls=(0, (2.0, 1.0)), zorder=6.9, **style)
        ax.plot(*piece.T, color=paled(view.color, band), lw=1.5, zorder=7, **style)
    _beads(ax, view)
    for segment in view.arrows:
        _arrow(ax, points, int(segment), view.color)
    ax.plot(view.start[0], view.start[1], "o", ms=6, mfc="white", mec=view.color, mew=1.5, zorder=9)
    ax.plot(view.end[0], view.end[1], "o", ms=6, mfc=view.color, mec="white", mew=0.9, zorder=10)
    if label:
        words = readable(view.color, theme)
        map_labels(ax, theme).add(short(ax, view.label), *view.end, words, dense(points))


def short(ax: Axes, label: str) -> str:
    """Return a label in two lines where the map is narrow."""
    narrow = ax.get_window_extent().width / ax.figure.dpi * 72 < 220
    return label.replace(": ", "\n", 1) if narrow else label


def paled(color: str, band: int) -> str:
    """Return a color mixed with white: the more, the larger the gap.

    >>> paled("#009E73", 0), paled("#009E73", 4)
    ('#009e73', '#ccece3')
    """
    red, green, blue = (1 - STRENGTHS[band] * (1 - part) for part in to_rgb(color))
    return to_hex((red, green, blue))


def _beads(ax: Axes, view: PathView) -> None:
    """Draw a dot a step: filled where the picture is true, hollow where it is not."""
    first = view.truthful[:1] if view.truthful.size else np.array([True])
    true = np.concatenate([first, view.truthful])[view.dots]
    for steps, face in ((view.dots[true], view.color), (view.dots[~true], "white")):
        a, b = view.a[steps], view.b[steps]
        edge = "white" if face == view.color else view.color
        ax.plot(a, b, "o", ms=3.0, mfc=face, mec=edge, mew=0.6, zorder=8)


def runs(
    points: FloatArray, kinds: NDArray[np.bool_] | NDArray[np.int64]
) -> list[tuple[FloatArray, int]]:
    """Return the pieces of a path (m, 2) whose segments (m - 1,) are of one kind, and the kind."""
    if not len(kinds):
        return []
    cuts = np.flatnonzero(np.diff(kinds.astype(int))) + 1
    starts, ends = [0, *cuts], [*cuts, len(kinds)]
    return [(points[i : j + 1], int(kinds[i])) for i, j in zip(starts, ends, strict=True)]


def _arrow(ax: Axes, points: FloatArray, segment: int, color: str) -> None:
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    head, reach = points[segment + 1], 0.03
    tail = segment
    while tail > 0 and np.hypot(*((head - points[tail]) / (x1 - x0, y1 - y0))) < reach:
        tail -= 1
    look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 11, "lw": 0.7}
    look |= {"fc": color, "ec": "white", "shrinkA": 0, "shrinkB": 0}
    near = head + (points[tail] - head) * 0.02  # a shaft too short to be seen
    ax.annotate("", head, near, arrowprops=look, zorder=8.5, annotation_clip=True)
