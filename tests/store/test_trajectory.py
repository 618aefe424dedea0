"""TrajectoryStore: rows on disk, whatever happens to their writer."""

import errno
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from store.recorded import blank, blank_projections, draft, row
from thalweg.core.errors import InputError, StoreError
from thalweg.store import row_files
from thalweg.store.folder import load
from thalweg.store.rows import Row, TrajectoryDraft
from thalweg.store.trajectory import Flush, TrajectoryStore
from thalweg.store.verify import verify

FULL = os.environ.get("THALWEG_FULL") == "1"  # all moments instead of some


class Killed(BaseException):
    """Stands for a kill: nobody catches it."""


def opened(path, rows=1, append=True, made=None):
    return TrajectoryStore(path, blank() if made is None else made, 1, Flush(rows), append)


def written(path, steps, rows=1):
    store = opened(path, rows, append=False)
    for step in steps:
        store.add(row(step))
    store.close()
    return store


def plain(path):
    found = xr.open_zarr(path, consolidated=False, decode_cf=False).load()
    found = found.drop_attrs(deep=False).assign_attrs(
        {key: value for key, value in found.attrs.items() if key != "store_format"}
    )
    for variable in found.variables.values():
        variable.attrs.pop("_FillValue", None)
    return found


@pytest.mark.parametrize(("few", "rows"), [(1, 1), (3, 4), (3, 99), (4096, 1)])
def test_the_folder_holds_what_memory_would(tmp_path, monkeypatch, few, rows):
    monkeypatch.setattr(row_files, "MOST_ROWS", few)  # in a chunk
    wanted = draft(range(8)).dataset()
    store = opened(tmp_path / "s", rows)
    for step in range(8):
        store.add(row(step))
        assert len(store) == step + 1
        assert (store.first, store.last) == (0, step)
        xr.testing.assert_identical(store.dataset(), draft(range(step + 1)).dataset())
    xr.testing.assert_identical(store.dataset(row(12)), draft([*range(8), 12]).dataset())
    store.close()
    xr.testing.assert_identical(store.dataset(), wanted)
    xr.testing.assert_identical(load(tmp_path / "s"), wanted)
    xr.testing.assert_identical(plain(tmp_path / "s"), wanted)
    assert verify(tmp_path / "s").sound
    assert not verify(tmp_path / "s").stray


