"""SurfaceStore: whatever stops a run, what was computed stays, and nothing else is believed."""

import contextlib
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from formulas import Formula, ripples
from thalweg.core.errors import StoreError
from thalweg.core.executor import SerialExecutor, ThreadExecutor
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.zoo import quadratic
from thalweg.store.folder import load, save
from thalweg.store.surface import SurfaceStore
from thalweg.surface.evaluate import evaluate
from thalweg.surface.work import TileWork

PLANE = Plane(np.zeros(2), [[1.0, 0.0], [0.5, 2.0]])
GRID = Grid((np.linspace(-1, 2, 7), np.linspace(0, 0.5, 4)), tile=3)  # 6 tiles, some smaller
TILES = [9, 9, 3, 3, 3, 1]


def files(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def assert_equal_bits(found: xr.Dataset, wanted: xr.Dataset) -> None:
    xr.testing.assert_identical(found, wanted)
    for name in wanted.variables:
        assert found[name].values.tobytes() == wanted[name].values.tobytes()


def whole(function=ripples, **how):
    return evaluate(Formula(function), PLANE, GRID, **how)


@pytest.mark.parametrize("done", range(1, 7))
@pytest.mark.parametrize("executor", [SerialExecutor(), ThreadExecutor(2)], ids=str)
def test_ctrl_c_between_tiles_keeps_them_and_the_same_call_computes_the_rest(
    done, executor, tmp_path
):
    seen = []

    def stop(cells, total):
        seen.append(cells)
        if len(seen) == done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(
            Formula(ripples), PLANE, GRID, executor=executor, store=tmp_path / "s", progress=stop
        )
    kept = load(tmp_path / "s")
    assert (kept.status == Cell.DONE).sum() == seen[-1]
    assert (kept.status == Cell.PENDING).sum() == 28 - seen[-1]
    np.testing.assert_array_equal(np.isnan(kept.loss), kept.status == Cell.PENDING)
    again = Formula(ripples)
    found = evaluate(again, PLANE, GRID, store=tmp_path / "s")
    assert (again.calls, again.cells) == (6 - done, 28 - seen[-1])
    assert_equal_bits(found, whole())
    third = Formula(ripples)
    assert_equal_bits(evaluate(third, PLANE, GRID, store=tmp_path / "s"), found)
    assert third.calls == 0


@pytest.mark.parametrize("fault", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("done", range(6))
def test_a_fault_in_the_objective_keeps_the_tiles_before_it(done, fault, tmp_path):
    with pytest.raises(fault):
        evaluate(Formula(ripples, stop_after=done, fault=fault), PLANE, GRID, store=tmp_path / "s")
    assert (load(tmp_path / "s").status == Cell.DONE).sum() == sum(TILES[:done])
    again = Formula(ripples)
    assert_equal_bits(evaluate(again, PLANE, GRID, store=tmp_path / "s"), whole())
    assert again.calls == 6 - done


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_tiles_of_nan_or_of_the_fill_value_count_as_done(value, tmp_path):
    flat = Formula(lambda points: np.full(len(points), value))
    first = evaluate(flat, PLANE, GRID, store=tmp_path / "s")
    assert (first.status == (Cell.DONE if value == 0 else Cell.NONFINITE)).all()
    again = Formula(flat.function)
    assert_equal_bits(evaluate(again, PLANE, GRID, store=tmp_path / "s"), first)
    assert again.calls == 0
    chunks = [file for file in (tmp_path / "s" / "loss" / "c").rglob("*") if file.is_file()]
    assert len(chunks) == 6  # every chunk is on disk, so that an absent one is known to be lost


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("step", ["fsync", "replace", "ftruncate"])
@pytest.mark.parametrize("before", range(0, 14, 3))
def test_a_tile_torn_between_its_files_is_computed_again(
    before, step, fault, tmp_path, monkeypatch
):
    real, calls, told = getattr(os, step), [], []
    store = SurfaceStore(tmp_path / "s", PLANE, GRID, ("loss",), {"objective_digest": "0" * 16})
    work = TileWork(Formula(ripples), PLANE, GRID, ("loss",))

    def failing(*arguments):
        calls.append(1)
        if len(calls) == before + 1:
            raise fault
        return real(*arguments)

    monkeypatch.setattr(os, step, failing)
    stopped = KeyboardInterrupt if fault is KeyboardInterrupt else StoreError
    with contextlib.suppress(stopped), store:
        for tile in store.pending():
            found = work(tile)
            store.write(tile, found.fields, found.status)
            told.append(tile.size)
    monkeypatch.undo()
    done = load(tmp_path / "s").status.values == Cell.DONE
    assert done.sum() >= sum(told)  # what was told is kept; one more may have made it
    np.testing.assert_array_equal(load(tmp_path / "s").loss.values[done], whole().loss.values[done])
    attrs = {"objective_digest": "0" * 16}
    with SurfaceStore(tmp_path / "s", PLANE, GRID, ("loss",), attrs) as store:
        for tile in store.pending():
            found = work(tile)
            store.write(tile, found.fields, found.status)
        np.testing.assert_array_equal(store.dataset().loss.values, whole().loss.values)
    assert_equal_bits(load(tmp_path / "s"), store.dataset())
    assert not [*tmp_path.rglob("*.partial")]


@pytest.mark.parametrize("before", range(0, 24, 3))
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_store_appears_whole_or_not_at_all(before, step, tmp_path, monkeypatch):
    calls, real = [], getattr(os, step)

    def failing(*arguments):
        calls.append(1)
        if len(calls) == before % 12 + 1:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(os, step, failing)
    with pytest.raises(KeyboardInterrupt):
        evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / "s")
    monkeypatch.undo()
    assert not [*tmp_path.iterdir()]
    assert_equal_bits(evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / "s"), whole())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"objective": Formula(ripples, name="other")}, "objective_digest"),
        ({"plane": Plane(np.zeros(2), [[1.0, 0.0], [0.5, 2.0000001]])}, "plane_digest"),
        ({"plane": Plane(np.array([0.0, 1e-300]), PLANE.directions)}, "plane_digest"),
        ({"grid": Grid((GRID.axes[0], GRID.axes[1] + 1e-9), tile=3)}, "grid_digest"),
        ({"grid": Grid(GRID.axes, tile=4)}, "grid_digest"),
        ({"grid": Grid(GRID.axes[::-1], tile=3)}, "grid_digest"),
        ({"fields": ("loss", "again")}, "fields"),
    ],
)
def test_another_surface_is_refused_by_name_and_nothing_changes(change, named, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        evaluate(Formula(ripples, stop_after=3), PLANE, GRID, store=tmp_path / "s")
    before = files(tmp_path)
    other = Formula(ripples)
    other.fields = ("loss", "again")
    request = {"objective": other, "plane": PLANE, "grid": GRID, "fields": ("loss",), **change}
    with pytest.raises(StoreError, match=rf"must hold this surface \({named} .*; choose another"):
        evaluate(**request, store=tmp_path / "s")
    assert files(tmp_path) == before
    assert other.calls == 0


def test_results_of_another_kind_are_refused(tmp_path):
    bowl = quadratic([1.0, 2.0])
    save(record(bowl, np.ones(2), SGD(0.1), 3), tmp_path / "run")
    before = files(tmp_path)
    with pytest.raises(StoreError, match="must hold this surface"):
        evaluate(bowl, PLANE, GRID, store=tmp_path / "run")
    assert files(tmp_path) == before


def test_other_peoples_files_are_not_touched(tmp_path):
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes").write_text("precious")
    before = files(tmp_path)
    for name in ("file", "folder", "file/below", "file/deep/below"):
        with pytest.raises(StoreError, match=r"must be (free, or a Zarr store|writable)"):
            evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / name)
    assert files(tmp_path) == before


