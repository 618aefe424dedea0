"""Curve: a bent way between two points along which the loss stays low."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.connect.barrier import Barrier, barrier, check_ends, sampled_barrier
from thalweg.connect.bends import Bends, Bezier
from thalweg.connect.training import Corners, straight, trained
from thalweg.core.arrays import FloatArray, as_floats, frozen
from thalweg.core.errors import InputError
from thalweg.core.executor import Progress
from thalweg.core.objective import Objective, SmoothObjective
from thalweg.core.plane import Plane
from thalweg.core.schema import provenance
from thalweg.geometry.directions import orthogonalized

LENGTH_POINTS = 1001
POINTS = 101  # t at which a finished curve is measured


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve from A to B through trained bends.

    Attributes:
        start: (n,), A.
        bends: (k, n), the trained points; a Bezier curve is drawn to them, a chain goes through.
        end: (n,), B.
        method: the family of curves, and how it was trained.
        barrier: along the curve, over the chord of the end losses. As far as its samples tell, the
            lowest barrier of all ways from A to B is at most this high.
        length: of the curve.
    """

    start: FloatArray
    bends: FloatArray
    end: FloatArray
    method: Bends
    barrier: Barrier
    length: float

    @property
    def detour(self) -> float:
        """The length over the distance between the ends: 1 or more; 1 if the ends are one."""
        distance = float(np.linalg.norm(self.end - self.start))
        return self.length / distance if distance > 0 else 1.0

    def points(self, t: FloatArray) -> FloatArray:
        """Return the points (m, n) at t (m,) between 0 and 1; the ends are exact."""
        mend = "pass numbers between 0 and 1"
        t = as_floats(t, "t", (None,), mend)
        if not ((t >= 0) & (t <= 1)).all():
            raise InputError("t must lie between 0 and 1", f"{t.min():g} to {t.max():g}", mend)
        return self.method.weights(t) @ Corners(self.start, self.bends, self.end).stacked

    def plane(self, names: tuple[str, str] = ("A", "B")) -> Plane:
        """Return the plane (the volume, for two bends) that the curve lies in, exactly.

        From A at 0 to B at 1, and across as far a unit, so that a map is true to shape.

        Raises:
            InputError: more than two bends, or bends on the straight line, which spans no plane.
        """
        if len(self.bends) > 2:
            mend = "train it with 1 or 2 bends"
            wanted = "a curve lies in a plane if it has at most 2 bends"
            raise InputError(wanted, str(len(self.bends)), mend)
        along = self.end - self.start
        try:
            directions = orthogonalized(np.vstack([along, self.bends - self.start]))
        except InputError:
            wanted, mend = "the bends must span a plane with both ends", "draw the line instead"
            raise InputError(wanted, "bends on the straight line", mend) from None
        size = np.linalg.norm(directions, axis=1, keepdims=True)
        across = ("the way to the bend", "the way to the second bend")[: len(self.bends)]
        labels = (f"the line from {names[0]} to {names[1]}", *across)
        recipe = f"through {names[0]}, {names[1]} and the bends of a curve"
        return Plane(self.start, directions * (size[0] / size), labels, recipe)

    def path(self, objective: Objective, plane: Plane) -> xr.Dataset:
        """Return the *path* of the curve in a plane, such as its own, where its gap is zero.

        Raises:
            InputError: the plane lives in another space.
        """
        t, points = self.barrier.t, self.points(self.barrier.t)
        coords = plane.coordinates(points)
        plane_loss = objective.restrict(plane)(coords)["loss"]
        with np.errstate(invalid="ignore"):
            gap = self.barrier.loss - plane_loss
        drawn = (coords - coords.mean(axis=0)) @ plane.directions
        moved = np.square(points - points.mean(axis=0)).sum()
        share = min(float(np.square(drawn).sum() / moved), 1.0) if moved > 0 else 1.0
        columns = {name: coords[:, i] for i, name in enumerate(plane.axes)} | {
            "t": t,
            "residual": plane.residual(points),
            "loss": self.barrier.loss,
            "plane_loss": plane_loss,
            "gap": gap,
        }
        attrs = {
            "objective": objective.name,
            "optimizer": "",
            "method": repr(self.method),
            "plane_digest": plane.digest(),
            "captured_variance": share,
            "largest_gap": float(np.abs(gap).max()),
        }
        return xr.Dataset(
            {name: ("step", values) for name, values in columns.items()},
            coords={"step": np.arange(t.size)},
            attrs=provenance("path", attrs),
        )


def curve(
    objective: SmoothObjective,
    start: FloatArray,
    end: FloatArray,
    method: Bends = Bezier(),  # noqa: B008
    points: int = POINTS,
    progress: Progress | None = None,
) -> Curve:
    """Return a curve from start (n,) to end (n,), trained to low loss along it.

    Uses gradients at the points of the curve only, so it serves any model. Batch normalization
    should be re-estimated at every point (Garipov et al. 2018): ask the objective for that. The
    curve is never worse than the straight line measured alike.

    Args:
        objective: the loss.
        start: (n,), where t = 0; stays.
        end: (n,), where t = 1; stays.
        method: `Bezier(...)` or `PolyChain(...)`, with steps, samples and seed.
        points: evenly spaced t at which the finished curve is measured; some 40 more lie about
            the highest ones.
        progress: called with (steps done, steps).

    Raises:
        InputError: ends that are not finite or live elsewhere, or batches that cannot be drawn.

    >>> from thalweg.objectives.zoo import himmelblau, himmelblau_critical_points
    >>> minima = himmelblau_critical_points()  # the lowest pass between these two is at 67.72
    >>> found = curve(himmelblau(), minima[0].point, minima[1].point)
    >>> bool(67.719 < found.barrier.height < 67.9)
    True
    """
    start, end = check_ends(objective, start, end)
    corners = straight(start, end, method.bends)
    along = barrier(objective, start, end, points)
    if not np.array_equal(start, end):
        bent = trained(objective, start, end, method, progress)
        found = sampled_barrier(lambda t: bent.losses(objective, method.weights(t)), points)
        if _known(found) < _known(along):
            corners, along = bent, found
    bends = frozen(corners.bends)
    length = _length(corners, method)
    return Curve(frozen(start), bends, frozen(end), method, along, length)


def _known(barrier: Barrier) -> float:
    """Return the height, infinite if it is unknown."""
    return np.inf if np.isnan(barrier.height) else barrier.height


def _length(corners: Corners, method: Bends) -> float:
    """Return the length of a fine polygon on the curve, by inner products of few points."""
    t = np.linspace(0.0, 1.0, LENGTH_POINTS)
    knots = np.linspace(0.0, 1.0, method.bends + 2)
    moves = np.diff(method.weights(np.union1d(t, knots)), axis=0)[:, 1:]
    away = corners.stacked[1:] - corners.start
    squares = np.einsum("mi,ij,mj->m", moves, away @ away.T, moves)
    return float(np.sqrt(np.maximum(squares, 0.0)).sum())
