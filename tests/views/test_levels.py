import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.views.levels import (
    Scale,
    choose_limits,
    choose_scale,
    format_number,
    round_levels,
)


def is_round(level: float) -> bool:
    """At most two significant digits."""
    return level == 0 or float(f"{level:.1e}") == pytest.approx(level, rel=1e-9)


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (0.3, 0.9), (-5, 5), (0, 1e-7), (1e6, 1.9e6), (0, 26), (0, 15.2), (2.301, 2.304)],
)
def test_linear_levels_are_round_inside_and_8_to_14(low, high):
    levels = round_levels(np.linspace(low, high, 5000), Scale.LINEAR)
    assert 8 <= len(levels) <= 14
    assert levels.min() >= low
    assert levels.max() <= high
    steps = np.diff(levels)
    assert np.allclose(steps, steps[0], rtol=1e-6)
    mantissa = float(f"{steps[0]:.6e}".split("e")[0])
    assert any(np.isclose(mantissa, m, rtol=1e-4) for m in (1, 2, 2.5, 5, 10))
    assert np.allclose(levels / steps[0], np.round(levels / steps[0]), atol=1e-6)


@pytest.mark.parametrize("decades", [1.2, 1.5, 2, 2.6, 3, 4, 5, 7, 10, 13, 18, 30])
def test_log_levels_are_round_inside_and_8_to_14(decades):
    values = np.logspace(-6, decades - 6, 5000)
    levels = round_levels(values, Scale.LOG)
    assert 8 <= len(levels) <= 14
    assert levels.min() >= values.min()
    assert levels.max() <= values.max()
    assert (np.diff(levels) > 0).all()
    assert all(is_round(level) for level in levels)
    gaps = np.diff(np.log10(levels))
    assert gaps.max() < 6 * np.median(gaps)


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.booleans())
def test_levels_never_leave_the_range_nor_number_more_than_14(low, width, exponential):
    values = np.linspace(low, low + width, 300)
    values = np.exp(values / np.abs(values).max() * 20) if exponential else values
    scale = choose_scale(values)
    levels = round_levels(values, scale)
    assert len(levels) <= 14
    assert not len(levels) or (levels.min() >= values.min() and levels.max() <= values.max())


def test_levels_follow_the_middle_of_the_values_not_an_outlier():
    values = np.concatenate([np.linspace(-1, 1, 1000), [1e6]])
    levels = round_levels(values, Scale.LINEAR)
    assert 8 <= len(levels) <= 14
    assert levels.max() <= 1


@pytest.mark.parametrize("values", [[], [3.0], [2.0] * 50, [np.nan, np.inf], [1, 1 + 1e-15]])
def test_nothing_to_tell_apart_has_no_levels(values):
    assert len(round_levels(np.array(values), Scale.LINEAR)) == 0


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1, 9.99], Scale.LINEAR),
        ([1, 10], Scale.LINEAR),
        ([1, 10.1], Scale.LOG),
        ([0, 100], Scale.LINEAR),
        ([-1, 100], Scale.LINEAR),
        ([0.1, 100, np.nan, np.inf], Scale.LOG),
        ([], Scale.LINEAR),
    ],
)
def test_log_only_for_positive_values_over_more_than_a_decade(values, scale):
    assert choose_scale(values) is scale


def test_limits_hold_all_values_of_a_log_scale_and_no_nan():
    assert choose_limits([np.nan, 0.1, 50.0, np.inf], Scale.LOG) == (0.1, 50.0)


def test_limits_leave_outliers_of_a_linear_scale_outside():
    low, high = choose_limits(np.concatenate([np.linspace(-1, 1, 1000), [1e6]]), Scale.LINEAR)
    assert low == -1
    assert high < 2


@pytest.mark.parametrize("values", [[], [5.0, 5.0], [0.0], [np.nan]])
def test_limits_of_a_constant_have_a_width(values):
    low, high = choose_limits(values, Scale.LINEAR)
    assert np.isfinite([low, high]).all()
    assert low < high


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.5, "−0.5"),
        (1234.5, "1234"),
        (1e-3, "0.001"),
        (1e-4, "10⁻⁴"),
        (2.5e7, "2.5×10⁷"),
        (np.nan, "NaN"),
        (-np.inf, "−∞"),
    ],
)
def test_numbers_are_written_as_readers_write_them(value, text):
    assert format_number(value) == text
