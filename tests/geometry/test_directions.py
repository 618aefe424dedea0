"""Directions: orthogonal means orthogonal; principal directions on clouds with known answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.core.errors import InputError
from thalweg.core.layout import Layout
from thalweg.geometry.directions import orthogonalized, principal_directions, random_directions

seeds = st.integers(0, 10_000)


def cosines(rows):
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit @ unit.T


@given(seeds, st.integers(2, 3), st.sampled_from([1.0, 1e-3, 1e-6, 1e-8]))
def test_orthogonalized_is_orthogonal_however_parallel_the_input(seed, k, apart):
    random = np.random.default_rng(seed)
    rows = random.standard_normal(20) + apart * random.standard_normal((k, 20))
    rows *= 10 ** random.uniform(-3, 3, (k, 1))
    before = rows.copy()
    found = orthogonalized(rows)
    assert np.abs(cosines(found) - np.eye(k)).max() < 1e-14
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), np.linalg.norm(rows, axis=1))
    np.testing.assert_allclose(found[0], rows[0], rtol=1e-12, atol=1e-12 * np.abs(rows[0]).max())
    assert ((found * rows).sum(axis=1) > 0).all()  # no direction is turned round
    np.testing.assert_array_equal(rows, before)


@given(seeds)
def test_orthogonalized_spans_the_same_plane(seed):
    rows = np.random.default_rng(seed).standard_normal((3, 8))
    both = np.vstack([rows, orthogonalized(rows)])
    assert np.linalg.matrix_rank(both, tol=1e-10) == 3


@pytest.mark.parametrize(
    "rows",
    [
        [[1.0, 2, 3], [2.0, 4, 6]],
        [[1.0, 2, 3], [0.0, 0, 0]],
        [[0.0, 0, 0], [1.0, 2, 3]],
        [[1.0], [1.0]],
        [[1.0, 2, 3], [1.0, 2, 3 + 1e-13]],
    ],
)
def test_dependent_directions_are_refused(rows):
    with pytest.raises(InputError, match="linearly independent"):
        orthogonalized(rows)


def test_directions_with_nan_are_refused():
    with pytest.raises(InputError, match="directions must be finite"):
        orthogonalized([[1.0, np.nan], [0.0, 1.0]])


def test_random_directions_are_gaussian_private_and_repeatable():
    before = np.random.get_state()[1].copy()
    layout = Layout.plain(20_000)
    rows = random_directions(layout, 2, seed=4)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.testing.assert_array_equal(rows, random_directions(layout, 2, seed=4))
    assert not np.array_equal(rows, random_directions(layout, 2, seed=5))
    assert abs(rows.mean()) < 0.02
    assert abs(rows.std() - 1) < 0.02
    assert abs(cosines(rows)[0, 1]) < 0.03  # uniform [0, 1) numbers would give 0.75
    with pytest.raises(InputError, match="k must be 1, 2 or 3"):
        random_directions(layout, 4)


def test_principal_directions_of_a_known_cloud():
    # Variances 9, 4, 1 along known orthonormal axes, about a known mean, exactly.
    axes = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))[0].T[:3]
    signs = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], float)
    mean = np.arange(6.0)
    found = principal_directions(mean + (signs * [3.0, 2.0, 1.0]) @ axes, k=3)
    np.testing.assert_allclose(found.mean, mean, atol=1e-14)
    np.testing.assert_allclose(np.abs(found.directions @ axes.T), np.eye(3), atol=1e-13)
    np.testing.assert_allclose(found.explained[:3], np.array([9, 4, 1]) / 14, atol=1e-14)
    assert found.explained.sum() == pytest.approx(1.0)
    largest = np.abs(found.directions).argmax(axis=1)
    assert (found.directions[range(3), largest] > 0).all()


@given(seeds)
def test_principal_directions_are_orthonormal_and_turn_with_the_cloud(seed):
    random = np.random.default_rng(seed)
    cloud = random.standard_normal((9, 5)) * [5.0, 3.0, 2.0, 1.0, 0.5]
    turn = np.linalg.qr(random.standard_normal((5, 5)))[0]
    here, there = principal_directions(cloud), principal_directions(cloud @ turn + 7.0)
    np.testing.assert_allclose(here.directions @ here.directions.T, np.eye(2), atol=1e-13)
    np.testing.assert_allclose(there.explained, here.explained, atol=1e-12)
    gap = here.explained[:2] - here.explained[1:3]
    overlap = np.abs((here.directions @ turn * there.directions).sum(axis=1))
    np.testing.assert_allclose(overlap, 1.0, atol=1e-12 / gap.min() ** 2)


def test_the_random_walk_law():
    # Antognini and Sohl-Dickstein 2018: in high dimension the shares tend to (6 / pi^2) / i^2 for
    # long walks; at 201 points they are .6080, .1520, .0676 and the variance (T^2 - 1) / 6 a step.
    steps, n = 201, 10_000
    walk = np.random.default_rng(0).standard_normal((steps, n)).cumsum(axis=0)
    found = principal_directions(walk, k=3)
    np.testing.assert_allclose(found.explained[:3], [0.6080, 0.1520, 0.0676], atol=0.006)
    total = np.square(walk - walk.mean(axis=0)).sum() / n
    assert total == pytest.approx((steps**2 - 1) / 6, rel=0.04)


def test_a_straight_path_explains_itself_in_any_unit():
    for scale in (1e-9, 1.0, 1e9):
        path = scale * np.outer(np.arange(5.0), [1.0, 2.0, 2.0])
        found = principal_directions(path, k=1)
        np.testing.assert_allclose(found.directions, [[1 / 3, 2 / 3, 2 / 3]], rtol=1e-12)
        assert found.explained[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros((2, 5)), "2 directions need at least 3 points, got 2"),
        (np.outer(np.arange(5.0), np.ones(4)) * 0.1, "span at least 2 dimensions, got 1"),
        (np.ones((5, 4)) * 0.1, "span at least 2 dimensions, got 0"),
        (np.arange(5.0)[:, None], "span at least 2 dimensions, got 1"),
        ([[0.0, 1], [np.nan, 2], [3.0, 4]], "points must be finite, got 1 NaN"),
        (np.zeros(5), r"points must have shape \(any, any\)"),
    ],
)
def test_clouds_without_a_plane_are_refused(points, message):
    with pytest.raises(InputError, match=message):
        principal_directions(points)
