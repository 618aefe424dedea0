"""Stored results: what is listed, what is shown, and that no name leads out of the folder."""

import asyncio
import json
import os

import numpy as np
import pytest

from store.recorded import blank
from thalweg.core.errors import InputError, StoreError
from thalweg.core.grid import Grid
from thalweg.core.schema import Cell
from thalweg.curvature.dense import spectrum
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.geometry.planes import principal_plane
from thalweg.objectives.zoo import quadratic
from thalweg.store.folder import save
from thalweg.store.rows import Row
from thalweg.store.surface import SurfaceStore
from thalweg.store.trajectory import Flush, TrajectoryStore
from thalweg.surface.evaluate import evaluate
from thalweg.viewer.frames import decode
from thalweg.web import choosing
from thalweg.web.choosing import choose
from thalweg.web.hall import Hall
from thalweg.web.library import Library, being_written, stamp
from thalweg.web.messages import Choose, Drop, DropBall, OptimizerSpec
from thalweg.web.runs import drop_ball
from thalweg.web.session import Session
from viewer.stored import BOWL, PLANE, path, surface

START = np.array([1.5, -1.0, 0.5])
RUN = record(BOWL, START, Adam(0.05), 30)


@pytest.fixture
def place(tmp_path):
    """A folder with one of each."""
    runs = tmp_path / "runs"
    save(surface(), runs / "deep" / "map.zarr")
    save(path(), runs / "deep" / "map-path.zarr")
    save(RUN, runs / "run.zarr")
    save(spectrum(BOWL, START), runs / "spectrum.zarr")
    save(evaluate(BOWL, PLANE, Grid.square(1.0, 5)), runs / "other.zarr")
    save(surface(), tmp_path / "outside.zarr")
    save(surface(), runs / ".hidden.zarr")
    (runs / "nothing").mkdir()
    (runs / "link.zarr").symlink_to(tmp_path / "outside.zarr")
    return runs


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(choosing, "POLL", 0.01)


def visit(library, work, objective=None):
    """Run `work(session)` with an open session; return what it returns."""

    async def whole():
        hall = Hall(objective, library)
        session = Session(hall)
        try:
            return await work(session)
        finally:
            await session.close()
            hall.close()

    return asyncio.run(whole())


def told(session):
    """What waits to be sent, by kind; runs and paths as the page would get them."""
    found = {}
    for entry in session.outbox._waiting.values():
        for frame in [entry] if hasattr(entry, "encode") else entry():
            found[frame.kind] = decode(frame.encode())
    return found


def chosen(library, name, objective=None):
    """The session's frames after a result was chosen, and the session itself."""

    async def work(session):
        await choose(session, Choose(name))
        await session.idle()
        return told(session), session

    return visit(library, work, objective)


def test_results_are_listed_with_what_they_are(place):
    entries = Library(place).listing()[0]
    assert [(e["name"], e["kind"]) for e in entries] == [
        ("deep/map.zarr", "surface"),
        ("other.zarr", "surface"),
        ("run.zarr", "trajectory"),
        ("spectrum.zarr", "spectrum"),
    ]
    words = {e["name"]: e["words"] for e in entries}
    assert words["deep/map.zarr"] == f"terrain of {BOWL.name}"
    assert words["run.zarr"] == "Adam, 30 steps"
    assert Library(None).listing() == ([], "")


def test_one_store_is_a_library_of_one(place):
    library = Library(place / "run.zarr")
    assert [e["name"] for e in library.listing()[0]] == ["run.zarr"]
    assert library.file("run.zarr") == place / "run.zarr"
    with pytest.raises(InputError, match="one of those that are listed"):
        library.file("other.zarr")


def test_lines_and_volumes_are_no_terrain(place):
    line = surface().isel(b=0, drop=True)
    line.attrs["lengths"] = line.attrs["lengths"][:1]
    save(line, place / "line.zarr")
    assert "line.zarr" not in [e["name"] for e in Library(place).listing()[0]]
    fault = chosen(Library(place), "line.zarr")[0]["fault"].head
    assert fault["got"] == "line.zarr: 1 direction"


