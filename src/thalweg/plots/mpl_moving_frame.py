"""Map in a moving frame: the run is the straight line in the middle, at its true loss."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from thalweg.plots.mpl_labels import map_labels
from thalweg.plots.mpl_style import LIGHT, Theme, readable
from thalweg.plots.mpl_surface import draw_surface
from thalweg.views.moving_frame import MovingFrameView

MOST_BEADS = 80


def draw_moving_frame(
    ax: Axes, view: MovingFrameView, *, theme: Theme = LIGHT, colorbar: bool = True
) -> None:
    """Draw the loss around a run; dots are recorded steps, so where they crowd the run was slow.

    Args:
        ax: where; call inside `styled(theme)`.
        view: what.
        theme: light or dark page.
        colorbar: whether to put the scale of the colors beside it.
    """
    length = float(view.steps[-1])
    line = np.column_stack([np.linspace(0, length, 60), np.zeros(60)])
    draw_surface(ax, view.surface, theme=theme, colorbar=colorbar, scale_bar=False, avoid=[line])
    ax.plot([0, length], [0, 0], color="white", lw=3.2, alpha=0.7, zorder=6)
    ax.plot([0, length], [0, 0], color=view.color, lw=1.6, zorder=7)
    beads = view.steps[:: max(1, -(-view.steps.size // MOST_BEADS))]
    dot: dict[str, Any] = {"mec": "white", "mew": 0.5, "clip_on": False}
    ax.plot(beads, 0 * beads, "o", ms=2.8, mfc=view.color, zorder=8, **dot)
    dot |= {"mec": view.color, "mew": 1.5}
    ax.plot(0, 0, "o", ms=6, mfc="white", zorder=9, **dot)
    ax.plot(length, 0, "o", ms=6, mfc=view.color, zorder=10, **{**dot, "mec": "white", "mew": 0.9})
    words = f"{view.name}, step {view.numbers[-1]}" if view.name else f"step {view.numbers[-1]}"
    map_labels(ax, theme).add(words, length, 0.0, readable(view.color, theme), line)
