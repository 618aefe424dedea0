"""Moving frame: the loss around a run, in coordinates that go with it.

x is the distance traveled along the recorded path, y a distance along a direction that is chosen
anew at each point and carried on without a jump of its sign. No projection: every point of the
path lies on this surface, at y = 0, with its true loss. The price is that the sheet is curved.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, IndexArray, as_floats, require_finite
from thalweg.core.errors import InputError
from thalweg.core.executor import Progress
from thalweg.core.objective import SmoothObjective
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, provenance, require_kind
from thalweg.curvature.ends import ends

MEMORY = 0.9  # of the running mean of steps that stands for the momentum


class Frame(Enum):
    """Which direction y follows."""

    SHARPEST = "the sharpest direction"
    MOMENTUM = "the mean of the last steps"
    STEP = "the last step"


@dataclass(frozen=True, eq=False)
class _Columns:
    """Points (x, n) of the path, unit directions (x, n), and d'Hd (x,) along them."""

    points: FloatArray
    directions: FloatArray
    curvatures: FloatArray


def moving_frame(
    objective: SmoothObjective,
    trajectory: xr.Dataset,
    frame: Frame = Frame.SHARPEST,
    columns: int = 61,
    offsets: ArrayLike | int = 41,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the loss around a run, kind *moving_frame*, dims (y, x).

    `loss` and `status` (y, x); per column `step`, `turn` (radians between this direction and
    the one before), `tilt` (radians between direction and path, pi / 2 if perpendicular),
    `curvature` d'Hd, and `gap`, the recorded loss minus the drawn one at y = 0 (rounding; NaN if
    the run was recorded with another objective). `traveled` (recorded) is the x of every step.

    Args:
        objective: whose loss is drawn.
        trajectory: the run; what follows a point that is not finite is left out.
        frame: which direction y follows.
        columns: at most; spread evenly over the distance traveled, each at a recorded point.
        offsets: increasing numbers y with 0 among them, or how many (odd, from 3): then they
            reach as far as a typical curvature needs to raise the loss by the range of the run,
            a quarter of the distance traveled at most.
        progress: called with (columns done, columns).

    Raises:
        InputError: a run that never moves, too few columns, or offsets without 0.

    >>> from thalweg.dynamics.record import record
    >>> from thalweg.dynamics.steppers import SGD
    >>> from thalweg.objectives.zoo import quadratic
    >>> bowl = quadratic([1.0, 4.0])
    >>> found = moving_frame(bowl, record(bowl, np.array([1.0, 0.0]), SGD(0.5), 3), offsets=[0, 1])
    >>> found.loss.values[1] - found.loss.values[0]  # 4 / 2 higher, one unit off the path
    array([2., 2., 2., 2.])
    """
    require_kind(trajectory, "trajectory")
    points = np.asarray(trajectory["point"].values, dtype=np.float64)
    lost = np.flatnonzero(~np.isfinite(points).all(axis=1))
    points = points[: lost[0]] if lost.size else points
    traveled = np.concatenate([[0.0], np.linalg.norm(np.diff(points, axis=0), axis=1).cumsum()])
    if not traveled[-1] > 0 or columns < 2:
        wanted = "a moving frame needs a run that moves and at least 2 columns"
        got = f"a length of {traveled[-1]:g} and {columns} columns"
        raise InputError(wanted, got, "record a run that moves")
    rows = _rows(traveled, columns)
    chosen = _Columns(points[rows], *_directions(objective, points, rows, frame))
    on_path = objective.values(chosen.points)
    y = _offsets(offsets, on_path, chosen, float(traveled[-1]))
    loss = np.empty((len(y), len(rows)))
    for column, row in enumerate(rows):
        line = Plane(points[row], chosen.directions[column][None])
        loss[:, column] = objective.restrict(line)(y[:, None])["loss"]
        if progress is not None:
            progress(column + 1, len(rows))
    loss[y == 0] = on_path  # a step of 0 is the point itself
    same = trajectory.attrs.get("objective_digest") == objective.digest()
    recorded = trajectory["loss"].values[rows] if same else np.full(len(rows), np.nan)
    with np.errstate(invalid="ignore"):
        gap = recorded - on_path
    ahead = points[np.minimum(rows + 1, len(points) - 1)] - points[np.maximum(rows - 1, 0)]
    status = np.where(np.isfinite(loss), Cell.DONE, Cell.NONFINITE).astype(np.int8)
    return xr.Dataset(
        {
            "loss": (("y", "x"), loss),
            "status": (("y", "x"), status),
            "step": ("x", trajectory["step"].values[rows]),
            "turn": ("x", _angles(chosen.directions[1:], chosen.directions[:-1], first=True)),
            "tilt": ("x", _angles(chosen.directions, ahead)),
            "curvature": ("x", chosen.curvatures),
            "gap": ("x", gap),
            "traveled": ("recorded", traveled),
        },
        coords={"x": traveled[rows], "y": y},
        attrs=provenance(
            "moving_frame",
            {
                "objective": objective.name,
                "objective_digest": objective.digest(),
                "optimizer": str(trajectory.attrs.get("optimizer", "")),
                "frame": frame.value,
                "left_out": trajectory.sizes["step"] - len(points),
            },
        ),
    )


def _rows(traveled: FloatArray, columns: int) -> IndexArray:
    """Return recorded rows near even distances, each farther than the one before."""
    wanted = np.linspace(0, traveled[-1], columns)
    return np.unique(np.searchsorted(traveled, wanted, side="left"))


def _directions(
    objective: SmoothObjective, points: FloatArray, rows: IndexArray, frame: Frame
) -> tuple[FloatArray, FloatArray]:
    """Return unit directions (x, n), signs carried on, and d'Hd (x,)."""
    if frame is Frame.SHARPEST:
        tops = [ends(objective, points[row], lowest=0, highest=1) for row in rows]
        directions = np.stack([top.eigenvectors[-1] for top in tops])
        curvatures = np.array([top.eigenvalues[-1] for top in tops])
    else:
        directions = _steps(points, MEMORY if frame is Frame.MOMENTUM else 0.0)[rows]
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        pairs = zip(points[rows], directions, strict=True)
        curvatures = np.array([float(d @ objective.hvp(point, d)) for point, d in pairs])
    agree = np.einsum("xi,xi->x", directions[1:], directions[:-1])
    signs = np.concatenate([[1.0], np.where(agree < 0, -1.0, 1.0)]).cumprod()
    return directions * signs[:, None], curvatures


