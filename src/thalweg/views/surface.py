"""SurfaceView: a surface distilled to values, masks, levels, limits and captions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from math import isnan

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray, frozen
from thalweg.core.errors import InputError
from thalweg.core.schema import Cell, axes_of
from thalweg.views.levels import (
    Scale,
    choose_limits,
    choose_scale,
    distinct_numbers,
    finite,
    format_number,
    round_levels,
)

BoolArray = NDArray[np.bool_]

STRIP = 6.0  # a map is not drawn longer than so many times its width
_FIELD_LABELS = {
    "loss": "loss",
    "loss_stderr": "standard error of the loss",
    "accuracy": "accuracy",
    "gradient_norm": "gradient norm",
    "top_eigenvalue": "largest Hessian eigenvalue",
    "lowest_eigenvalue": "lowest Hessian eigenvalue",
    "eigenvalue_ratio": "|lowest / largest| Hessian eigenvalue",
}


class MarkKind(Enum):
    """What a marked point is."""

    POINT = "point"
    MINIMUM = "minimum"
    SADDLE = "saddle"
    MAXIMUM = "maximum"


@dataclass(frozen=True)
class Mark:
    """A named point on a plane; drawn hollow if it may continue outside the window."""

    a: float
    b: float
    text: str = ""
    kind: MarkKind = MarkKind.POINT
    hollow: bool = False


@dataclass(frozen=True, eq=False)
class SurfaceView:
    """One field of a surface, ready to draw.

    Attributes:
        a, b: (na,) and (nb,), coordinates of the columns and rows.
        values: (nb, na), NaN wherever a mask is set.
        pending, nan, infinite, failed: (nb, na) masks; disjoint.
        scale, limits, levels: of the colors; levels are the contour lines.
        a_label, b_label, field_label, title: captions.
        lengths: norms of the two directions: one unit of a, of b, in parameter space.
        equal: whether both axes share a unit and are perpendicular, so that a map is true to shape;
            not of a window that would be a strip.
        marks: named points.
        outlines: arrays (m, 2) of lines over the map, columns a and b.
    """

    a: FloatArray
    b: FloatArray
    values: FloatArray
    pending: BoolArray
    nan: BoolArray
    infinite: BoolArray
    failed: BoolArray
    scale: Scale
    limits: tuple[float, float]
    levels: FloatArray
    a_label: str
    b_label: str
    field_label: str
    title: str = ""
    lengths: tuple[float, float] = (1.0, 1.0)
    equal: bool = True
    marks: tuple[Mark, ...] = ()
    outlines: tuple[FloatArray, ...] = ()

    @property
    def beyond(self) -> tuple[bool, bool]:
        """Whether finite values lie below, above the limits of the colors."""
        known = finite(self.values)
        if not known.size:
            return False, False
        return bool(known.min() < self.limits[0]), bool(known.max() > self.limits[1])

    @property
    def level_texts(self) -> tuple[str, ...]:
        """The levels as readers write them, one a level, all different."""
        return distinct_numbers(self.levels)

    @property
    def window(self) -> tuple[float, float, float, float]:
        """Smallest and largest a, smallest and largest b; a lone row or column gets a width."""
        ends = [_ends(self.a), _ends(self.b)]
        widths = [high - low for low, high in ends]
        spare = max(widths) or 1.0
        (a0, a1), (b0, b1) = (
            (low, high) if high > low else (low - spare / 2, high + spare / 2) for low, high in ends
        )
        return a0, a1, b0, b1

    @property
    def note(self) -> str:
        """What the hatched and the blank cells are, with counts; empty if there are none."""
        counts = [
            (int(self.nan.sum()), "NaN"),
            (int(self.infinite.sum()), "infinite"),
            (int(self.failed.sum()), "failed"),
        ]
        hatched = [f"{count} {word}" for count, word in counts if count]
        parts = ["hatched: " + ", ".join(hatched)] if hatched else []
        if self.pending.any():
            count = "all" if self.pending.all() else int(self.pending.sum())
            parts.append(f"blank: {count} pending")
        if sum(self.beyond):
            parts.append("colors end before the extreme values")
        return "; ".join(parts)


def surface_view(
    surface: xr.Dataset,
    field: str = "loss",
    *,
    title: str = "",
    scale: Scale | None = None,
    marks: Sequence[Mark] = (),
) -> SurfaceView:
    """Return the view of one field of a two-dimensional surface.

    Args:
        surface: a *surface* Dataset with dims (b, a).
        field: which variable to draw.
        title: the finding, or empty.
        scale: LINEAR or LOG; by default LOG where all values are positive and span more than
            a decade.
        marks: named points to draw on it.

    Raises:
        InputError: no such field, not two-dimensional, or a log scale for values <= 0.
    """
    axes = axes_of(surface)
    require_field(surface, field)
    if len(axes) != 2:
        mend = "use line_view for a line, or slice a volume first"
        raise InputError("a surface view needs 2 directions", str(len(axes)), mend)
    raw = surface[field].transpose("b", "a").values.astype(np.float64)
    status = surface["status"].transpose("b", "a").values
    pending, failed = status == Cell.PENDING, status == Cell.FAILED
    rest = ~pending & ~failed
    values = np.where(rest & np.isfinite(raw), raw, np.nan)
    scale = scale or choose_scale(values)
    require_scale(values, scale)
    norms, origin_length = surface.attrs["lengths"], surface.attrs["origin_length"]
    labels = [
        axis_label(name, caption, norm, origin_length)
        for name, caption, norm in zip(axes, surface.attrs["labels"], norms, strict=True)
    ]
    perpendicular = abs(surface.attrs["cosines"][1]) < 0.05
    alike = abs(float(norms[0] / norms[1]) - 1) < 0.01
    return SurfaceView(
        a=frozen(surface["a"].values),
        b=frozen(surface["b"].values),
        values=frozen(values),
        pending=pending,
        nan=rest & np.isnan(raw),
        infinite=rest & np.isinf(raw),
        failed=failed,
        scale=scale,
        limits=choose_limits(values, scale),
        levels=frozen(round_levels(values, scale)),
        a_label=labels[0],
        b_label=labels[1],
        field_label=field_label(field),
        title=title,
        lengths=(float(norms[0]), float(norms[1])),
        equal=perpendicular and alike and not _is_strip(surface["a"].values, surface["b"].values),
        marks=tuple(marks),
    )


def _is_strip(a: FloatArray, b: FloatArray) -> bool:
    """Return whether a map true to shape would show nothing, or need a page of any length."""
    shape = np.ptp(a) / np.ptp(b) if np.ptp(b) > 0 else np.inf
    return not 1 / STRIP <= shape <= STRIP


def shared_scale(views: Sequence[SurfaceView]) -> tuple[SurfaceView, ...]:
    """Return the views on one scale, with one set of limits and levels: for small multiples."""
    if not views:
        raise InputError("a shared scale needs at least 1 view", "none", "pass surface views")
    pooled = np.concatenate([finite(view.values) for view in views])
    scale = choose_scale(pooled)
    limits, levels = choose_limits(pooled, scale), frozen(round_levels(pooled, scale))
    return tuple(replace(view, scale=scale, limits=limits, levels=levels) for view in views)


def axis_label(name: str, caption: str, norm: float, origin_norm: float) -> str:
    """Return the caption of an axis: what it runs along, and what one unit of it is."""
    if origin_norm > 0 and abs(norm / origin_norm - 1) < 0.01:
        unit = "1 = the norm of the weights"
    elif abs(norm - 1) < 1e-6:
        unit = "unit length"
    elif isnan(norm):
        unit = "length unknown"
    else:
        unit = f"1 = length {format_number(norm)}"
    way = caption if caption.startswith("from ") else f"along {caption}"
    return f"{name}, {way} ({unit})"


def field_label(field: str) -> str:
    """Return the words for a field."""
    return _FIELD_LABELS.get(field, field.replace("_", " "))


def require_field(surface: xr.Dataset, field: str) -> None:
    """Raise InputError unless the surface has that field."""
    fields = [str(n) for n in surface.data_vars if n not in ("status", "origin", "directions")]
    if field not in fields:
        raise InputError(f"field must be among {', '.join(fields)}", field, "evaluate it first")


def require_scale(values: FloatArray, scale: Scale) -> None:
    """Raise InputError for a log scale of values that are not all positive."""
    if scale is Scale.LOG and (values <= 0).any():
        got = f"{int((values <= 0).sum())} values <= 0"
        raise InputError("a log scale needs positive values", got, "use Scale.LINEAR")
    if scale is Scale.SYMLOG:
        raise InputError("a surface is drawn LINEAR or LOG", "SYMLOG", "leave the default")


def _ends(axis: FloatArray) -> tuple[float, float]:
    return float(axis[0]), float(axis[-1])
