"""Activations: derivatives against the complex step; finite and silent at any input."""

import numpy as np
import pytest

from cases import ACTIVATIONS
from thalweg.objectives.activations import Activation

Z = np.array([-30.0, -4.0, -1.3, -1e-3, 1e-3, 0.7, 2.5, 30.0])
HUGE = np.array([-1e300, -1e200, -1e155, -1e4, -800.0, 800.0, 1e4, 1e155, 1e200, 1e300])
every = pytest.mark.parametrize("activation", list(Activation))


@every
def test_value_is_the_formula(activation):
    moderate = Z[np.abs(Z) < 10]
    expected = ACTIVATIONS[activation](moderate)
    np.testing.assert_allclose(activation.value_at(moderate), expected, rtol=1e-12, atol=1e-15)


@every
def test_first_derivative_against_the_complex_step(activation):
    moderate = Z[np.abs(Z) < 10]
    exact = ACTIVATIONS[activation](moderate + 1e-30j).imag / 1e-30
    np.testing.assert_allclose(activation.derivatives_at(moderate)[0], exact, atol=1e-14)


@every
def test_second_derivative_against_differences_of_the_first(activation):
    def first(z):
        return activation.derivatives_at(z)[0]

    h = 1e-4
    slope = (8 * (first(Z + h) - first(Z - h)) - first(Z + 2 * h) + first(Z - 2 * h)) / (12 * h)
    second = activation.derivatives_at(Z)[1]
    if activation.is_smooth:
        np.testing.assert_allclose(second, slope, atol=1e-10)
    else:
        assert second is None
        np.testing.assert_array_equal(slope, 0)


@every
def test_huge_inputs_reach_the_asymptotes_in_silence(activation):
    value = activation.value_at(HUGE)
    slope, bend = activation.derivatives_at(HUGE)
    up = HUGE > 0
    if activation is Activation.TANH:
        np.testing.assert_array_equal(value, np.sign(HUGE))
        np.testing.assert_array_equal(slope, 0.0)
    else:
        np.testing.assert_allclose(value, np.where(up, HUGE, 0.0), atol=1e-300)
        np.testing.assert_array_equal(slope, up.astype(float))
    if bend is not None:
        np.testing.assert_allclose(bend, 0.0, atol=1e-300)


@every
def test_nan_stays_nan(activation):
    nan = np.array([np.nan])
    with np.errstate(invalid="ignore"):
        assert np.isnan(activation.value_at(nan)).all()


@every
def test_negative_infinity_is_a_limit_not_nan(activation):
    limit = -1.0 if activation is Activation.TANH else 0.0
    assert activation.value_at(np.array([-np.inf]))[0] == limit


def test_slope_of_relu_at_the_kink_is_zero():
    assert Activation.RELU.derivatives_at(np.zeros(1))[0][0] == 0.0
