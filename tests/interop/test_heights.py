import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.results import MORE_HOLES, line, path, surface, volume
from thalweg.core.errors import InputError
from thalweg.interop.heights import Heights, runs_in_relief
from thalweg.views.levels import Scale


def test_heights_are_the_stated_formula():
    made = surface(holes=MORE_HOLES)
    linear = Heights(scale=Scale.LINEAR, exaggeration=2.0, base=1.0).of(made)
    assert np.allclose(linear.height([1.0, 3.0]), [0.0, 4.0])
    log = Heights(scale=Scale.LOG, exaggeration=2.0, base=0.1).of(made)
    assert np.allclose(log.height([0.1, 1.0, 100.0]), [0.0, 2.0, 6.0])
    assert np.isnan(log.height(-1.0))
    assert log.said == "height = 2.0 * (log10(loss) - log10(0.1))"
    assert linear.said == "height = 2.0 * (loss - 1.0)"


@given(st.sampled_from([Scale.LINEAR, Scale.LOG]), st.floats(1e-3, 1e3), st.floats(1.1, 1e3))
def test_by_default_the_range_is_half_as_high_as_the_ground_is_wide(scale, low, factor):
    made = surface(lambda a, b: low * factor ** ((a + 1) / 3))
    relief = Heights(scale=scale).of(made)
    heights = relief.height(relief.values)
    assert heights.min() == pytest.approx(0, abs=1e-9)
    assert heights.max() == pytest.approx(1.5)  # the ground is 3 wide


def test_the_scale_is_that_of_pictures_and_what_is_not_known_is_nan():
    made = surface(holes=MORE_HOLES)
    made.loss[4, 0] = 7.0  # a failed cell, whatever number it holds
    relief = Heights().of(made)
    assert relief.scale is Scale.LOG
    assert Heights().of(surface(lambda a, b: a)).scale is Scale.LINEAR
    assert np.array_equal(np.argwhere(np.isnan(relief.values)), sorted(MORE_HOLES))
    flat = Heights().of(surface(lambda a, b: 0 * a + 3))
    assert (flat.height(flat.values) == 0).all()


def test_colors_end_at_the_limits():
    relief = Heights(scale=Scale.LINEAR).of(surface(lambda a, b: a))
    ends = relief.colors([-5.0, -1.0, 2.0, 9.0])
    assert (255 * ends).round().tolist() == [[68, 1, 84]] * 2 + [[253, 231, 37]] * 2


def test_paths_are_cut_where_they_are_not_finite():
    relief = Heights(exaggeration=1.0, base=1.0).of(surface())
    runs = runs_in_relief(path(cut=(0, 5)), relief)
    assert [rows.tolist() for _, rows in runs] == [[1, 2, 3, 4], [6, 7, 8, 9, 10, 11]]
    points, rows = runs[1]
    own = path(cut=(0, 5)).isel(step=rows)
    assert np.array_equal(points[:, 0], own.a)
    assert np.allclose(points[:, 2], np.log10(own.loss))
    assert runs_in_relief(path(cut=range(12)), relief) == []


@pytest.mark.parametrize(
    ("heights", "made", "message"),
    [
        (Heights("speed"), surface(), "field must be among loss, accuracy, got speed"),
        (Heights(), volume(), "2 directions, got 3"),
        (Heights(), line(), "2 directions, got 1"),
        (Heights(), surface(lambda a, b: a * np.nan), "finite somewhere"),
        (Heights(scale=Scale.LOG), surface(lambda a, b: a), "log scale needs positive"),
        (Heights(scale=Scale.SYMLOG), surface(), "LINEAR or LOG"),
        (Heights(exaggeration=0.0), surface(), "exaggeration must be"),
        (Heights(base=-1.0), surface(), "base must be"),
    ],
)
def test_what_does_not_fit_is_refused(heights, made, message):
    with pytest.raises(InputError, match=message):
        heights.of(made)


def test_paths_of_other_kinds_are_refused():
    with pytest.raises(InputError, match="relief of the loss, got accuracy"):
        runs_in_relief(path(), Heights("accuracy").of(surface()))
    with pytest.raises(InputError, match="coordinates a and b"):
        runs_in_relief(path().drop_vars("b"), Heights().of(surface()))
