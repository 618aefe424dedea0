"""Matrix: a heat map with its numbers written in the cells."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from thalweg.plots.mpl_style import LIGHT, SMALL, TEXT, Theme, luminance, wrapped
from thalweg.views.matrix import MatrixView

_COLORS = colormaps["cividis"]


def draw_matrix(ax: Axes, view: MatrixView, *, theme: Theme = LIGHT) -> None:
    """Draw a table: colors for the pattern, numbers for the facts; NaN cells stay blank."""
    low, high = view.limits
    parts = np.clip((view.values - low) / (high - low), 0, 1)
    colors = _COLORS(np.nan_to_num(parts))
    colors[..., 3] = np.isfinite(view.values)
    ax.imshow(colors, interpolation="nearest", aspect="equal")
    for (row, column), part in np.ndenumerate(parts):
        if np.isfinite(part):
            ink = "#FFFFFF" if luminance(_COLORS(float(part))) < 0.25 else "#1A1D21"
            words = view.texts[row][column]
            ax.text(column, row, words, color=ink, fontsize=SMALL, ha="center", va="center")
    edges_x, edges_y = np.arange(len(view.columns) + 1) - 0.5, np.arange(len(view.rows) + 1) - 0.5
    ax.vlines(edges_x, edges_y[0], edges_y[-1], color=theme.paper, lw=1.5)
    ax.hlines(edges_y, edges_x[0], edges_x[-1], color=theme.paper, lw=1.5)
    ax.set_xlim(edges_x[0], edges_x[-1])
    ax.set_ylim(edges_y[-1], edges_y[0])
    box, dpi = ax.get_window_extent(), ax.figure.dpi
    room = box.width / dpi * 72 / len(view.columns)
    turned = max(len(name) for name in view.columns) * 0.6 * SMALL > room
    ax.set_xticks(range(len(view.columns)), view.columns, rotation=90 if turned else 0)
    ax.set_yticks(range(len(view.rows)), view.rows)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    words = view.title or view.label
    words = wrapped(words, box.width / dpi * 72)
    ax.set_title(words, loc="left", fontsize=TEXT, color=theme.ink, pad=5)
    if view.title:
        ax.set_xlabel(view.label)