@pytest.mark.parametrize("missing", ["nowhere", "file"])
def test_a_place_that_is_none_is_refused(tmp_path, missing):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="must be a store or a folder of them"):
        Library(tmp_path / missing)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../outside.zarr", "deep/../../outside.zarr", "link.zarr", "nothing"),
        *("deep", "run.zarr/../../outside.zarr", "run\0.zarr", "x" * 499, "..\\outside.zarr", "~"),
    ],
)
def test_no_name_leads_out_of_the_folder(place, name):
    with pytest.raises(InputError, match="one of those that are listed"):
        Library(place).file(name)
    with pytest.raises(InputError, match="one of those that are listed"):
        Library(place).file(str(place.parent / "outside.zarr"))


def test_a_damaged_store_is_named_in_one_line_without_the_folders_above(place):
    (place / "other.zarr" / "zarr.json").write_text("{")
    chunk = next((place / "run.zarr" / "loss" / "c").rglob("*"))
    chunk.write_bytes(b"x" + chunk.read_bytes()[1:])
    entry = next(e for e in Library(place).listing()[0] if e["name"] == "other.zarr")
    assert entry["kind"] == "damaged"
    assert entry["words"] == "cannot be read; choose it to see why"
    for name in ("other.zarr", "run.zarr"):
        frames, session = chosen(Library(place), name)
        fault = frames["fault"].head
        assert name in fault["wanted"]
        assert "\n" not in "".join(fault.values())
        assert str(place) not in json.dumps(fault)
        assert session.scene == 0


def test_a_stored_map_is_shown_with_the_path_beside_it(place):
    frames, session = chosen(Library(place), "deep/map.zarr")
    scene = frames["scene"].head
    assert (scene["scene"], scene["objective"], scene["bench"]) == (1, BOWL.name, None)
    assert scene["plane"]["recipe"] == "stored"
    assert (scene["runs"], scene["stored"]) == ([], "deep/map.zarr")
    values = frames["surface"].arrays["values"].reshape(9, 9)
    assert np.array_equal(values, surface()["loss"].values.astype(np.float32))
    run, known = frames["path"].arrays, path()
    for name, column in (("a", "a"), ("distance", "residual"), ("plane_loss", "plane_loss")):
        assert np.array_equal(run[name], known[column].values.astype(np.float32))
    assert frames["run"].head["status"] == "stored"
    assert frames["run"].head["captured"] == known.attrs["captured_variance"]
    assert len(frames["trust"].head["lines"]) >= 2
    assert session.objective is None
    assert session.plane.digest() == PLANE.digest()


def test_a_path_without_its_run_has_no_points_to_look_at(place):
    async def work(session):
        await choose(session, Choose("deep/map.zarr"))
        await session.idle()
        kinds = [frame.kind for frame in session.snapshot()]
        with pytest.raises(InputError, match="choose the run itself"):
            session.runs[0].points
        with pytest.raises(InputError, match="a stored result alone"):
            session.require_objective()
        return kinds

    kinds = visit(Library(place), work)
    assert kinds[:4] == ["scene", "surface", "run", "path"]


def test_with_its_objective_a_stored_map_can_be_played_on(place):
    async def work(session):
        await choose(session, Choose("deep/map.zarr"))
        await session.idle()
        drop = Drop(1.0, 1.0, [OptimizerSpec("SGD", 0.1)], steps=5)
        session.speed = 0.0
        (number,) = await drop_ball(session, DropBall(drop))
        await session.runs[number].settled()
        return number, session.runs[number].points[0], session.objective

    number, start, objective = visit(Library(place), work, BOWL)
    assert objective is not None
    assert number == 1
    assert start.tolist() == [1.0, 1.0, 0.0]
    other = visit(Library(place), lambda s: _objective(s), quadratic([9.0, 3.0, 2.0]))
    assert other is None


async def _objective(session):
    await choose(session, Choose("deep/map.zarr"))
    await session.idle()
    return session.objective