def test_rows_wait_until_they_are_many_or_some_time_has_passed(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("thalweg.store.trajectory.time.monotonic", lambda: now[0])
    store = TrajectoryStore(tmp_path / "s", blank(), 1, Flush(rows=4, seconds=10), append=False)
    there = []
    for step in range(9):
        store.add(row(step))
        there.append(load(tmp_path / "s").sizes["step"])
    assert there == [0, 0, 0, 0, 0, 4, 4, 4, 4]  # the last row's loss is not yet known
    now[0] = 11.0
    for step in (9, 10):  # the first of them is late
        store.add(row(step))
        assert load(tmp_path / "s").sizes["step"] == 8
    store.close()
    assert load(tmp_path / "s").sizes["step"] == 11


def test_rows_do_not_wait_when_they_are_large(tmp_path, monkeypatch):
    monkeypatch.setattr("thalweg.store.trajectory.MOST_BYTES", 40)  # two points
    store, there = TrajectoryStore(tmp_path / "s", blank(), 1, Flush(99, 1e9), append=False), []
    for step in range(6):
        store.add(row(step))
        there.append(load(tmp_path / "s").sizes["step"])
    store.close()
    assert there == [0, 0, 0, 2, 2, 4]


def test_what_becomes_known_of_a_waiting_row_is_kept(tmp_path):
    store = opened(tmp_path / "s")
    rows = [row(step) for step in range(3)]
    for each in rows:
        store.add(each)
        each.loss = 100.0 + each.step
        if each.step:
            rows[each.step - 1].loss = 50.0 + each.step
    store.close()
    assert load(tmp_path / "s").loss.values.tolist() == [51, 52, 102]


@pytest.mark.parametrize("few", [1, 3, 4096])
def test_thinning_on_disk_is_thinning_in_memory(tmp_path, monkeypatch, few):
    monkeypatch.setattr(row_files, "MOST_ROWS", few)
    monkeypatch.setattr("thalweg.store.trajectory.MOST_BYTES", 100)
    ours, theirs = opened(tmp_path / "s", rows=3), draft([])
    for step in range(30):
        for each in (ours, theirs):
            while len(each) >= 7:
                each.thin(2 * each.stride)
            if not len(each) or step % each.stride == 0:
                each.add(row(step))
    xr.testing.assert_identical(ours.dataset(), theirs.dataset())
    ours.close()
    xr.testing.assert_identical(load(tmp_path / "s"), theirs.dataset())
    assert ours.stride == 8
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


def test_a_run_goes_on_at_the_row_with_the_same_values(tmp_path):
    written(tmp_path / "s", range(8))
    store = opened(tmp_path / "s")
    assert len(store) == 8
    again = store.take_back(row(5).values, None)
    assert (again.step, again.loss, again.gradient_norm) == (5, 2.5, 5 / 3)
    assert store.last == 4
    assert load(tmp_path / "s").sizes["step"] == 8  # nothing is dropped before there is more
    store.add(again)
    again.loss = 77.0
    for step in (6, 9):
        store.add(row(step))
    store.close()
    found = load(tmp_path / "s")
    wanted = draft([0, 1, 2, 3, 4, 5, 6, 9]).dataset()
    wanted.loss[5] = 77
    xr.testing.assert_identical(found, wanted)
    assert verify(tmp_path / "s").sound


def test_a_run_goes_on_at_a_step_that_is_told(tmp_path):
    written(tmp_path / "s", [0, 4, 8, 12])
    store = opened(tmp_path / "s")
    store.add(store.take_back(row(6).values, 6))
    store.close()
    xr.testing.assert_identical(load(tmp_path / "s"), wanted_at(6))
    for at, values, said in [
        (4, row(5), "stand at a row of .*, got others at step 4"),
        (None, row(5), "got parameters of no row"),
        (-1, row(0), "got step -1, before the first row"),
    ]:
        store = opened(tmp_path / "s")
        with pytest.raises(InputError, match=said):
            store.take_back(values.values, at)
        store.close()
        assert load(tmp_path / "s").step.values.tolist() == [0, 4, 6]


def wanted_at(step):
    wanted = draft([0, 4, step])
    wanted._rows[-1].loss = wanted._rows[-1].gradient_norm = np.nan
    return wanted.dataset()


def test_nan_is_a_value_like_any_other(tmp_path):
    store, lost = opened(tmp_path / "s"), row(1)
    lost.values["point"][2] = np.nan
    for each in (row(0), lost):
        store.add(each)
    store.close()
    np.testing.assert_array_equal(load(tmp_path / "s").point[1], lost.values["point"])
    store = opened(tmp_path / "s")
    assert store.take_back(lost.values, None).step == 1
    store.close()


def test_another_run_is_refused_by_name(tmp_path):
    written(tmp_path / "s", range(3))
    for changed in ({"layout_digest": "xy"}, {"dtype": "float64"}, {"schedule": "Every(2)"}):
        (key, _), *_ = changed.items()
        with pytest.raises(StoreError, match=f"a run of this kind .{key} "):
            opened(tmp_path / "s", made=blank(**changed))
    with pytest.raises(StoreError, match=r"kind projections\), got trajectory"):
        opened(tmp_path / "s", made=blank_projections())
    with pytest.raises(StoreError, match=r"free for a new run, got a store; .*append=True"):
        opened(tmp_path / "s", append=False)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "note").write_text("mine")
    for append in (True, False):
        with pytest.raises(StoreError, match="free for a new run, got something else"):
            opened(tmp_path / "other", append=append)
    assert (tmp_path / "other" / "note").read_text() == "mine"
    xr.testing.assert_identical(load(tmp_path / "s"), draft(range(3)).dataset())
    with pytest.raises(InputError, match="rows must be written after 1 or more"):
        Flush(rows=0)
    with pytest.raises(InputError, match="seconds=nan"):
        Flush(seconds=float("nan"))


def test_what_is_kept_beside_the_rows_stays_that_of_the_first_run(tmp_path):
    store = opened(tmp_path / "s", made=blank_projections())
    store.close()
    later = blank_projections(start_digest="other")
    later = later.assign(start=later.start + 1)
    store = opened(tmp_path / "s", made=later)
    assert store.blank.start.values.tolist() == [0, 1, 2]
    store.close()
    assert load(tmp_path / "s").start.values.tolist() == [0, 1, 2]
    assert load(tmp_path / "s").attrs["start_digest"] == "cd"


