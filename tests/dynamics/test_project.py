"""project: a path in a plane, with its residual, its gap and what it captures."""

import numpy as np
import pytest

from cases import Case
from thalweg.core.errors import InputError
from thalweg.core.plane import Plane
from thalweg.core.schema import trajectory_dataset
from thalweg.dynamics.project import captured_variance, project
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Adam
from thalweg.geometry.directions import principal_directions
from thalweg.geometry.planes import principal_plane
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.objectives.zoo import quadratic

CASE = Case((5,), Activation.TANH, Loss.BINARY_CROSS_ENTROPY, 0.3)
RUN = record(CASE.objective, CASE.point, Adam(0.1), steps=20)


def oblique(n, k=2):
    random = np.random.default_rng(0)
    return Plane(random.standard_normal(n), random.standard_normal((k, n)) + 1.0)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_path_is_the_trajectory_on_the_plane(k):
    plane = oblique(21, k)
    path = project(CASE.objective, RUN, plane)
    coords = np.stack([path[name] for name in plane.axes], axis=1)
    inside = plane.points(coords)
    wanted = np.linalg.lstsq(plane.directions.T, (RUN.point.values - plane.origin).T, rcond=None)[0]
    np.testing.assert_allclose(coords, wanted.T, atol=1e-12)
    np.testing.assert_allclose(path.plane_loss, CASE.objective.values(inside), rtol=1e-12)
    np.testing.assert_array_equal(path.gap, path.loss - path.plane_loss)
    np.testing.assert_array_equal(path.loss, RUN.loss)
    off = np.linalg.norm(RUN.point.values - inside, axis=1)
    np.testing.assert_allclose(path.residual, off, rtol=1e-12)
    assert path.attrs["largest_gap"] == np.abs(path.gap).max()
    assert path.attrs["kind"] == "path"
    assert path.attrs["plane_digest"] == plane.digest()
    assert path.attrs["optimizer"] == "Adam"
    assert RUN.attrs["kind"] == "trajectory"
    np.testing.assert_array_equal(path.step, RUN.step)


def test_a_path_inside_its_plane_shows_everything():
    bowl = quadratic([1.0, 4.0, 9.0])
    run = record(bowl, np.array([1.0, 2.0, 0.0]), SGD(0.1), steps=5)
    path = project(bowl, run, Plane(np.zeros(3), [[1.0, 0, 0], [1.0, 3.0, 0]]))
    assert path.attrs["captured_variance"] == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(path.residual, 0.0, atol=1e-14)
    np.testing.assert_allclose(path.gap, 0.0, atol=1e-14)


def test_what_leaves_the_plane_is_measured():
    # Variances 9 : 4 : 1 along the axes; the plane, oblique and off center, spans the first two.
    signs = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], float)
    points = signs * [3.0, 2.0, 1.0] + 10.0
    plane = Plane(np.full(3, -5.0), [[2.0, 0, 0], [1.0, 1.0, 0]])
    assert captured_variance(points, plane) == pytest.approx(13 / 14, abs=1e-14)
    assert captured_variance(points, Plane(np.zeros(3), [[0, 0, 7.0]])) == pytest.approx(1 / 14)
    bowl = quadratic([1.0, 1.0, 8.0])
    run = trajectory_dataset(
        np.arange(8), points, bowl.values(points), np.zeros(8), {"objective": "bowl"}
    )
    path = project(bowl, run, plane)
    np.testing.assert_allclose(path.residual, np.abs(points[:, 2] + 5.0), rtol=1e-13)
    np.testing.assert_allclose(path.gap, 4.0 * (points[:, 2] ** 2 - 25.0), rtol=1e-12)
    assert path.attrs["largest_gap"] == pytest.approx(4.0 * (121 - 25))


def test_captured_variance_of_the_principal_plane_is_what_it_explains():
    found = principal_directions(RUN.point.values)
    share = captured_variance(RUN.point.values, principal_plane(RUN.point.values))
    assert share == pytest.approx(found.explained[:2].sum(), abs=1e-13)


def test_captured_variance_is_a_share():
    random = np.random.default_rng(0)
    for _ in range(50):
        coords = random.standard_normal((30, 2))
        plane = Plane(random.standard_normal(5), random.standard_normal((2, 5)))
        assert 1 - 1e-12 < captured_variance(plane.points(coords), plane) <= 1.0
    assert captured_variance(np.ones((4, 5)), plane) == 1.0


def test_a_run_that_diverged_is_projected_as_far_as_it_goes_without_a_warning():
    bowl = quadratic([1.0, 3.0, 5.0])
    run = record(bowl, np.ones(3), SGD(10.0), steps=600)
    path = project(bowl, run, Plane(np.zeros(3), np.eye(3)[:2]))
    finite = np.isfinite(run.point.values).all(axis=1)
    assert finite[:100].all()
    assert not finite[-1]
    assert np.isfinite(path.a[finite]).all()
    assert not np.isfinite(path.gap[-1])
    assert path.a[1].item() == run.point[1, 0].item()
    assert np.isnan(path.attrs["captured_variance"])


def test_no_finite_gap_has_no_largest():
    bowl = quadratic([1.0, 3.0])
    run = record(bowl, np.ones(2), SGD(0.1), steps=1)
    run["loss"][:] = np.nan
    assert np.isnan(project(bowl, run, Plane(np.zeros(2), [[1.0, 0.0]])).attrs["largest_gap"])


def test_other_spaces_and_other_kinds_are_refused():
    with pytest.raises(InputError, match=r"trajectory must lie in R\^3, got R\^21"):
        project(CASE.objective, RUN, oblique(3))
    path = project(CASE.objective, RUN, oblique(21))
    with pytest.raises(InputError, match="wanted a trajectory, got path"):
        project(CASE.objective, path, oblique(21))


def test_a_loss_told_by_another_objective_is_evaluated_anew():
    told = RUN.assign(loss=RUN.loss * np.nan)
    told.attrs["objective_digest"] = "another"
    plane = oblique(21)
    path, wanted = project(CASE.objective, told, plane), project(CASE.objective, RUN, plane)
    np.testing.assert_allclose(path.loss, wanted.loss, rtol=1e-12)
    assert path.attrs["largest_gap"] == pytest.approx(wanted.attrs["largest_gap"], rel=1e-9)
