"""Kills, full disks and races: whatever was acknowledged stays, and nothing else is believed."""

import multiprocessing
import os
import shutil
import threading
import time
from multiprocessing import forkserver
from pathlib import Path

import numpy as np
import pytest

from formulas import Formula, ripples
from store.faulty import GRID, LEDGER, PLANE, Fault, map_surface, race
from thalweg.core.errors import StoreError
from thalweg.core.schema import Cell
from thalweg.store import lock
from thalweg.store.folder import load
from thalweg.store.lock import WriterLock
from thalweg.store.surface import SurfaceStore
from thalweg.store.verify import verify
from thalweg.surface.evaluate import evaluate

FULL = os.environ.get("THALWEG_FULL") == "1"
KILLS, POINTS, RACES = (50, 60, 50) if FULL else (5, 12, 4)


@pytest.fixture(scope="module")
def children():
    """Processes forked from one that has imported everything: quick to start, alike, and clean."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["store.faulty"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        forkserver.ensure_running()
    return context


@pytest.fixture(scope="module")
def wanted():
    return evaluate(Formula(ripples), PLANE, GRID)


class Child:
    """One run in a child process, and what it acknowledged."""

    def __init__(self, children, store, fault=Fault()):
        self.pipe, end = children.Pipe(duplex=False)
        self.process = children.Process(target=map_surface, args=(store, end, fault))
        self.process.start()
        end.close()
        self.tiles, self.said = [], "killed"

    def listen(self, tiles=None):
        """Take in what it tells, up to so many tiles or until it ends."""
        try:
            while tiles is None or len(self.tiles) < tiles:
                told = self.pipe.recv()
                if not isinstance(told, tuple):
                    self.said = told
                    break
                self.tiles.append(told)
        except EOFError:
            pass
        return self

    def end(self):
        self.listen()
        self.process.join()
        self.pipe.close()
        return self

    def kill(self):
        self.process.kill()
        return self.end()


def cells_of(tiles):
    done = np.zeros(GRID.shape, dtype=bool)
    for b, a in tiles:
        done[b : b + GRID.tile, a : a + GRID.tile] = True
    return done


def check_stopped(store, tiles, wanted):
    """Every acknowledged tile is there, and whatever is there is right."""
    if not tiles and not store.exists():
        return
    kept = load(store)
    done = kept.status.values == Cell.DONE
    assert not (cells_of(tiles) & ~done).any(), "an acknowledged tile is lost"
    np.testing.assert_array_equal(kept.loss.values[done], wanted.loss.values[done])
    assert np.isnan(kept.loss.values[~done]).all()
    assert (kept.status.values[~done] == Cell.PENDING).all()
    assert verify(store).sound


def check_resumed(store, known, wanted):
    """The same call computes the rest, and leaves nothing behind."""
    again = Formula(ripples)
    found = evaluate(again, PLANE, GRID, store=store)
    assert again.cells <= GRID.size - known.sum()
    for name in wanted.variables:
        assert found[name].values.tobytes() == wanted[name].values.tobytes()
    assert load(store).identical(found)
    report = verify(store)
    assert report.sound
    assert report.stray == ()
    assert [p.name for p in store.parent.iterdir()] == [store.name]


def test_kill_9_at_random_instants_loses_no_acknowledged_tile(children, tmp_path, wanted):
    random, tiles = np.random.default_rng(1), []
    for kill in range(KILLS):
        store = tmp_path / str(kill // 5) / "s"  # five kills wear one store down
        tiles = tiles if kill % 5 else []
        child = Child(children, store).listen(int(random.integers(1, 5)))
        time.sleep(random.uniform(0, 0.01))
        tiles += child.kill().tiles
        check_stopped(store, tiles, wanted)
        if kill % 5 == 4:
            assert 0 < len(tiles) < 25
            check_resumed(store, cells_of(tiles), wanted)


STEPS = [(step, after) for step in ("fsync", "replace", "ftruncate") for after in (False, True)]


@pytest.mark.parametrize("point", range(POINTS))
def test_kill_9_at_a_named_point_inside_a_write(point, children, tmp_path, wanted):
    step, after = STEPS[point % len(STEPS)]
    store = tmp_path / "s"
    call = int(np.random.default_rng(point).integers(1, 25))
    child = Child(children, store, Fault(step, call, after)).end()
    assert child.said == "killed"
    check_stopped(store, child.tiles, wanted)
    check_resumed(store, cells_of(child.tiles), wanted)


@pytest.mark.parametrize("point", range(20 if FULL else 6))
def test_a_full_disk_is_one_line_and_the_run_goes_on_when_there_is_room(
    point, children, tmp_path, wanted
):
    store, random = tmp_path / "s", np.random.default_rng(point)
    if point % 2:  # the ledger is what grows: a real short write, in the midst of a line
        fault, reason = Fault(largest=int(random.integers(1500, 3500))), "File too large"
    else:
        steps = ("fsync", "replace", "open", "mkdir")
        step = steps[point // 2 % len(steps)]
        call = int(random.integers(2, 11 if step == "mkdir" else 60))
        fault, reason = Fault(step, call, errno=28), "No space left on device"
    child = Child(children, store, fault).end()
    assert child.said.startswith(f"{store} must be writable, got {reason}")
    assert "\n" not in child.said
    assert "bytes needed)" in child.said or not child.tiles
    check_stopped(store, child.tiles, wanted)
    check_resumed(store, cells_of(child.tiles), wanted)


def test_a_torn_last_line_of_the_ledger_is_cut_by_the_next_writer(tmp_path, wanted):
    store = tmp_path / "s"
    evaluate(Formula(ripples), PLANE, GRID, store=store)
    ledger = store / LEDGER
    whole = ledger.read_bytes()
    last = whole[:-1].rindex(b"\n") + 1
    for length in (last, last + 30, len(whole) - 1):
        for tail in (b"", b"\0" * 40 + b"\n"):
            ledger.write_bytes(whole[:length] + tail)
            kept = load(store)
            assert (kept.status == Cell.PENDING).sum() == 64
            again = Formula(ripples)
            assert evaluate(again, PLANE, GRID, store=store).identical(wanted)
            assert again.cells == 64
            assert ledger.read_bytes() == whole


@pytest.mark.parametrize("when", [1, 20])
def test_a_store_that_is_deleted_midway_is_one_line_and_never_half_made_again(
    when, tmp_path, wanted
):
    store = tmp_path / "s"

    def delete(done, total):
        if done == when * 64:
            shutil.rmtree(store)

    with pytest.raises(StoreError, match=r"s must be writable, got No such file .*; choose"):
        evaluate(Formula(ripples), PLANE, GRID, store=store, progress=delete)
    assert not [*tmp_path.iterdir()]
    check_resumed(store, np.zeros(GRID.shape, dtype=bool), wanted)


def test_a_read_only_disk_is_one_line_and_what_is_stored_can_be_read(tmp_path, monkeypatch, wanted):
    evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / "s")
    real = os.open

    def refusing(path, flags, *more, **named):
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(30, "Read-only file system")
        return real(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", refusing)
    for name in ("s", "new"):
        with pytest.raises(StoreError, match=f"{name} must be writable, got Read-only") as caught:
            evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / name)
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == 2
    assert load(tmp_path / "s").identical(wanted)
    assert verify(tmp_path / "s").sound


@pytest.mark.parametrize("number", range(RACES))
def test_of_several_starters_exactly_one_writes_and_the_others_are_told_who(
    number, children, tmp_path
):
    starters = 2 + number * 6 // max(1, RACES - 1)
    start, leave, told = children.Event(), children.Event(), children.Queue()
    racers = [
        children.Process(target=race, args=(tmp_path / "s", start, told, leave))
        for _ in range(starters)
    ]
    for racer in racers:
        racer.start()
    start.set()
    answers = [told.get(timeout=60) for _ in racers]
    leave.set()
    for racer in racers:
        racer.join()
    told.close()
    told.join_thread()
    winners = [pid for pid, error, _ in answers if not error]
    assert len(winners) == 1
    for _, error, seconds in answers:
        if error:
            assert f"s must have one writer at a time, got process {winners[0]} on " in error
            assert " since 20" in error
            assert "\n" not in error
            assert seconds < 2
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


def test_the_lock_of_a_killed_writer_is_free_at_once(children, tmp_path, wanted):
    store, tiles = tmp_path / "s", []
    for _ in range(50 if FULL else 3):
        child = Child(children, store).listen(1)
        with pytest.raises(StoreError, match=f"got process {child.process.pid} on"):
            evaluate(Formula(ripples), PLANE, GRID, store=store)
        tiles += child.kill().tiles
        with SurfaceStore(store, PLANE, GRID, ("loss",), {"objective_digest": "formula000000000"}):
            assert (tmp_path / ".s.lock").exists()
        if len(tiles) > 10:
            shutil.rmtree(store)
            tiles = []
    check_resumed(store, cells_of(tiles), wanted)


def test_readers_are_never_blocked_and_see_no_torn_tile(children, tmp_path, wanted):
    store, counts, faults = tmp_path / "s", [], []

    def read(seen):
        while not stop.is_set():
            try:
                kept = load(store)
            except BaseException as fault:
                faults.append(fault)
                return
            done = kept.status.values == Cell.DONE
            if not (kept.loss.values[done] == wanted.loss.values[done]).all():
                faults.append(done)
            if done.sum() % 64 or (seen and done.sum() < seen[-1]):
                faults.append(seen)
            seen.append(int(done.sum()))

    child = Child(children, store).listen(1)
    stop = threading.Event()
    counts = [[] for _ in range(10 if FULL else 3)]
    readers = [threading.Thread(target=read, args=(seen,)) for seen in counts]
    for reader in readers:
        reader.start()
    assert child.end().said is None
    stop.set()
    for reader in readers:
        reader.join()
    assert not faults
    assert all(counts)
    assert {0 < done < 1600 for seen in counts for done in seen} >= {True}


def test_a_second_writer_in_the_same_process_is_refused_until_the_first_closes(tmp_path):
    attrs = {"objective_digest": "0"}
    first = SurfaceStore(tmp_path / "s", PLANE, GRID, ("loss",), attrs)
    (tmp_path / "link").symlink_to(tmp_path / "s")
    for name in ("s", "link", Path("x", "..", "s")):
        with pytest.raises(StoreError, match=f"one writer at a time, got process {os.getpid()}"):
            SurfaceStore(tmp_path / name, PLANE, GRID, ("loss",), attrs)
    first.close()
    first.close()
    with SurfaceStore(tmp_path / "s", PLANE, GRID, ("loss",), attrs):
        pass


@pytest.mark.parametrize("fault", [KeyboardInterrupt, MemoryError])
def test_a_run_that_fails_lets_go_of_its_store(fault, tmp_path):
    with pytest.raises(fault):
        evaluate(Formula(ripples, stop_after=3, fault=fault), PLANE, GRID, store=tmp_path / "s")
    WriterLock(tmp_path / "s").release()
    other = Formula(ripples, name="other")
    with pytest.raises(StoreError, match="objective_digest"):
        evaluate(other, PLANE, GRID, store=tmp_path / "s")
    WriterLock(tmp_path / "s").release()


def test_a_forked_child_does_not_keep_its_parents_lock(tmp_path):
    parents = WriterLock(tmp_path / "s")
    hold, leave = os.pipe()
    ready, go = os.pipe()
    child = os.fork()
    if not child:  # lives on when the parent is gone
        os.close(leave)
        os.write(go, b"1")
        os.read(hold, 1)
        os._exit(0)
    os.read(ready, 1)
    parents.forget()  # as if the parent had been killed: the lock's file stays
    WriterLock(tmp_path / "s").release()
    os.close(leave)
    assert os.waitpid(child, 0)[1] == 0
    for end in (hold, ready, go):
        os.close(end)


def test_a_lock_file_that_its_holder_removes_meanwhile_is_no_lock(tmp_path, monkeypatch):
    locked, calls = lock._locked, []

    def late(handle):
        calls.append(handle)
        if len(calls) == 1:
            (tmp_path / ".s.lock").unlink()
        return locked(handle)

    monkeypatch.setattr(lock, "_locked", late)
    with WriterLock(tmp_path / "s"):
        assert len(calls) == 2
        with pytest.raises(StoreError, match="must have one writer"):
            WriterLock(tmp_path / "s")
