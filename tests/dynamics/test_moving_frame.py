"""Moving frame: closed forms, the path at its true loss to the bit, angles, flat where straight."""

import numpy as np
import pytest

from dynamics.networks import on_spiral
from thalweg.core.errors import InputError
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, trajectory_dataset
from thalweg.dynamics.moving_frame import Frame, moving_frame
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Adam, Momentum
from thalweg.objectives.activations import Activation
from thalweg.objectives.zoo import quadratic, rosenbrock


def run_through(objective, points):
    points = np.asarray(points, dtype=float)
    losses, gradients = objective.value_and_gradients(points)
    attrs = {"objective_digest": objective.digest()}
    norms = np.linalg.norm(gradients, axis=1)
    return trajectory_dataset(np.arange(len(points)), points, losses, norms, attrs)


@pytest.mark.parametrize("frame", Frame)
@pytest.mark.parametrize("activation", [Activation.RELU, Activation.TANH])
def test_the_path_lies_on_the_surface_at_its_true_loss(frame, activation):
    objective = on_spiral(activation, n_points=20)
    run = record(objective, objective.start, Adam(0.05), 60)
    found = moving_frame(objective, run, frame, columns=21, offsets=9)
    on_path = found.loss.sel(y=0.0).values
    points = run.point.values[found.step.values]
    assert np.array_equal(on_path, objective.values(points))  # to the bit
    assert np.abs(on_path - run.loss.values[found.step.values]).max() < 1e-15
    assert np.abs(found.gap.values).max() < 1e-15
    assert (np.diff(found.x.values) > 0).all()
    assert found.tilt.values.max() <= np.pi / 2  # between lines: a direction has no sign
    alone = [objective.value(point) for point in points]
    assert on_path == pytest.approx(alone, abs=1e-15)


def test_the_floor_of_the_valley_of_rosenbrock():
    valley = rosenbrock()
    x = np.linspace(-1, 1, 41)
    run = run_through(valley, np.column_stack([x, x**2]))  # y = x^2: the loss is (1 - x)^2
    found = moving_frame(valley, run, columns=41, offsets=np.linspace(-0.1, 0.1, 5))
    at = x[found.step.values]
    assert found.loss.sel(y=0.0).values == pytest.approx((1 - at) ** 2, abs=1e-14)
    lengths = np.hypot(np.diff(x), np.diff(x**2)).cumsum()
    assert found.x.values == pytest.approx(np.concatenate([[0], lengths])[found.step.values])
    assert (found.loss.values[[0, -1]] > found.loss.values[2]).all()
    assert np.degrees(found.tilt.values).min() > 85  # the sharpest direction is across the floor
    for column, here in enumerate(at):  # and every cell is the formula at its own point
        values, vectors = np.linalg.eigh(valley.hessian(np.array([here, here**2])))
        across = vectors[:, -1] * np.sign(vectors[:, -1] @ [0, 1])
        points = np.array([here, here**2]) + found.y.values[:, None] * across
        turned = 2 * np.array([here, here**2]) - points  # the sign of the direction is free
        drawn = found.loss.values[:, column]
        misses = [np.abs(drawn - valley.values(p)).max() for p in (points, turned)]
        assert min(misses) < 1e-11
        assert found.curvature.values[column] == pytest.approx(values[-1])


@pytest.mark.parametrize("frame", Frame)
def test_on_a_quadratic_the_surface_is_its_closed_form(frame):
    bowl = quadratic([1.0, 5.0, 2.0], seed=3)
    run = record(bowl, bowl.start, Momentum(0.05, 0.8), 40)
    y = np.array([-2.0, 0.0, 1.0])
    found = moving_frame(bowl, run, frame, 15, y)
    matrix, points = bowl.hessian(bowl.start), run.point.values[found.step.values]
    second = (found.loss.values[0] - found.loss.values[1]) / 2  # y^2 / 2 k - y s at -2: 2 k - 2 s
    first = found.loss.values[2] - found.loss.values[1]  # k / 2 + s at 1
    curvature = (second + first) * 2 / 3
    assert curvature == pytest.approx(found.curvature.values, rel=1e-9)
    assert found.loss.values[1] == pytest.approx(
        np.einsum("ti,ij,tj->t", points, matrix, points) / 2
    )
    if frame is Frame.SHARPEST:
        assert found.curvature.values == pytest.approx(5.0)
        assert found.turn.values == pytest.approx(0.0, abs=1e-7)
    if frame is Frame.STEP:
        steps = np.diff(run.point.values, axis=0)[np.maximum(found.step.values - 1, 0)]
        rayleigh = np.einsum("ti,ij,tj->t", steps, matrix, steps) / (steps**2).sum(axis=1)
        assert found.curvature.values == pytest.approx(rayleigh)


