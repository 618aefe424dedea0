"""The view of a map in a moving frame, and what its trust strip says."""

import numpy as np
import pytest
import xarray as xr

from thalweg.core.errors import InputError
from thalweg.core.schema import trajectory_dataset
from thalweg.dynamics.moving_frame import Frame, moving_frame
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Momentum
from thalweg.objectives.zoo import quadratic, rosenbrock
from thalweg.views.levels import Scale
from thalweg.views.moving_frame import moving_frame_view


def texts(view):
    return " ".join(line.text for line in view.trust.lines)


def test_the_map_is_the_dataset_and_the_path_is_its_middle():
    valley = rosenbrock()
    found = moving_frame(valley, record(valley, valley.start, Momentum(1e-4, 0.9), 300), columns=30)
    view = moving_frame_view(found, title="A valley")
    assert np.array_equal(view.surface.values, found.loss.values)
    assert np.array_equal(view.surface.a, found.x.values)
    assert view.surface.b[len(view.surface.b) // 2] == 0.0
    assert view.steps.size == 301
    assert (view.name, view.color, view.surface.title) == ("momentum", "#E69F00", "A valley")
    assert not view.surface.equal  # the axes are two different things
    assert view.surface.scale is Scale.LOG
    assert "sharpest" in view.surface.b_label


def test_the_strip_says_what_is_exact_and_what_is_bent():
    bowl = quadratic([1.0, 3.0])
    found = moving_frame(bowl, record(bowl, bowl.start, SGD(0.1), 20), Frame.STEP, 10, 5)
    view = moving_frame_view(found)
    degrees = np.degrees(found.turn.values)
    assert f"{degrees.max():.0f}° at most" in texts(view)
    assert f"{np.median(degrees[1:]):.0f}° (median)" in texts(view)
    assert f"{found.sizes['x']} of 21 recorded points" in texts(view)
    assert "differ by" in texts(view)
    assert view.trust.warnings == 0
    other = moving_frame_view(found.assign(gap=found.gap * np.nan))
    assert np.isnan(other.gap)
    assert "the loss of this objective" in texts(other)


def test_sharp_turns_and_what_is_left_out_are_warned_of():
    bowl = quadratic([1.0, 3.0])
    points = np.array([[0.0, 0], [1, 0], [1, 1], [2, 1], [np.nan, 0]])
    zeros = np.zeros(5)
    run = trajectory_dataset(np.arange(5), points, zeros, zeros, {})
    view = moving_frame_view(moving_frame(bowl, run, Frame.STEP, 10, 5))
    assert "90° at most" in texts(view)
    assert "1 step after the run diverged left out" in texts(view)
    assert view.trust.warnings == 2


def test_cells_that_are_not_finite_are_masked():
    bowl = quadratic([1.0, 3.0])
    run = record(bowl, bowl.start, SGD(0.1), 3)
    with np.errstate(over="ignore"):
        found = moving_frame(bowl, run, offsets=[0.0, 1.0, 1e200])
    view = moving_frame_view(found)
    assert view.surface.infinite.sum(axis=1).tolist() == [0, 0, 4]
    assert np.isnan(view.surface.values[2]).all()
    assert "infinite" in view.surface.note


def test_another_kind_is_refused():
    with pytest.raises(InputError, match="wanted a moving_frame"):
        moving_frame_view(xr.Dataset())
