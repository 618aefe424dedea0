"""Path on a map: hollow start, solid end, dots for speed, solid where true and dashed where not."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.plots.mpl_labels import dense, map_labels
from thalweg.plots.mpl_style import LIGHT, Theme, readable
from thalweg.views.path import PathView


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
    for piece, true in runs(points, view.truthful):
        look: dict[str, Any] = {"lw": 1.6} if true else {"lw": 1.2, "ls": (0, (2.4, 1.6))}
        ax.plot(piece[:, 0], piece[:, 1], color=view.color, zorder=7, **style, **look)
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


def _beads(ax: Axes, view: PathView) -> None:
    """Draw a dot a step: filled where the picture is true, hollow where it is not."""
    first = view.truthful[:1] if view.truthful.size else np.array([True])
    true = np.concatenate([first, view.truthful])[view.dots]
    for steps, face in ((view.dots[true], view.color), (view.dots[~true], "white")):
        a, b = view.a[steps], view.b[steps]
        edge = "white" if face == view.color else view.color
        ax.plot(a, b, "o", ms=3.0, mfc=face, mec=edge, mew=0.6, zorder=8)


def runs(points: FloatArray, truthful: NDArray[np.bool_]) -> list[tuple[FloatArray, bool]]:
    """Return the pieces of a path (m, 2) in which all segments are true, or none are."""
    if not len(truthful):
        return []
    cuts = np.flatnonzero(np.diff(truthful.astype(int))) + 1
    starts, ends = [0, *cuts], [*cuts, len(truthful)]
    return [(points[i : j + 1], bool(truthful[i])) for i, j in zip(starts, ends, strict=True)]


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
