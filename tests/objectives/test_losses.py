"""Losses on logits: exact, stable at any logit, and strict about targets."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.objectives.losses import Loss

BCE, SOFTMAX, MSE = Loss


def test_binary_cross_entropy_has_no_plateau_and_no_warning():
    z = np.array([1e2, 1e4, 1e8, 1e150, 1e300])
    wrong = BCE.values(z[:, None], np.zeros(5))
    np.testing.assert_array_equal(wrong, z)
    np.testing.assert_array_equal(BCE.values(-z[:, None], np.ones(5)), z)
    right = BCE.values(z[:, None], np.ones(5))
    assert right[0] == pytest.approx(np.exp(-100.0), rel=1e-12)  # not rounded away
    np.testing.assert_array_equal(BCE.derivative(z[:, None], np.zeros(5))[:, 0], 1.0)
    assert np.isfinite(BCE.curvature_times(z[:, None], np.ones((5, 1)))).all()


def test_softmax_cross_entropy_has_no_plateau_and_no_warning():
    z = np.array([1e2, 1e4, 1e8, 1e150, 1e300])
    logits = np.stack([z, np.zeros(5), -z], axis=1)
    np.testing.assert_array_equal(SOFTMAX.values(logits, np.ones(5)), z)
    np.testing.assert_array_equal(SOFTMAX.values(logits, np.zeros(5)), 0.0)
    slope = SOFTMAX.derivative(logits, np.ones(5))
    np.testing.assert_allclose(slope, [[1.0, -1.0, 0.0]] * 5, rtol=0, atol=1e-80)
    assert np.isfinite(SOFTMAX.curvature_times(logits, np.ones((5, 3)))).all()


def test_softmax_of_two_logits_is_binary_of_their_difference():
    z = np.random.default_rng(0).standard_normal((6, 2)) * 3
    y = np.array([0.0, 1, 1, 0, 1, 0])
    two, one = SOFTMAX.values(z, y), BCE.values((z[:, 1] - z[:, 0])[:, None], y)
    np.testing.assert_allclose(two, one, rtol=1e-13)


@pytest.mark.parametrize("loss", list(Loss))
def test_derivatives_against_differences(loss):
    random = np.random.default_rng(3)
    outputs = 1 if loss is BCE else 3
    z = random.standard_normal((4, outputs))
    y = random.standard_normal((4, 3)) if loss is MSE else np.array([0.0, 1, 1, 0])
    change, h = random.standard_normal((4, outputs)), 1e-5
    ahead, behind = z + h * change, z - h * change
    slope = (loss.values(ahead, y) - loss.values(behind, y)) / (2 * h)
    np.testing.assert_allclose((loss.derivative(z, y) * change).sum(-1), slope, atol=1e-9)
    bend = (loss.derivative(ahead, y) - loss.derivative(behind, y)) / (2 * h)
    np.testing.assert_allclose(loss.curvature_times(z, change), bend, atol=1e-9)


def test_mean_squared_error_is_a_mean_over_outputs_too():
    assert MSE.values(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))[0] == 5.0


def test_correct_counts_ties_as_class_0_and_nan_as_wrong():
    z = np.array([[1.0], [0.0], [-1.0], [0.0], [np.nan], [np.nan]])
    y = np.array([1.0, 1.0, 0.0, 0.0, 0.0, 1.0])
    assert BCE.correct(z, y).tolist() == [True, False, True, True, False, False]
    z = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [np.nan, 1.0]])
    assert SOFTMAX.correct(z, np.array([0.0, 0, 1, 1])).tolist() == [True, True, False, False]


def test_accuracy_of_a_regression_is_refused():
    with pytest.raises(InputError, match="classification"):
        MSE.correct(np.zeros((1, 1)), np.zeros((1, 1)))


@pytest.mark.parametrize(
    ("loss", "targets", "outputs", "message"),
    [
        (BCE, [0, 1, 2], 1, "labels must be whole numbers from 0 to 1, got 2"),
        (BCE, [0, -1, 1], 1, "got -1"),
        (BCE, [0, 0.5, 1], 1, "got 0.5"),
        (BCE, [0, np.nan, 1], 1, "targets must be finite, got 1 NaN"),
        (BCE, [0, 1], 1, r"targets must have shape \(3\), got \(2,\)"),
        (BCE, [[0], [1], [1]], 1, r"targets must have shape \(3\), got \(3, 1\)"),
        (BCE, [0, 1, 1], 2, "needs 1 output, got 2"),
        (BCE, ["a", "b", "c"], 1, "targets must be numbers"),
        (SOFTMAX, [0, 1, 3], 3, "from 0 to 2, got 3"),
        (MSE, [[1.0], [2.0]], 1, r"\(3, 1\), got \(2, 1\)"),
        (MSE, [1.0, 2.0, np.inf], 1, "1 infinite"),
        (MSE, ["a", "b", "c"], 1, "targets must be numbers"),
        (MSE, [[1.0, 2.0], [3.0], [4.0]], 1, "targets must be numbers"),
    ],
)
def test_wrong_targets_are_refused_in_words(loss, targets, outputs, message):
    with pytest.raises(InputError, match=message):
        loss.check_targets(targets, 3, outputs)


def test_targets_of_one_output_may_be_flat():
    assert MSE.check_targets([1.0, 2.0], 2, 1).shape == (2, 1)
