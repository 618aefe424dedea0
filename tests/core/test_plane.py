"""Plane: the geometry that rival tools get wrong, on oblique planes of any lengths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.core.errors import InputError
from thalweg.core.plane import Plane

N = 7
seeds = st.integers(0, 10_000)
ks = st.integers(1, 3)


def oblique(seed, k, n=N):
    """A plane with directions of very different lengths and small angles between them."""
    random = np.random.default_rng(seed)
    directions = random.standard_normal((k, n)) + 2 * random.standard_normal(n)
    return Plane(random.standard_normal(n), directions * 10 ** random.uniform(-3, 3, (k, 1)))


@given(seeds, ks)
def test_coordinates_invert_points(seed, k):
    plane = oblique(seed, k)
    coords = np.random.default_rng(seed + 1).uniform(-2, 2, (5, k))
    scale = np.abs(plane.points(coords)).max() / np.linalg.norm(plane.directions, axis=1).min()
    found = plane.coordinates(plane.points(coords))
    np.testing.assert_allclose(found, coords, rtol=0, atol=1e-12 * max(1.0, scale))


@given(seeds, ks)
def test_projection_is_orthogonal_and_idempotent(seed, k):
    plane = oblique(seed, k)
    points = np.random.default_rng(seed + 1).standard_normal((4, N))
    inside = plane.points(plane.coordinates(points))
    unit = plane.directions / np.linalg.norm(plane.directions, axis=1, keepdims=True)
    np.testing.assert_allclose((points - inside) @ unit.T, 0.0, atol=1e-10)
    again = plane.points(plane.coordinates(inside))
    np.testing.assert_allclose(again, inside, atol=1e-10)
    np.testing.assert_allclose(plane.residual(inside), 0.0, atol=1e-10)
    exact = np.linalg.norm(points - inside, axis=1)
    np.testing.assert_allclose(plane.residual(points), exact, rtol=1e-12)


@given(seeds, ks)
def test_rotation_of_the_whole_space_changes_no_coordinate(seed, k):
    plane = oblique(seed, k)
    random = np.random.default_rng(seed + 2)
    turn = np.linalg.qr(random.standard_normal((N, N)))[0]
    points = plane.points(random.uniform(-1, 1, (3, k))) + 0.1 * random.standard_normal((3, N))
    turned = Plane(plane.origin @ turn, plane.directions @ turn)
    before, after = plane.coordinates(points), turned.coordinates(points @ turn)
    unit = np.linalg.norm(plane.directions, axis=1)
    np.testing.assert_allclose(after * unit, before * unit, rtol=1e-9, atol=1e-9 * unit.max())
    np.testing.assert_allclose(turned.residual(points @ turn), plane.residual(points), atol=1e-9)
    np.testing.assert_allclose(turned.cosines(), plane.cosines(), atol=1e-13)


def test_directions_may_differ_in_length_by_any_factor():
    plane = Plane(np.zeros(3), [[1e-12, 0, 0], [1e12, 1e12, 0]])
    np.testing.assert_allclose(plane.coordinates([3e-12, 0.0, 0.0]), [3.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(plane.coordinates([1e12, 1e12, 5.0])[1], 1.0, rtol=1e-12)


@given(seeds, ks)
def test_a_point_has_the_same_bits_alone_and_among_others(seed, k):
    plane = oblique(seed, k)
    coords = np.random.default_rng(seed + 3).standard_normal((9, k))
    together = plane.points(coords)
    for row, point in zip(coords, together, strict=True):
        np.testing.assert_array_equal(plane.points(row[None])[0], point)
        literal = plane.origin
        for c, d in zip(row, plane.directions, strict=True):
            literal = literal + c * d
        np.testing.assert_array_equal(literal, point)


def test_one_point_or_many_in_any_shape():
    plane = oblique(0, 2)
    points = np.random.default_rng(1).standard_normal((3, 4, N))
    coords = plane.coordinates(points)
    assert coords.shape == (3, 4, 2)
    assert plane.residual(points).shape == (3, 4)
    np.testing.assert_allclose(plane.coordinates(points[1, 2]), coords[1, 2], rtol=1e-12)


def test_cosines_tell_the_angles():
    plane = Plane(np.zeros(2), [[2.0, 0.0], [3.0, 3.0]])
    np.testing.assert_allclose(plane.cosines(), [[1, 0.5**0.5], [0.5**0.5, 1]], rtol=1e-15)


@pytest.mark.parametrize(
    ("origin", "directions", "message"),
    [
        (np.zeros(3), np.zeros((2, 2)), r"directions must have shape \(any, 3\), got \(2, 2\)"),
        (np.zeros(3), np.ones(3), r"got \(3,\)"),
        (np.zeros((1, 3)), np.ones((1, 3)), r"origin must have shape \(any\)"),
        (np.zeros(5), np.eye(5)[:4], "1 to 3 directions, got 4"),
        (np.zeros(5), np.empty((0, 5)), "1 to 3 directions, got 0"),
        (np.zeros(3), [[1.0, 2, 3], [2.0, 4, 6]], "linearly independent"),
        (np.zeros(3), [[1.0, 2, 3], [0.0, 0, 0]], "linearly independent"),
        (np.zeros(3), [[1.0, 2, 3], [1.0, 2, 3 + 1e-13]], "linearly independent"),
        (np.zeros(2), [[1.0, 0], [0, 1.0], [1.0, 1.0]], "linearly independent"),
        (np.zeros(1), [[1.0], [2.0]], "linearly independent"),
        ([0.0, np.nan], [[1.0, 0.0]], "origin must be finite, got 1 NaN"),
        (np.zeros(2), [[1.0, np.inf]], "directions must be finite"),
    ],
)
def test_what_is_no_plane_is_refused(origin, directions, message):
    with pytest.raises(InputError, match=message):
        Plane(origin, directions)


def test_labels_are_one_a_direction():
    assert Plane(np.zeros(2), np.eye(2)).labels == ("direction 1", "direction 2")
    with pytest.raises(InputError, match="labels must be 2"):
        Plane(np.zeros(2), np.eye(2), ("one",))


@pytest.mark.parametrize("points", [np.zeros(6), np.zeros((3, 1)), np.zeros((2, 8)), 1.0])
def test_points_of_another_space_are_refused(points):
    for question in (oblique(0, 2).coordinates, oblique(0, 2).residual):
        with pytest.raises(InputError, match=r"points must lie in R\^7"):
            question(points)


def test_a_plane_is_private_and_read_only():
    origin, directions = np.zeros(2), np.eye(2)
    plane = Plane(origin, directions)
    name = plane.digest()
    origin[0], directions[0, 0] = 5.0, 5.0
    assert plane.digest() == name
    assert plane.origin[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        plane.directions[0, 0] = 1.0
    assert Plane(np.zeros(2), np.eye(2), recipe="other words").digest() == name
    assert Plane(np.zeros(2), np.eye(2)[::-1]).digest() != name
