import numpy as np
import pytest
import xarray as xr

from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, provenance, surface_dataset
from thalweg.views.colors import colors_for, optimizer_color
from thalweg.views.levels import Scale
from thalweg.views.path import gap_shares, path_view
from thalweg.views.surface import surface_view


def surface(low=0.0, high=10.0):
    grid = Grid.square(1.0, 5)
    loss = np.linspace(low, high, 25).reshape(5, 5)
    status = np.full((5, 5), Cell.DONE, dtype=np.int8)
    plane = Plane(np.zeros(2), np.eye(2))
    return surface_view(surface_dataset(plane, grid, {"loss": loss}, status, {}))


def path(a, b, loss, plane_loss, **attrs):
    data = {"a": a, "b": b, "loss": loss, "plane_loss": plane_loss}
    data |= {"residual": np.zeros(len(a)), "gap": np.subtract(loss, plane_loss)}
    return xr.Dataset({k: ("step", v) for k, v in data.items()}, attrs=provenance("path", attrs))


def with_gaps(gaps):
    gaps = np.asarray(gaps, dtype=float)
    along = np.linspace(0, 0.9, gaps.size)
    return path(along, along, 5 + gaps, np.full(gaps.size, 5.0), optimizer="Adam")


def test_a_segment_is_true_if_both_ends_have_a_gap_below_a_tenth_of_the_range():
    view = path_view(with_gaps([0, 0.9, -0.9, 1.1, 0, 0, np.nan, 0]), surface())
    assert view.truthful.tolist() == [True, True, False, False, True, False, False]


def test_the_bands_tell_how_far_the_gap_has_grown():
    gaps = [0, 0.05, 0.2, 0.5, 1.0, 2, 5, 0, np.inf]  # of a range of 10; a tenth is too much
    assert path_view(with_gaps(gaps), surface()).bands.tolist() == [0, 1, 2, 3, 3, 4, 4, 4]
    shares = gap_shares(np.array([5.0, 7.0, np.nan]), np.full(3, 5.0), surface())
    assert shares.tolist() == [0.0, 0.2, np.inf]
    flat = surface(3.0, 3.0)
    assert path_view(with_gaps([0, 0, 1e-9, 0]), flat).bands.tolist() == [0, 4, 4]
    with np.errstate(all="ignore"):
        lost = surface(np.nan, np.nan)
    assert path_view(with_gaps([0, 0]), lost).bands.tolist() == [4]


def test_on_a_log_surface_the_gap_is_measured_in_decades():
    ground = surface(0.001, 10.0)  # four decades: 10 % is a factor 10 ** 0.4 = 2.51
    assert ground.scale is Scale.LOG
    true = path([0, 0.1], [0, 0], [0.002, 0.002], [0.001, 0.0042])
    false = path([0, 0.1], [0, 0], [0.002, 0.002], [0.001, 0.0052])
    assert path_view(true, ground).truthful.tolist() == [True]
    assert path_view(false, ground).truthful.tolist() == [False]


def test_a_loss_that_a_log_scale_cannot_show_is_not_true():
    ground = surface(0.001, 10.0)
    assert not path_view(path([0, 0.1], [0, 0], [0.0, 1], [1.0, 1]), ground).truthful.any()


def test_the_label_always_carries_the_captured_variance():
    one = path([0], [0], [1], [1], optimizer="SGD", captured_variance=0.934)
    assert path_view(one, surface()).label == "SGD: 93 % captured"
    nearly = path([0], [0], [1], [1], optimizer="SGD", captured_variance=0.9951)
    assert path_view(nearly, surface()).label == "SGD: 99 % captured"  # not all of it
    whole = path([0], [0], [1], [1], optimizer="SGD", captured_variance=0.99999)
    assert path_view(whole, surface()).label == "SGD: 100 % captured"
    assert path_view(with_gaps([0]), surface()).label == "Adam: captured variance unknown"


def test_colors_belong_to_the_optimizer():
    view = path_view(with_gaps([0, 0]), surface())
    assert view.color == "#009E73"
    assert optimizer_color("SGD") == "#0072B2"
    assert optimizer_color("momentum, lr 0.1") == "#E69F00"
    names = ["SGD", "a", "b", "Adam"]
    assert len(set(colors_for(names))) == 4


def test_a_path_of_one_step():
    view = path_view(with_gaps([0]), surface())
    assert view.start == view.end == (0, 0)
    assert view.truthful.size == view.arrows.size == 0
    assert view.dots.tolist() == [0]


def test_dots_are_thinned_evenly_in_steps():
    view = path_view(with_gaps(np.zeros(1000)), surface())
    assert len(view.dots) <= 40
    assert len(set(np.diff(view.dots))) == 1


def test_steps_outside_the_window_are_counted():
    out = path([0, 0.5, 1.0, 1.5, 2], [0, 0, 0, 0, 0], [1] * 5, [1] * 5, optimizer="SGD")
    view = path_view(out, surface())
    assert view.outside == 2
    assert view.label.endswith("2 steps outside")


def test_a_path_that_diverges_ends_at_its_last_finite_step():
    view = path_view(path([0, 0.5, np.nan], [0, 0.2, np.inf], [1] * 3, [1] * 3), surface())
    assert view.end == (0.5, 0.2)


def test_arrows_point_along_the_run():
    view = path_view(with_gaps(np.zeros(50)), surface())
    assert 1 <= len(view.arrows) <= 2
    assert (np.diff(view.arrows) > 0).all()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (path([0], [0], [1], [1]).drop_vars("b"), "coordinates a and b"),
        (path([0], [0], [1], [1]).drop_vars("loss"), "must hold"),
        (path([np.nan], [0], [1], [1]), "finite coordinates"),
    ],
)
def test_broken_paths_are_refused(data, message):
    with pytest.raises(InputError, match=message):
        path_view(data, surface())
