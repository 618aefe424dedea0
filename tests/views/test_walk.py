from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plots.drawn import path, surface
from thalweg.core.errors import InputError
from thalweg.views.walk import walk

VIEW = surface()


def run(steps, every=1, start=0, name="Adam", gap=0.0):
    return replace(
        path(VIEW, name, steps, gap), steps=start + every * np.arange(steps, dtype=np.int64)
    )


FIELDS = ("a", "b", "loss", "plane_loss", "steps", "bands", "dots", "arrows")


@given(st.integers(1, 30), st.integers(1, 10), st.integers(2, 60))
def test_the_first_frame_is_the_start_and_the_last_is_the_whole_path(steps, every, frames):
    whole = run(steps, every)
    made = walk([whole], frames)
    assert made.frames == frames
    first, last = made.path(0, 0), made.path(frames - 1, 0)
    assert (first.start, first.end, first.a.size) == (whole.start, whole.start, 1)
    for name in FIELDS:
        assert np.array_equal(getattr(last, name), getattr(whole, name)), name
    assert made.caption(0, 0).startswith(f"step 0 of {every * (steps - 1)}, loss")
    assert (np.diff(made.places, axis=0) >= 0).all()


@given(st.integers(2, 30), st.integers(2, 60), st.data())
def test_every_frame_is_a_piece_of_the_path_with_its_head_between_two_rows(steps, frames, data):
    whole = run(steps, gap=3.0)
    made = walk([whole], frames)
    frame = data.draw(st.integers(0, frames - 1))
    now, place = made.path(frame, 0), made.places[frame, 0]
    row = int(place)
    rows = np.arange(steps)
    assert now.end == pytest.approx(
        (np.interp(place, rows, whole.a), np.interp(place, rows, whole.b))
    )
    assert np.array_equal(now.a[: row + 1], whole.a[: row + 1])
    assert now.truthful.size == now.a.size - 1 == int(np.ceil(place))
    assert np.array_equal(now.bands, whole.bands[: now.bands.size])
    assert now.dots.max() <= row
    assert (now.arrows + 1 <= row).all()
    assert now.label == whole.label


def test_all_paths_are_at_the_same_step_however_often_they_were_recorded():
    made = walk([run(101), run(11, every=10), run(6, every=10, start=20)], 30)
    steps = [made.places[:, 0], 10 * made.places[:, 1], 20 + 10 * made.places[:, 2]]
    assert np.allclose(steps[0], steps[1])
    assert np.allclose(steps[2], np.clip(steps[0], 20, 70))  # it starts late and ends early
    assert made.caption(29, 1) == "step 100 of 100, loss 0.1"
    assert made.caption(0, 2).startswith("step 20 of 70")


def test_the_end_is_held_for_an_eighth_of_the_time():
    places = walk([run(50)], 100).places[:, 0]
    assert 11 <= (places == 49).sum() <= 14
    assert walk([run(50)], 2).places[:, 0].tolist() == [0, 49]


def test_a_run_that_diverged_stops_where_it_left():
    whole = run(10)
    a, loss = whole.a.copy(), whole.loss.copy()
    a[6:], loss[6:] = np.nan, np.inf
    made = walk([replace(whole, a=a, loss=loss)], 20)
    assert made.path(19, 0).end == (whole.a[5], whole.b[5])
    assert made.caption(19, 0) == "step 9 of 9, loss ∞"


@pytest.mark.parametrize(("paths", "frames", "message"), [([], 9, "1 path"), ([run(3)], 1, "2 fr")])
def test_walks_without_paths_or_frames_are_refused(paths, frames, message):
    with pytest.raises(InputError, match=message):
        walk(paths, frames)
