"""Canonical form: one point for all twins, and the number that proves it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import CASES, Case
from thalweg.core.errors import InputError
from thalweg.core.renaming import rename
from thalweg.geometry.balance import balance
from thalweg.geometry.canonical import canonical
from thalweg.geometry.scaling import FilterNorm
from thalweg.geometry.symmetry import permuted_twin
from thalweg.objectives.activations import Activation
from thalweg.objectives.linear_network import LinearNetwork
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import quadratic

HIDDEN = [case for case in CASES if case.hidden]


def objective_of(widths, activation, l2=0.0):
    random = np.random.default_rng(3)
    inputs, targets = random.standard_normal((7, widths[0])), random.standard_normal((7, 2))
    return MLPObjective(MLP((*widths, 2), activation), inputs, targets, Loss.MEAN_SQUARED_ERROR, l2)


@pytest.mark.parametrize("case", HIDDEN, ids=str)
def test_all_twins_have_one_form_and_it_is_its_own(case: Case):
    twin = permuted_twin(case.objective, case.point, seed=5, scales=True)
    form, other = canonical(case.objective, case.point), canonical(case.objective, twin)
    np.testing.assert_allclose(other.point, form.point, rtol=0, atol=1e-12)
    again = canonical(case.objective, form.point)
    np.testing.assert_allclose(again.point, form.point, rtol=0, atol=1e-12)
    assert max(form.invariance_error, other.invariance_error) <= 1e-13
    assert form.invariance_error == form.outputs_error
    assert form.imbalance <= 1e-14
    assert form.dead == 0
    outputs = [case.objective.outputs(at) for at in (case.point, form.point)]
    far = np.abs(outputs[1] - outputs[0]).max() / max(1.0, np.abs(outputs[0]).max())
    assert form.outputs_error == far


@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=3),
    st.sampled_from(Activation),
    st.integers(0, 2**32 - 1),
)
def test_all_twins_of_any_network_have_one_form(hidden, activation, seed):
    objective = objective_of((3, *hidden), activation)
    point = np.random.default_rng(seed).standard_normal(objective.layout.size)
    twin = permuted_twin(objective, point, seed, scales=True)
    form = canonical(objective, point).point
    np.testing.assert_allclose(canonical(objective, twin).point, form, rtol=0, atol=1e-12)
    np.testing.assert_allclose(canonical(objective, form).point, form, rtol=0, atol=1e-12)


def test_one_hidden_layer_has_the_closed_form():
    """a_j = sqrt(|v_j| / |(w_j, b_j)|), longest first."""
    objective = objective_of((3, 6), Activation.RELU)
    point = np.random.default_rng(0).standard_normal(objective.layout.size)
    w1, b1, w2, b2 = objective.layout.unpack(point).values()
    inward = np.sqrt((w1**2).sum(0) + b1**2)
    a = np.sqrt(np.sqrt((w2**2).sum(1)) / inward)
    order = np.argsort(-inward * a)
    parts = (w1 * a)[:, order], (b1 * a)[order], (w2 / a[:, None])[order], b2
    wanted = np.concatenate([part.ravel() for part in parts])
    np.testing.assert_allclose(canonical(objective, point).point, wanted, rtol=0, atol=1e-14)


def test_deep_units_are_balanced_and_the_sum_of_squares_is_least():
    objective = objective_of((3, 6, 5, 4), Activation.RELU)
    point = np.random.default_rng(1).standard_normal(objective.layout.size)
    form = canonical(objective, point).point
    blocks = objective.layout.unpack(form)
    for level in (1, 2, 3):
        inward = (blocks[f"W{level}"] ** 2).sum(0) + blocks[f"b{level}"] ** 2
        outward = (blocks[f"W{level + 1}"] ** 2).sum(1)
        np.testing.assert_allclose(inward, outward, rtol=1e-13)
    for seed in range(20):
        twin = permuted_twin(objective, form, seed, scales=True)
        assert (twin**2).sum() > (form**2).sum()


def test_an_odd_unit_has_its_largest_number_positive():
    objective = objective_of((3, 5), Activation.TANH)
    point = np.random.default_rng(2).standard_normal(objective.layout.size)
    w1, b1, w2, _ = objective.layout.unpack(canonical(objective, point).point).values()
    rows = np.concatenate([w1.T, b1[:, None], w2], axis=1)
    assert (np.take_along_axis(rows, np.abs(rows).argmax(1)[:, None], 1) > 0).all()
    lengths = np.sqrt((rows**2).sum(1))
    assert (np.diff(lengths) < 0).all()


@pytest.mark.parametrize("activation", [Activation.TANH, Activation.RELU], ids=str)
def test_units_of_one_length_are_told_apart_by_their_numbers(activation):
    """Weights of 1 and -1 only: every unit is as long as every other."""
    objective = objective_of((6, 5, 4), activation)
    point = np.sign(np.random.default_rng(3).standard_normal(objective.layout.size))
    form = canonical(objective, point).point
    for seed in range(10):
        twin = permuted_twin(objective, point, seed)
        np.testing.assert_allclose(canonical(objective, twin).point, form, rtol=0, atol=1e-12)


def test_sharpness_and_filter_normalized_slices_change_with_scales_but_not_in_canonical_form():
    objective = objective_of((3, 8), Activation.RELU)
    point = np.random.default_rng(6).standard_normal(objective.layout.size)
    [layer] = objective.units()
    blocks = objective.layout.unpack(point)
    even = objective.layout.pack(rename(blocks, layer, factors=np.full(8, 3.0)))
    uneven = objective.layout.pack(rename(blocks, layer, factors=np.geomspace(0.2, 5, 8)))
    other = permuted_twin(objective, point, seed=1, scales=True)

    def numbers(at, drawn):
        """The sharpness, and the curvature of a filter-normalized slice; the same draw for all."""
        matrix = objective.hessian(at)
        d = FilterNorm().apply(drawn[None], at, objective.layout)[0]
        return np.array([np.linalg.eigvalsh(matrix)[-1], d @ matrix @ d])

    drawn = np.random.default_rng(7).standard_normal(point.size)
    raw = [numbers(at, drawn) for at in (point, even, uneven)]
    assert abs(raw[1][0] / raw[0][0] - 1) > 0.1
    assert abs(raw[2][0] / raw[0][0] - 1) > 0.1
    assert raw[1][1] == pytest.approx(raw[0][1], rel=1e-12)  # one scale a layer is seen through
    assert abs(raw[2][1] / raw[0][1] - 1) > 0.1  # one a unit is not
    forms = [numbers(canonical(objective, at).point, drawn) for at in (point, uneven, other)]
    np.testing.assert_allclose(forms[1:], [forms[0]] * 2, rtol=1e-10)


def test_dead_units_become_zero_and_are_counted():
    objective = objective_of((3, 5), Activation.RELU)
    point = np.random.default_rng(4).standard_normal(objective.layout.size)
    blocks = objective.layout.unpack(point)
    blocks["W2"][1] = 0.0
    blocks["W1"][:, 3] = blocks["b1"][3] = 0.0
    dead = objective.layout.pack(blocks)
    form = canonical(objective, dead)
    assert form.dead == 2
    assert form.invariance_error <= 1e-15
    found = objective.layout.unpack(form.point)
    assert not found["W1"][:, -2:].any()
    assert not found["b1"][-2:].any()
    assert not found["W2"][-2:].any()
    assert found["W1"][:, :-2].all()
    twin = permuted_twin(objective, dead, seed=1, scales=True)
    np.testing.assert_allclose(canonical(objective, twin).point, form.point, atol=1e-13)
    plain = objective_of((3, 5), Activation.GELU)
    assert canonical(plain, dead).dead == 0  # nothing is scaled there


def test_death_spreads():
    """Without its only living unit below, a unit with no bias is dead too."""
    objective = objective_of((3, 1, 2), Activation.RELU)
    blocks = objective.layout.unpack(np.ones(objective.layout.size))
    blocks["W1"][:] = blocks["b1"][:] = blocks["b2"][:] = 0.0
    form = canonical(objective, objective.layout.pack(blocks))
    assert form.dead == 3
    np.testing.assert_array_equal(np.flatnonzero(form.point), [12, 13])  # the output's biases


def test_a_penalty_falls_and_the_outputs_stay():
    objective = objective_of((3, 6), Activation.RELU, l2=0.1)
    point = np.random.default_rng(5).standard_normal(objective.layout.size)
    twin = permuted_twin(objective, point, seed=1, scales=True)
    form = canonical(objective, twin)
    assert form.outputs_error <= 1e-14 < 1e-2 < form.loss_error
    assert objective.value(form.point) < objective.value(twin)


def test_without_outputs_the_loss_is_the_proof():
    network = LinearNetwork(np.diag([3.0, 1.0]), hidden=2)
    form = canonical(network, network.start)
    assert np.isnan(form.outputs_error)
    assert form.invariance_error == form.loss_error <= 1e-14


def test_a_chain_of_very_unlike_weights_is_balanced():
    objective = objective_of((1, 1, 1), Activation.RELU)
    blocks = objective.layout.unpack(np.zeros(objective.layout.size))
    blocks["W1"][:], blocks["W2"][:], blocks["b2"][:], blocks["W3"][:] = 1e5, 1.0, 1e-8, 1e-6
    found = balance(blocks, objective.units())
    w1, w2, b2, w3 = (np.linalg.norm(found.blocks[name]) for name in ("W1", "W2", "b2", "W3"))
    assert found.imbalance <= 1e-14
    assert w1 == pytest.approx(w2, rel=1e-13)
    assert np.hypot(w2, b2) == pytest.approx(w3, rel=1e-13)
    assert found.factors[1][0] == pytest.approx(1e-6 * np.sqrt(2) / w3, rel=1e-13)


def test_what_has_no_form_is_refused():
    bowl = quadratic([1.0, 2.0])
    with pytest.raises(InputError, match="tells its hidden units"):
        canonical(bowl, bowl.start)
    objective = objective_of((3, 6), Activation.RELU)
    with pytest.raises(InputError, match="point must be finite"):
        canonical(objective, np.full(objective.layout.size, np.inf))