def test_a_folder_that_vanishes_midway_is_a_store_error(tmp_path):
    def vanish(done, total):
        if done == 18:
            (tmp_path / "s").rename(tmp_path / "away")
            (tmp_path / "s").write_text("in the way")

    with pytest.raises(StoreError, match=r"must be writable, got No such file .*bytes needed"):
        evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / "s", progress=vanish)
    assert (load(tmp_path / "away").status == Cell.DONE).sum() == 18


def test_a_flipped_bit_in_a_tile_is_an_error_not_a_number(tmp_path):
    evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / "s")
    random = np.random.default_rng(0)
    for chunk in ("loss/c/0/1", "status/c/1/2", "a/c/0", "origin/c/0"):
        file = tmp_path / "s" / chunk
        good = file.read_bytes()
        torn = bytearray(good)
        at = int(random.integers(8 * len(torn)))
        torn[at // 8] ^= 1 << (at % 8)
        file.write_bytes(torn)
        for read in (load, lambda path: evaluate(Formula(ripples), PLANE, GRID, store=path)):
            with pytest.raises(StoreError, match=f"s must be readable, got damaged {chunk};"):
                read(tmp_path / "s")
        with pytest.raises(ValueError, match="checksum"):  # and for those who read it plainly
            xr.open_zarr(tmp_path / "s", consolidated=False).load()
        file.write_bytes(good)
    assert_equal_bits(load(tmp_path / "s"), whole())


def test_a_text_path_will_do(tmp_path):
    assert_equal_bits(whole(store=str(tmp_path / "s")), whole())
    assert_equal_bits(load(str(tmp_path / "s")), whole())


def test_failed_cells_keep_what_they_said_across_a_resume(tmp_path):
    def picky(points):
        if (points[:, 0] > 1.4).any():
            raise ArithmeticError("too far")
        return ripples(points)

    wanted = whole(picky)
    assert 0 < len(wanted.attrs["failures"]) == (wanted.status == Cell.FAILED).sum()
    stop = Formula(picky, stop_after=20)
    with pytest.raises(KeyboardInterrupt):
        evaluate(stop, PLANE, GRID, store=tmp_path / "s")
    kept = load(tmp_path / "s").attrs["failures"]
    assert kept == wanted.attrs["failures"][: len(kept)] != []
    again = Formula(picky)
    assert_equal_bits(evaluate(again, PLANE, GRID, store=tmp_path / "s"), wanted)
    assert_equal_bits(load(tmp_path / "s"), wanted)
    third = Formula(picky)
    assert_equal_bits(evaluate(third, PLANE, GRID, store=tmp_path / "s"), wanted)
    assert third.calls == 0


def test_the_refusal_names_every_part_that_differs(tmp_path):
    kept = {"model_digest": "m0", "data_digest": "d0", "loss_digest": "l0", "settings_digest": "s0"}
    SurfaceStore(tmp_path / "s", PLANE, GRID, ("loss",), kept).close()
    for part in kept:
        with pytest.raises(StoreError, match=rf"\({part} other\), got {part} {kept[part]};"):
            SurfaceStore(tmp_path / "s", PLANE, GRID, ("loss",), {**kept, part: "other"})
    fewer = {key: kept[key] for key in list(kept)[1:]}
    with pytest.raises(StoreError, match=r"\(model_digest none\), got model_digest m0;"):
        SurfaceStore(tmp_path / "s", PLANE, GRID, ("loss",), fewer)
    both = {**kept, "data_digest": "d1", "loss_digest": "l1"}
    with pytest.raises(StoreError, match="data_digest d1, loss_digest l1"):
        SurfaceStore(tmp_path / "s", PLANE, GRID, ("loss",), both)
    SurfaceStore(tmp_path / "s", PLANE, GRID, ("loss",), kept).close()


def test_a_surface_saved_as_a_whole_resumes_only_if_nothing_is_pending(tmp_path):
    save(whole(), tmp_path / "whole")
    done = Formula(ripples)
    assert_equal_bits(evaluate(done, PLANE, GRID, store=tmp_path / "whole"), whole())
    assert done.calls == 0
    half = whole()
    half.status[0, 0], half.loss[0, 0] = Cell.PENDING, np.nan
    save(half, tmp_path / "half")
    with pytest.raises(StoreError, match="must be cut into tiles to be resumed"):
        evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / "half")
