"""Twins: the same function elsewhere, and the way back."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import CASES, Case
from thalweg.connect.barrier import barrier
from thalweg.core.errors import InputError
from thalweg.core.units import Nature, Place, UnitLayer
from thalweg.geometry.symmetry import aligned_twin, permuted_twin
from thalweg.objectives.activations import Activation
from thalweg.objectives.linear_network import LinearNetwork
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import quadratic

HIDDEN = [case for case in CASES if case.hidden]


def objective_of(widths, activation, examples=11):
    random = np.random.default_rng(2)
    inputs = random.standard_normal((examples, widths[0]))
    targets = random.standard_normal((examples, widths[-1]))
    return MLPObjective(MLP(widths, activation), inputs, targets, Loss.MEAN_SQUARED_ERROR)


def taught(objective, point):
    """The same network on its own answers at a point, where the loss is therefore 0."""
    answers = objective.outputs(point)
    return MLPObjective(objective.network, objective.inputs, answers, objective.loss)


def point_of(objective, seed):
    return np.random.default_rng(seed).standard_normal(objective.layout.size)


@pytest.mark.parametrize("case", HIDDEN, ids=str)
def test_a_twin_is_the_same_function_at_another_point(case: Case):
    twin = permuted_twin(case.objective, case.point, seed=1, scales=True)
    assert np.linalg.norm(twin - case.point) > 0.1
    here, there = case.objective.outputs(case.point), case.objective.outputs(twin)
    np.testing.assert_allclose(here, there, atol=1e-13)
    scaled = case.activation is Activation.RELU and case.l2 > 0
    same = case.objective.value(case.point) == pytest.approx(case.objective.value(twin), rel=1e-13)
    assert same is not scaled  # a penalty on the parameters sees scales, and nothing else


@pytest.mark.parametrize("hidden", [(16,), (9, 7), (8, 6, 5)], ids=str)
@pytest.mark.parametrize("activation", Activation, ids=str)
def test_a_planted_twin_is_found_again(hidden, activation):
    objective = objective_of((3, *hidden, 2), activation)
    for seed in range(4):
        point = point_of(objective, seed)
        fits = taught(objective, point)
        twin = permuted_twin(fits, point, seed, scales=True)
        assert np.linalg.norm(twin - point) > 1
        assert barrier(fits, point, twin).height > 0.01
        found = aligned_twin(fits, twin, point, seed=seed)
        np.testing.assert_allclose(found, point, rtol=0, atol=1e-12)
        assert barrier(fits, point, found).height <= 1e-12


@given(
    st.lists(st.integers(1, 7), min_size=1, max_size=3),
    st.sampled_from(Activation),
    st.integers(0, 2**32 - 1),
)
def test_any_planted_twin_is_found_again(hidden, activation, seed):
    objective = objective_of((2, *hidden, 2), activation, examples=5)
    point = point_of(objective, seed)
    twin = permuted_twin(objective, point, seed, scales=True)
    size = 1 + np.abs(objective.outputs(point)).max()
    np.testing.assert_allclose(
        objective.outputs(twin), objective.outputs(point), rtol=0, atol=1e-13 * size
    )
    found = aligned_twin(objective, twin, point, restarts=1)
    np.testing.assert_allclose(found, point, rtol=0, atol=1e-11)


@pytest.mark.parametrize("activation", Activation, ids=str)
@pytest.mark.parametrize("hidden", [(2,), (1, 2), (2, 2)], ids=str)
def test_a_twin_of_few_units_is_never_the_same_point(hidden, activation):
    objective = objective_of((2, *hidden, 1), activation)
    point = point_of(objective, 0)
    for seed in range(30):
        assert np.linalg.norm(permuted_twin(objective, point, seed) - point) > 0.01


def test_where_no_order_moves_the_weights_the_twin_is_the_point():
    lone, alike = (objective_of((2, h, 1), Activation.RELU) for h in (1, 3))
    for objective, point in ((lone, point_of(lone, 0)), (alike, np.ones(alike.layout.size))):
        assert (permuted_twin(objective, point, seed=1) == point).all()
        assert (permuted_twin(objective, point, seed=1, scales=True) != point).any()


def test_signs_and_scales_come_only_where_allowed():
    tanh, relu = objective_of((2, 6, 2), Activation.TANH), objective_of((2, 6, 2), Activation.RELU)
    point = point_of(tanh, 0)
    np.testing.assert_array_equal(np.sort(permuted_twin(tanh, point, signs=False)), np.sort(point))
    flipped = permuted_twin(tanh, point, scales=True)
    np.testing.assert_array_equal(np.sort(np.abs(flipped)), np.sort(np.abs(point)))
    assert (np.sort(flipped) != np.sort(point)).any()
    np.testing.assert_array_equal(np.sort(permuted_twin(relu, point)), np.sort(point))
    gelu = objective_of((2, 6, 2), Activation.GELU)
    plain = permuted_twin(gelu, point, scales=True)
    np.testing.assert_array_equal(np.sort(plain), np.sort(point))


def test_without_its_signs_a_flipped_twin_is_not_found():
    """Orders alone leave a barrier between tanh twins."""
    tanh = objective_of((2, 8, 1), Activation.TANH)
    point = point_of(tanh, 4)
    tanh = taught(tanh, point)
    twin = permuted_twin(tanh, point, seed=1)
    np.testing.assert_array_equal(aligned_twin(tanh, twin, point), point)

    class Unsigned(MLPObjective):
        def units(self):
            return tuple(
                UnitLayer(each.name, each.size, each.incoming, each.outgoing)
                for each in super().units()
            )

    blind = Unsigned(tanh.network, tanh.inputs, tanh.targets, tanh.loss)
    left = aligned_twin(blind, twin, point)
    assert np.linalg.norm(left - point) > 0.5
    assert barrier(tanh, point, left).height > 0.04


@pytest.mark.parametrize("activation", [Activation.TANH, Activation.GELU], ids=str)
@pytest.mark.parametrize("hidden", [4, 5])
def test_one_hidden_layer_is_aligned_with_the_nearest_of_all_twins(activation, hidden):
    """Against every order and every choice of signs."""
    objective = objective_of((2, hidden, 2), activation)
    for seed in range(3):
        point, reference = point_of(objective, seed), point_of(objective, 100 + seed)
        w1, b1, w2, b2 = objective.layout.unpack(point).values()
        signs = (1.0, -1.0) if activation is Activation.TANH else (1.0,)
        nearest = np.inf
        for order in map(list, permutations(range(hidden))):
            for sign in map(np.array, product(signs, repeat=hidden)):
                parts = w1[:, order] * sign, b1[order] * sign, (w2[order].T * sign).T, b2
                other = np.concatenate([part.ravel() for part in parts])
                nearest = min(nearest, np.linalg.norm(other - reference))
        found = aligned_twin(objective, point, reference, restarts=0)
        assert np.linalg.norm(found - reference) == pytest.approx(nearest, rel=1e-12)


def test_homogeneous_units_are_matched_by_balanced_weights():
    """Against every order, each unit of both networks balanced first."""
    objective = objective_of((2, 5, 2), Activation.RELU)
    reference, point = point_of(objective, 7), point_of(objective, 8)

    def balanced(flat):
        w1, b1, w2, b2 = objective.layout.unpack(flat).values()
        inward = np.sqrt((w1**2).sum(0) + b1**2)
        a = np.sqrt(np.sqrt((w2**2).sum(1)) / inward)
        return w1 * a, b1 * a, w2 / a[:, None], b2, a

    w1, b1, w2, b2, _ = balanced(point)
    *wanted, a = balanced(reference)
    best, nearest = None, np.inf
    for order in map(list, permutations(range(5))):
        parts = w1[:, order], b1[order], w2[order], b2
        far = sum(((p - q) ** 2).sum() for p, q in zip(parts, wanted, strict=True))
        if far < nearest:
            best, nearest = order, far
    parts = w1[:, best] / a, b1[best] / a, w2[best] * a[:, None], b2
    found = aligned_twin(objective, point, reference)
    np.testing.assert_allclose(found, np.concatenate([p.ravel() for p in parts]), atol=1e-13)


def test_alignment_keeps_the_function_and_never_moves_away():
    objective = objective_of((3, 8, 7, 6, 2), Activation.TANH)
    point, reference = point_of(objective, 1), point_of(objective, 2)
    found = aligned_twin(objective, point, reference)
    np.testing.assert_allclose(objective.outputs(found), objective.outputs(point), atol=1e-12)
    assert np.linalg.norm(found - reference) < np.linalg.norm(point - reference)
    more = aligned_twin(objective, point, reference, restarts=20)
    assert np.linalg.norm(more - reference) <= np.linalg.norm(found - reference)


def test_dead_units_keep_their_scale_and_are_matched_too():
    objective = objective_of((2, 6, 2), Activation.RELU)
    blocks = objective.layout.unpack(point_of(objective, 1))
    blocks["W2"][1] = 0.0
    blocks["W1"][:, 4] = blocks["b1"][4] = 0.0
    point = objective.layout.pack(blocks)
    twin = permuted_twin(objective, point, seed=1)
    np.testing.assert_allclose(aligned_twin(objective, twin, point), point, rtol=0, atol=1e-14)
    other = aligned_twin(objective, point_of(objective, 2), point)
    assert np.isfinite(other).all()


def test_units_of_a_linear_network_flip_and_scale():
    network = LinearNetwork(np.diag([3.0, 2.0, 1.0]), hidden=3)
    twin = permuted_twin(network, network.start, seed=1, scales=True)
    assert network.value(twin) == pytest.approx(network.value(network.start), rel=1e-13)
    ratio = np.abs(twin / network.start)
    assert (twin < 0).sum() != (network.start < 0).sum()
    assert ratio.std() > 0.1
    found = aligned_twin(network, twin, network.start)
    np.testing.assert_allclose(found, network.start, rtol=0, atol=1e-14)


def test_units_that_are_wrong_are_caught():
    class Wrong(MLPObjective):
        def units(self):
            places = (Place("W1", 1), Place("b1", 0)), (Place("W2", 0),)
            return (UnitLayer("hidden", 6, *places, Nature.ODD),)  # softplus is not odd

    right = objective_of((2, 6, 2), Activation.SOFTPLUS)
    wrong = Wrong(right.network, right.inputs, right.targets, right.loss)
    point, reference = point_of(wrong, 0), point_of(wrong, 1)
    with pytest.raises(InputError, match="must keep the function"):
        aligned_twin(wrong, point, reference)


def test_what_has_no_units_is_refused():
    formula = quadratic([1.0, 2.0])
    with pytest.raises(InputError, match="tells its hidden units"):
        permuted_twin(formula, formula.start)
    objective = objective_of((2, 3, 1), Activation.RELU)
    with pytest.raises(InputError, match="point must have shape"):
        permuted_twin(objective, np.zeros(3))
    with pytest.raises(InputError, match="point must be finite"):
        aligned_twin(objective, np.full(13, np.nan), np.zeros(13))
    with pytest.raises(InputError, match="reference must be finite"):
        aligned_twin(objective, np.zeros(13), np.full(13, np.inf))
    with pytest.raises(InputError, match="restarts must be 0 or more"):
        aligned_twin(objective, np.zeros(13), np.zeros(13), restarts=-1)
