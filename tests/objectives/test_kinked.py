"""Kinks of the MLP: against the units' inputs written out once more, and measured slopes."""

import numpy as np
import pytest

from cases import Case, hidden_inputs
from thalweg.core.errors import InputError
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP

SHALLOW = Case((5,), Activation.RELU, Loss.BINARY_CROSS_ENTROPY, 0.0)
PENALIZED = Case((5,), Activation.RELU, Loss.MEAN_SQUARED_ERROR, 0.3)
DEEP = Case((4, 3), Activation.RELU, Loss.SOFTMAX_CROSS_ENTROPY, 0.0)
KINKED = pytest.mark.parametrize("case", [SHALLOW, PENALIZED, DEEP], ids=str)


def direction(case, seed=0):
    return np.random.default_rng(seed).standard_normal(case.point.size)


@KINKED
def test_the_distance_is_the_smallest_input_of_a_unit(case):
    nearest = min(np.abs(z).min() for z in hidden_inputs(case, case.point))
    assert case.objective.kink_distance(case.point) == pytest.approx(nearest, rel=1e-12)


@pytest.mark.parametrize("activation", [Activation.TANH, Activation.SOFTPLUS, Activation.GELU])
def test_smooth_networks_have_no_kinks(activation):
    case = Case((5,), activation, Loss.BINARY_CROSS_ENTROPY, 0.0)
    assert case.objective.kink_distance(case.point) == np.inf
    t, jumps = case.objective.crossings(case.point, direction(case))
    assert t.size == jumps.size == 0


def test_a_network_without_hidden_units_has_no_kinks():
    case = Case((), Activation.RELU, Loss.MEAN_SQUARED_ERROR, 0.0)
    assert case.objective.kink_distance(case.point) == np.inf
    assert case.objective.crossings(case.point, direction(case))[0].size == 0


def test_the_first_layer_is_crossed_exactly_where_its_inputs_vanish():
    way, reach = direction(SHALLOW), 3.0
    t, _ = SHALLOW.objective.crossings(SHALLOW.point, way)
    for at in t:
        [z] = hidden_inputs(SHALLOW, SHALLOW.point + at * way)
        assert np.abs(z).min() < 1e-12 * max(1.0, abs(at))
    [before], [after] = (hidden_inputs(SHALLOW, SHALLOW.point + s * way) for s in (-reach, reach))
    assert (np.abs(t) < reach).sum() == (np.sign(before) != np.sign(after)).sum() > 5


@KINKED
def test_a_jump_is_the_measured_jump_of_the_slope(case):
    way, eps, seen = direction(case), 1e-7, 0
    t, _ = case.objective.crossings(case.point, way)
    for at in t[np.argsort(np.abs(t))[:6]]:
        corner = case.point + at * way
        for _ in range(20):  # deeper inputs bend, so go to the crossing step by step
            near, jumps = case.objective.crossings(corner, way)
            nearest = np.abs(near).argmin()
            corner = corner + near[nearest] * way
        if np.partition(np.abs(near), 1)[1] < 100 * eps:
            continue
        ahead, behind = (case.objective.gradient(corner + s * eps * way) @ way for s in (1, -1))
        smooth = way @ case.objective.hvp(corner + eps * way, way) * 2 * eps
        assert jumps[nearest] == pytest.approx(ahead - behind - smooth, rel=1e-5, abs=1e-8)
        seen += abs(jumps[nearest]) > 1e-4
    assert seen >= 2


def test_on_a_kink_the_distance_is_zero():
    objective = MLPObjective(MLP((1, 1, 1)), [[1.0]], [1.0])
    corner = [2.0, -2.0, 1.0, 0.0]
    assert objective.kink_distance(corner) == 0.0
    t, jumps = objective.crossings(corner, [1.0, 0.0, 0.0, 0.0])
    assert t == [0.0]
    np.testing.assert_allclose(jumps, [-0.5])  # the loss falls only where the unit wakes


def test_units_that_do_not_move_are_not_crossed():
    objective = MLPObjective(MLP((1, 2, 1)), [[1.0]], [1.0])
    point = np.array([1.0, 2.0, 0.0, 0.0, 1.0, 1.0, 0.0])
    way = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    t, _ = objective.crossings(point, way)
    np.testing.assert_array_equal(t, [-1.0])


def test_what_is_not_finite_is_refused_or_kept():
    point, way = SHALLOW.point, direction(SHALLOW)
    hole = np.where(np.arange(point.size) == 0, np.nan, point)
    assert np.isnan(SHALLOW.objective.kink_distance(hole))
    with pytest.raises(InputError, match="inputs of units must be finite"):
        SHALLOW.objective.crossings(hole, way)
    with pytest.raises(InputError, match="changes of units must be finite"):
        SHALLOW.objective.crossings(point, np.full(point.size, np.inf))
    with pytest.raises(InputError, match="direction must have shape"):
        SHALLOW.objective.crossings(point, way[:-1])
