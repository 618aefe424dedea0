"""PathView: a path in a plane, and where the picture of it is true."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray, frozen
from thalweg.core.errors import InputError
from thalweg.core.schema import require_kind
from thalweg.views.colors import NEUTRAL, optimizer_color
from thalweg.views.levels import Scale, finite
from thalweg.views.surface import SurfaceView

TRUE_BELOW = 0.1
GAP_BANDS = (0.01, 0.03, TRUE_BELOW, 0.3)  # shares of the range at which a path fades further
MOST_DOTS = 40


@dataclass(frozen=True, eq=False)
class PathView:
    """A path, ready to draw.

    Attributes:
        a, b: (t,), coordinates in the plane.
        steps: (t,), the number of each step: a run may be recorded every ten steps.
        loss, plane_loss: (t,), true loss, and loss at the projection.
        bands: (t - 1,), how many of the `GAP_BANDS` the larger gap of a segment's ends reaches,
            as a share of the range of the surface, both in the scale that is drawn; 0 is truest.
        dots: indices of steps at equal intervals: where they are dense, the run was slow.
        arrows: indices of segments that carry an arrowhead.
        color: of the optimizer.
        name: of the optimizer.
        captured: fraction of the path's variance that the plane captures; NaN if unknown.
        outside: number of steps outside the window of the surface.
    """

    a: FloatArray
    b: FloatArray
    steps: NDArray[np.int64]
    loss: FloatArray
    plane_loss: FloatArray
    bands: NDArray[np.int64]
    dots: NDArray[np.int64]
    arrows: NDArray[np.int64]
    color: str
    name: str
    captured: float
    outside: int = 0

    @property
    def truthful(self) -> NDArray[np.bool_]:
        """Whether both ends of each segment (t - 1,) have a gap below 10 % of the range."""
        return self.bands <= GAP_BANDS.index(TRUE_BELOW)

    @property
    def label(self) -> str:
        """The name with the captured variance: no path goes without it."""
        if np.isnan(self.captured):
            known = "captured variance unknown"
        else:
            share = min(self.captured, 0.99) if self.captured < 0.999 else self.captured
            known = f"{share:.0%} captured".replace("%", " %")
        outside = f", {self.outside} steps outside" if self.outside else ""
        return f"{self.name}: {known}{outside}" if self.name else known + outside

    @property
    def start(self) -> tuple[float, float]:
        """Coordinates of the first step."""
        return float(self.a[0]), float(self.b[0])

    @property
    def end(self) -> tuple[float, float]:
        """Coordinates of the last step that is in the picture at all (finite)."""
        last = np.flatnonzero(np.isfinite(self.a) & np.isfinite(self.b))[-1]
        return float(self.a[last]), float(self.b[last])


def path_view(
    path: xr.Dataset,
    surface: SurfaceView,
    *,
    name: str | None = None,
    color: str | None = None,
) -> PathView:
    """Return the view of a path over the surface it is drawn on.

    Args:
        path: a *path* Dataset with variables a, b, loss, plane_loss; attrs may hold `optimizer`
            and `captured_variance`.
        surface: the view of the surface below it.
        name: by default the attribute `optimizer`.
        color: by default the optimizer's own.

    Raises:
        InputError: not a path in two dimensions, or no step with finite coordinates.
    """
    require_kind(path, "path")
    if "b" not in path.variables:
        mend = "project it on a plane with 2 directions"
        raise InputError("a path view needs coordinates a and b", "a alone", mend)
    a, b = (path[v].values.astype(np.float64) for v in ("a", "b"))
    loss, plane_loss = (path[v].values.astype(np.float64) for v in ("loss", "plane_loss"))
    seen = np.isfinite(a) & np.isfinite(b)
    if not seen.any() or not seen[0]:
        raise InputError("a path must start at finite coordinates", "NaN", "drop diverged runs")
    name = str(path.attrs.get("optimizer", "")) if name is None else name
    shares = gap_shares(loss, plane_loss, surface)
    a0, a1, b0, b1 = surface.window
    slack_a, slack_b = 1e-9 * (a1 - a0), 1e-9 * (b1 - b0)
    inside = (a >= a0 - slack_a) & (a <= a1 + slack_a) & (b >= b0 - slack_b) & (b <= b1 + slack_b)
    return PathView(
        a=frozen(a),
        b=frozen(b),
        steps=np.array(path["step"].values, dtype=np.int64),
        loss=frozen(loss),
        plane_loss=frozen(plane_loss),
        bands=np.searchsorted(GAP_BANDS, np.maximum(shares[1:], shares[:-1]), side="right"),
        dots=np.arange(0, a.size, max(1, -(-a.size // MOST_DOTS))),
        arrows=_arrows(a, b, a1 - a0, b1 - b0),
        color=color or optimizer_color(name) or NEUTRAL,
        name=name,
        captured=float(path.attrs.get("captured_variance", np.nan)),
        outside=int((~inside).sum()),
    )


def gap_shares(loss: FloatArray, plane_loss: FloatArray, surface: SurfaceView) -> FloatArray:
    """Return (t,) the gap as a share of the surface's range, both in the scale that is drawn.

    inf where there is a gap on a surface without a range, or either loss cannot be drawn.
    """
    known = finite(surface.values)
    gap, width = scaled_gaps(loss, plane_loss, known, surface.scale)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = gap / np.float64(width)
    shares = np.where((gap == 0) & bool(known.size), 0.0, shares)
    return np.where(np.isnan(shares), np.inf, shares)


def scaled_gaps(
    loss: FloatArray, plane_loss: FloatArray, shown: FloatArray, scale: Scale
) -> tuple[FloatArray, float]:
    """Return the gaps (t,) and the range of the values shown (m,), both in the scale drawn.

    NaN where a loss cannot be drawn, and for the range of no values.

    >>> scaled_gaps(np.array([3.0]), np.array([1.0]), np.array([1.0, 5.0]), Scale.LINEAR)
    (array([2.]), 4.0)
    """
    low, high = (float(shown.min()), float(shown.max())) if shown.size else (np.nan, np.nan)
    with np.errstate(all="ignore"):
        if scale is Scale.LOG:  # which shows ratios
            return np.abs(np.log(loss) - np.log(plane_loss)), float(np.log(high / low))
        return np.abs(loss - plane_loss), high - low


def _arrows(a: FloatArray, b: FloatArray, width: float, height: float) -> NDArray[np.int64]:
    """Return up to two segments: near 35 % and 75 % of the length drawn, and long enough to aim."""
    moves = np.hypot(np.diff(a) / width, np.diff(b) / height)
    moves = np.where(np.isfinite(moves), moves, 0.0)
    length = np.concatenate([[0.0], np.cumsum(moves)])
    if moves.size == 0 or length[-1] < 0.15:
        return np.empty(0, dtype=np.int64)
    wanted = (0.35, 0.75) if length[-1] > 0.45 else (0.5,)
    places = np.searchsorted(length, np.array(wanted) * length[-1]) - 1
    return np.unique(np.clip(places, 0, moves.size - 1)).astype(np.int64)
