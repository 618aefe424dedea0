"""Persistence diagram: how deep minima are, over how low; the band that noise could make."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from thalweg.plots.mpl_curves import set_scale, tidy
from thalweg.plots.mpl_style import LIGHT, SMALL, Theme
from thalweg.views.colors import POSITIVE
from thalweg.views.persistence import PersistenceView


def draw_persistence(ax: Axes, view: PersistenceView, *, theme: Theme = LIGHT) -> None:
    """Draw minima by birth and persistence; hollow where they may continue outside the window."""
    low, high = view.limits
    color = np.where(view.certain, POSITIVE, theme.quiet)
    ax.axhline(view.top, color=theme.quiet, lw=0.7, ls=(0, (4, 2)), zorder=1)
    if view.band:
        band: dict[str, Any] = {"color": theme.missing, "lw": 0, "zorder": 0.5}
        ax.axhspan(low, view.band, **band)
        ax.axhline(view.band, color=theme.quiet, lw=0.7, zorder=1)
    for hollow in (True, False):
        for certain in (False, True):
            here = (view.on_boundary == hollow) & (view.certain == certain)
            if not here.any():
                continue
            ink = str(color[here][0])
            face = theme.paper if hollow else ink
            edge = {"mec": ink, "mew": 1.0} if hollow else {"mec": theme.paper, "mew": 0.5}
            size = 5.0 if certain else 4.0
            ax.plot(
                view.birth[here], view.persistence[here], "o", ms=size, mfc=face, **edge, zorder=3
            )
    ax.margins(x=0.08)
    set_scale(ax, "y", view.scale, 1.0)
    ax.set_ylim(low, high)
    ax.locator_params(axis="x", nbins=5)
    tidy(ax, theme, view.birth_label, "persistence (depth)", view.title)
    ax.set_xlabel(f"{ax.get_xlabel()}\n{view.caption}")
    _words(ax, view, theme)


def _words(ax: Axes, view: PersistenceView, theme: Theme) -> None:
    style: dict[str, Any] = {"fontsize": SMALL, "color": theme.quiet, "ha": "right"}
    style |= {"textcoords": "offset points", "zorder": 4}
    right = ("axes fraction", "data")
    ax.annotate("never meets a lower one", (1, view.top), (-2, 2), right, va="bottom", **style)
    if view.band:
        style |= {"bbox": {"fc": theme.missing, "lw": 0, "pad": 1.0}}
        ax.annotate("noise could make these", (1, view.band), (-2, -3), right, va="top", **style)
