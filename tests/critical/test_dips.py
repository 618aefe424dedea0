"""Dips of the gradient norm: planted ones are found, with their depth, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.core.errors import InputError
from thalweg.core.schema import trajectory_dataset
from thalweg.critical.behind import behind_dataset, saddles_behind
from thalweg.critical.classify import classify
from thalweg.critical.dips import dips
from thalweg.critical.escape_time import amplitudes, efold_steps, escape_steps, observed_escape
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.activations import Activation
from thalweg.objectives.functions import from_function
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import himmelblau, quadratic


def run_of(norms, points=None, every=1):
    norms = np.array(norms, dtype=float)
    points = np.zeros((norms.size, 2)) if points is None else points
    steps = every * np.arange(norms.size)
    return trajectory_dataset(steps, points, np.arange(norms.size) * 1.0, norms, {})


def test_planted_dips_come_with_step_depth_and_ridge():
    found = dips(run_of([1, 8, 1, 4, 2, 16, 0.5, 2], every=10))
    told = [(d.row, d.step, d.depth, d.ridge, d.loss) for d in found]
    assert told == [
        (0, 0, pytest.approx(16), 1, 0.0),
        (2, 20, pytest.approx(16), 3, 2.0),
        (4, 40, pytest.approx(2), 5, 4.0),
        (6, 60, pytest.approx(32), 7, 6.0),
    ]
    assert [d.row for d in dips(run_of([1, 8, 1, 4, 2, 16, 0.5, 2]), depth=4)] == [0, 2, 6]


def test_a_flat_bottom_counts_once_and_the_end_may_be_one():
    assert [d.row for d in dips(run_of([9, 1, 1, 1, 9]))] == [1]
    assert [d.row for d in dips(run_of([9, 1, 1, 1]))] == [1]
    assert [d.row for d in dips(run_of([9, 5, 3, 1]))] == [3]
    assert dips(run_of([3, 3, 3])) == ()
    assert [d.row for d in dips(run_of([9, 4, 4, 1]))] == [3]


def test_nothing_is_read_behind_the_first_gradient_that_is_not_finite():
    assert [d.row for d in dips(run_of([9, 1, 9, np.nan, 1, 9]))] == [1]


def test_a_gradient_of_zero_is_the_deepest_of_dips():
    [found] = dips(run_of([1, 0, 1]))
    assert found.row == 1
    assert found.gradient_norm == 0


def brute(norms, depth):
    """Rows from which every way to a lower place climbs by the factor; slow and plain."""
    found = []
    for i, low in enumerate(norms):
        climbs = [
            max(norms[min(i, j) : max(i, j) + 1]) for j, other in enumerate(norms) if other < low
        ]
        first = i == 0 or norms[i - 1] != low
        if first and min(climbs, default=max(norms)) >= depth * low * (1 - 1e-12):
            found.append(i)
    return found


@given(st.lists(st.integers(1, 40), min_size=1, max_size=25, unique=True))
def test_dips_agree_with_their_definition(norms):
    assert [d.row for d in dips(run_of(norms))] == brute(norms, 2.0)


def test_escape_times_are_exact_beside_a_quadratic_saddle():
    saddle = classify(quadratic([-0.5, 2.0]), np.zeros(2))
    lr, start = 0.1, 1e-6
    points = np.array([[start * 1.05**t, 0.8**t] for t in range(300)])
    run = run_of(np.ones(300), points)
    np.testing.assert_allclose(amplitudes(saddle, points), points[:, 0])
    predicted = escape_steps(start, 1e-2, saddle.lambda_min, lr)
    assert predicted == pytest.approx(np.log(1e4) / np.log(1.05))
    assert observed_escape(saddle, run, 0, 1e-2) == pytest.approx(predicted, abs=1e-6)
    rest = escape_steps(start * 1.05**100, 1e-2, saddle.lambda_min, lr)
    assert observed_escape(saddle, run, 100, 1e-2) == pytest.approx(rest, abs=1e-6)
    thinned = run.isel(step=slice(None, None, 7))
    assert observed_escape(saddle, thinned, 0, 1e-2) == pytest.approx(predicted, abs=1e-6)
    assert np.isnan(observed_escape(saddle, run, 0, 1e9))
    assert np.isnan(observed_escape(saddle, run, 0, 1e-9))
    assert efold_steps(-0.5, lr) == pytest.approx(1 / np.log(1.05))


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="depth must be above 1"):
        dips(run_of([1, 2]), depth=1)
    with pytest.raises(InputError, match="gradient norm from the first row on"):
        dips(run_of([np.nan, 1, 9]))
    with pytest.raises(InputError, match="wanted a trajectory"):
        dips(run_of([1, 2]).assign_attrs(kind="path"))
    minimum = classify(himmelblau(), [3.0, 2.0])
    with pytest.raises(InputError, match="needs a negative eigenvalue, got minimum"):
        amplitudes(minimum, np.zeros((1, 2)))
    with pytest.raises(InputError, match="lowest eigenvalue must be negative"):
        efold_steps(0.0, 0.1)
    with pytest.raises(InputError, match="learning rate must be"):
        efold_steps(-1.0, 0.0)
    with pytest.raises(InputError, match="the amplitude must be"):
        escape_steps(0.0, 1.0, -1.0, 0.1)
    with pytest.raises(InputError, match="must have 2 parameters, got 3"):
        saddles_behind(himmelblau(), run_of([1, 0, 1], np.zeros((3, 3))))
    with pytest.raises(InputError, match="top must lie between 1 and 2"):
        saddles_behind(himmelblau(), run_of([1, 0, 1]), top=3)
    with pytest.raises(InputError, match="at least 1 dip"):
        behind_dataset(())


def test_a_critical_point_far_off_is_not_what_slowed_the_run():
    objective = quadratic([1.0, -1.0])
    points = np.array([[3.0, 0.0], [3.0, 0.1], [3.0, 0.0]])
    [one] = saddles_behind(objective, run_of([9, 1, 9], points))
    assert one.search.found.words == "saddle of index 1"
    assert one.stretch == pytest.approx(0.1)
    assert not one.near
    assert "too far off to be what slowed the run" in one.sentence


def test_a_dip_with_nothing_behind_it_says_so():
    # The slope of x^3 / 3 + x is least at 0, and there is no critical point at all.
    objective = from_function(
        lambda p: (p**3 / 3 + p).sum(1), lambda p: p**2 + 1, lambda x: np.diag(2 * x), [1.0], "bend"
    )
    points = np.linspace(-2, 2, 9)[:, None]
    [one] = saddles_behind(objective, run_of(points[:, 0] ** 2 + 1, points), top=1)
    assert one.dip.row == 4
    assert one.search.found is None
    assert "No critical point" in one.sentence
    table = behind_dataset((one,))
    assert table["index"].values.tolist() == [-1]
    assert np.isnan(table["lambda_min"].values).all()


def test_gradient_descent_leaves_the_zero_of_a_tanh_network_at_the_known_rate():
    random = np.random.default_rng(1)
    X, y = random.standard_normal((40, 2)), np.arange(40) % 2.0
    network = MLPObjective(MLP((2, 6, 1), Activation.TANH), X, y)
    lowest = -np.linalg.norm(((0.5 - y)[:, None] * X).mean(axis=0))
    saddle = classify(network, np.zeros(network.layout.size))
    assert saddle.lambda_min == pytest.approx(lowest, rel=1e-12)
    start = 1e-6 * np.random.default_rng(2).standard_normal(network.layout.size)
    away = amplitudes(saddle, record(network, start, SGD(0.5), 100)["point"].values)
    growth = (1 + 0.5 * abs(lowest)) ** np.arange(101)
    np.testing.assert_allclose(away / away[0], growth, rtol=0.01)
