import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import surface_dataset
from thalweg.views.curves import Reference, Series, curves_view, line_view
from thalweg.views.levels import Scale

X = np.arange(5.0)


def test_scale_follows_the_values():
    assert curves_view([Series("a", X, X + 1)], "x", "y").y_scale is Scale.LINEAR
    assert curves_view([Series("a", X, 10.0**X)], "x", "y").y_scale is Scale.LOG
    assert curves_view([Series("a", X, 10.0**X - 1)], "x", "y").y_scale is Scale.LINEAR


def test_optimizers_keep_their_colors_and_others_differ():
    view = curves_view([Series(n, X, X) for n in ("Adam", "other", "SGD", "more")], "x", "y")
    colors = [line.color for line in view.series]
    assert colors[0] == "#009E73"
    assert colors[2] == "#0072B2"
    assert len(set(colors)) == 4


def test_gaps_are_counted():
    y = [1, np.nan, 3, np.inf, 5]
    assert curves_view([Series("a", X, np.array(y)), Series("b", X, X)], "x", "y").gaps == 2


def test_references_are_kept():
    view = curves_view([Series("a", X, X)], "x", "y", references=[Reference(2.0, "2 / lr")])
    assert view.references == (Reference(2.0, "2 / lr"),)


def test_lines_become_curves():
    plane = Plane(np.zeros(3), np.eye(3)[:1], ("one",))
    grid = Grid((np.linspace(0, 1, 5),))
    line = surface_dataset(plane, grid, {"loss": X}, np.ones(5, np.int8), {})
    view = line_view([line], ["A to B"])
    assert np.array_equal(view.series[0].y, X)
    assert view.x_label == "a, along one (unit length)"
    with pytest.raises(InputError, match="names must be 1"):
        line_view([line], [])


@pytest.mark.parametrize(
    ("series", "options", "message"),
    [
        ([], {}, "at least 1 series"),
        ([Series("a", X, X[:3])], {}, "y of a must have shape"),
        ([Series("a", X, X, low=X)], {}, "a band needs low and high"),
        ([Series("a", X, -X)], {"y_scale": Scale.LOG}, "positive values"),
    ],
)
def test_broken_series_are_refused(series, options, message):
    with pytest.raises(InputError, match=message):
        curves_view(series, "x", "y", **options)
