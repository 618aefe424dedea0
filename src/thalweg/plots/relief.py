"""Relief: a surface seen from the side, as pixels, by the floating-horizon method.

In a parallel projection every column of the picture is a vertical cut through the surface.
Walking along the cut from near to far, a point is visible where it rises above everything
nearer. The running maximum therefore holds the whole answer, for the surface and for any path.
(T. J. Wright 1973, "A two-space solution to the hidden line problem for plotting functions".)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.plots.shade import filled, fraction, height, positions, slopes
from thalweg.views.path import PathView
from thalweg.views.surface import SurfaceView

Paint = Callable[[FloatArray], FloatArray]
FLOOR = -0.06  # bottom of the block, as a fraction of the height
_LINE = 0.0036  # width of a contour line, in widths of the window
_WALL = 0.90


@dataclass(frozen=True)
class Camera:
    """Where the surface is seen from: degrees, and the height drawn over the width."""

    azimuth: float = -32.0
    elevation: float = 36.0
    height: float = 0.42


@dataclass(frozen=True, eq=False)
class Relief:
    """A view from a camera: projects points and renders the picture."""

    view: SurfaceView
    camera: Camera = Camera()
    columns: int = 1400
    samples: int = 700
    floor: float = FLOOR

    @cached_property
    def _half(self) -> tuple[float, float]:
        """Half widths of the ground, the longer 0.5."""
        a0, a1, b0, b1 = self.view.window
        if not self.view.equal:
            return 0.5, 0.5
        longest = max(a1 - a0, b1 - b0)
        return (a1 - a0) / longest / 2, (b1 - b0) / longest / 2

    @cached_property
    def _turn(self) -> tuple[float, float, float, float]:
        azimuth, elevation = np.deg2rad([self.camera.azimuth, self.camera.elevation])
        return (
            float(np.cos(azimuth)),
            float(np.sin(azimuth)),
            float(np.cos(elevation)),
            float(np.sin(elevation)),
        )

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the picture, in widths of the window."""
        ground = np.array(self.corners())
        foot = self.project(ground[:, 0], ground[:, 1], np.full(4, self.floor))
        a, b = np.meshgrid(self.view.a, self.view.b)
        x, y = self.ground(a.ravel(), b.ravel())
        top = self.project(x, y, self._heights.ravel())[:, 1].max()
        return float(foot[:, 0].min()), float(foot[:, 0].max()), float(foot[:, 1].min()), float(top)

    def corners(self) -> list[tuple[float, float]]:
        """Return the corners of the ground, around."""
        x, y = self._half
        return [(-x, -y), (x, -y), (x, y), (-x, y)]

    def _flat(self, x: float, y: float) -> tuple[float, float]:
        """Return how far right and how far away a point of the ground is."""
        cos, sin, _, _ = self._turn
        return x * cos - y * sin, x * sin + y * cos

    def ground(self, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return ground positions of coordinates in the plane."""
        a0, a1, b0, b1 = self.view.window
        half_x, half_y = self._half
        x = (np.asarray(a) - a0) / (a1 - a0) * 2 * half_x - half_x
        return x, (np.asarray(b) - b0) / (b1 - b0) * 2 * half_y - half_y

    def project(self, x: FloatArray, y: FloatArray, part: FloatArray) -> FloatArray:
        """Return picture positions (m, 2) of ground positions at a fraction of the height."""
        cos, sin, up, across = self._turn
        away = x * sin + y * cos
        return np.column_stack([x * cos - y * sin, away * across + part * self.camera.height * up])

    @cached_property
    def _cut(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return columns u (w,), nearest and farthest point of each (w,), horizon (n, w)."""
        cos, sin, up, across = self._turn
        left, right, _, _ = self.extent
        u = left + (np.arange(self.columns) + 0.5) / self.columns * (right - left)
        near, far = np.full(u.size, -np.inf), np.full(u.size, np.inf)
        for half, along, slope in zip(self._half, (u * cos, -u * sin), (sin, cos), strict=True):
            if abs(slope) < 1e-9:
                continue
            ends = np.sort(np.stack([(-half - along) / slope, (half - along) / slope]), axis=0)
            near, far = np.maximum(near, ends[0]), np.minimum(far, ends[1])
        far = np.maximum(far, near)
        away = near + np.linspace(0, 1, self.samples)[:, None] * (far - near)
        x, y = u * cos + away * sin, -u * sin + away * cos
        rise = self._sample(self._heights, x, y)
        return u, near, far, away * across + rise * self.camera.height * up

    @cached_property
    def _horizon(self) -> FloatArray:
        return np.maximum.accumulate(self._cut[3], axis=0)

    @cached_property
    def _heights(self) -> FloatArray:
        return filled(fraction(self.view.values, self.view))

    def _indices(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        a0, a1, b0, b1 = self.view.window
        half_x, half_y = self._half
        rows = positions(self.view.b, b0 + (y + half_y) / (2 * half_y) * (b1 - b0))
        return rows, positions(self.view.a, a0 + (x + half_x) / (2 * half_x) * (a1 - a0))

    def _sample(self, values: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
        rows, columns = self._indices(x, y)
        i = np.minimum(rows.astype(np.int64), max(values.shape[0] - 2, 0))
        j = np.minimum(columns.astype(np.int64), max(values.shape[1] - 2, 0))
        i1 = np.minimum(i + 1, values.shape[0] - 1)
        j1 = np.minimum(j + 1, values.shape[1] - 1)
        p, q = rows - i, columns - j
        low = values[i, j] * (1 - q) + values[i, j1] * q
        return low * (1 - p) + (values[i1, j] * (1 - q) + values[i1, j1] * q) * p

    def visible(self, x: FloatArray, y: FloatArray, part: FloatArray) -> NDArray[np.bool_]:
        """Return whether points (m,) at a fraction of the height are in front of the surface."""
        u, near, far, _ = self._cut
        cos, sin, _, _ = self._turn
        spot = self.project(x, y, part)
        column = np.clip(np.searchsorted(u, spot[:, 0]), 0, u.size - 1)
        depth = np.maximum(far[column] - near[column], 1e-12)
        index = ((x * sin + y * cos - near[column]) / depth * (self.samples - 1)).astype(int)
        index = np.clip(index - 3, 0, self.samples - 1)
        return spot[:, 1] >= self._horizon[index, column] - 0.006

    def render(self, paint: Paint, wall: float = _WALL) -> FloatArray:
        """Return the picture (h, w, 4), rows from the bottom, half the internal resolution.

        Args:
            paint: fractions (...) to colors (..., 3).
            wall: gray of the sides of the block.
        """
        u, near, far, heights = self._cut
        cos, sin, up, across = self._turn
        _, _, bottom, top = self.extent
        step = u[1] - u[0]
        rows = bottom + (np.arange(int((top - bottom) / step)) + 0.5) * step
        horizon = self._horizon
        at = np.stack([np.searchsorted(horizon[:, c], rows) for c in range(u.size)], axis=1)
        after = np.clip(at, 1, self.samples - 1)
        column = np.arange(u.size)
        low, high = heights[after - 1, column], heights[after, column]
        rise = np.where(high > low, high - low, 1.0)
        part = np.clip((rows[:, None] - low) / rise, 0, 1)
        away = near + (after - 1 + part) / (self.samples - 1) * (far - near)
        x, y = u * cos + away * sin, -u * sin + away * cos
        out = np.zeros((rows.size, u.size, 4))
        seen = (at > 0) & (at < self.samples)
        out[seen, :3] = self._painted(x[seen], y[seen], paint)
        foot = near * across + self.floor * self.camera.height * up
        side = (at == 0) & (rows[:, None] >= foot) & (rows[:, None] <= heights[0])
        out[side, :3] = self._wall_gray(u, wall)[np.nonzero(side)[1], None]
        out[..., 3] = seen | side
        out[..., :3] *= out[..., 3:]
        even = out[: rows.size // 2 * 2, : u.size // 2 * 2]
        small = even.reshape(rows.size // 2, 2, u.size // 2, 2, 4).mean(axis=(1, 3))
        small[..., :3] /= np.maximum(small[..., 3:], 1e-9)
        return small

    def _wall_gray(self, u: FloatArray, wall: float) -> FloatArray:
        """Return the gray of the wall at each column: the two front walls differ a little."""
        corner = min((self._flat(x, y)[::-1] for x, y in self.corners()))[1]
        return np.where(u < corner, min(1.0, wall * 1.04), wall * 0.96)

    def _painted(self, x: FloatArray, y: FloatArray, paint: Paint) -> FloatArray:
        """Return lit colors (m, 3) with contour lines, at ground positions (m,)."""
        part = self._sample(self._heights, x, y)
        along_a, along_b = (self._sample(s, x, y) for s in slopes(self._heights, self.view))
        colors = paint(part)
        levels = fraction(self.view.levels, self.view)
        if levels.size:
            steep = np.maximum(np.hypot(along_a, along_b), 0.02)
            nearest = np.searchsorted((levels[1:] + levels[:-1]) / 2, part)
            cover = np.clip(1.5 - np.abs(part - levels[nearest]) / steep / (_LINE / 2), 0, 1)
            tones = np.where([colors_dark(color) for color in paint(levels)], 1.0, 0.08)
            colors += (tones[nearest][:, None] - colors) * (0.5 * cover)[:, None]
        rows, columns = self._indices(x, y)
        known = np.isfinite(self.view.values)[
            np.rint(rows).astype(int), np.rint(columns).astype(int)
        ]
        pending = self.view.pending[np.rint(rows).astype(int), np.rint(columns).astype(int)]
        stripes = np.where(pending | (((x - y) * 40 % 1) > 0.2), 0.97, 0.55)
        bright = np.where(known, self._light(along_a, along_b), 1.0)
        colors = np.where(known[:, None], colors, stripes[:, None])
        return np.clip(colors * bright[:, None], 0, 1)

    def _light(self, along_a: FloatArray, along_b: FloatArray) -> FloatArray:
        """Return brightness (m,) under a light from the upper left of the picture."""
        cos, sin, _, _ = self._turn
        k = self.camera.height * 1.3
        nx, ny = -along_a * k, -along_b * k
        right, away = nx * cos - ny * sin, nx * sin + ny * cos
        lamp = np.array([-0.55, -0.15, 0.82])
        toward = (right * lamp[0] + away * lamp[1] + lamp[2]) / np.sqrt(nx**2 + ny**2 + 1)
        return 0.62 + 0.44 * np.maximum(toward, 0) / np.linalg.norm(lamp)


def colors_dark(color: FloatArray) -> bool:
    """Return whether white lines read better on a color than black ones."""
    return bool(color @ (0.2126, 0.7152, 0.0722) < 0.42)


def best_camera(
    view: SurfaceView, paths: Sequence[PathView], camera: Camera | None = None
) -> Camera:
    """Return the camera from which most of the paths is visible; the usual one for no paths."""
    camera = camera or Camera()
    if not paths:
        return camera
    first = camera.azimuth
    turns = [
        first,
        -first,
        first + 90,
        first - 90,
        first + 180,
        -first + 90,
        -first - 90,
        180 - first,
    ]
    seen = []
    for azimuth in turns:
        small = Relief(view, Camera(azimuth, camera.elevation, camera.height), 160, 160)
        seen.append(float(np.mean([_share_seen(small, path) for path in paths])))
    best = next(i for i, share in enumerate(seen) if share >= max(seen) - 0.02)
    return Camera(turns[best], camera.elevation, camera.height)


def _share_seen(relief: Relief, path: PathView) -> float:
    """Return the share of a path in front of the surface, at its true loss and in the plane."""
    ground = relief.ground(path.a, path.b)
    parts = [np.nan_to_num(height(v, relief.view)) for v in (path.loss, path.plane_loss)]
    known = np.isfinite(path.a) & np.isfinite(path.b)
    x, y = (np.where(known, v, 0.0) for v in ground)
    return float(np.mean([relief.visible(x, y, part)[known].mean() for part in parts]))