def test_along_a_straight_run_the_surface_is_an_ordinary_plane():
    objective = on_spiral(n_points=20)
    random = np.random.default_rng(0)
    start, along = objective.start, random.standard_normal(objective.layout.size)
    run = run_through(objective, start + np.linspace(0, 1, 9)[:, None] * along)
    found = moving_frame(objective, run, Frame.STEP, 9, np.linspace(-0.5, 0.5, 5))
    unit = along / np.linalg.norm(along)
    assert found.turn.values == pytest.approx(0.0, abs=1e-12)
    assert found.tilt.values == pytest.approx(0.0, abs=1e-12)
    line = Plane(start, unit[None])
    reach = found.x.values[None] + found.y.values[:, None]
    flat = objective.restrict(line)(reach.reshape(-1, 1))["loss"].reshape(reach.shape)
    assert np.abs(found.loss.values - flat).max() < 1e-13
    bowl = quadratic([1.0, 9.0, 2.0])  # and with a direction across it
    run = run_through(bowl, np.outer(np.linspace(1, 0, 6), [1.0, 0, 0]))
    sheet = moving_frame(bowl, run, offsets=[-1.0, 0.0, 1.0])
    x = 1 - sheet.x.values
    assert sheet.loss.values == pytest.approx(x**2 / 2 + 9 / 2 * sheet.y.values[:, None] ** 2)
    assert sheet.tilt.values == pytest.approx(np.pi / 2)


def test_turns_are_the_angles_between_neighbors_and_signs_are_carried_on():
    circle = np.radians([0, 20, 50, 90, 100, 200])
    bowl = quadratic([1.0, 1.5])
    run = run_through(bowl, np.column_stack([np.cos(circle), np.sin(circle)]).cumsum(axis=0))
    found = moving_frame(bowl, run, Frame.STEP, columns=200, offsets=[0.0, 1.0])
    assert np.degrees(found.turn.values) == pytest.approx([0, 0, 30, 40, 10, 80])  # 100 -> 80
    zigzag = np.array([[0.0, 0], [1, 0], [0.2, 0], [1.2, 0], [0.4, 0]])
    back = moving_frame(bowl, run_through(bowl, zigzag), Frame.STEP, 9, [0.0, 1.0])
    one_way = 0.5 * (zigzag[:, 0] + 1) ** 2
    assert back.loss.sel(y=1.0).values == pytest.approx(one_way)  # y points one way throughout


def test_the_mean_of_the_last_steps_forgets_by_a_tenth():
    bowl = quadratic([1.0, 1.0])
    points = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    found = moving_frame(bowl, run_through(bowl, points), Frame.MOMENTUM, 9, [0.0, 1.0])
    assert np.degrees(found.turn.values[2]) == pytest.approx(np.degrees(np.arctan2(0.1, 0.9)))


def test_rests_and_what_follows_a_divergence_are_left_out():
    bowl = quadratic([1.0, 2.0])
    points = [[0, 0], [0, 0], [1, 0], [1, 0], [1, 1], [np.nan, 0], [2, 2]]
    for frame in Frame:
        found = moving_frame(bowl, run_through(bowl, points), frame, 99, [0.0, 1.0])
        assert found.x.values.tolist() == [0, 1, 2]
        assert found.attrs["left_out"] == 2
        assert np.isfinite(found.loss.values).all()
    assert found.traveled.values.tolist() == [0, 0, 1, 1, 2]


def test_a_loss_that_is_not_finite_is_kept_and_marked():
    cliff = quadratic([1.0, 2.0])
    run = run_through(cliff, [[1.0, 0.0], [0.5, 0.0]])
    found = moving_frame(cliff, run, offsets=[0.0, 1e200])
    assert found.status.values.tolist() == [[Cell.DONE] * 2, [Cell.NONFINITE] * 2]


def test_offsets_reach_as_far_as_the_loss_of_the_run():
    bowl = quadratic([1.0, 32.0])
    run = run_through(bowl, [[2.0, 0.0], [1.0, 0.0], [0.0, 0.0]])  # loss 2 to 0
    found = moving_frame(bowl, run, offsets=7)
    assert found.y.values == pytest.approx(np.linspace(-1, 1, 7) * np.sqrt(2 * 2 / 32))
    assert found.y.values[3] == 0.0
    assert np.isnan(moving_frame(bowl, run.assign_attrs(objective_digest="")).gap.values).all()
    flat = quadratic([1.0, 2.0])
    slow = run_through(flat, run.point.values)
    assert moving_frame(flat, slow, offsets=3).y.values == pytest.approx([-0.5, 0, 0.5])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": 1}, "at least 2 columns"),
        ({"offsets": 4}, "odd number from 3"),
        ({"offsets": [0.1, 0.2]}, "hold 0"),
        ({"offsets": [0.0, 0.0]}, "must increase"),
        ({"offsets": [0.0, np.inf]}, "must be finite"),
    ],
)
def test_frames_that_make_no_sense_are_refused(options, message):
    bowl = quadratic([1.0, 2.0])
    with pytest.raises(InputError, match=message):
        moving_frame(bowl, record(bowl, bowl.start, SGD(0.1), 3), **options)
    with pytest.raises(InputError, match="a run that moves"):
        moving_frame(bowl, run_through(bowl, [[1.0, 1.0], [1.0, 1.0]]))


def test_progress_is_told():
    bowl, seen = quadratic([1.0, 2.0]), []
    run = record(bowl, bowl.start, SGD(0.1), 3)
    moving_frame(bowl, run, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(i, 4) for i in range(1, 5)]
