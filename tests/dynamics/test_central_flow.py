"""Central flow and oscillation: predicted from derivatives, compared with gradient descent."""

import numpy as np
import pytest

from dynamics.networks import on_spiral
from thalweg.core.errors import InputError
from thalweg.dynamics.central_flow import central_flow
from thalweg.dynamics.oscillation import oscillation
from thalweg.dynamics.record import record
from thalweg.dynamics.sharpness_gradient import sharpness_gradient
from thalweg.dynamics.steppers import SGD, Momentum
from thalweg.objectives.activations import Activation
from thalweg.objectives.zoo import mueller_brown, quadratic, rosenbrock

EDGE = 2000  # a step from which these runs are at the edge
CASES = [(Activation.TANH, 2.0), (Activation.SOFTPLUS, 1.0)]


def run_of(activation, lr, steps):
    objective = on_spiral(activation)
    return objective, record(objective, objective.start, SGD(lr), steps)


@pytest.mark.parametrize(("activation", "lr"), CASES)
def test_the_swing_and_its_loss_are_the_predicted_ones(activation, lr):
    objective, run = run_of(activation, lr, EDGE + 400)
    found = oscillation(objective, run, range(EDGE, EDGE + 399, 10))
    assert (found.sharpness.values * lr / 2).mean() == pytest.approx(1.0, abs=0.02)
    assert (found.second.values * lr / 2).max() < 0.95
    assert found.attrs["variance_ratio"] == pytest.approx(1.0, abs=0.05)
    assert found.attrs["gap_ratio"] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(("activation", "lr"), CASES)
def test_the_flow_goes_where_the_average_of_gradient_descent_goes(activation, lr):
    objective, run = run_of(activation, lr, EDGE + 120)
    points = run.point.values[EDGE - 1 :]
    centers = (points[:-2] + 2 * points[1:-1] + points[2:]) / 4
    flow = central_flow(objective, centers[0], lr, 100, every=50)
    away = np.linalg.norm(flow.point.values - centers[:101:50], axis=1)
    traveled = float(np.linalg.norm(centers[100] - centers[0]))
    assert away.max() < 0.06 * traveled
    mean = run.loss.values[EDGE + 90 : EDGE + 110].mean()
    assert float(flow.expected_loss[-1]) == pytest.approx(mean, abs=2e-4)
    assert mean - float(flow.loss[-1]) > 3e-3  # the swing costs, and the flow says how much
    free = centers[0]
    for _ in range(2000):  # gradient flow, which has no swing, goes elsewhere
        free = free - lr / 20 * objective.gradient(free)
    assert np.linalg.norm(free - centers[100]) > 4 * away.max()
    assert flow.attrs["kind"] == "trajectory"
    assert flow.step.values.tolist() == [0, 50, 100]


def test_a_network_below_the_edge_follows_gradient_flow():
    objective, run = run_of(Activation.SOFTPLUS, 1.0, EDGE)
    points = run.point.values
    start = (points[-3] + 2 * points[-2] + points[-1]) / 4  # sharpness 2, and the edge is at 4
    flow = central_flow(objective, start, lr=0.5, steps=20)
    assert (np.diff(flow.sharpness.values) > 0).any()  # it sharpens, and has room
    assert (flow.variance.values == 0).all()
    free = start
    for _ in range(20 * 50):
        free = free - 0.5 / 50 * objective.gradient(free)
    assert np.linalg.norm(flow.point.values[-1] - free) < 5e-3 * np.linalg.norm(free - start)


def test_a_start_beyond_the_edge_is_led_back_slowly():
    objective, run = run_of(Activation.SOFTPLUS, 1.0, EDGE + 2)
    points = run.point.values[EDGE - 1 :]
    flow = central_flow(objective, (points[0] + 2 * points[1] + points[2]) / 4, 1.0, 20)
    beyond = flow.sharpness.values - 2
    assert beyond[0] > 0.004
    assert (beyond[1:] > 0.5 * beyond[0]).all()
    assert (np.diff(beyond) < 0).all()


@pytest.mark.parametrize("parts", [1, 3])
def test_below_the_edge_the_flow_on_a_quadratic_is_the_exponential(parts):
    bowl = quadratic([0.5, 3.0, -0.2, 0.0], seed=1)
    flow = central_flow(bowl, bowl.start, lr=0.5, steps=6, parts=parts)
    values, vectors = np.linalg.eigh(bowl.hessian(bowl.start))
    for t, point in enumerate(flow.point.values):
        exact = vectors @ (np.exp(-0.5 * t * values) * (vectors.T @ bowl.start))
        assert np.abs(point - exact).max() < 1e-12
    assert (flow.variance.values == 0).all()
    assert (flow.expected_loss.values == flow.loss.values).all()
    assert flow.sharpness.values == pytest.approx(3.0)
    assert flow.second.values == pytest.approx(0.5)


@pytest.mark.parametrize("objective", [rosenbrock(5), mueller_brown(), on_spiral(n_points=9)])
def test_the_gradient_of_the_sharpness_is_the_slope_of_the_top_eigenvalue(objective):
    point = objective.start
    values, vectors = np.linalg.eigh(objective.hessian(point))
    slope, error = sharpness_gradient(objective, point, vectors[:, -1])
    for axis in range(min(4, point.size)):
        step = 1e-5 * np.eye(point.size)[axis]
        up, down = (np.linalg.eigvalsh(objective.hessian(point + s))[-1] for s in (step, -step))
        assert slope[axis] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-5 * values[-1])
    assert error < 1e-3 * np.linalg.norm(slope)


def test_what_cannot_be_followed_is_refused():
    bowl = quadratic([1.0, 2.0])
    run = record(bowl, bowl.start, SGD(0.1), 9)
    heavy = record(bowl, bowl.start, Momentum(0.1), 9)
    thinned = record(bowl, bowl.start, SGD(0.1), 9, every=3)
    with pytest.raises(InputError, match="for gradient descent, got Momentum"):
        oscillation(bowl, heavy, [1])
    for trajectory, rows in ((run, [0]), (run, [9]), (run, []), (thinned, [1])):
        with pytest.raises(InputError, match="rows must lie between 1"):
            oscillation(bowl, trajectory, rows)
    with pytest.raises(InputError, match="start must be finite"):
        central_flow(bowl, np.array([np.nan, 0]), 0.1, 2)
    with pytest.raises(InputError, match="lr must be"):
        central_flow(bowl, bowl.start, 0.0, 2)
    with pytest.raises(InputError, match="at least 1"):
        central_flow(bowl, bowl.start, 0.1, 0)
    kinked = on_spiral(Activation.RELU, n_points=5)
    with pytest.raises(InputError, match="a loss without kinks"):
        central_flow(kinked, kinked.start, 0.1, 1)
    hill = quadratic([-1.0])
    with pytest.raises(InputError, match="the flow must stay finite"):
        central_flow(hill, hill.start, 500.0, 3)
