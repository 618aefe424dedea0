"""Page: panels in rows, a title that states the finding, and the trust margin under them.

The layout measures what surrounds each panel (ticks, captions, color bars) once, then gives
the panels all the width that is left: nothing overlaps, nothing is clipped, and it is fast.
"""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.plots.mpl_labels import map_labels
from thalweg.plots.mpl_style import LIGHT, MM, SMALL, TITLE, Theme, styled
from thalweg.views.trust import TrustLines

MARGIN, GAP = 2.0 * MM, 4.0 * MM
BAR = 3.0 * MM
LEAST = 19.0 * MM  # height of a row without a shape of its own
_LEADING = 1.45
AROUND = 25 * MM  # what ticks, captions and color bar take beside a panel, about
_PASSES = 3


@dataclass(frozen=True)
class Panel:
    """One panel: what draws it, and its height over its width (None: as high as its row)."""

    draw: Callable[[Axes], None]
    aspect: float | None = None
    weight: float = 1.0


def figure_with_trust(
    rows: Sequence[Sequence[Panel | None]],
    *,
    title: str = "",
    trust: TrustLines | None = None,
    bar: Callable[[Axes], None] | None = None,
    width_mm: float = 170.0,
    theme: Theme = LIGHT,
    flexible_aspect: float = 0.62,
) -> Figure:
    """Return a figure of panels in rows, with a title above and the trust margin below.

    Args:
        rows: equally many panels each; None leaves a place empty.
        title: the finding, in sentence case, or empty.
        trust: the statements for the strip under the picture.
        bar: draws one color bar for all panels, at the right of them.
        width_mm: width of the page; 85 is a journal column.
        theme: light or dark page.
        flexible_aspect: height over width of rows in which no panel states its own.

    Raises:
        InputError: no panel, or rows of different lengths.
    """
    lengths = {len(row) for row in rows}
    if len(lengths) != 1 or 0 in lengths or not any(p for row in rows for p in row):
        raise InputError(
            "a page needs rows of equally many panels", repr(lengths), "fill with None"
        )
    page = _Page(rows, title, trust or TrustLines(), bar, theme, flexible_aspect)
    with styled(theme):
        figure = Figure(figsize=(width_mm * MM, width_mm * MM), dpi=200)
        FigureCanvasAgg(figure)
        widths = (width_mm * MM - 2 * MARGIN) * page.weights / page.weights.sum() - AROUND
        for _ in range(_PASSES):  # what surrounds a panel depends a little on its size
            figure.clear()
            before, widths = widths, _compose(figure, page, np.maximum(widths, 8 * MM))
            grown = widths / before  # a panel somewhat larger than guessed only has more room
            if grown.min() > 0.96 and grown.max() < 1.3:
                break
        return figure


@dataclass(frozen=True)
class _Page:
    """What is asked of a page."""

    rows: Sequence[Sequence[Panel | None]]
    title: str
    trust: TrustLines
    bar: Callable[[Axes], None] | None
    theme: Theme
    flexible: float

    @property
    def weights(self) -> FloatArray:
        """Relative widths of the columns."""
        columns = zip(*self.rows, strict=True)
        return np.array([max((p.weight for p in column if p), default=1.0) for column in columns])

    def text(self, figure: Figure) -> tuple[list[str], list[tuple[str, bool, bool]]]:
        """Lines of the title, and of the trust margin, broken to the width of the page."""
        wide = figure.get_figwidth()
        return _broken(self.title, TITLE, wide - 2 * MARGIN, figure), _trust_lines(
            self.trust, wide, figure
        )

    def heights(self, widths: FloatArray) -> FloatArray:
        """Heights of the rows, given the widths of the columns."""
        heights = []
        for row in self.rows:
            shaped = [
                p.aspect * w for p, w in zip(row, widths, strict=True) if p and p.aspect is not None
            ]
            heights.append(
                max(shaped) if shaped else max(LEAST, self.flexible * float(widths.mean()))
            )
        return np.array(heights)


