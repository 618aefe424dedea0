"""Spectrum: Hessian eigenvalues in order on a symlog axis, negative ones marked and counted."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from thalweg.plots.mpl_curves import set_scale, tidy
from thalweg.plots.mpl_style import LIGHT, SMALL, Theme, readable
from thalweg.views.colors import NEGATIVE, POSITIVE
from thalweg.views.levels import Scale
from thalweg.views.spectrum import SpectrumView

_LOOKS = ((1, POSITIVE, "o"), (0, "#8A9199", "o"), (-1, NEGATIVE, "D"))


def draw_spectrum(ax: Axes, view: SpectrumView, *, theme: Theme = LIGHT) -> None:
    """Draw eigenvalues, largest first; orange diamonds are negative."""
    rank = np.arange(1, view.values.size + 1)
    ax.axhline(0, color=theme.quiet, lw=0.6)
    for sign, color, marker in _LOOKS:
        here = view.sign == sign
        size = 3.4 if marker == "o" else 3.8
        ax.vlines(rank[here], 0, view.values[here], color=color, lw=0.6, alpha=0.5)
        ax.plot(rank[here], view.values[here], marker, ms=size, color=color, mew=0, zorder=3)
    set_scale(ax, "y", Scale.SYMLOG, view.linear_below)
    tidy(ax, theme, "rank", "Hessian eigenvalue", view.title)
    color = readable(NEGATIVE, theme) if (view.sign < 0).any() else theme.quiet
    style: dict[str, Any] = {"fontsize": SMALL, "color": color, "va": "top", "ha": "right"}
    ax.annotate(
        view.caption, (1, 1), (-2, -2), "axes fraction", textcoords="offset points", **style
    )
    ax.margins(x=0.03)
