"""Replay: what an adaptive optimizer divided by, from the gradients along its own trajectory."""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.dynamics.record import Minibatches, batch_drawer
from thalweg.dynamics.steppers import Stepper

SAME_STEP = 1e-2  # share of a step by which a replayed one may miss, as in single precision
AT_ONCE = 1 << 22  # numbers of the gradients that are held together


def preconditioners(
    objective: SmoothObjective,
    trajectory: xr.Dataset,
    stepper: Stepper,
    rows: Iterable[int],
    batches: Minibatches | None = None,
) -> tuple[dict[int, FloatArray], float]:
    """Return the preconditioner (n,) of the step from each row, and how exact the replay was.

    The gradients are taken anew at every recorded point, of the objective or of the minibatches
    drawn again, the optimizer's state is rebuilt from them, and each step it then takes is
    compared with the recorded one. The second value is the largest miss, as a share of the step's
    length.

    Raises:
        InputError: not every step was kept, or the steps are not those of this optimizer with the
            gradients of this objective (other data, other minibatches, a schedule).
    """
    steps, points = trajectory["step"].values, trajectory["point"].values
    if not np.array_equal(steps, np.arange(len(steps))):
        wanted = f"the second moments of {stepper.name} need every step from the first"
        raise InputError(wanted, f"{len(steps)} rows to step {steps[-1]}", "record with every=1")
    wanted_rows = set(rows)
    found: dict[int, FloatArray] = {}
    state, worst = stepper.start(np.asarray(points[0], dtype=np.float64)), 0.0
    held = max(1, AT_ONCE // points.shape[1])
    draw = batch_drawer(objective, batches)
    with np.errstate(all="ignore"):  # a diverged run is a result, not a fault
        for first in range(0, len(points), held):
            block = np.asarray(points[first : first + held], dtype=np.float64)
            if draw is None:
                gradients = objective.value_and_gradients(block)[1]
            else:
                gradients = [draw().value_and_gradients(point[None])[1][0] for point in block]
            for row, (point, gradient) in enumerate(zip(block, gradients, strict=True), first):
                state, moved = stepper.step(state, point, gradient)
                if row in wanted_rows:
                    found[row] = stepper.preconditioner(state)
                if row + 1 < len(points):
                    worst = max(worst, _miss(point, moved, points[row + 1]))
    if worst > SAME_STEP:
        wanted = f"the run must be one of {stepper!r} with the gradients of {objective.name}"
        got = f"steps that differ by {worst:.0%} of their length"
        raise InputError(wanted, got, "pass the run's own objective and stepper")
    return found, worst


def _miss(point: FloatArray, moved: FloatArray, recorded: FloatArray) -> float:
    """Return the distance of a replayed step from the recorded one over its length; 0 if lost."""
    length = float(np.linalg.norm(recorded - point))
    miss = float(np.linalg.norm(moved - recorded)) - float(np.spacing(np.abs(point).max()))
    return max(0.0, miss) / length if np.isfinite(miss) and length > 0 else 0.0
