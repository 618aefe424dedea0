"""record: walk an optimizer over an objective and keep what it did, step by step."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray, IndexArray, digest
from thalweg.core.errors import InputError
from thalweg.core.executor import Progress
from thalweg.core.objective import SampledObjective, SmoothObjective
from thalweg.core.schema import trajectory_dataset
from thalweg.dynamics.steppers import Stepper


@dataclass(frozen=True)
class Minibatches:
    """Draw the examples of each step without replacement, epoch by epoch, from a private generator.

    Attributes:
        size: examples a step; the last step of an epoch may get fewer.
        seed: of the shuffling.
    """

    size: int
    seed: int = 0


def record(
    objective: SmoothObjective,
    start: FloatArray,
    stepper: Stepper,
    steps: int,
    batches: Minibatches | None = None,
    every: int = 1,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the *trajectory* of `steps` steps from start (n,).

    Row t holds the point after t steps with the loss and gradient norm *of the whole objective*
    there, also when the steps themselves follow minibatches. A run that diverges is kept as it
    went, NaN and all.

    Args:
        objective: what is minimized.
        start: (n,).
        stepper: the optimizer, for example Adam(0.01).
        steps: number of steps; the trajectory has steps + 1 rows if every = 1.
        batches: None for full-batch steps.
        every: keep each so many-th row, and the last.
        progress: called with (steps done, steps).

    Raises:
        InputError: a start that is not finite, no steps, or minibatches of an objective without
            examples.

    >>> from thalweg.dynamics.steppers import SGD
    >>> from thalweg.objectives.zoo import quadratic
    >>> record(quadratic([1.0]), np.ones(1), SGD(0.5), steps=2).loss.values
    array([0.5    , 0.125  , 0.03125])
    """
    return record_many(objective, [start], stepper, steps, batches, every, progress)[0]


def record_many(
    objective: SmoothObjective,
    starts: FloatArray | list[FloatArray],
    stepper: Stepper,
    steps: int,
    batches: Minibatches | None = None,
    every: int = 1,
    progress: Progress | None = None,
) -> list[xr.Dataset]:
    """Return one trajectory a start (m, n), all walked at once; see `record`.

    The runs see the same minibatches, so that they are paired.
    """
    points = objective.check_points(np.asarray(starts)).copy()
    if not np.isfinite(points).all():
        bad = f"{int((~np.isfinite(points)).sum())} numbers that are not"
        raise InputError("start must be finite", bad, "start from an initial point")
    if steps < 1 or every < 1:
        wanted = "steps and every must be at least 1"
        raise InputError(wanted, f"{steps} and {every}", "ask for one step or more")
    draw = batch_drawer(objective, batches)
    state = stepper.start(points)
    kept, rows, losses, norms = [], [], [], []
    values, gradients = np.empty(len(points)), np.empty_like(points)
    with np.errstate(all="ignore"):  # a diverging run is a result, not a fault
        for t in range(steps + 1):
            keep = t % every == 0 or t == steps
            if keep or batches is None:
                values, gradients = objective.value_and_gradients(points)
            if keep:
                kept.append(t)
                rows.append(points)
                losses.append(values)
                norms.append(np.linalg.norm(gradients, axis=1))
            if t == steps:
                break
            if draw is not None:
                gradients = draw().value_and_gradients(points)[1]
            state, points = stepper.step(state, points, gradients)
            if progress is not None:
                progress(t + 1, steps)
        attrs = {
            "objective": objective.name,
            "objective_digest": objective.digest(),
            "optimizer": stepper.name,
            "stepper": repr(stepper),
            "batches": repr(batches),
            "steps": steps,
        }
        runs = zip(*(np.stack(x, axis=1) for x in (rows, losses, norms)), strict=True)
        return [
            trajectory_dataset(
                np.array(kept), points, values, sizes, {**attrs, "start_digest": digest(points[0])}
            )
            for points, values, sizes in runs
        ]


def batch_drawer(
    objective: SmoothObjective, batches: Minibatches | None
) -> Callable[[], SampledObjective] | None:
    """Return what gives the objective of each next minibatch; None for full-batch steps.

    Raises:
        InputError: an objective without examples, or a batch larger than all of them.
    """
    if batches is None:
        return None
    if not isinstance(objective, SampledObjective):
        wanted = "minibatches need an objective that is a mean over examples"
        raise InputError(wanted, objective.name, "leave batches out")
    n = objective.n_examples
    if not 1 <= batches.size <= n:
        wanted = f"the batch size must lie between 1 and {n}"
        raise InputError(wanted, str(batches.size), "lower it")
    random = np.random.default_rng(batches.seed)
    waiting: list[IndexArray] = []

    def draw() -> SampledObjective:
        if not waiting:
            order = random.permutation(n)
            waiting.extend(order[i : i + batches.size] for i in range(0, n, batches.size))
        return objective.subset(waiting.pop(0))

    return draw