def test_a_run_without_its_objective_is_shown_without_terrain(place):
    frames, session = chosen(Library(place), "run.zarr")
    assert set(frames["surface"].arrays["mask"].tolist()) == {1}  # pending, every cell
    plane = principal_plane(RUN["point"].values)
    coords = plane.coordinates(RUN["point"].values).astype(np.float32)
    run = frames["path"].arrays
    assert np.array_equal(np.stack([run["a"], run["b"]], 1), coords)
    assert np.array_equal(run["loss"], RUN["loss"].values.astype(np.float32))
    assert np.isnan(run["plane_loss"]).all()
    assert set(run["band"].tolist()) == {4}
    assert frames["trust"].head["lines"][0]["warning"]
    assert frames["trust"].head["lines"][0]["text"].startswith("No terrain")
    assert (frames["run"].head["length"], frames["run"].head["status"]) == (30, "stored")
    assert session.objective is None


def test_a_run_with_its_objective_lies_on_its_own_terrain(place):
    frames, session = chosen(Library(place), "run.zarr", BOWL)
    plane = principal_plane(RUN["point"].values)
    drawn = frames["surface"]
    a, b = drawn.arrays["a"].astype(float), drawn.arrays["b"].astype(float)
    assert max(a.size, b.size) == 81
    values = drawn.arrays["values"].reshape(b.size, a.size)
    assert not drawn.arrays["mask"].any()
    corner = BOWL.value(plane.points([[a[-1], b[0]]])[0])
    assert values[0, -1] == pytest.approx(corner, rel=1e-5)
    below = BOWL.restrict(plane)(plane.coordinates(RUN["point"].values))["loss"]
    assert frames["path"].arrays["plane_loss"] == pytest.approx(below, rel=1e-6)
    assert session.objective is not None


def test_a_spectrum_is_shown_beside_what_is_there(place):
    frames, session = chosen(Library(place), "spectrum.zarr")
    assert frames["spectrum"].arrays["eigenvalues"].tolist() == [1.0, 2.0, 3.0]
    assert frames["spectrum"].head["negative"] == 0
    assert session.scene == 0
    assert "scene" not in frames


def test_without_a_library_there_is_nothing_to_choose():
    with pytest.raises(InputError, match="there must be stored results"):
        visit(None, lambda session: choose(session, Choose("x")))


def test_a_run_that_is_recorded_is_followed(tmp_path):
    bowl = quadratic([1.0, 2.0, 3.0, 4.0, 5.0])
    known = record(bowl, np.arange(1.0, 6.0), Adam(0.1), 12)["point"].values
    library = Library(tmp_path)
    store = TrajectoryStore(tmp_path / "r", blank(optimizer="Adam"), 1, Flush(rows=1), False)

    def write(steps):
        for step in steps:
            store.add(Row(step, {"point": known[step].astype(np.float32)}, 1.0, 0.0))

    async def until(true):
        for _ in range(500):
            await asyncio.sleep(0.01)
            if true():
                return
        raise AssertionError("nothing came")

    async def work(session):
        write(range(2))
        assert library.listing()[0][0]["words"] == "Adam, being recorded"
        await choose(session, Choose("r"))
        await asyncio.sleep(0.05)
        assert not session.runs  # two points span no plane
        write(range(2, 8))
        await until(lambda: session.runs)
        first, scene = len(session.runs[0].points), session.scene
        assert session.runs[0].status == "running"
        write(range(8, 10))
        await until(lambda: len(session.runs[0].points) > first)
        assert session.scene == scene  # the plane stays, and with it what the visitor sees
        store.close(Row(10, {"point": known[10].astype(np.float32)}, 1.0, 0.0))
        await session.idle()
        await until(lambda: not session.runs[0].growing)
        await session.idle()
        return session.runs[0].points, told(session)["run"].head["status"]

    points, status = visit(library, work)
    assert np.array_equal(points, known[:11].astype(np.float32))
    assert status == "stored"


def test_a_map_that_is_computed_is_followed(tmp_path):
    grid = Grid(Grid.square(1.0, 8).axes, 4)
    attrs = {"objective": "x", "objective_digest": "y"}
    store = SurfaceStore(tmp_path / "s", PLANE, grid, ("loss",), attrs)
    first, *rest = list(grid.tiles())

    def write(tile):
        shape = tuple(where.stop - where.start for where in tile.slices)
        status = np.full(shape, Cell.DONE, np.int8)
        store.write(tile, {"loss": np.full(shape, 2.0)}, status)

    async def work(session):
        write(first)
        await choose(session, Choose("s"))
        for _ in range(500):
            await asyncio.sleep(0.01)
            if session.view is not None:
                break
        pending = int(session.view.pending.sum())
        drafts = told(session)["surface"].head["draft"]
        for tile in rest:
            write(tile)
        store.close()
        await session.idle()
        return pending, drafts, told(session)["surface"]

    pending, draft, last = visit(Library(tmp_path), work)
    assert pending == 48
    assert draft
    assert not last.arrays["mask"].any()
    assert not last.head["draft"]
    assert last.head["scene"] == 1


