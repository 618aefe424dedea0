"""Map of a surface: color, gentle hillshade, labeled contour lines, hatched and blank cells."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import ScaledTranslation, blended_transform_factory
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.plots.mpl_contours import COLORS, contrast, draw_contours
from thalweg.plots.mpl_labels import map_labels
from thalweg.plots.mpl_style import LIGHT, MM, SMALL, TEXT, Theme, wrapped
from thalweg.plots.shade import fraction, lit, raster
from thalweg.views.levels import format_number
from thalweg.views.surface import Mark, MarkKind, SurfaceView

_MARKERS = {
    MarkKind.POINT: "+",
    MarkKind.MINIMUM: "o",
    MarkKind.SADDLE: "X",
    MarkKind.MAXIMUM: "^",
}
_HATCHES = {"nan": "/////", "infinite": "xxxxx", "failed": "-----"}


def draw_surface(
    ax: Axes,
    view: SurfaceView,
    *,
    theme: Theme = LIGHT,
    colorbar: bool = True,
    scale_bar: bool = True,
    label_levels: bool = True,
    avoid: Sequence[FloatArray] = (),
    title_room: int = 0,
) -> None:
    """Draw the map of a surface.

    Args:
        ax: where; call inside `styled(theme)`.
        view: what.
        theme: light or dark page.
        colorbar: whether to put the scale of the colors beside it.
        scale_bar: whether to show a distance in parameter space above it.
        label_levels: whether contour lines carry their numbers.
        avoid: arrays (k, 2) of data points, such as paths, that numbers keep clear of.
        title_room: characters of the longest title in a row of maps, so that all look alike.
    """
    a0, a1, b0, b1 = view.window
    ax.set_xlim(a0, a1)
    ax.set_ylim(b0, b1)
    ax.set_facecolor(theme.paper)
    pixels = raster(view)
    colors = np.empty((*pixels.height.shape, 4))
    colors[..., :3] = lit(COLORS(pixels.height)[..., :3], pixels.light)
    colors[..., 3] = pixels.known
    ax.imshow(
        (colors * 255).round().astype(np.uint8),
        extent=(a0, a1, b0, b1),
        origin="lower",
        aspect="equal" if view.equal else "auto",
        interpolation="bilinear",
        zorder=0,
    )
    for name, hatch in _HATCHES.items():
        _hatch(ax, view, getattr(view, name), hatch, theme)
    marked = np.array([[mark.a, mark.b] for mark in view.marks]).reshape(-1, 2)
    for line in view.outlines:
        ax.plot(line[:, 0], line[:, 1], color=theme.paper, lw=2.0, zorder=2)
        ax.plot(line[:, 0], line[:, 1], color=theme.ink, lw=1.0, zorder=2.1)
    numbers = draw_contours(ax, view, [*avoid, marked, *view.outlines], label_levels)
    if numbers:
        map_labels(ax, theme).keep_clear(numbers)
    for mark in view.marks:
        _mark(ax, mark, theme)
        if mark.text:
            spot = np.array([[mark.a, mark.b]])
            map_labels(ax, theme).add(mark.text, mark.a, mark.b, theme.ink, spot)
    _captions(ax, view, theme, scale_bar, max(title_room, len(view.title)))
    if colorbar:
        draw_colorbar(beside(ax), view, theme=theme)


def beside(ax: Axes, gap_mm: float = 2.0, width_mm: float = 3.0) -> Axes:
    """Return a child axes of fixed width at the right of `ax`, as high as it."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    edge = ScaledTranslation(1, 0, ax.transAxes)  # type: ignore[arg-type]
    across = figure.dpi_scale_trans + edge
    place = blended_transform_factory(across, ax.transAxes)
    return ax.inset_axes((gap_mm * MM, 0, width_mm * MM, 1), transform=place)


def draw_colorbar(cax: Axes, view: SurfaceView, *, theme: Theme = LIGHT) -> None:
    """Draw the scale of the colors with the contour levels in it."""
    ramp = COLORS(np.linspace(0, 1, 256))[:, None, :3]
    cax.imshow(ramp, extent=(0, 1, 0, 1), origin="lower", aspect="auto", interpolation="bilinear")
    places = fraction(view.levels, view)
    for place in places:
        cax.plot([0, 1], [place, place], color=contrast(float(place)), lw=0.6)
    cax.set_xlim(0, 1)
    cax.set_ylim(0, 1)
    cax.set_xticks([])
    height = cax.get_window_extent().height / cax.figure.dpi * 72
    shown = thinned(places, 1.3 * SMALL / height) if height > 0 else list(range(len(places)))
    if not len(places):
        cax.set_yticks([0.5], [format_number(sum(view.limits) / 2)])
    else:
        cax.set_yticks(places[shown], [view.level_texts[i] for i in shown])
    cax.yaxis.tick_right()
    cax.yaxis.set_label_position("right")
    cax.tick_params(length=0, pad=2)
    logarithmic = ", log scale" if view.scale.value == "log" else ""
    cax.set_ylabel(view.field_label + logarithmic, fontsize=TEXT)
    for spine in cax.spines.values():
        spine.set_visible(False)
    for more, edge, tip in zip(view.beyond, (0.0, 1.0), (-0.03, 1.03), strict=True):
        if more:
            cax.fill([0, 1, 0.5], [edge, edge, tip], color=COLORS(edge), lw=0, clip_on=False)


