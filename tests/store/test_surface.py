"""SurfaceStore: whatever stops a run, what was computed stays, and nothing else is believed."""

import contextlib
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from formulas import Formula, ripples
from thalweg.core.errors import StoreError
from thalweg.core.executor import SerialExecutor, ThreadExecutor
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.zoo import quadratic
from thalweg.store import folder, surface
from thalweg.store.folder import load, save
from thalweg.surface.evaluate import evaluate

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


@pytest.mark.parametrize("broken", ["loss", "status"])
@pytest.mark.parametrize("done", [0, 2, 5])
def test_a_tile_torn_between_its_fields_and_its_status_is_computed_again(
    done, broken, tmp_path, monkeypatch
):
    write, written = zarr.Array.__setitem__, []

    def failing(array, where, values):
        if where != ... and array.basename == broken:  # not the axes, while the store is made
            if len(written) == done:
                raise KeyboardInterrupt
            written.append(where)
        write(array, where, values)

    monkeypatch.setattr(zarr.Array, "__setitem__", failing)
    with pytest.raises(KeyboardInterrupt):
        evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / "s")
    monkeypatch.undo()
    assert (load(tmp_path / "s").status == Cell.DONE).sum() == sum(TILES[:done])
    again = Formula(ripples)
    assert_equal_bits(evaluate(again, PLANE, GRID, store=tmp_path / "s"), whole())
    assert again.calls == 6 - done


@pytest.mark.parametrize("before", range(6))
def test_a_store_appears_whole_or_not_at_all(before, tmp_path, monkeypatch):
    calls, add_array = [], folder.add_array

    def failing(*arguments):
        if len(calls) == before:
            raise KeyboardInterrupt
        calls.append(1)
        return add_array(*arguments)

    monkeypatch.setattr(surface, "add_array", failing)
    with pytest.raises(KeyboardInterrupt):
        evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / "s")
    monkeypatch.undo()
    assert not [*tmp_path.iterdir()]
    assert_equal_bits(evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / "s"), whole())


def test_a_chunk_that_went_missing_is_computed_again(tmp_path):
    evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / "s")
    for gone in ("loss/c/0/1", "status/c/1/0"):
        (tmp_path / "s" / gone).unlink()
    again = Formula(ripples)
    assert_equal_bits(evaluate(again, PLANE, GRID, store=tmp_path / "s"), whole())
    assert again.cells == 9 + 3


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

    with pytest.raises(StoreError, match="must be writable, got Not a directory"):
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
            with pytest.raises(StoreError, match="s must be readable"):
                read(tmp_path / "s")
        with pytest.raises(ValueError, match="checksum"):  # and for those who read it plainly
            xr.open_zarr(tmp_path / "s", consolidated=False).load()
        file.write_bytes(good)
    assert_equal_bits(load(tmp_path / "s"), whole())


def test_a_text_path_will_do(tmp_path):
    assert_equal_bits(whole(store=str(tmp_path / "s")), whole())
    assert_equal_bits(load(str(tmp_path / "s")), whole())


def test_kill_9_at_any_moment_loses_no_finished_tile(tmp_path):
    child = Path(__file__).with_name("killed.py")
    sys.path.insert(0, str(child.parent))
    try:
        import killed
    finally:
        sys.path.remove(str(child.parent))
    wanted = evaluate(Formula(ripples), killed.PLANE, killed.GRID)
    store, random, known = tmp_path / "s", np.random.default_rng(0), 0
    environment = {**os.environ, "PYTHONPATH": str(child.parents[1])}
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, str(child), str(store)], stdout=subprocess.PIPE, env=environment
        ) as process:
            for _ in range(random.integers(1, 7)):
                known = int(process.stdout.readline())
            if random.random() < 0.5:  # somewhere inside the next tile
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(random.uniform(0.0, 0.01))
            process.kill()
            told = process.stdout.read().split()
            known = int(told[-1]) if told else known
        kept = load(store)
        assert (kept.status == Cell.DONE).sum() >= known
        done = kept.status.values == Cell.DONE
        np.testing.assert_array_equal(kept.loss.values[done], wanted.loss.values[done])
        (store / "loss" / "c" / "0" / "0.0123456789abcdef.partial").write_bytes(b"torn")
    assert 0 < known < killed.GRID.size
    again = Formula(ripples)
    found = evaluate(again, killed.PLANE, killed.GRID, store=store)
    assert 0 < again.cells <= killed.GRID.size - known
    assert_equal_bits(found, wanted)
    assert not [*store.rglob("*.partial")]
