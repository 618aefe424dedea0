"""verify and repair: every damage is named, and only what was damaged is computed again."""

import os

import numpy as np
import pytest

from formulas import Formula, ripples
from thalweg.core.errors import StoreError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.zoo import quadratic
from thalweg.store.folder import load, save
from thalweg.store.lock import WriterLock
from thalweg.store.verify import repair, verify
from thalweg.surface.evaluate import evaluate

FULL = os.environ.get("THALWEG_FULL") == "1"
PLANE = Plane(np.zeros(2), [[1.0, 0.0], [0.5, 2.0]])
GRID = Grid((np.linspace(-1, 2, 7), np.linspace(0, 0.5, 4)), tile=3)  # 6 tiles, some smaller
TILED = ("loss", "status")


def mixed(points):
    """Some cells raise, some are NaN, most are numbers."""
    if (points[:, 0] > 1.9).any():
        raise ArithmeticError("too far")
    return np.where(points[:, 1] > 0.6, np.nan, ripples(points))


def run(store, function=mixed):
    objective = Formula(function)
    return evaluate(objective, PLANE, GRID, store=store), objective


def chunks(store, names):
    return sorted(p for name in names for p in (store / name / "c").rglob("*") if p.is_file())


def flip(content, at):
    torn = bytearray(content)
    torn[at // 8] ^= 1 << (at % 8)
    return bytes(torn)


def damages(store, random):
    """Yield {file: content}: flipped bits, cut files, and pairs of swapped chunks."""
    files = sorted(p for p in store.rglob("*") if p.is_file())
    flips, cuts, swaps = (1000, 100, 100) if FULL else (30, 10, 10)
    for _ in range(flips):
        file = files[random.integers(len(files))]
        whole = file.read_bytes()
        yield {file: flip(whole, int(random.integers(8 * len(whole))))}
    for _ in range(cuts):
        file = files[random.integers(len(files))]
        whole = file.read_bytes()
        yield {file: whole[: int(random.integers(len(whole)))]}
    for _ in range(swaps):
        name = ("loss", "status")[random.integers(2)]
        one, two = random.choice(chunks(store, [name]), 2, replace=False)
        yield {one: two.read_bytes(), two: one.read_bytes()}


def test_flips_cuts_and_swaps_are_detected_or_harmless_and_repaired_to_the_bit(tmp_path):
    store, detected, repaired = tmp_path / "s", 0, 0
    wanted, _ = run(store)
    pristine = {file: file.read_bytes() for file in store.rglob("*") if file.is_file()}
    for number, torn in enumerate(damages(store, np.random.default_rng(0))):
        for file, content in torn.items():
            file.write_bytes(content)
        report = verify(store)
        wrong = {key.split(" ")[0] for key in report.damaged}
        differ = [file for file in torn if torn[file] != pristine[file]]
        named = {file.relative_to(store).as_posix() for file in differ}
        if report.sound:  # an equal chunk, or the end of the ledger: those tiles are pending
            kept = load(store)
            done = kept.status.values != Cell.PENDING
            for name in TILED:
                assert kept[name].values[done].tobytes() == wanted[name].values[done].tobytes()
            assert done.all() or named == {"ledger/lines.jsonl"} or not named
        else:
            detected += 1
            assert wrong == named or "ledger/lines.jsonl" in named
            with pytest.raises(StoreError, match=r"s must be readable, got (damaged|missing) "):
                load(store)
        if named == {"ledger/lines.jsonl"} and "zarr.json" in report.missing:
            with pytest.raises(StoreError, match="delete it and run again"):
                repair(store)  # the line that says which store this is
        elif number % 4 == 0 or "ledger/lines.jsonl" in named:
            repair(store)
            again, objective = run(store)
            assert again.identical(wanted)
            pending = report.cells.get("pending", 0)  # a tile in which a cell raises is begun twice
            assert pending <= objective.cells <= 2 * pending
            assert verify(store).sound
            assert load(store).identical(wanted)
            repaired += 1
        for file, content in pristine.items():
            file.write_bytes(content)
    assert verify(store).sound
    assert detected > 25
    assert repaired > 5


def test_deleted_chunks_are_all_reported_and_never_read_as_numbers(tmp_path):
    store = tmp_path / "s"
    wanted, _ = run(store)
    gone = chunks(store, TILED)[:10]
    assert len(gone) == 10
    for file in gone:
        file.unlink()
    report = verify(store)
    assert report.missing == tuple(file.relative_to(store).as_posix() for file in gone)
    assert not report.sound
    assert str(report).count("missing  ") == 10
    for read in (load, run):
        with pytest.raises(StoreError, match="got missing loss/c/0/0 and 9 more; repair it with"):
            read(store)
    repair(store)
    kept = load(store)
    assert (kept.status.values == Cell.PENDING).all()
    assert np.isnan(kept.loss.values).all()
    assert run(store)[0].identical(wanted)


@pytest.mark.parametrize("name", TILED)
@pytest.mark.parametrize("tile", ["0/1", "1/0", "1/2"])
def test_a_tile_of_nan_that_is_lost_is_computed_again_and_no_other(name, tile, tmp_path):
    def nothing(points):
        return np.full(len(points), np.nan)

    store = tmp_path / "s"
    wanted, _ = run(store, nothing)
    assert (wanted.status == Cell.NONFINITE).all()
    kept = {file: file.stat().st_mtime_ns for file in chunks(store, TILED)}
    (store / name / "c" / tile).unlink()
    assert verify(store).missing == (f"{name}/c/{tile}",)
    assert repair(store).missing == (f"{name}/c/{tile}",)
    cells = {"0/1": 9, "1/0": 3, "1/2": 1}[tile]
    assert verify(store).cells == {
        "pending": cells,
        "done": 0,
        "nonfinite": 28 - cells,
        "failed": 0,
    }
    again, objective = run(store, nothing)
    assert again.identical(wanted)
    assert objective.cells == cells
    touched = [file for file in kept if file.stat().st_mtime_ns != kept[file]]
    assert touched == [store / one / "c" / tile for one in TILED]


@pytest.mark.parametrize(
    "key", ["zarr.json", "ledger/zarr.json", "loss/zarr.json", "status/zarr.json", "a/c/0"]
)
def test_damaged_metadata_and_axes_are_made_anew_without_computing(key, tmp_path):
    store = tmp_path / "s"
    wanted, _ = run(store)
    (store / key).write_bytes(b"torn")
    assert verify(store).damaged == (key,)
    repair(store)
    if key != "ledger/zarr.json":
        assert verify(store).missing == (key,)
        with pytest.raises(StoreError, match=f"missing {key}; it was repaired: run what made it"):
            load(store)
    other = Formula(mixed, name="other")
    with pytest.raises(StoreError, match="objective_digest"):
        evaluate(other, PLANE, GRID, store=store)
    again, objective = run(store)
    assert objective.calls == 0
    assert again.identical(wanted)
    assert load(store).identical(wanted)


def test_a_damaged_line_of_the_ledger_costs_only_its_tile(tmp_path):
    store = tmp_path / "s"
    wanted, _ = run(store)
    ledger = store / "ledger" / "lines.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join([*lines[:2], flip(lines[2], 200), *lines[3:]]))
    report = verify(store)
    assert report.damaged == ("ledger/lines.jsonl line 3",)
    assert report.cells["pending"] == 9
    assert report.stray == ("loss/c/0/1", "status/c/0/1")
    repair(store)
    again, objective = run(store)
    assert objective.cells == 9
    assert again.identical(wanted)
    assert verify(store).sound


def test_a_lost_ledger_is_damage_not_an_old_store(tmp_path):
    store = tmp_path / "s"
    run(store)
    (store / "ledger" / "lines.jsonl").unlink()
    assert verify(store).missing == ("ledger/lines.jsonl",)
    for read in (load, run):
        with pytest.raises(StoreError, match=r"got missing ledger/lines.jsonl"):
            read(store)
    with pytest.raises(StoreError, match="whose ledger is sound"):
        repair(store)


def test_a_half_finished_surface_is_sound_and_its_states_are_counted(tmp_path):
    objective = Formula(mixed, stop_after=5)
    with pytest.raises(KeyboardInterrupt):
        evaluate(objective, PLANE, GRID, store=tmp_path / "s")
    kept = load(tmp_path / "s")
    report = verify(tmp_path / "s")
    assert report.sound
    assert report.cells == {c.name.lower(): int((kept.status == c).sum()) for c in Cell}
    assert report.cells["pending"] > 0
    before = {file: file.read_bytes() for file in (tmp_path / "s").rglob("*") if file.is_file()}
    assert repair(tmp_path / "s") == report
    assert {f: f.read_bytes() for f in (tmp_path / "s").rglob("*") if f.is_file()} == before


def test_stray_files_are_told_and_not_read(tmp_path):
    store = tmp_path / "s"
    wanted, _ = run(store)
    (store / "notes.txt").write_text("mine")
    (store / "loss" / "c" / "9").mkdir()
    (store / "loss" / "c" / "9" / "9").write_bytes(b"torn")
    report = verify(store)
    assert report.sound
    assert report.stray == ("loss/c/9/9", "notes.txt")
    assert str(report).splitlines() == [
        f"{store}: surface, 23 files, sound",
        ", ".join(f"{count:,} {name}" for name, count in report.cells.items()),
        "stray  loss/c/9/9",
        "stray  notes.txt",
    ]
    assert load(store).identical(wanted)


def test_other_results_are_verified_but_cannot_be_repaired(tmp_path):
    path = save(record(quadratic([1.0, 2.0]), np.ones(2), SGD(0.1), 3), tmp_path / "run")
    report = verify(path)
    assert report.sound
    assert str(report) == f"{path}: trajectory, 11 files, sound"
    (path / "point" / "c" / "0" / "0").unlink()
    (path / "loss" / "c" / "0").write_bytes(b"torn")
    report = verify(path)
    assert (report.damaged, report.missing) == (("loss/c/0",), ("point/c/0/0",))
    with pytest.raises(StoreError, match=r"must be a surface .* missing loss/c/0; delete"):
        repair(path)


def test_repair_waits_for_no_writer_and_leaves_other_folders_alone(tmp_path):
    store = tmp_path / "s"
    run(store)
    with WriterLock(store), pytest.raises(StoreError, match="must have one writer"):
        repair(store)
    (tmp_path / "folder").mkdir()
    for act in (verify, repair):
        with pytest.raises(StoreError, match="must be a Zarr store, got something else"):
            act(tmp_path / "folder")
        with pytest.raises(StoreError, match="must be a Zarr store, got nothing"):
            act(tmp_path / "none")