def thinned(places: FloatArray, apart: float) -> list[int]:
    """Return indices of places (increasing) that are at least `apart` from the one before."""
    shown: list[int] = []
    for index, place in enumerate(places):
        if not shown or place - places[shown[-1]] >= apart:
            shown.append(index)
    return shown


def _hatch(ax: Axes, view: SurfaceView, mask: NDArray[np.bool_], hatch: str, theme: Theme) -> None:
    if not mask.any():
        return
    a0, a1, b0, b1 = view.window
    left, right = _edges(view.a, a0, a1)
    below, above = _edges(view.b, b0, b1)
    boxes = [
        Path(
            [
                (left[i], below[j]),
                (right[i], below[j]),
                (right[i], above[j]),
                (left[i], above[j]),
                (left[i], below[j]),
            ],
            closed=True,
        )
        for j, i in np.argwhere(mask)
    ]
    shape = Path.make_compound_path(*boxes)
    ax.add_patch(PathPatch(shape, fc=theme.missing, ec=theme.quiet, lw=0, hatch=hatch, zorder=0.5))


def _edges(axis: FloatArray, low: float, high: float) -> tuple[FloatArray, FloatArray]:
    middle = (axis[1:] + axis[:-1]) / 2
    return np.concatenate([[low], middle]), np.concatenate([middle, [high]])


def _mark(ax: Axes, mark: Mark, theme: Theme) -> None:
    marker, a, b = _MARKERS[mark.kind], mark.a, mark.b
    thin = mark.kind is MarkKind.POINT or mark.hollow
    face = "none" if mark.hollow else theme.ink if thin else theme.paper
    if thin:
        halo = {"mew": 2.6, "mfc": "none", "mec": theme.paper}
        ax.plot(a, b, marker=marker, ms=7, zorder=5, ls="", clip_on=False, **halo)
    ax.plot(a, b, marker, ms=6, mew=1.1, mfc=face, mec=theme.ink, zorder=5.1, clip_on=False)


def _captions(ax: Axes, view: SurfaceView, theme: Theme, scale_bar: bool, letters: int) -> None:
    box = ax.get_window_extent()
    dpi = ax.figure.dpi
    wide, tall = box.width / dpi * 72, box.height / dpi * 72
    ax.set_xlabel(wrapped(view.a_label, wide))
    ax.set_ylabel(wrapped(view.b_label, tall))
    for spine in ax.spines.values():
        spine.set_linewidth(0.5)
    ax.locator_params(nbins=5)
    bar = scale_bar and view.equal
    if bar:
        _scale_bar(ax, view, theme)
    needed = letters * 0.62 * TEXT + 0.25 * wide + 13 * 0.6 * SMALL
    alone = needed > wide  # the title needs a row of its own
    rows = 1.0 if bar and (alone or view.note) else 0.0
    if view.note:
        note = wrapped(view.note, wide, SMALL)
        place = (0, 3 + rows * SMALL * 1.4)
        style: dict[str, Any] = {"fontsize": SMALL, "color": theme.quiet, "va": "bottom"}
        ax.annotate(note, (0, 1), place, "axes fraction", textcoords="offset points", **style)
        rows += 1 + note.count("\n")
    if view.title:
        title = wrapped(view.title, wide)
        ax.set_title(title, loc="left", pad=4 + rows * SMALL * 1.4, fontsize=TEXT, color=theme.ink)


def _scale_bar(ax: Axes, view: SurfaceView, theme: Theme) -> None:
    """Draw a distance in parameter space above the upper right corner."""
    a0, a1, _, _ = view.window
    reach = (a1 - a0) * view.lengths[0]
    size = max(
        m * 10.0**p for p in range(-12, 13) for m in (1, 2, 5) if m * 10.0**p <= 0.25 * reach
    )
    left = a1 - size / view.lengths[0]
    figure = ax.get_figure(root=True)
    assert figure is not None
    lift = ScaledTranslation(0, 5 / 72, figure.dpi_scale_trans)
    place = blended_transform_factory(ax.transData, ax.transAxes) + lift
    ax.plot([left, a1], [1, 1], transform=place, color=theme.ink, lw=1.0, clip_on=False)
    for end in (left, a1):
        ax.plot([end], [1], "|", ms=4, mew=0.8, transform=place, color=theme.ink, clip_on=False)
    style: dict[str, Any] = {"fontsize": SMALL, "color": theme.quiet, "va": "center", "ha": "right"}
    words = f"distance {format_number(size)}"
    at = ("data", "axes fraction")
    ax.annotate(words, (left, 1), (-4, 5), at, textcoords="offset points", **style)
