"""Grid: axis order, tiling, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.core.errors import InputError
from thalweg.core.grid import CELL_LIMIT, Grid

AXIS = np.array([0.0, 1.0])


def test_arrays_have_rows_b_and_columns_a():
    a, b, c = np.array([0.0, 1.0, 5.0]), np.array([10.0, 20.0]), np.array([-3.0, -2.0, 0.0, 7.0])
    grid = Grid((a, b, c))
    assert grid.shape == (4, 2, 3)
    assert grid.dims == ("c", "b", "a")
    assert grid.size == 24
    cells = grid.coords().reshape(*grid.shape, 3)
    for k, j, i in np.ndindex(grid.shape):
        assert cells[k, j, i].tolist() == [a[i], b[j], c[k]]


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.integers(1, 10),
)
def test_tiles_cover_each_cell_once_and_their_coordinates_fit(lengths, tile):
    grid = Grid(tuple(np.arange(n) + 100.0 * i for i, n in enumerate(lengths)), tile)
    hits, cells = np.zeros(grid.shape, int), grid.coords().reshape(*grid.shape, grid.k)
    for part in grid.tiles():
        hits[part.slices] += 1
        assert max(hits[part.slices].shape) <= tile
        np.testing.assert_array_equal(grid.coords(part), cells[part.slices].reshape(-1, grid.k))
    assert (hits == 1).all()


def test_square_is_symmetric_and_holds_its_ends():
    grid = Grid.square(2.0, 5, k=1)
    assert grid.axes[0].tolist() == [-2, -1, 0, 1, 2]
    assert Grid.square(2.0, 1).coords().tolist() == [[0.0, 0.0]]


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=6),
    st.integers(2, 40),
)
def test_covering_holds_every_point_with_cells_near_square(coords, points):
    grid = Grid.covering(coords, points)
    for i, axis in enumerate(grid.axes):
        values = [row[i] for row in coords]
        slack = 1e-12 * max(1.0, *map(abs, values))
        assert axis[0] - slack <= min(values)
        assert max(values) <= axis[-1] + slack
    assert max(axis.size for axis in grid.axes) == points
    windows = [np.ptp(axis) for axis in grid.axes]
    assert max(windows) <= min(windows) * 2.0001


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ((), "1 to 3 axes, got 0"),
        ((AXIS,) * 4, "1 to 3 axes, got 4"),
        ((AXIS, []), "axis b must have increasing values, got none"),
        ((AXIS, [1.0, 1.0]), "axis b must have increasing values"),
        (([1.0, 0.0],), "axis a must have increasing values"),
        (([0.0, np.nan],), "axis a must be finite"),
        (([[0.0, 1.0]],), r"axis a must have shape \(any\)"),
        ((np.arange(10_000.0), np.arange(10_000.0)), "at most 50,000,000 cells"),
    ],
)
def test_bad_axes_are_refused(axes, message):
    with pytest.raises(InputError, match=message):
        Grid(axes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"radius": 0.0}, "radius"),
        ({"radius": np.nan}, "radius"),
        ({"points": 0}, "at least 1 point"),
        ({"k": 4}, "1 to 3 axes"),
        ({"points": 10**9}, f"at most {CELL_LIMIT:,} cells"),
        ({"tile": 0}, "tile must be at least 1"),
    ],
)
def test_bad_squares_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Grid.square(**arguments)


@pytest.mark.parametrize("coords", [np.empty((0, 2)), [[0.0, np.nan]], [[np.inf, 0.0]]])
def test_a_window_needs_finite_points(coords):
    with pytest.raises(InputError, match="coordinates"):
        Grid.covering(coords)


def test_digest_names_axes_order_and_tiling():
    a, b = np.array([0.0, 1.0]), np.array([0.0, 2.0])
    digests = {g.digest() for g in (Grid((a, b)), Grid((b, a)), Grid((a, b), 8), Grid((a,)))}
    assert len(digests) == 4
    assert Grid((a, b)).digest() == Grid((a.copy(), b.copy())).digest()


def test_axes_are_private():
    axis = np.array([0.0, 1.0])
    grid = Grid((axis,))
    axis[0] = 9.0
    assert grid.axes[0][0] == 0.0
