import numpy as np
import pytest
import xarray as xr

from thalweg.core.errors import InputError
from thalweg.core.schema import provenance
from thalweg.views.dots import dots_view
from thalweg.views.levels import Scale
from thalweg.views.matrix import matrix_view
from thalweg.views.scatter import Background, scatter_view, shared_window
from thalweg.views.spectrum import spectrum_view
from thalweg.views.trust import TrustLine, trust_lines


def spectrum(values):
    return xr.Dataset({"eigenvalues": ("eigenvalue", values)}, attrs=provenance("spectrum", {}))


def test_spectrum_is_sorted_and_counted():
    view = spectrum_view(spectrum([-2.0, -1e-9, 0.0, 3.0, 1.0]), tolerance=1e-6)
    assert view.values.tolist() == [3, 1, 0, -1e-9, -2]
    assert view.sign.tolist() == [1, 1, 0, 0, -1]
    assert view.caption == "1 negative, 2 zero of 5"


@pytest.mark.parametrize("values", [[0.0], [1.0], [-1e-12, 1e3], [0.0, 0.0]])
def test_the_axis_of_a_spectrum_always_has_a_linear_part(values):
    assert spectrum_view(spectrum(values)).linear_below > 0


@pytest.mark.parametrize(("values", "tolerance"), [([np.nan], 0), ([], 0), ([1.0], -1)])
def test_broken_spectra_are_refused(values, tolerance):
    with pytest.raises(InputError):
        spectrum_view(spectrum(np.array(values, dtype=float)), tolerance=tolerance)


def test_matrix_numbers_have_common_decimals():
    view = matrix_view([[np.nan, 1.0], [-0.032, np.inf]], ["A", "B"])
    assert view.texts == (("", "1.00"), ("−0.03", "∞"))
    assert view.limits[0] < view.limits[1]


def test_matrix_names_must_fit():
    with pytest.raises(InputError, match="values must have shape"):
        matrix_view([[1.0, 2.0]], ["A", "B"])


def test_dots_tell_mean_and_interval():
    values = np.array([0.5, 1.0, 1.5, 2.0, 1.1])
    (group,) = dots_view({"Adam": values}, "loss").groups
    assert group.center == pytest.approx(values.mean())
    assert group.low < group.center < group.high
    assert group.color == "#009E73"
    half = (group.high - group.low) / 2
    assert half == pytest.approx(1.96 * values.std() / np.sqrt(5), rel=0.15)


def test_dots_on_a_log_scale_have_the_geometric_mean():
    view = dots_view({"a": [0.01, 1.0, 100.0]}, "loss")
    assert view.scale is Scale.LOG
    assert view.groups[0].center == pytest.approx(1)
    assert view.interval == "geometric mean and 95 % interval"


def test_dots_are_the_same_for_the_same_seed():
    one, two = (dots_view({"a": [1.0, 2, 5]}, "l", seed=3).groups[0] for _ in range(2))
    assert (one.low, one.high) == (two.low, two.high)


def test_values_that_are_not_finite_are_left_out_and_counted():
    (group,) = dots_view({"a": [1.0, np.nan, 2.0, np.inf]}, "l").groups
    assert group.dropped == 2
    assert group.center == 1.5


@pytest.mark.parametrize(
    ("groups", "paired"), [({}, False), ({"a": [np.nan]}, False), ({"a": [1], "b": [1, 2]}, True)]
)
def test_broken_groups_are_refused(groups, paired):
    with pytest.raises(InputError):
        dots_view(groups, "l", paired=paired)


def test_scatter_window_holds_the_points_and_can_be_shared():
    one = scatter_view([[0, 0], [1, 1]], [0, 1])
    two = scatter_view([[-3, 0], [1, 5]], [0, 1])
    assert one.window == pytest.approx((-0.06, 1.06, -0.06, 1.06))
    first, second = shared_window([one, two])
    assert first.window == second.window
    assert first.window[0] == two.window[0]
    assert one.names == ("class 0", "class 1")


@pytest.mark.parametrize(
    ("points", "classes"),
    [([[0, 0, 0]], [0]), ([[0, np.nan]], [0]), ([[0, 0]], [0.5]), ([[0, 0]], [-1]), ([[0, 0]], [])],
)
def test_broken_points_are_refused(points, classes):
    with pytest.raises(InputError):
        scatter_view(points, classes)


def test_a_background_must_fit_its_axes():
    field = Background(np.arange(3.0), np.arange(2.0), np.zeros((3, 2)))
    with pytest.raises(InputError, match="probability must have shape"):
        scatter_view([[0, 0]], [0], background=field)


def test_trust_lines_drop_empty_texts_and_count_warnings():
    lines = trust_lines(["seed 0", "", ("gap large", True), TrustLine("fine")])
    assert [line.text for line in lines.lines] == ["seed 0", "gap large", "fine"]
    assert lines.warnings == 1
