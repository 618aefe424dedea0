"""Merge tree: branches that rise from minima and join where their lakes meet."""

from matplotlib.axes import Axes

from thalweg.plots.mpl_curves import set_scale, tidy
from thalweg.plots.mpl_style import LIGHT, Theme
from thalweg.views.colors import POSITIVE
from thalweg.views.merge_tree import MergeTreeView


def draw_merge_tree(ax: Axes, view: MergeTreeView, *, theme: Theme = LIGHT) -> None:
    """Draw one branch a minimum; hollow ends may continue outside the window."""
    at = view.place
    ax.vlines(at, view.low, view.high, color=theme.ink, lw=1.0, zorder=2)
    for branch, elder in enumerate(view.elder):
        if elder >= 0:
            ends, height = [at[branch], at[elder]], [view.high[branch]] * 2
            ax.plot(ends, height, color=theme.ink, lw=1.0, solid_capstyle="projecting", zorder=2)
    for hollow in (True, False):
        here = view.on_boundary == hollow
        face, edge = (theme.paper, POSITIVE) if hollow else (POSITIVE, theme.paper)
        ax.plot(at[here], view.low[here], "o", ms=5, mfc=face, mec=edge, mew=0.9, zorder=3)
    ax.set_xlim(-0.6, max(at.size - 0.4, 0.6))
    set_scale(ax, "y", view.scale, 1.0)
    ax.set_ylim(top=view.top)
    tidy(ax, theme, view.caption, view.label, view.title)
    ax.set_xticks([])
