"""TileWork: a cell that raises is one cell; the work travels; faults of the request are raised."""

import pickle

import numpy as np
import pytest

from formulas import Formula
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell
from thalweg.objectives.zoo import quadratic
from thalweg.surface.evaluate import evaluate
from thalweg.surface.work import TileWork

PLANE, GRID = Plane(np.zeros(2), np.eye(2)), Grid.square(1.0, 5, tile=2)


def picky(points):
    if (points[:, 0] == 0.5).any():
        raise RuntimeError("no\nhalves")
    return points.sum(axis=1)


def test_a_cell_that_raises_is_failed_with_what_it_said_and_the_others_are_right():
    surface = evaluate(Formula(picky), PLANE, GRID)
    halves = np.broadcast_to(surface.a.values == 0.5, (5, 5))
    np.testing.assert_array_equal(surface.status.values == Cell.FAILED, halves)
    whole = surface.a.values + surface.b.values[:, None]
    np.testing.assert_array_equal(surface.loss.values[~halves], whole[~halves])
    assert np.isnan(surface.loss.values[halves]).all()
    assert len(surface.attrs["failures"]) == 5
    assert "at a = 0.5, b = -1: RuntimeError: no halves" in surface.attrs["failures"]


@pytest.mark.parametrize("fault", [InputError("a", "b", "c"), MemoryError(), KeyboardInterrupt()])
def test_what_is_no_fault_of_one_cell_is_raised(fault):
    def function(points):
        raise fault

    with pytest.raises(type(fault)):
        evaluate(Formula(function), PLANE, GRID)


def test_work_travels_and_gives_the_same_bits():
    work = TileWork(quadratic([1.0, 3.0]), PLANE, GRID, ("loss", "gradient_norm"))
    work.prepare()
    tile = next(iter(GRID.tiles()))
    here, there = work(tile), pickle.loads(pickle.dumps(work))(tile)
    for name, values in here.fields.items():
        np.testing.assert_array_equal(values, there.fields[name])