def test_whoever_is_dead_writes_nothing(tmp_path):
    save(surface(), tmp_path / "s")
    lock = tmp_path / ".s.lock"
    assert not being_written(tmp_path / "s")
    lock.write_text(json.dumps({"process": os.getpid()}))
    assert being_written(tmp_path / "s")
    lock.write_text(json.dumps({"process": 2**22 + 1}))  # beyond what Linux gives out
    assert not being_written(tmp_path / "s")
    lock.write_text("half")
    assert not being_written(tmp_path / "s")
    assert stamp(tmp_path / "s") == stamp(tmp_path / "s") != (0, 0, 0)
    assert stamp(tmp_path / "nothing") == (0, 0, 0)


def spoil(store, **attributes):
    """Give a store attributes that no writer gave it."""
    file = store / "zarr.json"
    group = json.loads(file.read_text())
    group["attributes"].update(attributes)
    file.write_text(json.dumps(group))


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("run.zarr", {"steps": "many"}),
        ("run.zarr", {"steps": None}),
        ("run.zarr", {"steps": []}),
        ("other.zarr", {"lengths": 5}),
        ("other.zarr", {"lengths": None}),
        ("other.zarr", {"nonfinite": 5}),
        ("other.zarr", {"kind": ["surface"]}),
        ("other.zarr", {"objective": "x" * 100_000}),
    ],
)
def test_one_odd_store_leaves_the_others_to_choose_from(place, name, attributes):
    spoil(place / name, **attributes)
    entries = {entry["name"]: entry for entry in Library(place).listing()[0]}
    assert entries["deep/map.zarr"]["words"].startswith("terrain of")
    assert all(len(entry["words"]) <= 200 for entry in entries.values())
    if "steps" in attributes or "lengths" in attributes:
        assert entries[name]["kind"] == "damaged"


@pytest.mark.parametrize(
    "lock",
    [
        '{"process": 1e999}',
        '{"process": 99999999999999999999}',
        '{"process": 0}',
        '{"process": "7"}',
        "[" * 200_000,
        "[]",
        "",
    ],
)
def test_an_odd_lock_is_no_writer(place, lock):
    (place / ".run.zarr.lock").write_text(lock)
    assert being_written(place / "run.zarr") is False


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(place):
    os.mkfifo(place / ".run.zarr.lock")
    assert being_written(place / "run.zarr") is False
    (place / "other.zarr" / "zarr.json").unlink()
    os.mkfifo(place / "other.zarr" / "zarr.json")
    kinds = {entry["name"]: entry["kind"] for entry in Library(place).listing()[0]}
    assert kinds["run.zarr"] == "trajectory"
    assert kinds.get("other.zarr", "damaged") == "damaged"


def test_numbers_that_cannot_be_are_told_in_a_line(place):
    odd = surface()
    odd = odd.assign_coords(a=odd["a"].values * np.nan)
    save(odd, place / "odd.zarr")
    words = RUN.assign(loss=("step", RUN["loss"].values.astype(np.int64)))
    save(words, place / "whole.zarr")
    for name, said in (("odd.zarr", "must rise"), ("whole.zarr", "must hold real numbers")):
        frames, session = chosen(Library(place), name)
        assert said in frames["fault"].head["wanted"]
        assert session.scene == 0


def test_who_asks_for_what_is_not_there_keeps_what_is_shown(place):
    async def work(session):
        await choose(session, Choose("deep/map.zarr"))
        with pytest.raises(InputError, match="one of those that are listed"):
            await choose(session, Choose("gone.zarr"))
        await session.idle()
        return session.stored

    assert visit(Library(place), work) == "deep/map.zarr"
