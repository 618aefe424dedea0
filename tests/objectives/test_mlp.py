"""MLPObjective: restriction, penalty, stability, refusals."""

import pickle

import numpy as np
import pytest

from cases import CASES, Case
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.geometry.planes import random_plane
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP

all_cases = pytest.mark.parametrize("case", CASES, ids=str)
BCE, SOFTMAX, MSE = Loss


def oblique_plane(case: Case, k: int) -> Plane:
    directions = np.random.default_rng(k).standard_normal((k, case.point.size))
    directions[-1] += 0.8 * directions[0]  # far from orthogonal, far from unit length
    return Plane(case.point, directions)


@all_cases
@pytest.mark.parametrize("k", [1, 2, 3])
def test_restriction_is_the_objective_on_the_plane(case: Case, k: int):
    plane, objective = oblique_plane(case, k), case.objective
    coords = np.random.default_rng(0).uniform(-1, 1, (67, k))
    found = objective.restrict(plane, objective.fields)(coords)
    points = plane.points(coords)
    losses, gradients = objective.value_and_gradients(points)
    penalty = 0.5 * case.l2 * np.square(points).sum(axis=1)
    expected = {
        "loss": losses,
        "data_loss": losses - penalty,
        "penalty": penalty,
        "gradient_norm": np.linalg.norm(gradients, axis=1),
    }
    if objective.loss.classifies:
        expected["accuracy"] = objective.accuracies(points)
    assert list(found) == list(objective.fields)
    assert set(found) == set(expected)
    for field, values in expected.items():
        np.testing.assert_allclose(found[field], values, rtol=1e-12, atol=1e-12, err_msg=field)
    np.testing.assert_allclose(objective.values(points), losses, rtol=1e-13)


@pytest.mark.parametrize("loss", [BCE, SOFTMAX])
def test_ties_count_alike_on_and_off_the_plane(loss):
    case = Case((5,), Activation.RELU, loss, 0.0)
    n = case.point.size
    plane = Plane(np.zeros(n), np.eye(n)[:1])  # W2 = 0: every logit is zero
    found = case.objective.restrict(plane, ["accuracy"])(np.zeros((1, 1)))["accuracy"]
    assert found[0] == case.objective.accuracies(np.zeros((1, n)))[0]
    assert found[0] == (case.data[1] == 0).mean()


@all_cases
def test_penalty_adds_l2_times_the_identity_to_the_hessian(case: Case):
    plain = MLPObjective(case.network, *case.data, case.loss)
    penalized = MLPObjective(case.network, *case.data, case.loss, l2=0.7)
    eye = np.eye(case.point.size)
    added = penalized.hvp(case.point, eye) - plain.hvp(case.point, eye)
    np.testing.assert_allclose(added, 0.7 * eye, rtol=0, atol=1e-14)


def test_penalty_adds_a_paraboloid_to_the_slice():
    case = Case((5,), Activation.RELU, BCE, 0.0)
    penalized = MLPObjective(case.network, *case.data, case.loss, l2=0.7)
    directions = np.linalg.qr(np.random.default_rng(0).standard_normal((21, 2)))[0].T
    plane, coords = Plane(np.zeros(21), directions), Grid.square(2.0, 9).coords()
    with_penalty = penalized.restrict(plane)(coords)["loss"]
    without = case.objective.restrict(plane)(coords)["loss"]
    paraboloid = 0.35 * np.square(coords).sum(axis=1)
    assert np.abs(with_penalty - without - paraboloid).max() <= 1e-12


@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize("loss", [BCE, SOFTMAX])
@pytest.mark.parametrize("hidden", [(), (5,), (4, 3)])
@pytest.mark.parametrize("activation", list(Activation))
def test_no_plateau_at_huge_logits(hidden, activation, loss, l2):
    case = Case(hidden, activation, loss, l2)
    objective, n = case.objective, case.point.size
    last = np.zeros(n)
    last[-OUTPUT_BIASES[loss] :] = [1.0, 0.5, -1.0][: OUTPUT_BIASES[loss]]
    scales = np.array([1e4, 1e8, 1e100, 1e152 if l2 else 1e300])
    losses, gradients = objective.value_and_gradients(scales[:, None] * last)
    drawn = objective.restrict(Plane(np.zeros(n), last[None]), ["data_loss"])(scales[:, None])
    growth = drawn["data_loss"] / scales
    np.testing.assert_allclose(growth, growth[0], rtol=1e-3)
    assert growth[0] > 0.1
    assert np.isfinite(losses).all()
    assert np.isfinite(gradients).all()
    if not l2:
        np.testing.assert_allclose(losses, drawn["data_loss"], rtol=1e-12)


OUTPUT_BIASES = {BCE: 1, SOFTMAX: 3}


@pytest.mark.parametrize("activation", list(Activation))
@pytest.mark.parametrize("loss", list(Loss))
def test_overflow_is_a_number_not_a_warning(activation, loss):
    case = Case((4, 3), activation, loss, 0.1)
    points = np.stack([case.point * 1e200, case.point * 1e308, np.full_like(case.point, np.nan)])
    with np.errstate(all="ignore"):
        plane = Plane(case.point, 1e150 * np.eye(case.point.size)[:1])
    case.objective.value_and_gradients(points)
    case.objective.values(points)
    if loss.classifies:
        case.objective.accuracies(points)
    case.objective.hvp(points[0], case.point)
    found = case.objective.restrict(plane, case.objective.fields)(np.array([[1e50], [1e158]]))
    assert np.isposinf(found["penalty"]).all()
    assert np.isposinf(found["loss"]).all()


