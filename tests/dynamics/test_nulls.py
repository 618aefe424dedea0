"""Nulls of captured variance: closed form, exact eigenvalues, walks walked step by step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.core.errors import InputError
from thalweg.core.plane import Plane
from thalweg.dynamics.nulls import cosine_content, walk_null, walk_shares
from thalweg.dynamics.project import captured_variance
from thalweg.geometry.planes import principal_plane


def gram_of_a_walk(points):
    """Exact covariance of T centered positions of a walk with unit steps, in one dimension."""
    times = np.arange(points)
    covariance = np.minimum.outer(times, times).astype(float)
    centering = np.eye(points) - 1 / points
    return centering @ covariance @ centering


def test_the_shares_of_201_points_are_those_of_the_literature():
    assert walk_shares(201, 3).round(4).tolist() == [0.6080, 0.1520, 0.0676]
    assert walk_shares(201).sum().round(3) == 0.760


@pytest.mark.parametrize("points", [2, 3, 17, 201])
def test_the_closed_form_is_the_exact_spectrum(points):
    exact = np.linalg.eigvalsh(gram_of_a_walk(points))[::-1]
    assert np.trace(gram_of_a_walk(points)) == pytest.approx((points**2 - 1) / 6, rel=1e-13)
    shares = walk_shares(points, points + 1)
    assert np.abs(shares[:points] - exact / exact.sum()).max() < 5e-15
    assert shares.sum() == pytest.approx(1.0, rel=1e-13)
    assert shares[-1] == 0.0


def walked(points, n, momentum, draws, seed):
    random = np.random.default_rng(seed)
    shares = []
    for _ in range(draws):
        x, v, path = np.zeros(n), np.zeros(n), [np.zeros(n)]
        for _ in range(points - 1):
            v = momentum * v + random.standard_normal(n)
            x = x + v
            path.append(x)
        scale = np.linalg.svd(np.array(path) - np.mean(path, axis=0), compute_uv=False) ** 2
        shares.append(scale[:2].sum() / scale.sum())
    return np.array(shares)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("n", [3, 60])  # fewer dimensions than points, and more
def test_the_law_is_that_of_walks_walked_step_by_step(momentum, n):
    direct = walked(30, n, momentum, 300, seed=1)
    null = walk_null(30, n, momentum=momentum, draws=300)
    error = np.hypot(null.stderr, direct.std() / np.sqrt(300))
    assert abs(null.mean - direct.mean()) < 4 * error
    assert direct.std() == pytest.approx(null.stderr * np.sqrt(300), rel=0.2)
    for level, found in ((0.05, null.low), (0.95, null.high)):
        assert abs((direct < found).mean() - level) < 4 * np.sqrt(2 * 0.05 * 0.95 / 300)


@pytest.mark.parametrize(("momentum", "wanted"), [(0.0, 0.769), (0.9, 0.855), (0.99, 0.978)])
def test_the_nulls_of_65_parameters_and_201_points(momentum, wanted):
    null = walk_null(201, 65, momentum=momentum, draws=300)
    assert null.mean == pytest.approx(wanted, abs=4 * null.stderr)
    if momentum == 0:
        assert null.low == pytest.approx(0.726, abs=0.015)
        assert null.high == pytest.approx(0.816, abs=0.015)


def test_in_many_dimensions_the_draws_are_the_closed_form():
    null = walk_null(201, 10**8, draws=5)
    assert null.mean == pytest.approx(walk_shares(201).sum(), abs=2e-4)
    long = walk_null(5001, 10**8, draws=5)  # thinned
    assert long.mean == pytest.approx(walk_shares(5001).sum(), abs=2e-4)


def test_a_seed_gives_the_same_null_and_another_another():
    assert walk_null(20, 5, draws=5, seed=3) == walk_null(20, 5, draws=5, seed=3)
    assert walk_null(20, 5, draws=5, seed=3) != walk_null(20, 5, draws=5, seed=4)


@pytest.mark.parametrize(("points", "n", "k"), [(2, 9, 2), (9, 1, 1), (9, 2, 2), (3, 9, 5)])
def test_where_there_is_nothing_left_over_all_is_captured(points, n, k):
    assert walk_null(points, n, k, draws=3).low == pytest.approx(1.0, abs=1e-12)


@given(st.integers(2, 40), st.integers(1, 4), st.integers(0, 99))
def test_cosine_contents_are_shares(points, k, seed):
    scores = np.random.default_rng(seed).standard_normal((points, k)).cumsum(axis=0)
    content = cosine_content(scores)
    assert (content >= 0).all()
    assert (content[: points - 1] <= 1 + 1e-12).all()


@pytest.mark.parametrize("points", [5, 40])
def test_the_components_of_the_exact_law_are_cosines_to_rounding(points):
    vectors = np.linalg.eigh(gram_of_a_walk(points))[1][:, ::-1]
    assert cosine_content(vectors[:, :3]) == pytest.approx(1.0, abs=1e-12)


def test_a_walk_in_many_dimensions_is_cosines_and_a_circle_is_not():
    walk = np.random.default_rng(0).standard_normal((200, 4000)).cumsum(axis=0)
    plane = principal_plane(walk)
    assert cosine_content(plane.coordinates(walk)).min() > 0.95
    assert captured_variance(walk, plane) == pytest.approx(0.76, abs=0.02)
    turns = np.linspace(0, 20 * np.pi, 200)
    assert cosine_content(np.column_stack([np.cos(turns), np.sin(turns)])).max() < 0.05


def test_a_straight_line_is_captured_whole():
    line = np.outer(np.linspace(0, 1, 9), np.arange(1.0, 8.0))
    plane = Plane(line.mean(axis=0), line[-1:])
    assert captured_variance(line, plane) == pytest.approx(1.0, abs=1e-15)
    assert np.isnan(cosine_content(np.zeros((5, 1)))).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": 1}, "at least 2 points"),
        ({"n": 0}, "at least 2 points"),
        ({"k": 0}, "at least 2 points"),
        ({"momentum": 1.0}, "momentum must lie"),
        ({"draws": 1}, "at least 2 draws"),
    ],
)
def test_nulls_of_nothing_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        walk_null(**{"points": 9, "n": 5, **options})