def test_sums_that_were_added_up_in_another_order_are_the_same_row(tmp_path):
    def projected(step, by=0.0, **changed):
        random = np.random.default_rng(step)
        values = {"product": random.standard_normal(2), "distance": step / 4, "norm": 3.0}
        return Row(step, {k: np.array(v) * (1 + by) for k, v in {**values, **changed}.items()})

    store = opened(tmp_path / "s", made=blank_projections())
    for step in range(4):
        store.add(projected(step))
    store.add(projected(4, norm=np.nan, product=[np.nan, np.inf]))
    store.close()
    for wanted, near in [
        (2, projected(2, by=1e-13)),
        (0, projected(0, distance=1e-12)),
        (4, projected(4, norm=np.nan, product=[np.nan, np.inf])),
    ]:
        store = opened(tmp_path / "s", made=blank_projections())
        assert store.take_back(near.values, None).step == wanted
        store.close()
    for other in (projected(2, by=1e-7), projected(2, norm=3.1), projected(2, distance=0.6)):
        store = opened(tmp_path / "s", made=blank_projections())
        with pytest.raises(InputError, match="parameters of no row"):
            store.take_back(other.values, None)
        store.close()


def test_the_ledger_of_a_long_run_stays_short(tmp_path, monkeypatch):
    monkeypatch.setattr(row_files, "LONG_LEDGER", 4000)
    store, readings, longest = opened(tmp_path / "s"), [], 0
    read = row_files.read_ledger
    monkeypatch.setattr(row_files, "read_ledger", lambda root: readings.append(0) or read(root))
    for step in range(30):
        store.add(row(step))
        longest = max(longest, (tmp_path / "s" / "ledger" / "lines.jsonl").stat().st_size)
    assert longest < 8000  # 2 kB a flush otherwise
    del readings[:]
    store.dataset()
    with pytest.raises(InputError, match="parameters of no row"):
        store.take_back(row(99).values, None)
    assert len(readings) <= 1
    store.close()
    assert verify(tmp_path / "s").sound
    xr.testing.assert_identical(load(tmp_path / "s"), draft(range(30)).dataset())
    store = opened(tmp_path / "s")
    assert store.take_back(row(20).values, None).step == 20
    store.close()


def test_a_ledger_that_must_be_long_is_not_written_anew_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(row_files, "LONG_LEDGER", 1)
    monkeypatch.setattr(row_files, "MOST_ROWS", 1)  # files, and so lines, for each row
    store, times = opened(tmp_path / "s"), []
    write = row_files.rewritten
    monkeypatch.setattr(row_files, "rewritten", lambda *args: times.append(0) or write(*args))
    for step in range(24):
        store.add(row(step))
    store.close()
    assert 3 <= len(times) <= 16  # of 44
    xr.testing.assert_identical(load(tmp_path / "s"), draft(range(24)).dataset())


def test_lengths_change_one_right_after_the_other(tmp_path, monkeypatch):
    store, done = opened(tmp_path / "s"), []
    for step in range(3):
        store.add(row(step))
    flush, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: done.append("fsync") or flush(handle))
    monkeypatch.setattr(os, "replace", lambda *args: done.append(args[1].name) or replace(*args))
    store.add(row(3))
    names = [name for name in done if name != "fsync"]
    assert names[-5:] == ["zarr.json"] * 5  # arrays along `step`: xarray wants them alike
    first = len(done) - 1 - done[::-1].index("zarr.json")
    assert done[first - 4 : first + 1] == ["zarr.json"] * 5  # nothing slow in between


def test_opening_a_run_makes_its_lengths_alike(tmp_path, monkeypatch):
    store = opened(tmp_path / "s")
    for step in range(4):
        store.add(row(step))
    assert broken_after(7, monkeypatch, lambda: store.add(row(4)))  # 2 of 5 are longer by then
    store._lock.release()
    with pytest.raises(ValueError, match="conflicting sizes for dimension 'step'"):
        plain(tmp_path / "s")
    assert load(tmp_path / "s").step.values.tolist() == [0, 1]
    store = opened(tmp_path / "s")
    xr.testing.assert_equal(plain(tmp_path / "s"), load(tmp_path / "s"))
    assert plain(tmp_path / "s").sizes["step"] == 2
    store.close()


def test_one_writer_at_a_time(tmp_path):
    store = opened(tmp_path / "s")
    with pytest.raises(StoreError, match="one writer at a time"):
        opened(tmp_path / "s")
    store.close()
    store.close()
    opened(tmp_path / "s").close()


