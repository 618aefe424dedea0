"""Scatter: data by class, over the probability field with its boundary."""

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.transforms import ScaledTranslation

from thalweg.plots.mpl_curves import tidy
from thalweg.plots.mpl_style import LIGHT, SMALL, Theme, readable
from thalweg.views.scatter import Background, ScatterView

_MARKERS = ("o", "^", "s", "D", "v", "P", "X")


def draw_scatter(ax: Axes, view: ScatterView, *, theme: Theme = LIGHT, names: bool = True) -> None:
    """Draw points by class: color and marker differ, so gray print keeps them apart.

    Args:
        ax: where; call inside `styled(theme)`.
        view: what.
        theme: light or dark page.
        names: whether to name the classes at the right.
    """
    if view.background is not None:
        _background(ax, view.background, view.colors[:2], theme)
    ax.set_aspect("equal", adjustable="box")
    ax.set_xlim(*view.window[:2])
    ax.set_ylim(*view.window[2:])
    for index, color in enumerate(view.colors):
        here = view.points[view.classes == index]
        marker = _MARKERS[index % len(_MARKERS)]
        size = 3.4 if len(view.points) < 600 else 2.4
        ax.plot(here[:, 0], here[:, 1], marker, ms=size, mfc=color, mec="white", mew=0.3, zorder=3)
    tidy(ax, theme, view.x_label, view.y_label, view.title)
    ax.grid(False)
    ax.locator_params(nbins=5)
    if not names:
        return
    for index, (name, color) in enumerate(zip(view.names, view.colors, strict=True)):
        ax.annotate(
            name,
            (1, 1),
            (4 + 5, -4 - index * 1.6 * SMALL),
            "axes fraction",
            textcoords="offset points",
            fontsize=SMALL,
            color=readable(color, theme),
            va="center",
        )
    _keys(ax, view)


def _keys(ax: Axes, view: ScatterView) -> None:
    figure = ax.get_figure(root=True)
    assert figure is not None
    for index, color in enumerate(view.colors):
        shift = ScaledTranslation(4 / 72, (-4 - index * 1.6 * SMALL) / 72, figure.dpi_scale_trans)
        marker = _MARKERS[index % len(_MARKERS)]
        place = ax.transAxes + shift
        ax.plot([1], [1], marker, ms=3.6, color=color, mew=0, transform=place, clip_on=False)


def _background(ax: Axes, field: Background, colors: tuple[str, ...], theme: Theme) -> None:
    ends = [to_rgba(color, 0.38) for color in colors] + [to_rgba(theme.paper, 0.0)]
    ramp = LinearSegmentedColormap.from_list("classes", [ends[0], ends[-1], ends[1]])
    corner = (field.a[0], field.a[-1], field.b[0], field.b[-1])
    ax.imshow(
        field.probability,
        extent=(float(corner[0]), float(corner[1]), float(corner[2]), float(corner[3])),
        origin="lower",
        cmap=ramp,
        vmin=0,
        vmax=1,
        interpolation="bilinear",
        zorder=0,
    )
    if field.probability.min() < 0.5 < field.probability.max():
        ax.contour(
            field.a, field.b, field.probability, [0.5], colors=[theme.ink], linewidths=0.9, zorder=1
        )
