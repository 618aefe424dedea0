"""TileWork: a cell that raises is one cell; the work travels; faults of the request are raised."""

import os
import pickle
import signal
from functools import partial

import numpy as np
import pytest

from formulas import Formula, ripples
from hostile import DEEDS, HANGS, Hostile, Scribbler
from thalweg.core.errors import InputError
from thalweg.core.executor import ThreadExecutor
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell
from thalweg.objectives.zoo import quadratic
from thalweg.store.folder import load
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


HOSTILE_GRID = Grid.square(1.0, 9, tile=3)  # it holds a = 0.5, b = 0.25


def check_only_one_cell_failed(surface, said):
    bad = surface.status.sel(a=0.5, b=0.25).item()
    assert bad == Cell.FAILED
    assert (surface.status == Cell.DONE).sum() == 80
    clean = surface.a.values + 2 * surface.b.values[:, None]
    good = surface.status.values == Cell.DONE
    np.testing.assert_array_equal(surface.loss.values[good], clean[good])
    assert np.isnan(surface.loss.sel(a=0.5, b=0.25))
    (line,) = surface.attrs["failures"]
    assert line.startswith("at a = 0.5, b = 0.25: ")
    assert said in line
    assert "\n" not in line
    assert len(line) < 400


forks = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # the loss does


@forks
@pytest.mark.parametrize("patience", [None, 30.0])
@pytest.mark.parametrize("name", DEEDS)
def test_a_hostile_loss_spoils_its_own_cell_only(name, patience, capfd):
    deed, said = DEEDS[name]
    process = os.getpid()
    surface = evaluate(Hostile(deed), PLANE, HOSTILE_GRID, patience=patience)
    check_only_one_cell_failed(surface, said)
    assert os.getpid() == process


def test_a_loss_that_writes_into_its_argument_changes_nothing_else():
    work = TileWork(Scribbler(None), PLANE, HOSTILE_GRID, ("loss",))
    coords = [HOSTILE_GRID.coords(tile) for tile in HOSTILE_GRID.tiles()]
    for tile, at in zip(HOSTILE_GRID.tiles(), coords, strict=True):
        np.testing.assert_array_equal(work(tile).fields["loss"].ravel(), at @ [1.0, 2.0])
    np.testing.assert_array_equal(PLANE.origin, np.zeros(2))


@pytest.mark.parametrize("name", HANGS)
def test_a_loss_that_hangs_is_failed_after_the_patience(name):
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    surface = evaluate(Hostile(HANGS[name]), PLANE, HOSTILE_GRID, patience=0.2)
    check_only_one_cell_failed(surface, "TooLong: took longer than 0.2 s")
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == before


@forks
def test_ten_hostile_losses_leave_a_thousand_cells_but_ten():
    grid, kept = Grid.square(1.0, 9), 0
    for name, deed in {**{k: v[0] for k, v in DEEDS.items()}, **HANGS}.items():
        surface = evaluate(Hostile(deed), PLANE, grid, patience=0.3)
        kept += int((surface.status == Cell.DONE).sum())
        assert (surface.status == Cell.FAILED).sum() == 1, name
    assert kept == 80 * (len(DEEDS) + len(HANGS))


def test_patience_changes_no_bit():
    plane = Plane(np.array([0.3, -0.2]), [[1.0, 0.3], [-0.2, 0.7]])
    bowl = quadratic([1.0, 3.0])
    alone = evaluate(bowl, plane, GRID, patience=60.0)
    assert alone.loss.values.tobytes() == evaluate(bowl, plane, GRID).loss.values.tobytes()


def test_a_signal_that_stops_the_program_is_no_fault_of_a_cell():
    def stop(number, frame):
        raise SystemExit(7)

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        with pytest.raises(SystemExit, match="7"):
            evaluate(Hostile(partial(os.kill, os.getpid(), signal.SIGUSR1)), PLANE, HOSTILE_GRID)
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf")])
def test_patience_must_be_seconds(seconds):
    with pytest.raises(InputError, match="patience must be seconds above 0"):
        evaluate(Formula(ripples), PLANE, GRID, patience=seconds)


def test_threads_cannot_be_stopped_and_say_so_before_anything_is_made(tmp_path):
    wanted = "patience needs work that can be stopped, got threads; use SerialExecutor"
    with pytest.raises(InputError, match=wanted):
        evaluate(
            Formula(ripples), PLANE, GRID, ("loss",), ThreadExecutor(2), tmp_path / "s", None, 1
        )
    assert not (tmp_path / "s").exists()
    with pytest.raises(InputError, match=wanted):  # in a thread of the user's, no alarm rings
        dict(
            ThreadExecutor(1).map(
                lambda i: evaluate(Formula(ripples), PLANE, GRID, patience=1), [1]
            )
        )


def test_a_lost_tile_is_failed_with_its_place_and_cause():
    tile = list(HOSTILE_GRID.tiles())[1]
    found = TileWork(Formula(ripples), PLANE, HOSTILE_GRID, ("loss",)).lost(tile, "it fell ill")
    assert found.fields["loss"].shape == found.status.shape == (3, 3)
    assert (found.status == Cell.FAILED).all()
    assert np.isnan(found.fields["loss"]).all()
    assert found.failures == ("from a = -0.25, b = -1 to a = 0.25, b = -0.5: it fell ill",)


class Telling(Formula):
    """A formula that says how it was evaluated."""

    told = "with care"

    def method(self):
        return self.told


def test_a_surface_tells_how_it_was_evaluated_also_after_a_resume(tmp_path):
    assert evaluate(Formula(picky), PLANE, GRID).attrs["methods"] == []
    store = tmp_path / "s.zarr"
    done = []

    def stop(cells, total):
        done.append(cells)
        if len(done) == 2:
            raise KeyboardInterrupt

    objective = Telling(lambda points: points.sum(axis=1))
    with pytest.raises(KeyboardInterrupt):
        evaluate(objective, PLANE, GRID, store=store, progress=stop)
    objective.told = "in haste"
    surface = evaluate(objective, PLANE, GRID, store=store)
    assert surface.attrs["methods"] == load(store).attrs["methods"] == ["in haste", "with care"]
