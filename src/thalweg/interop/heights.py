"""Heights: how the field of a surface becomes the third coordinate of a file, and is stated there.

height = exaggeration · (h(value) − h(base)), with h the value itself or its decimal logarithm.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, require_positive
from thalweg.core.errors import InputError
from thalweg.core.schema import Cell, axes_of
from thalweg.views.levels import Scale, choose_limits, choose_scale, finite
from thalweg.views.surface import require_field, require_scale
from thalweg.views.viridis import viridis

_SHARE = 0.5  # of the ground's longer side, the height of the whole range by default


@dataclass(frozen=True)
class Heights:
    """What is asked of the heights of an export.

    Attributes:
        field: which one becomes the height, and the color.
        scale: LINEAR or LOG; None: as in pictures, LOG where all values are positive and span
            more than a decade.
        exaggeration: height of one unit of the field (LOG: of a factor of ten), in the units of
            the plane's coordinates; None: the whole range is half as high as the ground is wide.
        base: value at height zero; None: the lowest. Give both to compare two surfaces.
    """

    field: str = "loss"
    scale: Scale | None = None
    exaggeration: float | None = None
    base: float | None = None

    def of(self, surface: xr.Dataset) -> "Relief":
        """Return the heights of one two-dimensional surface.

        Raises:
            InputError: no such field, not two-dimensional, nothing finite in it, a log scale of
                values <= 0, or an exaggeration that is not above zero.
        """
        axes = axes_of(surface)
        require_field(surface, self.field)
        if len(axes) != 2:
            mend = "write a volume as .vtr, a line as .csv or .nc"
            raise InputError("heights need a surface with 2 directions", str(len(axes)), mend)
        status = surface["status"].transpose("b", "a").values
        unknown = (status == Cell.PENDING) | (status == Cell.FAILED)
        raw = surface[self.field].transpose("b", "a").values.astype(np.float64)
        values = np.where(unknown | ~np.isfinite(raw), np.nan, raw)
        if not finite(values).size:
            raise InputError(f"{self.field} must be finite somewhere", "nowhere", "look closer")
        scale = self.scale or choose_scale(values)
        require_scale(values, scale)
        a, b = (surface[name].values.astype(np.float64) for name in ("a", "b"))
        base = float(np.nanmin(values)) if self.base is None else self.base
        if scale is Scale.LOG:
            require_positive(base, "base", "on a log scale height zero is a positive value")
        h = finite(_h(values, scale))
        wide, tall = max(np.ptp(a), np.ptp(b)), float(np.ptp(h))
        if self.exaggeration is None:
            exaggeration = _SHARE * float(wide) / tall if wide > 0 and tall > 0 else 1.0
        else:
            mend = "leave it None, or try 1.0"
            exaggeration = require_positive(self.exaggeration, "exaggeration", mend)
        limits = choose_limits(values, scale)
        return Relief(a, b, values, self.field, scale, exaggeration, base, limits)


@dataclass(frozen=True, eq=False)
class Relief:
    """The heights of one surface, settled.

    Attributes:
        a, b: (na,) and (nb,), coordinates of columns and rows.
        values: (nb, na), of the field; NaN where it is not known or not finite.
        field, scale, exaggeration, base: see `Heights`; here none is open.
        limits: of the colors.
    """

    a: FloatArray
    b: FloatArray
    values: FloatArray
    field: str
    scale: Scale
    exaggeration: float
    base: float
    limits: tuple[float, float]

    def height(self, values: ArrayLike) -> FloatArray:
        """Return the heights (...) of values (...); NaN where the scale has no place for one."""
        base = float(_h(np.array(self.base), self.scale))
        return self.exaggeration * (_h(np.asarray(values, dtype=np.float64), self.scale) - base)

    def colors(self, values: ArrayLike) -> FloatArray:
        """Return sRGB colors (..., 3) of finite values (...)."""
        low, high = (float(_h(np.array(end), self.scale)) for end in self.limits)
        parts = (_h(np.asarray(values, dtype=np.float64), self.scale) - low) / (high - low)
        return viridis(parts)

    @property
    def said(self) -> str:
        """The heights in words and numbers, for a comment in the file."""
        h = f"log10({self.field})" if self.scale is Scale.LOG else self.field
        return f"height = {self.exaggeration!r} * ({h} - {self._base_said})"

    @property
    def _base_said(self) -> str:
        return f"log10({self.base!r})" if self.scale is Scale.LOG else repr(self.base)


def runs_in_relief(path: xr.Dataset, relief: Relief) -> list[tuple[FloatArray, np.ndarray]]:
    """Return the pieces of a *path* that are finite: points (m, 3) and their rows (m,).

    A path runs at its true loss, so it leaves the surface where the picture is not true.

    Raises:
        InputError: the path has no coordinates a and b, or the relief is not of the loss.
    """
    if "a" not in path.variables or "b" not in path.variables:
        mend = "project it on a plane with 2 directions"
        raise InputError("a path over a surface needs coordinates a and b", "others", mend)
    if relief.field != "loss":
        mend = "drop the paths, or take Heights('loss')"
        raise InputError("paths run over the relief of the loss", relief.field, mend)
    loss = path["loss"].values
    points = np.column_stack([path["a"].values, path["b"].values, relief.height(loss)])
    good = np.isfinite(points).all(axis=1)
    rows = np.flatnonzero(good)
    pieces = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if rows.size else []
    return [(points[piece], piece) for piece in pieces]


def _h(values: FloatArray, scale: Scale) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log10(values) if scale is Scale.LOG else values