def _compose(figure: Figure, page: _Page, guess: FloatArray) -> FloatArray:
    """Draw the page with panels of about the guessed widths; return the widths they got."""
    wide, shape = figure.get_figwidth(), (len(page.rows), len(guess))
    panels = _drawn(figure, page, guess)
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    sides = np.zeros((4, *shape))  # left, right, top, bottom
    for key, ax in panels.items():
        sides[(slice(None), *key)] = _around(ax, renderer, figure.dpi)
    left, right = sides[0].max(axis=0), sides[1].max(axis=0)
    top, bottom = sides[2].max(axis=1), sides[3].max(axis=1)
    bar = figure.add_axes((0.9, 0.2, BAR / wide, 0.5), label="bar") if page.bar else None
    beside = 0.0
    if bar and page.bar:
        height = (page.heights(guess).sum() + (top + bottom).sum()) / figure.get_figheight()
        bar.set_position((0.9, 0.2, BAR / wide, height))
        page.bar(bar)
        beside = BAR + 0.6 * GAP + _around(bar, renderer, figure.dpi)[1]
    room = wide - 2 * MARGIN - beside - (left + right).sum() - GAP * (shape[1] - 1)
    widths = np.maximum(room, 0.2 * wide) * page.weights / page.weights.sum()
    heights = page.heights(widths)
    head, strip = page.text(figure)
    head_height = len(head) * TITLE * 1.3 / 72 + (1.5 * MM if head else 0)
    strip_height = (len(strip) * SMALL * _LEADING / 72 + 5 * MM) if strip else 0
    total = 2 * MARGIN + head_height + strip_height
    total += (heights + top + bottom).sum() + GAP * (shape[0] - 1) * 0.8
    figure.set_size_inches(wide, total)
    ceiling = y = total - MARGIN - head_height - top[0]
    floor = y
    for i in range(shape[0]):
        y -= heights[i] + (top[i] if i else 0)
        x = MARGIN
        for j in range(shape[1]):
            x += left[j]
            panel = page.rows[i][j]
            if panel is not None:
                own = heights[i] if panel.aspect is None else panel.aspect * widths[j]
                low = y + heights[i] - own
                panels[i, j].set_position((x / wide, low / total, widths[j] / wide, own / total))
            x += widths[j] + right[j] + GAP
        floor = y
        y -= bottom[i] + GAP * 0.8
    if bar:
        x = MARGIN + (left + right).sum() + widths.sum() + GAP * (shape[1] - 1) + 0.6 * GAP
        bar.set_position((x / wide, floor / total, BAR / wide, (ceiling - floor) / total))
    for ax in panels.values():
        map_labels(ax, page.theme).settle(renderer)
    _write_title(figure, head, total, page.theme)
    _write_trust(figure, strip, total, page.theme)
    return widths


def _drawn(figure: Figure, page: _Page, widths: FloatArray) -> dict[tuple[int, int], Axes]:
    """Return the axes of the panels, drawn at about their final size."""
    wide, tall = figure.get_size_inches()
    heights, panels = page.heights(widths), {}
    for i, row in enumerate(page.rows):
        for j, panel in enumerate(row):
            if panel is None:
                continue
            own = heights[i] if panel.aspect is None else panel.aspect * widths[j]
            place = (0.2, 0.2, widths[j] / wide, own / tall)
            panels[i, j] = figure.add_axes(place, label=f"{i},{j}")
            panel.draw(panels[i, j])
    return panels


def _around(ax: Axes, renderer: RendererAgg, dpi: float) -> tuple[float, float, float, float]:
    """Return what sticks out of an axes: left, right, top, bottom, in inches."""
    ax.apply_aspect()
    inner, outer = ax.get_window_extent(renderer), ax.get_tightbbox(renderer)
    if outer is None:
        return 0.0, 0.0, 0.0, 0.0
    out = (inner.x0 - outer.x0, outer.x1 - inner.x1, outer.y1 - inner.y1, inner.y0 - outer.y0)
    return tuple(max(0.0, size / dpi) for size in out)  # type: ignore[return-value]


def _broken(text: str, size: float, room: float, figure: Figure) -> list[str]:
    """Return text in lines about `room` inches wide at most, from one measurement of it."""
    if not text:
        return []
    measure = Text(0, 0, text, fontsize=size)
    measure.set_figure(figure)
    width = measure.get_window_extent().width / figure.dpi
    return (
        textwrap.wrap(text, max(10, int(0.95 * room / width * len(text))))
        if width > room
        else [text]
    )


def _trust_lines(trust: TrustLines, wide: float, figure: Figure) -> list[tuple[str, bool, bool]]:
    """Return (words, is_warning, is_first_line_of_its_statement)."""
    strip = []
    for line in trust.lines:
        parts = _broken(line.text, SMALL, wide - 2 * MARGIN - 4 * MM, figure)
        strip += [(part, line.warning, index == 0) for index, part in enumerate(parts)]
    return strip


def _write_title(figure: Figure, lines: list[str], total: float, theme: Theme) -> None:
    if lines:
        wide = figure.get_figwidth()
        place = (MARGIN / wide, 1 - MARGIN / total)
        words = "\n".join(lines)
        figure.text(
            *place, words, fontsize=TITLE, va="top", ha="left", color=theme.ink, linespacing=1.2
        )


def _write_trust(
    figure: Figure, strip: list[tuple[str, bool, bool]], total: float, theme: Theme
) -> None:
    if not strip:
        return
    wide, step = figure.get_figwidth(), SMALL * _LEADING / 72
    y = MARGIN + len(strip) * step
    rule = (y + 1.5 * MM) / total
    ends = [MARGIN / wide, 1 - MARGIN / wide]
    figure.add_artist(Line2D(ends, [rule, rule], color=theme.hair, lw=0.6))
    for words, warning, first in strip:
        y -= step
        color = theme.warning if warning else theme.quiet
        center = (y + 0.45 * step) / total
        x = (MARGIN + 1.2 * MM) / wide
        if first:
            marker, size = ("^", 4.2) if warning else ("o", 1.6)
            figure.add_artist(
                Line2D([x], [center], marker=marker, ms=size, color=color, mew=0, ls="")
            )
        left = (MARGIN + 3.4 * MM) / wide
        ink = theme.ink if warning else theme.quiet
        figure.text(left, center, words, fontsize=SMALL, color=ink, va="center_baseline", ha="left")
