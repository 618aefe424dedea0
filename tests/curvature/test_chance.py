"""The chance that random directions see a minimum: exact laws, an independent inversion, draws."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import quad
from scipy.stats import f as fisher

from thalweg.core.errors import InputError
from thalweg.curvature.chance import (
    Law,
    chance_of_minimum,
    drawn_chance,
    null_curvature,
    share_below,
    share_positive,
)

spectra = arrays(
    np.float64,
    st.integers(2, 12),
    elements=st.floats(-3, 3).map(lambda x: round(x, 3)),
)


def two_levels(p, a, q, b):
    return np.repeat([a, -b], [p, q]).astype(float)


def imhof(eigenvalues):
    """Imhof's own integral, by adaptive quadrature: P(sum lambda_i chi2_i > 0)."""

    def integrand(u):
        if u == 0:
            return eigenvalues.sum() / 2
        phase = np.arctan(eigenvalues * u).sum() / 2
        return np.sin(phase) / u / np.prod((1 + (eigenvalues * u) ** 2) ** 0.25)

    size = np.abs(eigenvalues).max()
    pieces = np.concatenate([[0], np.geomspace(0.01, 1e6, 60) / size])
    parts = [quad(integrand, *ends, limit=400)[0] for ends in pairwise(pieces)]
    return 0.5 + sum(parts) / np.pi


@pytest.mark.parametrize(
    ("p", "a", "q", "b", "printed"),
    [(49, 1, 16, 3, 0.5476), (49, 1, 16, 1, 0.9987)],
)
def test_the_slice_law_of_two_levels(p, a, q, b, printed):
    found = chance_of_minimum(two_levels(p, a, q, b), 1)
    assert found.probability == pytest.approx(fisher.sf(b * q / (a * p), p, q), abs=1e-11)
    assert round(found.probability, 4) == printed
    assert found.law is Law.INVERSION
    assert found.stderr < 1e-11


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.05, 20))
def test_one_direction_has_the_law_of_fisher(p, q, b):
    found = chance_of_minimum(two_levels(p, 1, q, b), 1)
    assert found.probability == pytest.approx(fisher.sf(b * q / p, p, q), abs=1e-10)


@given(st.integers(2, 40), st.floats(0.05, 20))
def test_two_directions_with_one_way_down_have_the_law_of_hotelling(p, b):
    # a A - b g g' > 0 iff g' A^-1 g < a / b, where A is Wishart(p): Hotelling's T squared
    found = chance_of_minimum(two_levels(p, 1, 1, b), 2)
    wanted = fisher.cdf((p - 1) / 2 / b, 2, p - 1)
    assert found.probability == pytest.approx(wanted, abs=1e-10)


@given(st.integers(1, 30), st.floats(0.05, 20))
def test_with_one_way_up_no_plane_shows_a_minimum(q, b):
    found = chance_of_minimum(two_levels(1, 1, q, b), 2)
    assert (found.probability, found.stderr, found.law) == (0.0, 0.0, Law.SIGNS)


@pytest.mark.parametrize("seed", range(4))
def test_one_direction_agrees_with_imhofs_own_integral(seed):
    random = np.random.default_rng(seed)
    eigenvalues = random.standard_normal(8) * 10 ** random.uniform(-1, 1, 8)
    found = chance_of_minimum(eigenvalues, 1)
    assert found.probability == pytest.approx(imhof(eigenvalues), abs=1e-6)


OUTLIERS = np.concatenate([[100.0, 30.0], np.linspace(-0.4, 0.3, 60)])
WIDE = np.array([1e3, 1.0, 1e-6, -1e-3, -1e-6])


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(
    "eigenvalues",
    [two_levels(49, 1, 16, 3), two_levels(2, 1, 2, 1), OUTLIERS, WIDE, -OUTLIERS],
    ids=["slice law", "even", "outliers", "wide", "mostly down"],
)
def test_the_law_agrees_with_draws(eigenvalues, k):
    exact, drawn = chance_of_minimum(eigenvalues, k), drawn_chance(eigenvalues, k, 20_000, seed=3)
    assert abs(exact.probability - drawn.probability) < 4 * drawn.stderr
    assert exact.stderr < 1e-10


