"""LiveRun: bit by bit what `record` and `project` give, whatever the slices."""

import threading

import numpy as np
import pytest

from thalweg.core.arrays import digest
from thalweg.core.grid import Grid
from thalweg.core.objective import SmoothObjective
from thalweg.core.plane import Plane
from thalweg.dynamics.project import project
from thalweg.dynamics.record import Minibatches, record
from thalweg.dynamics.steppers import SGD, Adam, Momentum, RMSprop
from thalweg.geometry.planes import random_plane
from thalweg.objectives.zoo import quadratic
from thalweg.surface.evaluate import evaluate
from thalweg.views.path import path_view
from thalweg.views.surface import surface_view
from thalweg.web.bench import lay
from thalweg.web.ground import Ground
from thalweg.web.live_run import LiveRun
from thalweg.web.messages import Bench, Window
from thalweg.web.walked import CHUNK

WINDOW = Window(-1.0, 1.0, -1.0, 1.0)


@pytest.fixture(scope="module")
def objective():
    return lay(Bench(points=40)).objective


@pytest.fixture(scope="module")
def ground(objective):
    plane = random_plane(objective.start, objective.layout, 1)
    view = surface_view(evaluate(objective, plane, Grid.square(1.0, 9)))
    return Ground(1, objective, plane, WINDOW, view)


def bowl_ground(scene=1, window=WINDOW):
    plane = Plane(np.zeros(3), np.eye(3)[:2])
    return Ground(scene, quadratic([1.0, 2.0, 4.0]), plane, window)


@pytest.mark.parametrize("batches", [None, Minibatches(7, seed=3)])
@pytest.mark.parametrize("stepper", [SGD(0.1), Momentum(0.05), Adam(0.02), RMSprop(0.01)])
def test_slices_give_the_bits_of_record(objective, stepper, batches):
    run = LiveRun(0, objective, objective.start, stepper, 300, batches)
    for most in (0, 1, 0, 2, 100, 41, 500):
        run.advance(most)
    whole = record(objective, objective.start, stepper, 300, batches)
    assert run.status == "done"
    assert run.ended
    assert np.array_equal(run.points, whole["point"].values)
    assert np.array_equal(run.losses, whole["loss"].values)
    assert run.trajectory().identical(whole)


def test_it_takes_no_step_too_many(objective):
    run = LiveRun(0, objective, objective.start, SGD(0.1), 10)
    assert [run.advance(n) for n in (0, 4, 100, 3)] == [0, 4, 6, 0]
    assert len(run.losses) == 11


def test_time_ends_a_slice(objective):
    run = LiveRun(0, objective, objective.start, SGD(0.1), 100)
    assert run.advance(100, until=-np.inf) == 1


def test_the_path_is_that_of_project(objective, ground):
    run = LiveRun(0, objective, objective.start, Adam(0.05), 200)
    for most in (0, 3, 60, 1, 500):
        run.advance(most)
        assert run.follow(ground)
    run.news()
    assert not run.follow(ground)
    told = project(objective, run.trajectory(), ground.plane)
    found = run.path(ground)
    assert found.attrs == told.attrs
    for name in ("a", "b", "residual", "loss", "plane_loss", "gap"):
        assert np.allclose(found[name], told[name], rtol=1e-9, atol=1e-12), name
    assert run.captured == pytest.approx(told.attrs["captured_variance"], rel=1e-12)
    bands = run.trace.bands[: run.trace.size]
    assert np.array_equal(bands[1:], path_view(told, ground.view).bands)
    assert bands.max() >= 1  # this path does leave its plane