def _steps(points: FloatArray, memory: float) -> FloatArray:
    """Return the running mean (T, n) of the steps into each point; the first looks ahead."""
    steps = np.diff(points, axis=0, prepend=points[:1])
    steps[0] = steps[1 + int((np.abs(steps[1:]).sum(axis=1) > 0).argmax())]
    for t in range(1, len(steps)):
        if memory or not steps[t].any():  # a step of length 0 has no direction: keep the last
            steps[t] = memory * steps[t - 1] + (1 - memory) * steps[t] if memory else steps[t - 1]
    return steps


def _offsets(
    offsets: ArrayLike | int, losses: FloatArray, chosen: _Columns, length: float
) -> FloatArray:
    mend = "pass an odd number such as 41, or increasing numbers with 0 among them"
    if isinstance(offsets, int):
        if offsets < 3 or offsets % 2 == 0:
            raise InputError("offsets must be an odd number from 3", str(offsets), mend)
        known, typical = losses[np.isfinite(losses)], float(np.median(np.abs(chosen.curvatures)))
        span = float(np.ptp(known)) if known.size else 0.0
        needed = np.sqrt(2 * span / typical) if span > 0 and typical > 0 else np.inf
        reach = min(float(needed), length / 4)
        half = np.linspace(0, reach, offsets // 2 + 1)
        return np.concatenate([-half[:0:-1], half])
    y = require_finite(as_floats(offsets, "offsets", (None,), mend), "offsets", mend)
    if (np.diff(y) <= 0).any() or not (y == 0).any():
        raise InputError("offsets must increase and hold 0", str(y[:4]), mend)
    return y


def _angles(these: FloatArray, those: FloatArray, first: bool = False) -> FloatArray:
    """Return the angles (x,) between lines along rows, in [0, pi / 2]; NaN for a row of zeros."""
    with np.errstate(invalid="ignore"):
        these = these / np.linalg.norm(these, axis=1, keepdims=True)
        those = those / np.linalg.norm(those, axis=1, keepdims=True)
    along = np.abs(np.einsum("xi,xi->x", these, those))
    across = np.linalg.norm(these - those * np.einsum("xi,xi->x", these, those)[:, None], axis=1)
    angles = np.arctan2(across, along)  # exact also where the angle is tiny
    return np.concatenate([[0.0], angles]) if first else angles
