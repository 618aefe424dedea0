"""Derivatives of the MLP: gradients, Hessian-vector products, batching, initialization."""

import numpy as np
import pytest

from cases import CASES, Case, plain_loss
from thalweg.core.errors import InputError
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.objectives.network import MLP, FanIn, Gaussian

all_cases = pytest.mark.parametrize("case", CASES, ids=str)


def complex_step(function, point, h=1e-30):
    """Gradient to rounding: Im f(x + i h e) / h."""
    steps = np.eye(point.size) * (1j * h)
    return np.array([function(point + step).imag / h for step in steps])


@all_cases
def test_loss_is_the_formula(case: Case):
    assert abs(case.objective.value(case.point) - plain_loss(case, case.point)) < 1e-14


@all_cases
def test_gradient_against_the_complex_step(case: Case):
    value, gradient = case.objective.value_and_gradient(case.point)
    exact = complex_step(lambda p: plain_loss(case, p), case.point)
    np.testing.assert_allclose(gradient, exact, rtol=1e-12, atol=1e-14)
    assert value == pytest.approx(case.objective.value(case.point), abs=1e-15)


@all_cases
def test_hvp_against_differences_of_gradients(case: Case):
    directions = np.random.default_rng(1).standard_normal((3, case.point.size))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    h = 1e-3

    def gradients(scale):
        return case.objective.value_and_gradients(case.point + scale * h * directions)[1]

    slopes = (8 * (gradients(1) - gradients(-1)) - (gradients(2) - gradients(-2))) / (12 * h)
    products = case.objective.hvp(case.point, directions)
    np.testing.assert_allclose(products, slopes, rtol=0, atol=1e-9)


@all_cases
def test_many_points_or_directions_at_once_are_one_by_one(case: Case):
    random = np.random.default_rng(2)
    points = case.point + 0.1 * random.standard_normal((5, case.point.size))
    losses, gradients = case.objective.value_and_gradients(points)
    products = case.objective.hvp(case.point, points)
    for point, loss, gradient, product in zip(points, losses, gradients, products, strict=True):
        alone = case.objective.value_and_gradient(point)
        assert alone[0] == pytest.approx(loss, rel=1e-14)
        np.testing.assert_allclose(alone[1], gradient, rtol=1e-13, atol=1e-15)
        one = case.objective.hvp(case.point, point)
        assert one.shape == point.shape
        np.testing.assert_allclose(one, product, rtol=1e-13, atol=1e-14)


@all_cases
def test_uneven_minibatches_average_to_the_whole(case: Case):
    whole, gradient = case.objective.value_and_gradient(case.point)
    parts = [np.arange(0, 4), np.arange(4, 8), np.arange(8, 9)]
    found = [case.objective.subset(part).value_and_gradient(case.point) for part in parts]
    shares = np.array([len(part) for part in parts]) / case.objective.n_examples
    assert whole == pytest.approx(float(shares @ [loss for loss, _ in found]), abs=1e-14)
    np.testing.assert_allclose(gradient, shares @ [g for _, g in found], atol=1e-14)


def test_initial_point_is_the_recipe_and_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].copy()
    point = MLP((2, 3, 1)).initial_point(5, Gaussian(0.5))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    random = np.random.RandomState(5)
    first, second = random.randn(2, 3) * 0.5, random.randn(3, 1) * 0.5
    expected = np.concatenate([first.ravel(), np.zeros(3), second.ravel(), np.zeros(1)])
    np.testing.assert_array_equal(point, expected)


def test_fan_in_initialization_has_its_deviation():
    network = MLP((400, 50, 1))
    weights = network.layout.unpack(network.initial_point(0, FanIn(2.0)))["W1"]
    assert weights.std() == pytest.approx(2.0 / 20, rel=0.02)


def test_layout_names_every_parameter():
    layout = MLP((2, 3, 1)).layout
    assert [b.name for b in layout.blocks] == ["W1", "b1", "W2", "b2"]
    assert layout.size == MLP((2, 3, 1)).initial_point(0).size == 13
    assert [b.filter_axis for b in layout.blocks] == [1, None, 1, None]


@pytest.mark.parametrize("widths", [(), (2,), (2, 0, 1), (2, -1), (2, 1.5)])
def test_impossible_widths_are_refused(widths):
    with pytest.raises(InputError, match="widths must be"):
        MLP(widths)


def test_widths_become_a_tuple_of_integers():
    assert MLP([2, 3.0, 1]) == MLP((2, 3, 1))
    assert hash(MLP([2, 3, 1])) == hash(MLP((2, 3, 1)))
    assert MLP((2, 3.0, 1)).initial_point(0).size == 13


def test_saddle_at_zero_of_a_tanh_network():
    # All parameters zero: each hidden unit's W2 meets its own (W1, b1), with the coupling
    # mean (1/2 - y) (x, 1), and nothing else; so lambda = -|coupling|, once a hidden unit.
    case = Case((5,), Activation.TANH, Loss.BINARY_CROSS_ENTROPY, 0.0)
    inputs, targets = case.data
    n = case.network.layout.size
    matrix = case.objective.hvp(np.zeros(n), np.eye(n))
    lowest = np.linalg.eigvalsh(matrix)
    with_bias = np.column_stack([inputs, np.ones(len(inputs))])
    slope = np.linalg.norm(((0.5 - targets)[:, None] * with_bias).mean(axis=0))
    np.testing.assert_allclose(lowest[:5], -slope, atol=1e-14)
    assert (lowest < -1e-10).sum() == 5