def test_a_step_back_to_the_plane_is_drawn_as_wide_a_gap_as_where_it_began():
    bare = bowl_ground()
    view = surface_view(evaluate(bare.objective, bare.plane, Grid.square(1.0, 9)))
    ground = Ground(1, bare.objective, bare.plane, WINDOW, view)
    run = LiveRun(0, bare.objective, np.array([0.9, 0.5, 0.5]), SGD(0.25), 4)
    for most in (0, 1, 1, 1, 1):  # curvature 4 out of the plane: the first step lands in it
        run.advance(most)
        run.follow(ground)
    assert (run.points[:, 2] == 0).tolist() == [False, True, True, True, True]
    told = path_view(run.path(ground), view).bands
    assert run.trace.bands[:5].tolist() == [told[0], *told]
    assert (told[0], told[1]) == (4, 0)


def test_another_plane_replaces_the_path_and_another_map_its_bands(objective, ground):
    run = LiveRun(3, objective, objective.start, Adam(0.05), 50)
    run.advance(20)
    run.follow(Ground(1, objective, ground.plane, WINDOW))
    first = run.news()
    assert [frame.kind for frame in first] == ["run", "path"]
    assert first[1].head == {"scene": 1, "run": 3, "replace": True}
    assert set(first[1].arrays["band"]) == {4}  # no map yet: no gap is known to be small
    run.advance(10)
    run.follow(ground)
    again = run.news()[-1]
    assert again.head["replace"]
    assert again.arrays["band"][0] == 0
    run.advance(5)
    run.follow(ground)
    more = run.news()[-1]
    assert not more.head["replace"]
    assert more.arrays["step"].tolist() == [31, 32, 33, 34, 35]
    assert run.news() == []
    other = random_plane(objective.start, objective.layout, 2)
    run.follow(Ground(2, objective, other, WINDOW, ground.view))
    moved = run.news()[-1]
    assert moved.head == {"scene": 2, "run": 3, "replace": True}
    assert np.allclose(
        np.stack([moved.arrays["a"], moved.arrays["b"]]).T, other.coordinates(run.points)
    )


def test_frames_made_before_stay_as_they_were(objective, ground):
    run = LiveRun(0, objective, objective.start, Adam(0.05), 400)
    run.advance(30)
    run.follow(ground)
    frame = run.news()[-1]
    before = {name: values.copy() for name, values in frame.arrays.items()}
    for scene in (1, 2, 1):
        plane = random_plane(objective.start, objective.layout, scene)
        run.advance(100)
        run.follow(Ground(scene, objective, plane, WINDOW, ground.view))
    for name, values in frame.arrays.items():
        assert np.array_equal(values, before[name])


def test_a_run_rests_where_nothing_pulls():
    run = LiveRun(0, quadratic([1.0, 2.0, 4.0]), np.ones(3), SGD(0.2), 500)
    run.advance(500)
    run.follow(bowl_ground())
    assert run.status == "rested"
    last = len(run.losses) - 1
    # The slowest direction shrinks by 0.8 a step, until its gradient is 1e-8 long.
    assert last == int(np.ceil(np.log(1e-8) / np.log(0.8)))
    assert run.words == f"rested at step {last} of 500"


def test_a_run_at_a_maximum_rests_and_one_on_the_move_does_not():
    there = LiveRun(0, quadratic([-1.0, 2.0]), np.zeros(2), SGD(0.1), 9)
    there.advance(9)
    assert there.status == "rested"
    assert len(there.losses) == 2
    # With momentum the ball rolls through the middle, where the gradient is nothing for a moment.
    rolling = LiveRun(0, quadratic([1.0]), np.ones(1), Momentum(0.5, beta=0.5), 40)
    rolling.advance(40)
    assert rolling.status == "done"


def test_a_diverging_run_says_where_it_went():
    run = LiveRun(0, quadratic([1.0, 2.0, 4.0]), np.array([0.5, 0.0, 0.5]), SGD(1e60), 50)
    run.advance(50)
    run.follow(bowl_ground())
    assert run.status == "diverged"
    whole = record(quadratic([1.0, 2.0, 4.0]), np.array([0.5, 0.0, 0.5]), SGD(1e60), 50)
    last = len(run.losses) - 1
    assert np.isfinite(run.points).all()
    assert not np.isfinite(whole["loss"].values[last])
    assert np.isfinite(whole["loss"].values[last - 1])
    assert np.array_equal(run.points, whole["point"].values[: last + 1])
    start = "diverged at step 3: the loss is not finite; left the map at step 1, past a = −1; "
    assert run.words.startswith(start + "last seen at a = −5")
    assert run.words.endswith("out of the plane")


