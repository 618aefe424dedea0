"""The index of a point: right where it exists, refused or inconclusive where it does not."""

import numpy as np
import pytest

from cases import Case
from formulas import Formula, ripples
from thalweg.core.errors import InputError
from thalweg.critical.classify import classify
from thalweg.critical.point import Kind
from thalweg.critical.search import find_critical
from thalweg.critical.tolerances import Tolerances
from thalweg.critical.unstable import saddle_plane, unstable_plane
from thalweg.objectives.activations import Activation
from thalweg.objectives.functions import from_function
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import himmelblau, quadratic


@pytest.mark.parametrize(
    ("eigenvalues", "kind", "words"),
    [
        ([1.0, 2.0], Kind.MINIMUM, "minimum"),
        ([-1.0, -2.0], Kind.MAXIMUM, "maximum"),
        ([-1.0, 2.0, -3.0], Kind.SADDLE, "saddle of index 2"),
        ([-1.0, 2.0, 0.0], Kind.SADDLE, "saddle of index 1"),
        ([1.0, 0.0], Kind.INCONCLUSIVE, "inconclusive at second order"),
        ([-1.0, 0.0], Kind.INCONCLUSIVE, "inconclusive at second order"),
        ([0.0, 0.0], Kind.INCONCLUSIVE, "inconclusive at second order"),
    ],
)
def test_the_kind_follows_from_the_signs(eigenvalues, kind, words):
    found = classify(quadratic(eigenvalues, seed=1), np.zeros(len(eigenvalues)))
    assert (found.kind, found.words) == (kind, words)
    assert found.index == sum(v < 0 for v in eigenvalues)
    assert found.nullity == eigenvalues.count(0.0)
    assert found.index + found.nullity + found.coindex == len(eigenvalues)
    assert found.sentence.lower().startswith(words)
    assert found.downward.shape == (found.index, len(eigenvalues))


def test_the_gap_tells_how_clear_the_counts_are():
    found = classify(quadratic([-3.0, 1e-9, 0.25, 0.5]), np.zeros(4))
    assert found.gap == pytest.approx((1e-9, 0.25))
    assert found.threshold == pytest.approx(3e-8)
    assert "1 of 4 directions flat (zero up to 1e-09, others from 2e-01)" in found.sentence
    assert classify(quadratic([1.0]), np.zeros(1)).gap == (0.0, 1.0)
    assert classify(quadratic([0.0]), np.zeros(1)).gap == (0.0, np.inf)


@pytest.mark.parametrize("power", [3, 4, 5])
def test_an_eigenvalue_that_a_newton_step_moves_counts_as_zero(power):
    # x^2 + y^p: beside the origin the Hessian shows a small second eigenvalue, of either sign.
    p = float(power)
    objective = from_function(
        lambda x: x[:, 0] ** 2 + x[:, 1] ** p,
        lambda x: np.stack([2 * x[:, 0], p * x[:, 1] ** (p - 1)], axis=1),
        lambda x: np.diag([2.0, p * (p - 1) * x[1] ** (p - 2)]),
        [0.5, 0.5],
        f"power {power}",
    )
    for start in ([0.5, 0.5], [0.3, -0.4]):
        found = find_critical(objective, start).found
        assert (found.index, found.nullity) == (0, 1)
        assert found.kind is Kind.INCONCLUSIVE
        assert "no way down among the others" in found.sentence


def test_zero_is_a_saddle_of_a_tanh_network():
    random = np.random.default_rng(1)
    X, y = random.standard_normal((40, 2)), np.arange(40) % 2.0
    network = MLP((2, 6, 1), Activation.TANH)
    found = classify(MLPObjective(network, X, y), np.zeros(network.layout.size))
    assert found.index == 6  # one a hidden unit
    wanted = -np.linalg.norm(((0.5 - y)[:, None] * X).mean(axis=0))
    np.testing.assert_allclose(found.eigenvalues[:6], wanted, rtol=1e-12)


def test_no_index_where_there_is_none():
    relu = Case((4,), Activation.RELU, Loss.MEAN_SQUARED_ERROR, 0.0)
    with pytest.raises(InputError, match=r"off all kinks .* got an input of 0; move the point"):
        classify(relu.objective, np.zeros(relu.point.size))
    with pytest.raises(InputError, match=r"\|gradient\| of at most 1e-10, got .*find_critical"):
        classify(himmelblau(), [1.0, 1.0])
    with pytest.raises(InputError, match="needs derivatives"):
        classify(Formula(ripples), np.zeros(2))
    with pytest.raises(InputError, match="must be finite"):
        classify(himmelblau(), [np.inf, 0.0])
    with pytest.raises(InputError, match="point must have shape"):
        classify(himmelblau(), np.zeros(3))


def test_tolerances_are_the_callers():
    near = np.array([3.0 + 1e-9, 2.0])
    with pytest.raises(InputError, match="needs"):
        classify(himmelblau(), near)
    found = classify(himmelblau(), near, Tolerances(gradient=1e-6))
    assert found.tolerances.gradient == 1e-6
    assert found.words == "minimum"


def test_a_critical_point_cannot_be_altered():
    found = classify(quadratic([1.0, -1.0]), np.zeros(2))
    with pytest.raises(ValueError, match="read-only"):
        found.point[0] = 1.0


def test_planes_lie_along_the_eigenvectors_unchanged():
    objective = quadratic([5.0, -3.0, 0.5, -1.0], seed=2)
    found = classify(objective, np.zeros(4))
    down = unstable_plane(found)
    curved = np.einsum(
        "ki,ij,kj->k", down.directions, objective.hessian(down.origin), down.directions
    )
    np.testing.assert_allclose(curved, [-3, -1], rtol=1e-12)
    np.testing.assert_allclose(down.lengths, 1)
    both = saddle_plane(found)
    curved = np.einsum(
        "ki,ij,kj->k", both.directions, objective.hessian(both.origin), both.directions
    )
    np.testing.assert_allclose(curved, [-3, 5], rtol=1e-12)
    assert both.labels == ("eigenvector, λ = −3", "eigenvector, λ = 5")
    [one] = unstable_plane(found, 1).directions
    assert one @ objective.hessian(down.origin) @ one == pytest.approx(-3, rel=1e-12)
    with pytest.raises(InputError, match="must be 1 to 2, got 3; take fewer"):
        unstable_plane(found, 3)
    with pytest.raises(InputError, match="needs a way down"):
        saddle_plane(classify(quadratic([1.0, 2.0]), np.zeros(2)))
