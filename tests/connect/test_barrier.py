"""The height on a way: found to rounding where it is smooth, and honest where it is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect.surfaces import pierced
from formulas import Formula, ripples
from thalweg.connect.barrier import Barrier, barrier, sampled_barrier
from thalweg.core.errors import InputError
from thalweg.objectives.zoo import himmelblau, quadratic

FINE = np.linspace(0, 1, 200_001)


@given(
    center=st.floats(0.02, 0.98),
    width=st.floats(0.03, 0.5),
    height=st.floats(1e-3, 1e3),
    slope=st.floats(-5, 5),
)
def test_a_smooth_peak_is_found_from_below(center, width, height, slope):
    def loss(t):
        return height * np.exp(-(((t - center) / width) ** 2)) + slope * t

    on_line = loss(FINE)
    truth = (on_line - (1 - FINE) * on_line[0] - FINE * on_line[-1]).max()
    found = sampled_barrier(loss)
    rounding = 1e-12 * (height + abs(slope))
    assert truth * (1 - 1e-4) - rounding <= found.height <= truth * (1 + 1e-6) + rounding
    assert found.height == found.rise.max() == found.rise[found.t == found.at][0]


def test_the_even_samples_may_rank_two_peaks_wrongly():
    def loss(t):
        broad, narrow = np.exp(-(((t - 0.3) / 0.1) ** 2)), np.exp(-(((t - 0.75) / 0.04) ** 2))
        return 0.9 * broad + narrow

    found = sampled_barrier(loss, points=11)  # 0.7 and 0.8 show 0.21 of the narrow one
    assert found.height == pytest.approx(1.0, abs=1e-4)
    assert found.at == pytest.approx(0.75, abs=1e-3)


def test_a_peak_between_two_samples_is_missed_and_that_is_said():
    found = sampled_barrier(lambda t: np.where(np.abs(t - 0.501) < 1e-4, 1.0, 0.0), points=11)
    assert found.height == 0
    assert found.resolution == pytest.approx(0.1)
    assert "peaks narrower than 0.1 may be missed" in found.summary


def test_the_double_well_has_its_height():
    well = Formula(lambda p: (p[:, 0] ** 2 - 1) ** 2 + 3 * p[:, 0], n=1)  # ends at -3 and 3
    found = barrier(well, np.array([-1.0]), np.array([1.0]), points=8)
    assert found.height == pytest.approx(1.0, abs=1e-5)
    assert found.at == pytest.approx(0.5, abs=1e-3)


@given(seed=st.integers(0, 100), spectrum=st.lists(st.floats(0, 100), min_size=1, max_size=5))
def test_a_convex_loss_has_no_barrier(seed, spectrum):
    bowl = quadratic(spectrum, seed=seed)
    a, b = np.random.default_rng(seed).standard_normal((2, len(spectrum)))
    found = barrier(bowl, a, b)
    assert 0 <= found.height <= 1e-14 * found.loss.max()


@given(seed=st.integers(0, 100))
def test_the_way_back_is_as_high(seed):
    a, b = 2 * np.random.default_rng(seed).standard_normal((2, 2))
    there, back = (barrier(Formula(ripples), *ends) for ends in ((a, b), (b, a)))
    assert there.height == pytest.approx(back.height, rel=1e-3, abs=1e-12)


def test_a_point_has_no_barrier_to_itself():
    here = np.array([3.0, 2.0])
    found = barrier(himmelblau(), here, here)
    assert (found.height, found.at) == (0, 0)
    assert found.t.size == found.loss.size >= 51


def test_nan_on_the_way_leaves_the_height_unknown():
    found = barrier(pierced(0.3), np.array([-1.0, 0.0]), np.array([1.0, 0.0]))
    assert np.isnan(found.height)
    assert found.at == 0.36  # the first even sample nearer than 0.3 to the top
    assert found.nonfinite == 15
    assert found.summary == "the loss is NaN or infinite at 15 of 51 samples: height unknown"


def test_infinity_on_the_way_is_an_infinite_barrier():
    a, b = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
    found = barrier(pierced(0.3, np.inf), a, b)
    assert found.height == np.inf
    assert found.t.size == 51  # no closer look would tell more
    assert "the barrier is infinite" in found.summary
    assert np.isnan(barrier(pierced(0.3, np.inf), a, 0 * b).height)  # an end without a loss


@pytest.mark.parametrize("points", [2, 0, -1])
def test_too_few_points_are_refused(points):
    with pytest.raises(InputError, match="at least 3 points"):
        barrier(himmelblau(), np.zeros(2), np.ones(2), points)


@pytest.mark.parametrize(
    ("end", "words"), [([0.0, np.nan], "end must be finite"), ([0.0], "shape"), ("ab", "numbers")]
)
def test_ends_that_are_no_points_are_refused(end, words):
    with pytest.raises(InputError, match=words):
        barrier(himmelblau(), np.zeros(2), end)
    with pytest.raises(InputError, match=words.replace("end", "start")):
        barrier(himmelblau(), end, np.zeros(2))


def test_the_summary_names_height_and_place():
    found = Barrier(2.0, 0.25, np.array([0, 0.25, 1]), np.array([0, 2.0, 0]), 0.5)
    assert found.summary.startswith("rises by 2 at t = 0.25 (a lower bound")