def test_leaving_the_window_is_told_once_and_anew_for_another_window():
    run = LiveRun(0, quadratic([-1.0, 1.0, 1.0]), np.array([0.5, 0.0, 0.0]), SGD(1.0), 5)
    ground = bowl_ground()
    for _ in range(5):  # a doubles at each step
        run.advance(1)
        run.follow(ground)
    assert run.words == "left the map at step 2, past a = 1"
    run.follow(bowl_ground(window=Window(-9.0, 9.0, -1.0, 1.0)))
    assert run.words == "left the map at step 5, past a = 9"
    run.follow(bowl_ground(window=Window(-20.0, 20.0, -1.0, 1.0)))
    assert run.words == ""


class Guest(SmoothObjective):
    """A guest's loss that raises after a while."""

    def __init__(self):
        inner = quadratic([1.0, 1.0])
        self.layout, self.name, self.start, self.fields = (
            inner.layout,
            "guest",
            np.ones(2),
            ("loss",),
        )
        self.inner, self.left = inner, 4

    def values(self, points):
        return self.inner.values(points)

    def value_and_gradients(self, points):
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("the data are gone")
        return self.inner.value_and_gradients(points)

    def hvp(self, point, directions):
        return self.inner.hvp(point, directions)

    def restrict(self, plane, fields=("loss",)):
        return self.inner.restrict(plane, fields)

    def digest(self):
        return "0" * 16


def test_a_loss_that_raises_ends_its_run_in_words():
    run = LiveRun(0, Guest(), np.ones(2), SGD(0.1), 50)
    run.advance(50)
    run.follow(Ground(1, Guest(), Plane(np.zeros(2), np.eye(2)), WINDOW))
    assert run.status == "diverged"
    assert len(run.losses) == 4
    assert run.words == "stopped after step 3: RuntimeError: the data are gone"


def test_two_threads_that_ask_at_once_take_turns(objective):
    run, steps = LiveRun(0, objective, objective.start, Adam(0.02), 3000), 3000
    threads = [
        threading.Thread(target=lambda: [run.advance(7) for _ in range(steps)]) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    known = record(objective, objective.start, Adam(0.02), steps)
    assert np.array_equal(run.points, known["point"].values)
    assert np.array_equal(run.losses, known["loss"].values)


def test_what_it_is_called_is_known_before_its_first_row(objective):
    run = LiveRun(0, objective, objective.start, Adam(0.02), 9)
    before = run.attrs["start_digest"]
    run.advance(3)
    assert run.attrs["start_digest"] == before == digest(run.points[0])


def test_a_long_run_is_laid_on_a_plane_a_few_rows_at_a_time(objective, ground):
    run, whole = (LiveRun(0, objective, objective.start, SGD(2.0), 100) for _ in "ab")
    for each in (run, whole):
        each.advance(100)
    assert whole.follow(ground)
    assert not whole.behind(ground)
    sizes = []
    while run.behind(ground):
        assert run.follow(ground, until=0.0)
        sizes.append(run.trace.size)
    assert sizes[0] == CHUNK
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == whole.trace.size == 101
    assert np.array_equal(run.trace.course[:, :101], whole.trace.course[:, :101])
    assert np.array_equal(run.trace.bands[:101], whole.trace.bands[:101])
    assert (run.words, run.captured) == (whole.words, whole.captured)
    again = Ground(2, objective, ground.plane, WINDOW, ground.view)
    assert run.behind(again)
    run.follow(again, until=0.0)
    assert run.path(again).sizes["step"] == 101  # whoever asks for all of it gets it