@given(spectra)
def test_up_or_down_is_all_there_is_along_a_line(eigenvalues):
    up, down = chance_of_minimum(eigenvalues, 1), chance_of_minimum(-eigenvalues, 1)
    wanted = 1.0 if eigenvalues.any() else 0.0
    assert up.probability + down.probability == pytest.approx(wanted, abs=1e-9)


@given(spectra, st.floats(1e-6, 1e6))
def test_neither_scale_nor_flat_directions_matter(eigenvalues, scale):
    for k in (1, 2):
        found = chance_of_minimum(eigenvalues, k).probability
        other = np.concatenate([scale * eigenvalues[::-1], np.zeros(3)])
        assert chance_of_minimum(other, k).probability == pytest.approx(found, abs=1e-9)


@given(spectra)
def test_a_plane_is_harder_than_a_line(eigenvalues):
    line, plane = (chance_of_minimum(eigenvalues, k).probability for k in (1, 2))
    assert plane <= line + 1e-9


def test_small_chances_keep_their_digits():
    found = chance_of_minimum(two_levels(3, 1, 40, 8), 1)
    assert found.probability == pytest.approx(fisher.sf(8 * 40 / 3, 3, 40), rel=1e-6)
    assert 0 < found.probability < 1e-15


def test_thousands_of_eigenvalues_are_no_trouble():
    found = chance_of_minimum(two_levels(1000, 1, 1000, 0.95), 1)
    assert found.probability == pytest.approx(fisher.sf(0.95, 1000, 1000), abs=1e-10)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_signs_decide_where_they_agree(k):
    assert chance_of_minimum(np.array([1.0, 2.0, 3.0]), k).probability == 1.0
    assert chance_of_minimum(np.array([1.0, 2.0, 3.0, 0.0]), k).probability == 1.0
    assert chance_of_minimum(-np.array([1.0, 2.0, 3.0]), k).probability == 0.0
    assert chance_of_minimum(np.zeros(4), k).probability == 0.0
    assert chance_of_minimum(np.ones(k - 1 or 1) * (k > 1), k).probability == 0.0


def test_a_volume_is_drawn_and_says_so():
    found = chance_of_minimum(two_levels(9, 1, 1, 0.5), 3)
    assert found.law is Law.DRAWN
    assert 0 < found.stderr < 0.02
    assert found == drawn_chance(two_levels(9, 1, 1, 0.5), 3)


def test_draws_are_never_quite_sure():
    found = share_positive(np.ones(100))
    assert found.probability == 1.0
    assert 0.005 < found.stderr < 0.02


def test_the_null_curvature_is_what_random_directions_have():
    eigenvalues = np.concatenate([[5.0], np.linspace(-1, 2, 30)])
    directions = np.random.default_rng(1).standard_normal((40_000, eigenvalues.size))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    seen, null = np.square(directions) @ eigenvalues, null_curvature(eigenvalues)
    assert null.mean == pytest.approx(eigenvalues.mean())
    assert seen.mean() == pytest.approx(null.mean, abs=4 * null.spread / 200)
    assert seen.std() == pytest.approx(null.spread, rel=0.03)
    cut = null.mean + null.spread
    share = share_below(eigenvalues, cut)
    assert share.probability == pytest.approx((seen < cut).mean(), abs=0.01)
    assert share_below(eigenvalues, 5.1).probability == 1.0
    assert share_below(eigenvalues, -1.1).probability == 0.0


@pytest.mark.parametrize(
    ("eigenvalues", "k", "said"),
    [
        (np.array([]), 1, "needs eigenvalues"),
        (np.array([1.0, np.nan]), 1, "must be finite"),
        (np.eye(2), 1, "shape"),
        (np.ones(3), 4, "k must be 1, 2 or 3"),
    ],
)
def test_what_is_no_spectrum_is_refused(eigenvalues, k, said):
    with pytest.raises(InputError, match=said):
        chance_of_minimum(eigenvalues, k)
