"""Course: how true a path over a surface is: captured variance, gap, distance, and their nulls.

A captured variance alone proves nothing: a random walk keeps most of its own in two directions,
a straight line all of it (Antognini and Sohl-Dickstein 2018). So it stands beside both, and
beside the share of a half cosine in the first coordinate, which is what a walk draws (Hess 2000).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xarray as xr

from thalweg.core.schema import axes_of, require_kind
from thalweg.dynamics.nulls import COSINE_LIMIT, STRAIGHT, Null, cosine_content, walk_null
from thalweg.trust_report.cells import shown_values
from thalweg.trust_report.sampling import ROUGH
from thalweg.views.levels import choose_scale, finite
from thalweg.views.path import scaled_gaps
from thalweg.views.prose import counted, number, percent
from thalweg.views.trust import TrustLine

MOMENTUM = 0.9
WALKS = 8  # drawn for each null: their mean is sure to about 1 %
MANY = 10.0  # from here on a percentage is hard to read
LITTLE = 0.5  # a smaller captured variance changes how one reads


@dataclass(frozen=True)
class Nulls:
    """What a principal plane captures of runs that know no landscape.

    Attributes:
        walk: a random walk; `momentum` one with momentum 0.9.
        straight: a straight line.
        cosines: share of a half, a whole ... cosine in each coordinate of this run.
    """

    walk: Null
    momentum: Null
    straight: float
    cosines: tuple[float, ...]


@dataclass(frozen=True)
class Course:
    """What a plane does not show of one run.

    Attributes:
        name: of the optimizer, if it was told.
        points: of the path; `left_out` of the run, from the first not finite on.
        captured: share of the run's own variance in the plane.
        largest_gap: between true and drawn loss; `gap_share` of the range shown (of its
            logarithm where the picture has a log scale), `dashed` the share of points beyond 10 %.
        gaps_unknown: points where the true or the drawn loss is not finite.
        farthest: largest distance from the plane; `off_plane` the same against the distance from
            start to end, NaN if that is not known.
        nulls: for the run's own principal plane, else None.
    """

    name: str
    points: int
    left_out: int
    captured: float
    largest_gap: float
    gap_share: float
    dashed: float
    gaps_unknown: int
    farthest: float
    off_plane: float
    nulls: Nulls | None

    def lines(self) -> list[TrustLine]:
        """Return variance, gap, distance and what is left out, a line each."""
        words = "How much of the run's own variance lies in this plane is unknown"
        if not np.isnan(self.captured):
            words = f"{percent(self.captured, 1)} of the run's own variance lies in this plane"
        if self.nulls is not None:
            walk, pushed = percent(self.nulls.walk.mean), percent(self.nulls.momentum.mean)
            words += f" (of a random walk {walk}, with momentum {pushed}, of a straight line 100 %)"
        lines = [TrustLine(f"{words}.", warning=not self.captured >= LITTLE)]
        if self.nulls is not None and self.nulls.cosines[0] > COSINE_LIMIT:
            words = f"Its first axis is {percent(self.nulls.cosines[0])} a half cosine over time, "
            words += "as of a random walk or a steady drift: its shape tells little."
            lines.append(TrustLine(words))
        lines += [*self._gap(), *self._distance()]
        if self.left_out:
            last = f"The last {self.left_out:,} recorded points are"
            words = "The last recorded point is" if self.left_out == 1 else last
            words += " left out: from the first not finite on."
            lines.append(TrustLine(words, warning=True))
        return lines

    def line(self) -> TrustLine:
        """Return all of it in one line, for a plane with several runs."""
        share = "unknown share" if np.isnan(self.captured) else percent(self.captured, 1)
        words = f"{self.name or 'Run'}: {share} of its variance in this plane"
        poor = not self.captured >= LITTLE
        if np.isfinite(self.gap_share):
            words += f", gap up to {_of_range(self.gap_share)}"
            poor |= self.gap_share > ROUGH
        if self.gaps_unknown:
            words += f", {_unknown(self.gaps_unknown, self.points)}"
            poor = True
        if self.left_out:
            words += f", {counted(self.left_out, 'point')} left out at the end (not finite)"
            poor = True
        if np.isfinite(self.off_plane):
            words += f", off the plane by {self.off_plane:.2g} times its start-to-end distance"
            poor |= self.off_plane > 1
        return TrustLine(f"{words}.", warning=poor)

    def _gap(self) -> list[TrustLine]:
        if not np.isfinite(self.largest_gap):
            return [TrustLine("The gap between true and drawn loss is unknown.", warning=True)]
        words = f"Largest gap between true and drawn loss: {number(self.largest_gap, 2)}"
        words += f", {_of_range(self.gap_share)}"
        if self.gaps_unknown:
            words += f"; {_unknown(self.gaps_unknown, self.points)}"
        warns = self.gap_share > ROUGH or self.gaps_unknown > 0
        return [TrustLine(f"{words}.", warning=warns)]

    def _distance(self) -> list[TrustLine]:
        if not np.isfinite(self.off_plane):
            return []
        words = f"Farthest from the plane: {number(self.farthest, 2)}, that is "
        words += f"{self.off_plane:.2g} times the distance from start to end."
        return [TrustLine(words, warning=self.off_plane > 1)]


def course_of(path: xr.Dataset, surface: xr.Dataset, alone: bool = True) -> Course:
    """Return what the plane of a surface does not show of a path over it.

    Args:
        path: a *path* Dataset in the same plane.
        surface: below it; gaps are of the loss, against the losses shown.
        alone: whether the surface has no other path, so that the plane may be this run's own.
    """
    require_kind(path, "path")
    shares = _gap_shares(path, shown_values(surface) if "loss" in surface else np.empty(0))
    with np.errstate(invalid="ignore"):  # inf - inf is as unknown as NaN
        gaps = finite(np.abs(path["loss"].values - path["plane_loss"].values))
    farthest = float(finite(path["residual"].values).max(initial=0.0))
    ends = float(path.attrs.get("end_to_end", np.nan))
    own = alone and str(surface.attrs["recipe"]).startswith("principal directions")
    return Course(
        name=str(path.attrs.get("optimizer", "")).partition("(")[0],
        points=path.sizes["step"],
        left_out=int(path.attrs.get("points_left_out", 0)),
        captured=float(path.attrs["captured_variance"]),
        largest_gap=float(gaps.max()) if gaps.size and shares.size else np.nan,
        gap_share=float(shares.max()) if shares.size else np.nan,
        dashed=float((shares > ROUGH).mean()) if shares.size else np.nan,
        gaps_unknown=path.sizes["step"] - gaps.size,
        farthest=farthest,
        off_plane=farthest / ends if ends > 0 else np.nan,
        nulls=_nulls(path, surface) if own and path.sizes["step"] > 2 else None,
    )


def _of_range(share: float) -> str:
    """Return a share of the range shown in words; far beyond it as a multiple."""
    if share > MANY:
        return f"{number(share, 2)} times the range shown"
    return f"{percent(share)} of the range shown"


def _unknown(count: int, points: int) -> str:
    return f"unknown at {count:,} of {points:,} points, where a loss is not finite"


def _gap_shares(path: xr.Dataset, shown: np.ndarray) -> np.ndarray:
    """Return each finite gap as a share of the range shown, on the scale of the picture."""
    if not shown.size:
        return shown
    true, drawn = path["loss"].values, path["plane_loss"].values
    gap, width = scaled_gaps(true, drawn, shown, choose_scale(shown))
    return finite(gap) / width if width > 0 else np.zeros(finite(gap).size)


def _nulls(path: xr.Dataset, surface: xr.Dataset) -> Nulls:
    axes = axes_of(surface)
    points, k, n = path.sizes["step"], len(axes), surface.sizes["parameter"]
    scores = np.column_stack([path[name].values for name in axes])
    return Nulls(
        walk=_walk(points, n, k, 0.0),
        momentum=_walk(points, n, k, MOMENTUM),
        straight=STRAIGHT,
        cosines=tuple(float(c) for c in cosine_content(scores)),
    )


@lru_cache(maxsize=64)
def _walk(points: int, n: int, k: int, momentum: float) -> Null:
    return walk_null(points, n, k, momentum=momentum, draws=WALKS)
