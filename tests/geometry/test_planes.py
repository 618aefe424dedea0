"""Planes made from directions; the projection test that most tools fail."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import Case
from thalweg.core.errors import InputError
from thalweg.curvature.dense import spectrum
from thalweg.geometry.directions import principal_directions
from thalweg.geometry.planes import eigen_plane, plane_through, principal_plane, random_plane
from thalweg.geometry.scaling import BiasRule, FilterNorm, LayerNorm, Unit, Unscaled
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss

CASE = Case((5,), Activation.TANH, Loss.BINARY_CROSS_ENTROPY, 0.0)
LAYOUT, POINT = CASE.network.layout, CASE.point
SCALINGS = [Unscaled(), Unit(), LayerNorm(), FilterNorm(), FilterNorm(BiasRule.COPY)]


@pytest.mark.parametrize("scaling", SCALINGS, ids=repr)
def test_a_known_point_projects_to_its_coordinates_on_an_oblique_plane(scaling):
    plane = random_plane(POINT, LAYOUT, seed=1, scaling=scaling)
    assert abs(plane.cosines()[0, 1]) > 1e-3  # oblique: a dot product would be wrong
    inside = plane.origin + 0.5 * plane.directions[0] - 0.25 * plane.directions[1]
    off = np.random.default_rng(2).standard_normal(POINT.size)
    off -= np.linalg.lstsq(plane.directions.T, off, rcond=None)[0] @ plane.directions
    for distance in (0.0, 3.0):
        point = inside + distance * off / np.linalg.norm(off)
        np.testing.assert_allclose(plane.coordinates(point), [0.5, -0.25], atol=1e-13)
        assert plane.residual(point) == pytest.approx(distance, abs=1e-13)


def test_random_planes_tell_their_recipe_and_axes():
    plane = random_plane(POINT, LAYOUT, seed=7, k=3, scaling=FilterNorm())
    assert plane.k == 3
    assert plane.axes == ("a", "b", "c")
    assert "seed 7" in plane.recipe
    assert "FilterNorm" in plane.recipe
    assert plane.labels[1].startswith("filter-normalized random direction 2")
    assert plane.digest() == random_plane(POINT, LAYOUT, 7, 3, FilterNorm()).digest()
    with pytest.raises(InputError, match=r"origin must have shape \(21\)"):
        random_plane(POINT[:-1], LAYOUT)


def test_principal_plane_goes_through_the_mean_of_the_path():
    path = np.random.default_rng(0).standard_normal((30, 4)) * [4.0, 2.0, 0.0, 0.0] + 1.0
    plane = principal_plane(path)
    np.testing.assert_allclose(plane.origin, path.mean(axis=0))
    np.testing.assert_allclose(plane.coordinates(path).mean(axis=0), 0.0, atol=1e-13)
    np.testing.assert_allclose(plane.residual(path), 0.0, atol=1e-12)
    np.testing.assert_allclose(plane.cosines(), np.eye(2), atol=1e-14)
    share = principal_directions(path).explained[0]
    assert f"{100 * share:.0f}" in plane.labels[0]


@given(st.integers(0, 10_000), st.integers(2, 4))
def test_plane_through_points_puts_them_at_the_unit_coordinates(seed, m):
    points = np.random.default_rng(seed).standard_normal((m, 6))
    plane = plane_through(points)
    wanted = np.vstack([np.zeros(m - 1), np.eye(m - 1)])
    np.testing.assert_allclose(plane.coordinates(points), wanted, atol=1e-10)
    np.testing.assert_allclose(plane.points(wanted), points, atol=1e-12)


def test_plane_through_names_its_points():
    plane = plane_through(np.eye(3), ["SGD", "momentum", "Adam"])
    assert plane.labels == ("from SGD (0) to momentum (1)", "from SGD (0) to Adam (1)")


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.eye(3)[:1], "2 to 4 points"),
        (np.eye(6)[:5], "2 to 4 points"),
        (np.ones((2, 3)), "linearly independent"),
        ([[0.0, 0], [1, 1], [2, 2]], "linearly independent"),
    ],
)
def test_points_without_a_plane_are_refused(points, message):
    with pytest.raises(InputError, match=message):
        plane_through(points)


def test_plane_through_wants_one_name_a_point():
    for names in (["a", "b"], ["a", "b", "c", "d"]):
        with pytest.raises(InputError, match="names must be 3"):
            plane_through(np.eye(3), names)


def test_an_eigen_plane_is_never_rescaled():
    found = spectrum(CASE.objective, POINT)
    chosen = [0, -1]
    vectors = found.eigenvectors.values[chosen]
    plane = eigen_plane(POINT, found.eigenvalues.values[chosen], vectors)
    np.testing.assert_array_equal(plane.directions, vectors)
    matrix = CASE.objective.hvp(POINT, plane.directions)  # they are eigenvectors still
    values = found.eigenvalues.values[chosen]
    np.testing.assert_allclose(matrix, values[:, None] * plane.directions, atol=1e-13)
    assert f"{values[0]:.3g}".replace("-", "−") in plane.labels[0]


def test_curvature_along_an_eigen_plane_is_the_eigenvalue():
    found = spectrum(CASE.objective, POINT)
    plane = eigen_plane(POINT, found.eigenvalues.values[-1:], found.eigenvectors.values[-1:])
    h = 1e-3
    loss = CASE.objective.restrict(plane)(np.array([[-h], [0.0], [h]]))["loss"]
    curvature = (loss[0] - 2 * loss[1] + loss[2]) / h**2
    assert curvature == pytest.approx(float(found.eigenvalues[-1]), rel=1e-5)
