import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, surface_dataset
from thalweg.views.levels import Scale
from thalweg.views.surface import Mark, shared_scale, surface_view


def make(loss, status=None, directions=None, origin=None, **fields):
    """Return a surface over [-1, 2] x [-1, 1] with the given losses (nb, na)."""
    loss = np.asarray(loss, dtype=float)
    nb, na = loss.shape
    plane = Plane(
        np.zeros(3) if origin is None else origin,
        np.eye(3)[:2] if directions is None else directions,
        ("one", "two"),
    )
    grid = Grid((np.linspace(-1, 2, na), np.linspace(-1, 1, nb)))
    status = np.full(loss.shape, Cell.DONE) if status is None else status
    return surface_dataset(plane, grid, {"loss": loss, **fields}, status.astype(np.int8), {})


def bowl(nb=20, na=30):
    b, a = np.mgrid[-1 : 1 : nb * 1j, -1 : 2 : na * 1j]
    return a**2 + 3 * b**2 + 0.01


def planted():
    loss, status = bowl(), np.full((20, 30), Cell.DONE)
    loss[0, :4], status[0, :4] = np.nan, Cell.NONFINITE
    loss[1, :3], status[1, :3] = np.inf, Cell.NONFINITE
    loss[2, :1], status[2, :1] = -np.inf, Cell.NONFINITE
    loss[3, :5], status[3, :5] = np.nan, Cell.FAILED
    loss[4, :6], status[4, :6] = 0.0, Cell.PENDING
    return surface_view(make(loss, status))


def test_values_and_coordinates_are_the_surface_s():
    view = surface_view(make(bowl()))
    assert np.array_equal(view.values, bowl())
    assert view.window == (-1, 2, -1, 1)
    assert view.a.size == 30
    assert view.b.size == 20


def test_planted_cells_are_counted_exactly_and_apart():
    view = planted()
    counts = [int(m.sum()) for m in (view.nan, view.infinite, view.failed, view.pending)]
    assert counts == [4, 4, 5, 6]
    together = view.nan.astype(int) + view.infinite + view.failed + view.pending
    assert together.max() == 1
    assert np.array_equal(together == 1, np.isnan(view.values))


def test_the_note_tells_the_counts():
    assert planted().note == "hatched: 4 NaN, 4 infinite, 5 failed; blank: 6 pending"
    assert surface_view(make(bowl())).note == ""


def test_missing_cells_move_neither_limits_nor_levels():
    view = planted()
    assert np.isfinite(view.limits).all()
    assert np.isfinite(view.levels).all()
    known = view.values[np.isfinite(view.values)]
    assert view.limits == (known.min(), known.max())
    assert view.scale is Scale.LOG


def test_rows_are_b_even_if_the_dataset_is_transposed():
    surface = make(bowl()).transpose("a", "b", ...)
    assert surface_view(surface).values.shape == (20, 30)


@pytest.mark.parametrize("value", [0.0, 3.0, np.nan])
def test_a_constant_surface_has_limits_with_a_width_and_no_levels(value):
    view = surface_view(make(np.full((5, 5), value)))
    assert view.limits[0] < view.limits[1]
    assert len(view.levels) == 0


def test_a_single_cell_gets_a_window():
    surface = make(np.array([[1.0]]))
    a0, a1, b0, b1 = surface_view(surface).window
    assert a0 < a1
    assert b0 < b1


def test_other_fields_are_drawn_by_name():
    view = surface_view(make(bowl(), accuracy=np.full((20, 30), 0.5)), "accuracy")
    assert view.field_label == "accuracy"
    assert (view.values == 0.5).all()


@pytest.mark.parametrize(
    ("directions", "equal"),
    [
        (np.eye(3)[:2], True),
        (np.diag([1, 2, 1])[:2], False),
        (np.array([[1, 0, 0], [0.6, 0.8, 0]]), False),
    ],
)
def test_a_map_is_true_to_shape_only_for_equal_and_perpendicular_directions(directions, equal):
    assert surface_view(make(bowl(), directions=directions)).equal is equal


@pytest.mark.parametrize(
    ("length", "origin", "unit"),
    [
        (1.0, [0, 0, 0], "unit length"),
        (2.0, [0, 0, 2], "1 = the norm of the weights"),
        (2.0, [0, 0, 5], "1 = length 2"),
    ],
)
def test_axes_say_what_one_unit_is(length, origin, unit):
    view = surface_view(make(bowl(), directions=np.eye(3)[:2] * length, origin=origin))
    assert view.a_label == f"a, along one ({unit})"
    assert view.lengths == (length, length)


def test_shared_scale_gives_one_scale_that_holds_all():
    views = shared_scale([surface_view(make(bowl())), surface_view(make(bowl() * 50))])
    assert views[0].limits == views[1].limits == (bowl().min(), 50 * bowl().max())
    assert np.array_equal(views[0].levels, views[1].levels)
    assert views[0].scale is views[1].scale is Scale.LOG
    assert np.array_equal(views[0].values, bowl())


def test_shared_scale_is_linear_where_one_surface_touches_zero():
    zero = bowl() - bowl().min()
    views = shared_scale([surface_view(make(bowl())), surface_view(make(zero))])
    assert {view.scale for view in views} == {Scale.LINEAR}


def test_clipped_outliers_are_confessed():
    loss = bowl() - 1
    loss[0, 0] = 1e9
    view = surface_view(make(loss))
    assert view.beyond == (False, True)
    assert "colors end before the extreme values" in view.note


def test_marks_are_kept():
    assert surface_view(make(bowl()), marks=[Mark(0, 0, "m")]).marks == (Mark(0, 0, "m"),)


def test_views_cannot_be_changed():
    view = surface_view(make(bowl()))
    with pytest.raises(ValueError, match="read-only"):
        view.values[0, 0] = 1


@pytest.mark.parametrize(
    ("field", "scale", "message"),
    [
        ("heat", None, "field must be among loss, got heat"),
        ("status", None, "field must be among"),
        ("loss", Scale.LOG, "a log scale needs positive values, got 1 values <= 0"),
        ("loss", Scale.SYMLOG, "LINEAR or LOG"),
    ],
)
def test_wrong_requests_are_refused(field, scale, message):
    loss = bowl()
    loss[0, 0] = -1
    with pytest.raises(InputError, match=message):
        surface_view(make(loss), field, scale=scale)


def test_no_views_share_no_scale():
    with pytest.raises(InputError, match="at least 1 view"):
        shared_scale([])


def test_a_line_is_refused():
    plane = Plane(np.zeros(3), np.eye(3)[:1])
    grid = Grid((np.linspace(0, 1, 5),))
    line = surface_dataset(plane, grid, {"loss": np.ones(5)}, np.ones(5, np.int8), {})
    with pytest.raises(InputError, match="2 directions, got 1"):
        surface_view(line)


@pytest.mark.parametrize(("wide", "equal"), [(0.004, False), (0.2, True), (1.0, True), (99, False)])
def test_a_map_is_true_to_shape_unless_it_would_be_a_strip(wide, equal):
    plane = Plane(np.zeros(2), np.eye(2))
    grid = Grid((np.linspace(0, wide, 2), np.linspace(0, 1, 2)))
    status = np.full((2, 2), Cell.DONE).astype(np.int8)
    surface = surface_dataset(plane, grid, {"loss": np.eye(2)}, status, {})
    assert surface_view(surface).equal is equal
