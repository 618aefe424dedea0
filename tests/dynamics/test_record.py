"""record: what a trajectory holds."""

import numpy as np
import pytest

from cases import Case
from thalweg.core.errors import InputError
from thalweg.dynamics.record import Minibatches, record, record_many
from thalweg.dynamics.steppers import SGD, Adam, AdamW, Momentum, Nesterov, RMSprop
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.zoo import quadratic

CASE = Case((5,), Activation.RELU, Loss.BINARY_CROSS_ENTROPY, 0.3)
EVERY = [SGD(0.1), Momentum(0.1), Nesterov(0.1), RMSprop(0.1), Adam(0.1), AdamW(0.1)]


def test_rows_hold_the_point_and_what_is_true_there():
    run = record(CASE.objective, CASE.point, Adam(0.05), steps=7)
    assert run.sizes == {"step": 8, "parameter": 21}
    assert run.step.values.tolist() == [*range(8)]
    np.testing.assert_array_equal(run.point[0], CASE.point)
    losses, gradients = CASE.objective.value_and_gradients(run.point.values)
    np.testing.assert_allclose(run.loss, losses, rtol=1e-13)
    np.testing.assert_allclose(run.gradient_norm, np.linalg.norm(gradients, axis=1), rtol=1e-12)
    moved = np.linalg.norm(np.diff(run.point.values, axis=0), axis=1)
    np.testing.assert_array_equal(run.step_length, [0.0, *moved])
    assert run.attrs["stepper"] == repr(Adam(0.05))
    assert run.attrs["optimizer"] == "Adam"
    assert run.attrs["objective_digest"] == CASE.objective.digest()
    assert run.attrs["kind"] == "trajectory"
    assert run.attrs["steps"] == 7


