"""Curves: named lines with bands, labeled at their ends instead of in a legend."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from thalweg.plots.mpl_labels import EndLabels
from thalweg.plots.mpl_style import LIGHT, SMALL, TEXT, Theme, readable, wrapped
from thalweg.views.curves import CurvesView, Series
from thalweg.views.levels import Scale, finite, format_number


def draw_curves(
    ax: Axes, view: CurvesView, *, theme: Theme = LIGHT, end_labels: bool = True
) -> None:
    """Draw curves.

    Args:
        ax: where; call inside `styled(theme)`.
        view: what.
        theme: light or dark page.
        end_labels: whether to name the lines at their right ends.
    """
    for line in view.series:
        _line(ax, line)
    for reference in view.references:
        ax.axhline(reference.value, color=theme.quiet, lw=0.7, ls=(0, (4, 2)), zorder=1)
    set_scale(ax, "x", view.x_scale, view.linear_below)
    set_scale(ax, "y", view.y_scale, view.linear_below)
    ax.margins(x=0.02)
    tidy(ax, theme, view.x_label, view.y_label, view.title)
    if end_labels:
        _names(ax, view, theme)


def _names(ax: Axes, view: CurvesView, theme: Theme) -> None:
    named = [line for line in view.series if line.name and _drawable(line, view.y_scale).size]
    if not named and not view.references:
        return
    labels = EndLabels(ax, theme)
    for line in named:
        last = _drawable(line, view.y_scale)[-1]
        color = readable(line.color, theme)
        labels.add(line.name, float(line.x[last]), float(line.y[last]), color)
    edge = ax.get_xlim()[1]
    for reference in view.references:
        labels.add(wrapped(reference.text, 95, SMALL), edge, reference.value, theme.quiet)


def set_scale(ax: Axes, which: str, scale: Scale, linear_below: float) -> None:
    """Set the scale of the x or the y axis, with numbers as readers write them."""
    setter, axis = (ax.set_xscale, ax.xaxis) if which == "x" else (ax.set_yscale, ax.yaxis)
    if scale is Scale.LOG:
        setter("log")
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
        low, high = axis.get_view_interval()
        if high > 30 * low:
            axis.set_minor_formatter(NullFormatter())
        else:
            axis.set_minor_formatter(FuncFormatter(_minor))
    elif scale is Scale.SYMLOG:
        setter("symlog", linthresh=linear_below)
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))


def tidy(ax: Axes, theme: Theme, x_label: str, y_label: str, title: str) -> None:
    """Take away what is not needed and write the captions."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.grid(True, axis="y", color=theme.hair, lw=0.4)
    box, dpi = ax.get_window_extent(), ax.figure.dpi
    ax.set_xlabel(wrapped(x_label, box.width / dpi * 72))
    ax.set_ylabel(wrapped(y_label, max(box.height / dpi * 72, 45)))
    if title:
        words = wrapped(title, box.width / dpi * 72)
        ax.set_title(words, loc="left", fontsize=TEXT, color=theme.ink, pad=5)


def _minor(value: float, _: int) -> str:
    return format_number(value) if f"{value:e}"[0] in "25" else ""


def _line(ax: Axes, line: Series) -> None:
    y = np.where(np.isfinite(line.y), line.y, np.nan)
    style = (0, (3, 1.6)) if line.dashed else "-"
    few = "o" if finite(y).size <= 12 else ""
    ax.plot(line.x, y, color=line.color, lw=1.2, ls=style, marker=few, ms=3, zorder=3)
    if line.low is not None and line.high is not None:
        ax.fill_between(line.x, line.low, line.high, color=line.color, alpha=0.18, lw=0, zorder=2)


def _drawable(line: Series, scale: Scale) -> NDArray[np.intp]:
    """Return the indices of points that the scale can show."""
    good = np.isfinite(line.x) & np.isfinite(line.y)
    if scale is Scale.LOG:
        good &= line.y > 0
    return np.flatnonzero(good)