def test_a_finite_loss_without_penalty_stays_finite_far_out():
    objective = MLPObjective(MLP((1, 1)), [[1.0]], [0.0])
    assert objective.value([0.0, 1e200]) == 1e200
    found = objective.restrict(Plane([0.0, 0.0], [[0.0, 1.0]]), objective.fields)([[1e200]])
    assert {k: v[0] for k, v in found.items()} == {
        "loss": 1e200, "data_loss": 1e200, "penalty": 0.0, "accuracy": 0.0, "gradient_norm": 2**0.5
    }  # fmt: skip


def test_chunks_do_not_show(monkeypatch):
    case = Case((5,), Activation.TANH, SOFTMAX, 0.3)
    points = case.point + 0.1 * np.random.default_rng(0).standard_normal((50, case.point.size))
    whole = case.objective.value_and_gradients(points)
    values, shares = case.objective.values(points), case.objective.accuracies(points)
    monkeypatch.setattr("thalweg.objectives.mlp.CHUNK_NUMBERS", 300)
    cut = case.objective.value_and_gradients(points)
    np.testing.assert_allclose(cut[0], whole[0], rtol=1e-14)
    np.testing.assert_allclose(cut[1], whole[1], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(case.objective.values(points), values, rtol=1e-14)
    np.testing.assert_array_equal(case.objective.accuracies(points), shares)


def test_twins_have_the_same_logits():
    # ReLU: scaling a unit's inputs by s and outputs by 1/s, or swapping units, changes nothing.
    case = Case((5,), Activation.RELU, BCE, 0.0)
    parts = case.network.layout.unpack(case.point)
    scales, order = np.array([0.1, 2.0, 30.0, 1.0, 0.5]), [3, 1, 4, 0, 2]
    twin = case.network.layout.pack(
        {
            "W1": (parts["W1"] * scales)[:, order],
            "b1": (parts["b1"] * scales)[order],
            "W2": (parts["W2"] / scales[:, None])[order],
            "b2": parts["b2"],
        }
    )
    here, there = case.network.logits(np.stack([case.point, twin]), case.data[0])
    np.testing.assert_allclose(here, there, atol=1e-13)


def test_objective_keeps_private_copies_and_survives_pickling():
    inputs, targets = np.ones((2, 1)), np.array([0.0, 1.0])
    objective = MLPObjective(MLP((1, 1)), inputs, targets, start=[1.0, 2.0])
    before, digest = objective.value(objective.start), objective.digest()
    inputs[:], targets[:] = 7.0, 1.0
    assert objective.value(objective.start) == before
    assert objective.digest() == digest
    with pytest.raises(ValueError, match="read-only"):
        objective.start[0] = 0.0
    again = pickle.loads(pickle.dumps(objective))
    assert again.value(objective.start) == before
    assert again.digest() == digest


def test_digest_tells_objectives_apart():
    def make(network=MLP((1, 1)), x=((1.0,), (2.0,)), y=(0.0, 1.0), loss=BCE, l2=0.0, **rest):
        return MLPObjective(network, x, y, loss, l2, **rest).digest()

    others = [
        make(MLP((1, 1), Activation.TANH)),
        make(MLP((1, 2, 1))),
        make(x=((1.0,), (np.nextafter(2.0, 3.0),))),
        make(y=(1.0, 1.0)),
        make(loss=MSE),
        make(l2=1e-300),
    ]
    assert len({make(), *others}) == 7
    assert make() == make(name="other", start=[5.0, 5.0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": np.empty((0, 2)), "targets": []}, "at least 1 example"),
        ({"inputs": [[1.0, 2.0, 3.0]]}, r"inputs must have shape \(any, 2\), got \(1, 3\)"),
        ({"inputs": [1.0, 2.0]}, r"got \(2,\)"),
        ({"inputs": [[1.0, np.nan]]}, "inputs must be finite, got 1 NaN and 0 infinite"),
        ({"inputs": [["a", "b"]]}, "inputs must be numbers"),
        ({"targets": [2.0]}, "labels must be whole numbers from 0 to 1"),
        ({"targets": [0.0, 1.0]}, "targets must have shape"),
        ({"l2": -1.0}, "l2 must be 0 or a positive number"),
        ({"l2": np.nan}, "l2 must be"),
        ({"start": [0.0]}, r"point must have shape \(3\)"),
        ({"start": [0.0, np.nan, 0.0]}, "start must be finite"),
    ],
)
def test_bad_input_is_refused_in_words(change, message):
    good = {"inputs": [[1.0, 2.0]], "targets": [1.0]}
    with pytest.raises(InputError, match=message):
        MLPObjective(MLP((2, 1)), **{**good, **change})


def test_requests_are_checked():
    objective = MLPObjective(MLP((1, 1)), [[1.0]], [1.0])
    plane = Plane(np.zeros(2), np.eye(2))
    with pytest.raises(InputError, match=r"fields must be among loss, .* got speed"):
        objective.restrict(plane, ["loss", "speed"])
    with pytest.raises(InputError, match="got none"):
        objective.restrict(plane, [])
    with pytest.raises(InputError, match=r"must lie in R\^2, got R\^3"):
        objective.restrict(Plane(np.zeros(3), np.eye(3)[:2]))
    with pytest.raises(InputError, match=r"points must have shape \(any, 2\)"):
        objective.values(np.zeros(2))
    with pytest.raises(InputError, match="accuracy"):
        MLPObjective(MLP((1, 1)), [[1.0]], [1.0], MSE).restrict(plane, ["accuracy"])


def test_random_plane_serves_any_network():
    case = Case((4, 3), Activation.GELU, MSE, 0.3)
    plane = random_plane(case.point, case.network.layout, seed=3)
    found = case.objective.restrict(plane)(np.zeros((1, 2)))["loss"][0]
    assert found == pytest.approx(case.objective.value(case.point), rel=1e-12)
