"""Spectrum: Hessian eigenvalues in order on a symlog axis, negative ones marked and counted."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from thalweg.plots.mpl_curves import set_scale, tidy
from thalweg.plots.mpl_style import LIGHT, SMALL, Theme, readable, wrapped
from thalweg.views.colors import NEGATIVE, POSITIVE
from thalweg.views.levels import Scale
from thalweg.views.spectrum import SpectrumView

_LOOKS = ((1, POSITIVE, "o"), (0, "#8A9199", "o"), (-1, NEGATIVE, "D"))


GAP = 3  # places for what is left out


def draw_spectrum(ax: Axes, view: SpectrumView, *, theme: Theme = LIGHT) -> None:
    """Draw eigenvalues, largest first; orange diamonds are negative; a gap where some are not."""
    rank = np.arange(1, view.values.size + 1)
    if view.left_out:
        rank[view.upper :] += GAP
        _break(ax, view, theme)
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
    box, dpi = ax.get_window_extent(), ax.figure.dpi
    words = wrapped(view.caption, 0.75 * box.width / dpi * 72, SMALL)
    ax.annotate(words, (1, 1), (-2, -2), "axes fraction", textcoords="offset points", **style)
    ax.margins(x=0.03)


def _break(ax: Axes, view: SpectrumView, theme: Theme) -> None:
    """Mark where eigenvalues are left out, and number the ranks on both sides rightly."""
    size, upper = view.values.size, view.upper
    middle = upper + 0.5 + GAP / 2
    ax.axvspan(upper + 0.75, upper + GAP + 0.25, color=theme.hair, alpha=0.5, lw=0)
    text = f"{view.left_out:,} not computed"
    style: dict[str, Any] = {"fontsize": SMALL, "color": theme.quiet, "rotation": 90}
    ax.text(middle, 0.04, text, style, transform=ax.get_xaxis_transform(), ha="center", va="bottom")
    ticks = [rank for rank in (1, upper) if 0 < rank <= upper]
    ticks += [rank for rank in (upper + 1, size) if upper < rank <= size]
    places = sorted(set(ticks))
    ax.set_xticks(
        [place + (GAP if place > upper else 0) for place in places],
        [f"{place + (view.left_out if place > upper else 0):,}" for place in places],
    )
