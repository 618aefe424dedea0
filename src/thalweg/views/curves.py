"""CurvesView: named series over one x, with bands and reference lines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray, as_floats, frozen
from thalweg.core.errors import InputError
from thalweg.core.schema import axes_of
from thalweg.views.colors import colors_for
from thalweg.views.levels import Scale, choose_scale, finite
from thalweg.views.surface import axis_label, field_label, require_field


@dataclass(frozen=True, eq=False)
class Series:
    """One line: x, y (m,), an optional interval (m,) around it; an empty color is chosen."""

    name: str
    x: FloatArray
    y: FloatArray
    low: FloatArray | None = None
    high: FloatArray | None = None
    color: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Reference:
    """A level that the curves are read against, with its name."""

    value: float
    text: str


@dataclass(frozen=True, eq=False)
class CurvesView:
    """Series on common axes, ready to draw.

    Attributes:
        series: all with a color; y may hold NaN and inf, which leave a break in the line.
        x_scale, y_scale: layout of the axes.
        linear_below: where a SYMLOG axis turns linear.
        references: horizontal lines.
        gaps: number of y that are NaN or infinite, over all series.
    """

    series: tuple[Series, ...]
    x_label: str
    y_label: str
    title: str = ""
    x_scale: Scale = Scale.LINEAR
    y_scale: Scale = Scale.LINEAR
    linear_below: float = 1.0
    references: tuple[Reference, ...] = ()
    gaps: int = 0


def curves_view(
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    *,
    title: str = "",
    x_scale: Scale = Scale.LINEAR,
    y_scale: Scale | None = None,
    references: Sequence[Reference] = (),
) -> CurvesView:
    """Return the view of several series.

    Args:
        series: the lines, each x and y (m,); x increasing is not asked.
        x_label: caption with its unit.
        y_label: caption with its unit.
        title: the finding, or empty.
        x_scale: layout of x.
        y_scale: by default LOG where all y are positive and span more than a decade.
        references: horizontal lines to read against.

    Raises:
        InputError: no series, lengths differ, or a log scale without any positive value.
    """
    if not series:
        raise InputError("a curves view needs at least 1 series", "none", "pass Series(...)")
    colors = colors_for([line.name for line in series])
    lines = tuple(_checked(s, color) for s, color in zip(series, colors, strict=True))
    every = np.concatenate([s.y for s in lines])
    y_scale = y_scale or choose_scale(every)
    if y_scale is Scale.LOG and not (finite(every) > 0).any():
        raise InputError("a log scale needs positive values", "none", "use Scale.LINEAR")
    size = np.abs(finite(every))
    size = size[size > 0]
    return CurvesView(
        series=lines,
        x_label=x_label,
        y_label=y_label,
        title=title,
        x_scale=x_scale,
        y_scale=y_scale,
        linear_below=round_down(float(np.quantile(size, 0.1))) if size.size else 1.0,
        references=tuple(references),
        gaps=int((~np.isfinite(every)).sum()),
    )


def line_view(
    surfaces: Sequence[xr.Dataset], names: Sequence[str], field: str = "loss"
) -> CurvesView:
    """Return the curves of one field along lines: *surface* Datasets with one direction.

    Raises:
        InputError: not one-dimensional, or not a name for each.
    """
    if len(surfaces) != len(names):
        raise InputError(f"names must be {len(surfaces)}", str(len(names)), "give one a surface")
    lines, label = [], "a"
    for surface, name in zip(surfaces, names, strict=True):
        axes = axes_of(surface)
        require_field(surface, field)
        if len(axes) != 1:
            raise InputError("a line view needs 1 direction", str(len(axes)), "use surface_view")
        lines.append(Series(name, surface["a"].values, surface[field].values))
        about = surface.attrs
        label = axis_label("a", about["labels"][0], about["lengths"][0], about["origin_length"])
    return curves_view(lines, label if len(lines) == 1 else "a", field_label(field))


def round_down(value: float) -> float:
    """Return the power of ten at or below a positive value.

    >>> round_down(0.034)
    0.01
    """
    return float(f"1e{int(np.floor(np.log10(value)))}")


def _checked(series: Series, color: str) -> Series:
    x = as_floats(series.x, f"x of {series.name}", (None,), "pass one array a series")
    mend = "give x, y, low and high one length"
    y = as_floats(series.y, f"y of {series.name}", x.shape, mend)
    if (series.low is None) != (series.high is None):
        raise InputError("a band needs low and high", "one of them", mend)
    low = None if series.low is None else frozen(as_floats(series.low, "low", x.shape, mend))
    high = None if series.high is None else frozen(as_floats(series.high, "high", x.shape, mend))
    color = series.color or color
    return replace(series, x=frozen(x), y=frozen(y), low=low, high=high, color=color)