@pytest.mark.parametrize("stepper", EVERY, ids=repr)
def test_full_batch_steps_are_the_stepper_on_the_gradient(stepper):
    run = record(CASE.objective, CASE.point, stepper, steps=12)
    point, state = CASE.point, stepper.start(CASE.point)
    for row in run.point.values[1:]:
        state, point = stepper.step(state, point, CASE.objective.gradient(point))
        np.testing.assert_allclose(row, point, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("every", [1, 3, 4, 10, 99])
@pytest.mark.parametrize("batches", [None, Minibatches(4)])
def test_every_kth_row_and_the_last_are_kept(every, batches):
    whole = record(CASE.objective, CASE.point, Momentum(0.1), 10, batches)
    thin = record(CASE.objective, CASE.point, Momentum(0.1), 10, batches, every)
    kept = sorted({*range(0, 11, every), 10})
    assert thin.step.values.tolist() == kept
    for name in ("point", "loss", "gradient_norm"):
        np.testing.assert_array_equal(thin[name], whole[name].sel(step=kept))
    jumps = np.linalg.norm(np.diff(thin.point.values, axis=0), axis=1)
    np.testing.assert_array_equal(thin.step_length, [0.0, *jumps])


def test_minibatches_walk_through_epochs_without_replacement():
    seen = []

    class Spy(MLPObjective):
        def subset(self, rows):
            seen.append(np.array(rows))
            return super().subset(rows)

    spy = Spy(CASE.network, *CASE.data)
    record(spy, CASE.point, SGD(0.1), steps=9, batches=Minibatches(4, seed=5))
    assert [len(rows) for rows in seen] == [4, 4, 1] * 3
    epochs = [np.concatenate(seen[i : i + 3]) for i in (0, 3, 6)]
    assert all(sorted(epoch) == [*range(9)] for epoch in epochs)
    assert not np.array_equal(epochs[0], epochs[1])


def test_minibatch_steps_follow_the_batch_and_rows_the_whole():
    run = record(CASE.objective, CASE.point, SGD(0.1), 5, Minibatches(4, seed=5))
    np.testing.assert_allclose(run.loss, CASE.objective.values(run.point.values), rtol=1e-13)
    order = np.random.default_rng(5).permutation(9)
    point = CASE.point
    for i, rows in enumerate([order[:4], order[4:8], order[8:]], start=1):
        point = point - 0.1 * CASE.objective.subset(rows).gradient(point)
        np.testing.assert_allclose(run.point[i], point, rtol=1e-13, atol=1e-15)


def test_minibatches_are_repeatable_and_leave_the_global_generator_alone():
    before = np.random.get_state()[1].copy()
    runs = [
        record(CASE.objective, CASE.point, SGD(0.1), 8, Minibatches(3, seed)) for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert runs[0].identical(runs[1])
    assert not np.array_equal(runs[0].point, runs[2].point)
    full = record(CASE.objective, CASE.point, SGD(0.1), 8)
    whole = record(CASE.objective, CASE.point, SGD(0.1), 8, Minibatches(9))
    np.testing.assert_allclose(whole.point, full.point, atol=1e-13)


@pytest.mark.parametrize("batches", [None, Minibatches(4, seed=3)])
@pytest.mark.parametrize("stepper", EVERY, ids=repr)
def test_many_starts_at_once_are_one_by_one(stepper, batches):
    starts = CASE.point + 0.2 * np.random.default_rng(0).standard_normal((3, 21))
    together = record_many(CASE.objective, starts, stepper, 6, batches)
    for start, run in zip(starts, together, strict=True):
        alone = record(CASE.objective, start, stepper, 6, batches)
        np.testing.assert_allclose(run.point, alone.point, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(run.loss, alone.loss, rtol=1e-12)
        assert run.attrs == alone.attrs
    assert len({run.attrs["start_digest"] for run in together}) == 3


@pytest.mark.parametrize("stepper", [SGD(10.0), Momentum(10.0), Nesterov(10.0)], ids=repr)
def test_a_run_that_diverges_is_kept_without_a_warning(stepper):
    run = record(quadratic([1.0, 3.0]), np.ones(2), stepper, steps=600)
    assert not np.isfinite(run.loss[-1])
    assert np.isfinite(run.loss[0])
    finite = np.isfinite(run.loss.values)
    assert finite[: finite.argmin()].all()
    assert run.sizes["step"] == 601
    other = record_many(quadratic([1.0, 3.0]), np.array([[0.0, 0.0], [1.0, 1.0]]), stepper, 600)
    assert np.isfinite(other[0].loss).all()
    assert other[1].identical(run)


def test_a_network_that_diverges_is_kept_without_a_warning():
    case = Case((4, 3), Activation.SOFTPLUS, Loss.MEAN_SQUARED_ERROR, 0.1)
    run = record(case.objective, case.point, SGD(1e6), steps=50)
    assert np.isnan(run.loss[-1])
    assert np.isfinite(run.loss[0])


def test_progress_counts_the_steps_and_an_interrupt_passes():
    seen = []
    record(CASE.objective, CASE.point, SGD(0.1), 3, progress=lambda *at: seen.append(at))
    assert seen == [(1, 3), (2, 3), (3, 3)]

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(CASE.objective, CASE.point, SGD(0.1), 3, progress=stop)


def test_the_start_stays_the_callers_own():
    start = CASE.point.copy()
    run = record(CASE.objective, start, SGD(0.1), steps=2)
    start[:] = 0.0
    np.testing.assert_array_equal(run.point[0], CASE.point)
    run.point[1] = 0.0
    assert run.point[2].values.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": np.zeros(20)}, r"got \(1, 20\)"),
        ({"start": np.full(21, np.nan)}, "start must be finite, got 21"),
        ({"steps": 0}, "steps and every must be at least 1, got 0 and 1"),
        ({"every": 0}, "got 5 and 0"),
        ({"batches": Minibatches(10)}, "batch size must lie between 1 and 9, got 10"),
        ({"batches": Minibatches(0)}, "batch size must lie between 1 and 9, got 0"),
        ({"objective": quadratic([1.0] * 21), "batches": Minibatches(1)}, "a mean over examples"),
    ],
)
def test_impossible_runs_are_refused(change, message):
    good = {"objective": CASE.objective, "start": CASE.point, "stepper": SGD(0.1), "steps": 5}
    with pytest.raises(InputError, match=message):
        record(**{**good, **change})
