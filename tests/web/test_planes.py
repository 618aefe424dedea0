"""Planes: each recipe against what it stands for."""

from types import SimpleNamespace

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Adam, Momentum
from thalweg.geometry.scaling import FilterNorm
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.zoo import quadratic
from thalweg.web.bench import lay
from thalweg.web.messages import Bench, PlaneSpec, Window
from thalweg.web.planes import cut, grid_of

CURVATURES = np.array([-2.0, 0.5, 1.0, 3.0, 8.0])


@pytest.fixture(scope="module")
def objective():
    return lay(Bench(points=20, width=4)).objective


@pytest.fixture(scope="module")
def runs(objective):
    steppers = SGD(0.1), Momentum(0.05), Adam(0.02), Adam(0.05)
    recorded = [record(objective, objective.start, s, 9 + 3 * i) for i, s in enumerate(steppers)]
    return {
        i: SimpleNamespace(name=f"r{i}", points=r["point"].values) for i, r in enumerate(recorded)
    }


def test_random_directions_are_of_length_1(objective):
    made = cut(PlaneSpec("random", seed=5), objective, {})
    assert np.allclose(made.plane.lengths, 1, rtol=1e-14)
    assert np.array_equal(made.plane.origin, objective.start)
    assert made.words == "Unit-length random directions, seed 5, around the start"


def test_filter_normalized_directions_have_the_norms_of_the_filters(objective):
    made = cut(PlaneSpec(), objective, {})
    blocks = [objective.layout.unpack(v) for v in (made.plane.directions[0], objective.start)]
    norms = [np.linalg.norm(each["W1"], axis=0) for each in blocks]
    assert np.allclose(*norms, rtol=1e-8)
    assert made.plane.recipe == f"random, seed 0, {FilterNorm()!r}"


def test_a_plane_around_a_step_says_which_step_the_last_one_was(objective, runs):
    made = cut(PlaneSpec("filter", run=2, step=-1), objective, runs)
    assert made.spec == PlaneSpec("filter", run=2, step=15)
    assert np.array_equal(made.plane.origin, runs[2].points[15])
    assert "step 15 of run 2 (r2)" in made.words


def test_principal_plane_counts_the_runs_it_says(objective, runs):
    made = cut(PlaneSpec("principal", runs=[0, 3], steps=[4, -1]), objective, runs)
    assert made.spec.steps == [4, 18]
    cloud = np.concatenate([runs[0].points[:5], runs[3].points])
    assert np.allclose(made.plane.origin, cloud.mean(axis=0), rtol=0, atol=1e-14)
    covariance = np.cov(cloud.T)
    for direction in made.plane.directions:  # eigenvectors of the covariance
        moved = covariance @ direction
        assert np.allclose(moved, (direction @ moved) * direction, atol=1e-12)
    a, b = made.plane.coordinates(cloud).T
    window = made.window
    assert window.a0 < a.min() < a.max() < window.a1
    assert window.b0 < b.min() < b.max() < window.b1


def test_principal_plane_takes_all_runs_by_default(objective, runs):
    assert cut(PlaneSpec("principal"), objective, runs).spec.runs == [0, 1, 2, 3]


def test_points_lie_at_the_corners(objective, runs):
    made = cut(PlaneSpec("points", runs=[0, 1, 3]), objective, runs)
    ends = [runs[i].points[-1] for i in (0, 1, 3)]
    assert np.allclose(made.plane.coordinates(ends), [[0, 0], [1, 0], [0, 1]], atol=1e-9)
    assert made.spec.steps == [9, 12, 18]
    assert cut(PlaneSpec("points"), objective, runs).spec.runs == [1, 2, 3]


def test_eigenvectors_are_the_lowest_and_the_highest():
    bowl = quadratic(CURVATURES)
    made = cut(PlaneSpec("eigen"), bowl, {})
    assert np.allclose(np.abs(made.plane.directions), np.eye(5)[[0, 4]], atol=1e-12)
    across = made.window.a1 / made.window.b1
    # sqrt(2 rise / 2) by sqrt(2 rise / 8): twice as wide as high
    assert across == pytest.approx(2.0, rel=1e-9)


@pytest.mark.parametrize(
    ("curvatures", "across"), [([-1e-6, 1.0, 4.0], 2.0), ([-3.0, 1.0, 3.0], 1.0)]
)
def test_a_window_along_eigenvectors_shows_both(curvatures, across):
    made = cut(PlaneSpec("eigen"), quadratic(curvatures), {})
    assert made.window.a1 / made.window.b1 == pytest.approx(across, rel=1e-9)
    rise = 0.5 * curvatures[-1] * made.window.b1**2
    start = quadratic(curvatures)
    assert rise >= 0.9 * 0.1 * abs(start.value(start.start))  # a tenth of the loss


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (PlaneSpec("filter", run=9), "run 9"),
        (PlaneSpec("filter", run=0, step=10), "has come to step 9"),
        (PlaneSpec("principal", runs=[0, 1], steps=[3]), "1 steps, 2 runs"),
        (PlaneSpec("principal", runs=[0], steps=[1]), "take some steps"),
        (PlaneSpec("points", runs=[0, 1]), "3 runs"),
        (PlaneSpec("principal", runs=[0, 1, 0]), "takes each run once, got 0, 1, 0"),
        (PlaneSpec("points", runs=[0, 1, 7]), "run 7"),
        (PlaneSpec("stored"), "choose the stored"),
    ],
)
def test_what_is_not_there_is_said(objective, runs, spec, words):
    with pytest.raises(InputError, match=words):
        cut(spec, objective, runs)


@pytest.mark.parametrize("recipe", ["principal", "points"])
def test_without_runs_one_is_told_to_drop_a_ball(objective, recipe):
    with pytest.raises(InputError, match="drop"):
        cut(PlaneSpec(recipe), objective, {})


def test_weights_that_are_zero_have_no_filters():
    flat = lay(Bench(scale=0.0)).objective
    assert isinstance(flat, MLPObjective)
    with pytest.raises(InputError, match="unscaled random directions"):
        cut(PlaneSpec(), flat, {})


def test_the_grid_of_a_window():
    grid = grid_of(Window(-2.0, 1.0, 3.0, 5.0), 61)
    assert grid.shape == (41, 61)
    assert grid.axes[0][[0, -1]].tolist() == [-2, 1]
    assert grid.axes[1][[0, -1]].tolist() == [3, 5]
    assert np.allclose(np.diff(grid.axes[0])[0], np.diff(grid.axes[1])[0])
    with pytest.raises(InputError, match="wider than 0"):
        grid_of(Window(1.0, 1.0, 0.0, 2.0), 61)
