"""Lanczos against closed forms: every eigenvalue as often as it occurs, and no more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.core.errors import InputError
from thalweg.core.operator import HessianOperator
from thalweg.curvature.ends import ends
from thalweg.curvature.lanczos import Lanczos, Search
from thalweg.objectives.linear_network import LinearNetwork
from thalweg.objectives.zoo import quadratic

ALWAYS = Lanczos(dense_up_to=0)


def check(found, eigenvalues, lowest, highest, tolerance=1e-8):
    """The ends of these eigenvalues, orthonormal vectors, residuals that are true."""
    ordered = np.sort(eigenvalues)
    wanted = np.r_[ordered[:lowest], ordered[len(ordered) - highest :]]
    size = max(np.abs(ordered).max(), 1e-300)
    np.testing.assert_allclose(found.eigenvalues, wanted, atol=tolerance * size)
    vectors = found.eigenvectors
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(len(wanted)), atol=1e-12)
    assert found.how.startswith("Lanczos")
    assert found.lowest == lowest


def true_residuals(objective, found):
    products = objective.hvp(objective.start, found.eigenvectors)
    return np.linalg.norm(products - found.eigenvalues[:, None] * found.eigenvectors, axis=1)


@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=40),
    st.integers(0, 8),
    st.integers(0, 8),
    st.integers(0, 3),
)
def test_repeated_eigenvalues_come_with_their_multiplicities(values, lowest, highest, seed):
    eigenvalues = np.array(values, dtype=float)
    lowest = min(lowest, len(values))
    highest = min(highest, len(values) - lowest) or (not lowest)
    objective = quadratic(eigenvalues, seed=seed)
    settings = Lanczos(dense_up_to=0, seed=seed)
    found = ends(objective, objective.start, lowest, highest, lanczos=settings)
    check(found, eigenvalues, lowest, highest)
    np.testing.assert_allclose(found.residuals, true_residuals(objective, found), atol=1e-12)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=60), st.integers(1, 5))
def test_any_spectrum_within_the_residuals(values, count):
    eigenvalues = np.sort(values)
    count = min(count, len(values) // 2)
    objective = quadratic(eigenvalues, seed=1)
    found = ends(objective, objective.start, count, count, lanczos=ALWAYS)
    size = np.abs(eigenvalues).max()
    check(found, eigenvalues, count, count, 3e-6)
    assert (found.residuals <= 1.01e-6 * size + 1e-12).all()


@pytest.mark.parametrize("seed", range(2))
def test_copies_hidden_from_a_single_start_in_a_wide_bulk(seed):
    random = np.random.default_rng(seed)
    outliers = [10, 10, 10, 8, 8, -9, -9]
    eigenvalues = np.r_[random.standard_normal(400), outliers]
    objective = quadratic(eigenvalues, seed=seed)
    settings = Lanczos(dense_up_to=0, seed=seed)
    found = ends(objective, objective.start, 2, 5, lanczos=settings)
    check(found, eigenvalues, 2, 5)
    assert found.products < 80  # of 407: the search for copies is short
    assert "in search of further copies" in found.how


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sign", [-1, 1])
def test_copies_at_one_end_alone_and_of_each_wanted_value(seed, sign):
    """Found before rounding brings copies, and behind a value so large that few steps show it."""
    random = np.random.default_rng(seed)
    bulk = random.uniform(-1, 1, 400)
    eigenvalues = sign * np.r_[bulk, 100, 5, 5, 4.5]
    objective = quadratic(eigenvalues, seed=seed)
    settings = Lanczos(dense_up_to=0, seed=seed)
    for values in ([100, 5, 5], [100, 5, 5, 4.5]):
        ends_of = (len(values), 0) if sign < 0 else (0, len(values))
        found = ends(objective, objective.start, *ends_of, lanczos=settings)
        check(found, eigenvalues, *ends_of)
        assert found.products < 50
    twin = quadratic(sign * np.r_[bulk, 9, 9, 8], seed=seed)
    ends_of = (2, 0) if sign < 0 else (0, 2)
    found = ends(twin, twin.start, *ends_of, lanczos=settings)
    np.testing.assert_allclose(found.eigenvalues, [9.0 * sign] * 2, atol=1e-9)


@pytest.mark.parametrize("kept", [(), (0,), (1,), (0, 1), (1, 2), (0, 1, 2)])
def test_the_spectra_of_baldi_and_hornik(kept):
    network = LinearNetwork.from_singular_values([4.0, 2.5, 1.0], (3, 5), hidden=3, seed=2)
    known = network.critical_point(kept)
    n = len(known.spectrum)
    for lowest, highest in ((6, 6), (n, 0), (12, n - 12)):
        found = ends(network, known.point, lowest, highest, lanczos=ALWAYS)
        check(found, known.spectrum, lowest, highest)


@pytest.mark.parametrize("seed", [0, 4, 7])
def test_copies_that_rounding_has_half_brought_into_the_space(seed):
    """Long searches bring a copy by rounding; before it is whole, a new start hardly meets it."""
    eigenvalues = np.r_[np.linspace(0, 1, 397), 1.0001, 1.0001, 1.0001]
    objective = quadratic(eigenvalues)
    settings = Lanczos(dense_up_to=0, seed=seed)
    found = ends(objective, objective.start, 0, 10, lanczos=settings)
    check(found, eigenvalues, 0, 10, 1e-6)


@pytest.mark.parametrize("seed", [0, 19, 50, 52])
def test_many_copies_at_both_ends(seed):
    bulk = 0.1 * np.random.default_rng(0).standard_normal(286)
    eigenvalues = np.r_[np.repeat(-3.0, 7), bulk, np.repeat(9.0, 7)]
    objective = quadratic(np.sort(eigenvalues))
    settings = Lanczos(dense_up_to=0, seed=seed)
    found = ends(objective, objective.start, 7, 7, lanczos=settings)
    check(found, eigenvalues, 7, 7, 1e-6)


def test_a_basis_that_spans_all_is_not_yet_multiplied():
    objective = quadratic([1e-4, 1e-3, 1e-2, 0.1, 1.0])
    scale = np.array([0.0, 1.0, 0.0, 1.0, 0.0])
    found = ends(objective, objective.start, 3, 0, scale=scale, lanczos=ALWAYS)
    np.testing.assert_allclose(found.eigenvalues, 0.0, atol=1e-12)


def test_copies_that_were_not_ruled_out_are_told():
    objective = quadratic(np.r_[np.linspace(0, 1, 397), 1.0001, 1.0001, 1.0001])
    whole = ends(objective, objective.start, 0, 3, lanczos=ALWAYS)
    assert "ruled out" not in whole.how
    short = Lanczos(dense_up_to=0, products=whole.products - 20)
    found = ends(objective, objective.start, 0, 3, lanczos=short)
    assert "further copies were not ruled out" in found.how


def test_a_hessian_of_zeros():
    objective = quadratic(np.zeros(30))
    found = ends(objective, objective.start, 3, 2, lanczos=ALWAYS)
    check(found, np.zeros(30), 3, 2)
    assert found.products < 20


def test_both_ends_share_their_products():
    random = np.random.default_rng(0)
    objective = quadratic(np.r_[random.standard_normal(200), 9, 7, 6, -9, -7, -6], seed=0)

    def spent(lowest, highest):
        return ends(objective, objective.start, lowest, highest, lanczos=ALWAYS).products

    assert spent(3, 3) < 0.8 * (spent(3, 0) + spent(0, 3))


def test_a_small_memory_gives_the_same_pairs():
    random = np.random.default_rng(1)
    eigenvalues = np.r_[random.uniform(-3, 3, 300), 10, 10, 10, 8, 7, -9, -9, -4]
    objective = quadratic(eigenvalues, seed=1)
    for rows in (36, 48):  # without a limit it takes about 60
        memory = int(8 * 308 * rows * 1.35) + 8
        settings = Lanczos(dense_up_to=0, memory=memory)
        found = ends(objective, objective.start, 3, 5, lanczos=settings)
        check(found, eigenvalues, 3, 5)
        assert found.products < 120


def test_a_memory_too_small_is_refused_with_what_would_do():
    objective = quadratic(np.arange(200.0))
    settings = Lanczos(dense_up_to=0, memory=int(8 * 200 * 26 * 1.35) + 8)
    with pytest.raises(InputError, match=r"the basis needs 27 rows.*allow Lanczos\(memory=") as no:
        ends(objective, objective.start, 2, 3, lanczos=settings)
    enough = int(str(no.value).split("memory=")[1].rstrip(")"))
    settings = Lanczos(dense_up_to=0, memory=enough)
    check(ends(objective, objective.start, 2, 3, lanczos=settings), np.arange(200.0), 2, 3)


class Diagonal(HessianOperator):
    """A diagonal matrix; its products may be rounded, another way each time."""

    def __init__(self, values, rounding=0.0):
        self.values, self.rounding = np.asarray(values), rounding
        self.size, self.random = len(values), np.random.default_rng(0)

    def times(self, rows):
        noise = self.random.standard_normal(rows.shape) / np.sqrt(self.size)
        return rows * self.values + self.rounding * noise

    def native(self, rows):
        return np.array(rows)

    def numpy(self, rows):
        return rows


def test_the_basis_stays_below_the_limit():
    search = Search(Diagonal(np.arange(1.0, 401.0)), 2, 2, None, Lanczos(memory=8 * 400 * 60))
    sizes, append = [], search.krylov.basis.append

    def counted(row, norm):
        append(row, norm)
        sizes.append(len(search.krylov.basis))

    search.krylov.basis.append = counted
    found = search.run()
    np.testing.assert_allclose(found.values, [1, 2, 399, 400], atol=1e-8)
    assert 30 < max(sizes) <= 60 / 1.35
    assert len(sizes) > max(sizes)  # it did shrink


def test_when_the_products_run_out_it_says_so_and_the_residuals_tell():
    random = np.random.default_rng(2)
    objective = quadratic(random.standard_normal(400), seed=0)
    settings = Lanczos(dense_up_to=0, products=12)
    found = ends(objective, objective.start, 2, 2, lanczos=settings)
    assert "pairs are not settled after 12 products" in found.how
    assert found.products == 16  # four of them for the residuals
    np.testing.assert_allclose(found.residuals, true_residuals(objective, found), rtol=1e-9)
    assert found.residuals.max() > 1e-3
    with pytest.raises(InputError, match="4 pairs need at least 4 products, got 2"):
        ends(objective, objective.start, 2, 2, lanczos=Lanczos(dense_up_to=0, products=2))


def test_the_same_seed_the_same_pairs():
    random = np.random.default_rng(3)
    objective = quadratic(random.standard_normal(300), seed=0)
    first, again = (ends(objective, objective.start, 2, 2, lanczos=ALWAYS) for _ in range(2))
    np.testing.assert_array_equal(first.eigenvectors, again.eigenvectors)
    other = ends(objective, objective.start, 2, 2, lanczos=Lanczos(dense_up_to=0, seed=1))
    assert not np.array_equal(first.eigenvectors, other.eigenvectors)
    np.testing.assert_allclose(first.eigenvalues, other.eigenvalues, atol=1e-9)


def test_a_scale_on_both_sides():
    random = np.random.default_rng(4)
    objective = quadratic(random.standard_normal(60), seed=0)
    scale = random.uniform(0.5, 2, 60)
    matrix = scale[:, None] * objective.hessian(objective.start) * scale
    wanted = np.linalg.eigvalsh(matrix)
    for settings in (ALWAYS, Lanczos()):
        found = ends(objective, objective.start, 3, 3, scale=scale, lanczos=settings)
        np.testing.assert_allclose(found.eigenvalues, wanted[[0, 1, 2, -3, -2, -1]], atol=1e-9)
        vectors = found.eigenvectors
        rest = vectors @ matrix - found.eigenvalues[:, None] * vectors
        np.testing.assert_allclose(np.linalg.norm(rest, axis=1), found.residuals, atol=1e-12)


def test_rounding_in_the_products_ends_the_search_and_is_told():
    values = np.r_[np.random.default_rng(0).standard_normal(296), 10, 8, -7, -9]
    found = Search(Diagonal(values, rounding=1e-5), 2, 2, None, Lanczos(tolerance=1e-10)).run()
    assert found.how.endswith("the residuals stay at the rounding of the products")
    assert found.products < 60
    np.testing.assert_allclose(found.values, [-9, -7, 8, 10], atol=1e-4)
    assert 3e-6 < found.residuals.min() <= found.residuals.max() < 1e-4


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tolerance": 0.0}, "tolerance must be between 0 and 1"),
        ({"tolerance": 1.0}, "tolerance must be between 0 and 1"),
        ({"products": 0}, "products must be at least 1"),
        ({"memory": 0}, "memory must be at least 1"),
    ],
)
def test_settings_out_of_range(settings, said):
    with pytest.raises(InputError, match=said):
        Lanczos(**settings)


def test_a_hessian_that_is_not_finite_is_refused():
    objective = quadratic([1.0, 2.0, 3.0])
    broken = quadratic([1.0, 2.0, 3.0]).hessian_function
    object.__setattr__(objective, "hessian_function", lambda point: broken(point) * np.nan)
    with pytest.raises(InputError, match="the Hessian must be finite"):
        ends(objective, objective.start, lanczos=ALWAYS)