def test_a_damaged_run_is_not_gone_on_with(tmp_path):
    written(tmp_path / "s", range(9))
    chunk = tmp_path / "s" / "point" / "c" / "0" / "0"
    content = bytearray(chunk.read_bytes())
    content[40] ^= 1
    chunk.write_bytes(bytes(content))
    with pytest.raises(StoreError, match="damaged point/c/0/0"):
        opened(tmp_path / "s")
    with pytest.raises(StoreError, match="damaged point/c/0/0"):
        load(tmp_path / "s")
    chunk.unlink()
    with pytest.raises(StoreError, match="missing point/c/0/0"):
        opened(tmp_path / "s")


def test_a_full_disk_loses_no_row(tmp_path, monkeypatch):
    store = opened(tmp_path / "s")
    for step in range(4):
        store.add(row(step))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(StoreError, match="must be writable, got No space left"):
            store.add(row(4))
    store.add(row(4))
    store.close()
    xr.testing.assert_identical(load(tmp_path / "s"), draft(range(5)).dataset())


def broken_after(count, monkeypatch, work, fault=Killed):
    """Do some work, but stop at the rename after `count` of them; tell whether it came so far."""
    replace, done = os.replace, []

    def some(*args):
        done.append(args)
        if len(done) == count + 1:
            raise fault
        replace(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", some)
        try:
            work()
        except fault:
            return True
    return False


@pytest.mark.parametrize("thinned", [False, True])
def test_broken_off_at_any_rename_the_run_is_whole_and_goes_on(tmp_path, monkeypatch, thinned):
    monkeypatch.setattr(row_files, "MOST_ROWS", 2)
    written(tmp_path / "template", range(5))
    before, lengths, more = [0, 1, 2, 3, 4], set(), True
    for count in itertools.count(0, 1 if FULL else 7):
        path = shutil.copytree(tmp_path / "template", tmp_path / f"{count}")
        store = opened(path)
        for step in (5, 6):
            store.add(row(step))
        work = (lambda: store.thin(2)) if thinned else (lambda: store.add(row(7)))
        more = broken_after(count, monkeypatch, work)
        found = load(path)
        lengths.add(found.sizes["step"])
        assert found.step.values.tolist() in (before, [*before, 5], [0, 2, 4])
        assert_same_rows(found)
        if count % 2:  # it goes on in the same process
            store.close()
        else:  # it was killed
            store._lock.release()
            store = opened(path)
            store.add(store.take_back(row(4).values, None))
            store.close()
        assert verify(path).sound
        found = load(path)
        assert found.step.values[-1] in ((6, 7) if count % 2 else (4,))
        assert_same_rows(found)
        if not more:
            break
    assert count >= 10
    assert lengths == ({5, 3} if thinned else {5, 6})


def assert_same_rows(found):
    whole = draft(found.step.values)
    whole.stride = found.attrs["stride"]
    xr.testing.assert_equal(found, whole.dataset())


@pytest.mark.parametrize("way", ["plain", "thinned"] if FULL else ["thinned"])
def test_kill_9_at_any_moment_keeps_the_path(tmp_path, way):
    child, random = Path(__file__).with_name("recorded.py"), np.random.default_rng(0)
    environment = {**os.environ, "PYTHONPATH": str(child.parents[1])}
    path, known = tmp_path / "s", 0
    for _ in range(40 if FULL else 2):
        with subprocess.Popen(
            [sys.executable, str(child), str(path), way], stdout=subprocess.PIPE, env=environment
        ) as process:
            for _ in range(random.integers(4, 12)):
                known = int(process.stdout.readline())
            process.kill()
            told = process.stdout.read().split()
            known = int(told[-1]) if told else known
        found = load(path)
        stride = found.attrs["stride"]
        steps = found.step.values
        assert known - 2 * stride <= steps[-1] <= known + stride
        np.testing.assert_array_equal(steps, np.arange(0, steps[-1] + 1, stride))
        assert_same_rows(found)
        assert len(steps) <= 8 or way == "plain"
    assert known > 7


def test_a_draft_of_nothing_is_an_empty_run():
    found = TrajectoryDraft(blank(), 3).dataset()
    assert found.sizes == {"step": 0, "parameter": 5}
    assert found.attrs["steps"] == 0
    assert found.attrs["stride"] == 3
