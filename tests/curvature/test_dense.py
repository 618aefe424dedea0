"""The dense Hessian and its spectrum against closed forms."""

import numpy as np
import pytest

from cases import CASES, Case
from thalweg.core.errors import InputError
from thalweg.curvature.dense import hessian, inertia, spectrum
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import quadratic


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_hessian_is_symmetric_and_so_are_the_products(case: Case):
    matrix = hessian(case.objective, case.point)
    np.testing.assert_array_equal(matrix, matrix.T)
    products = case.objective.hvp(case.point, np.eye(len(matrix)))
    np.testing.assert_allclose(products, products.T, atol=1e-14)
    np.testing.assert_allclose(matrix, products, atol=1e-14)


@pytest.mark.parametrize("outputs", [1, 3])
def test_linear_regression_has_the_textbook_hessian(outputs):
    # mean over N examples and C outputs: H = 2 / (N C) (1, x)^T (1, x), one block an output.
    random = np.random.default_rng(0)
    inputs, targets = random.standard_normal((11, 4)), random.standard_normal((11, outputs))
    network = MLP((4, outputs))
    objective = MLPObjective(network, inputs, targets, Loss.MEAN_SQUARED_ERROR, l2=0.25)
    for seed in (0, 1):  # the same at every point
        matrix = hessian(objective, network.initial_point(seed))
        x = np.column_stack([inputs, np.ones(11)])
        block = 2 / (11 * outputs) * x.T @ x
        wanted = np.kron(block, np.eye(outputs)) + 0.25 * np.eye(len(matrix))
        np.testing.assert_allclose(matrix, wanted, rtol=1e-13, atol=1e-15)


def test_logistic_regression_has_the_textbook_hessian():
    random = np.random.default_rng(0)
    inputs, targets = random.standard_normal((11, 3)), (np.arange(11) % 2).astype(float)
    objective = MLPObjective(MLP((3, 1)), inputs, targets)
    point = random.standard_normal(4)
    x = np.column_stack([inputs, np.ones(11)])
    p = 1 / (1 + np.exp(-x @ point))
    np.testing.assert_allclose(hessian(objective, point), (x.T * p * (1 - p)) @ x / 11, rtol=1e-12)


def test_the_spectrum_of_a_known_quadratic():
    eigenvalues = np.array([-3.0, -1e-3, 0.0, 0.5, 0.5, 40.0])
    objective = quadratic(eigenvalues, seed=3)
    found = spectrum(objective, objective.start)
    np.testing.assert_allclose(found.eigenvalues, eigenvalues, atol=1e-13)
    vectors = found.eigenvectors.values
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(6), atol=1e-13)
    products = objective.hvp(objective.start, vectors)
    np.testing.assert_allclose(products, eigenvalues[:, None] * vectors, atol=1e-12)
    attrs = found.attrs
    assert (attrs["kind"], attrs["negative"], attrs["zero"]) == ("spectrum", 2, 1)
    assert attrs["residual"] < 1e-12
    assert attrs["how"] == "dense"
    rest = products - found.eigenvalues.values[:, None] * vectors
    np.testing.assert_allclose(found.residuals, np.linalg.norm(rest, axis=1), atol=1e-13)
    assert attrs["residual"] == found.residuals.values.max()
    assert attrs["largest_zero"] < 1e-12
    assert attrs["smallest_nonzero"] == pytest.approx(1e-3)
    assert attrs["tolerance"] == pytest.approx(4e-7)
    loss, gradient = objective.value_and_gradient(objective.start)
    assert attrs["loss"] == loss
    assert attrs["gradient_norm"] == np.linalg.norm(gradient)
    np.testing.assert_array_equal(found.point, objective.start)


def test_inertia_counts_at_its_tolerance():
    values = np.array([-2.0, -1e-9, 0.0, 1e-9, 3.0])
    counts = inertia(values)
    assert (counts.negative, counts.zero, counts.positive) == (1, 3, 1)
    strict = inertia(values, tolerance=0.0)
    assert (strict.negative, strict.zero, strict.positive) == (2, 1, 2)
    assert inertia(np.zeros(3)).zero == 3


def test_the_gap_around_zero_shows_a_doubtful_count():
    values = np.array([-2.0, -1e-9, 0.0, 3e-9, 3.0])
    clear = inertia(values)
    assert (clear.largest_zero, clear.smallest_nonzero) == (3e-9, 2.0)
    doubtful = inertia(values, tolerance=2e-9)
    assert (doubtful.largest_zero, doubtful.smallest_nonzero) == (1e-9, 3e-9)
    assert inertia(np.ones(2)).largest_zero == 0
    nothing = inertia(np.zeros(3))
    assert (nothing.largest_zero, nothing.smallest_nonzero) == (0, np.inf)


def test_what_has_no_dense_hessian_is_refused():
    with pytest.raises(InputError, match=r"at most 3,000 parameters, got 3,001 \(72.0 MB\)"):
        hessian(quadratic_of_size(3001), np.zeros(3001))
    with pytest.raises(InputError, match="the Hessian must be finite"):
        hessian(CASES[-1].objective, np.full(CASES[-1].point.size, np.nan))
    with pytest.raises(InputError, match="point must have shape"):
        hessian(quadratic([1.0]), np.zeros(2))


def quadratic_of_size(n):
    """Something of that size; its derivatives are never asked for."""
    return MLPObjective(MLP((n - 1, 1)), np.zeros((1, n - 1)), [0.0])
