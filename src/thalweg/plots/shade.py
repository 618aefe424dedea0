"""Shade: a surface as a raster (values, state of each pixel, light), whatever draws it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.views.levels import Scale
from thalweg.views.surface import SurfaceView

STEEP = 1.6  # slope that 95 % of the surface stay below, after scaling
MOST = 1.5  # gentle surfaces stay gentle: slopes are never scaled up more than this
UPPER_LEFT = (-0.5, 0.5, 0.7071)


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels over the window, rows from small b to large b.

    Attributes:
        height: (h, w), values as a fraction of the limits, between 0 and 1.
        known: (h, w), whether the nearest cell of the surface is finite.
        light: (h, w), -1 (dark) to 1 (bright), 0 where the surface is level.
    """

    height: FloatArray
    known: NDArray[np.bool_]
    light: FloatArray


def height(values: FloatArray, view: SurfaceView) -> FloatArray:
    """Return values (any shape) as a height: 0 and 1 at the limits, at most half as much beyond.

    NaN where a log scale has no place for a value.
    """
    return np.clip(_part(values, view), -0.5, 1.5)


def fraction(values: FloatArray, view: SurfaceView) -> FloatArray:
    """Return values (any shape) as a fraction of the limits in the view's scale, 0 to 1."""
    return np.clip(_part(values, view), 0.0, 1.0)


def _part(values: FloatArray, view: SurfaceView) -> FloatArray:
    low, high = view.limits
    with np.errstate(divide="ignore", invalid="ignore"):
        if view.scale is Scale.LOG:
            return np.log(values / low) / np.log(high / low)
        return (values - low) / (high - low)


def filled(values: FloatArray) -> FloatArray:
    """Return values (nb, na) with every NaN replaced by the mean of its known neighbors."""
    out = np.array(values)
    if not np.isfinite(out).any():
        return np.zeros_like(out)
    while (holes := ~np.isfinite(out)).any():
        padded = np.pad(out, 1, constant_values=np.nan)
        around = np.stack(
            [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
        )
        count = np.isfinite(around).sum(axis=0)
        mean = np.nansum(around, axis=0) / np.maximum(count, 1)
        out = np.where(holes & (count > 0), mean, out)
    return out


def slopes(heights: FloatArray, view: SurfaceView) -> tuple[FloatArray, FloatArray]:
    """Return d height / d a and d height / d b, (nb, na), a and b in units of the window."""
    a0, a1, b0, b1 = view.window
    wide = max(a1 - a0, b1 - b0) if view.equal else 0.0
    spans = ((b1 - b0), (a1 - a0)) if not view.equal else (wide, wide)
    parts = []
    for dim, (axis, span) in enumerate(zip((view.b, view.a), spans, strict=True)):
        flat = heights.shape[dim] < 2
        parts.append(
            np.zeros_like(heights) if flat else np.gradient(heights, axis / span, axis=dim)
        )
    return parts[1], parts[0]


def light_on(along_a: FloatArray, along_b: FloatArray) -> FloatArray:
    """Return the light (-1 to 1) on slopes, from the upper left; steepness scaled to be gentle."""
    steep = np.hypot(along_a, along_b)
    usual = float(np.quantile(steep, 0.95))
    factor = min(STEEP / usual, MOST) if usual > 0 else 0.0
    x, y = -along_a * factor, -along_b * factor
    toward = x * UPPER_LEFT[0] + y * UPPER_LEFT[1] + UPPER_LEFT[2]
    return np.clip((toward / np.sqrt(x**2 + y**2 + 1) - UPPER_LEFT[2]) / 0.7, -1, 1)


def raster(view: SurfaceView, longest: int = 400) -> Raster:
    """Return the view as pixels, `longest` along the longer side; bilinear between cells.

    A pixel is known if its nearest cell is, so a single missing cell leaves one cell blank.
    """
    a0, a1, b0, b1 = view.window
    wide, tall = a1 - a0, b1 - b0
    shape = (longest, longest)
    if view.equal:
        parts = (min(1, tall / wide), min(1, wide / tall))
        shape = (max(2, round(longest * parts[0])), max(2, round(longest * parts[1])))
    rows = positions(view.b, np.linspace(b0, b1, shape[0]))
    columns = positions(view.a, np.linspace(a0, a1, shape[1]))
    heights = filled(fraction(view.values, view))
    light = light_on(*slopes(heights, view))
    nearest = np.ix_(np.rint(rows).astype(int), np.rint(columns).astype(int))
    known = np.isfinite(view.values)[nearest]
    return Raster(bilinear(heights, rows, columns), known, bilinear(light, rows, columns))


def positions(axis: FloatArray, where: FloatArray) -> FloatArray:
    """Return fractional indices of coordinates along an axis."""
    return np.interp(where, axis, np.arange(axis.size, dtype=np.float64))


def bilinear(values: FloatArray, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """Return values at all pairs of fractional rows (h,) and columns (w,): (h, w)."""
    return _lerp(_lerp(values, rows).T, columns).T


def _lerp(values: FloatArray, at: FloatArray) -> FloatArray:
    first = np.minimum(at.astype(int), max(values.shape[0] - 2, 0))
    second = np.minimum(first + 1, values.shape[0] - 1)
    part = (at - first)[:, None]
    return values[first] * (1 - part) + values[second] * part


def lit(colors: FloatArray, light: FloatArray, strength: float = 0.26) -> FloatArray:
    """Return colors (..., 3) darkened and lightened a little by light (...)."""
    dark = np.minimum(light, 0)[..., None] * strength
    bright = np.maximum(light, 0)[..., None] * strength * 0.6
    return np.clip(colors * (1 + dark + bright), 0, 1)
