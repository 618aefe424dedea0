"""Dots: every value of every group, and the mean with its interval beside them."""

import numpy as np
from matplotlib.axes import Axes

from thalweg.core.arrays import FloatArray
from thalweg.plots.mpl_curves import set_scale, tidy
from thalweg.plots.mpl_style import LIGHT, SMALL, Theme
from thalweg.views.dots import DotsView, names_of
from thalweg.views.levels import finite


def draw_dots(ax: Axes, view: DotsView, *, theme: Theme = LIGHT) -> None:
    """Draw groups side by side; paired values are joined by thin lines."""
    if view.paired:
        rows = np.stack([group.values for group in view.groups])
        ax.plot(np.arange(len(rows)), rows, color=theme.hair, lw=0.6, zorder=1)
    for place, group in enumerate(view.groups):
        values = finite(group.values)
        shift = np.zeros(values.size) if view.paired else beeswarm(values)
        ax.plot(place + shift, values, "o", ms=3.2, color=group.color, alpha=0.55, mew=0, zorder=2)
        beside = place + 0.3
        ax.plot([beside, beside], [group.low, group.high], color=group.color, lw=1.4, zorder=3)
        ax.plot(
            beside, group.center, "D", ms=4.5, mfc=group.color, mec=theme.paper, mew=0.6, zorder=4
        )
    set_scale(ax, "y", view.scale, 1.0)
    tidy(ax, theme, view.interval, view.label, view.title)
    ax.set_xticks(range(len(view.groups)), names_of(view))
    ax.xaxis.label.set_fontsize(SMALL)
    ax.xaxis.label.set_color(theme.quiet)
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.4, len(view.groups) - 0.4)


def beeswarm(values: FloatArray, width: float = 0.16) -> FloatArray:
    """Return sideways shifts (m,) that keep close values apart; the same for the same values."""
    order = np.argsort(values, kind="stable")
    shifts = np.empty(values.size)
    pattern = np.array([0.0, 0.6, -0.6, 1.0, -1.0, 0.3, -0.3])
    shifts[order] = pattern[np.arange(values.size) % pattern.size] * width
    return shifts if values.size > 1 else np.zeros(values.size)
