"""A stored result that a link names: shown again, with what was done on it, or else said."""

import asyncio

import numpy as np
import pytest

from store.recorded import blank
from thalweg.curvature.dense import spectrum
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.objectives.zoo import quadratic
from thalweg.store.folder import save
from thalweg.store.rows import Row
from thalweg.store.trajectory import Flush, TrajectoryStore
from thalweg.web import choosing
from thalweg.web.bench import lay
from thalweg.web.hall import Hall
from thalweg.web.journal import noted
from thalweg.web.library import Library
from thalweg.web.messages import Action, Bench, PlaneSpec
from viewer.stored import BOWL, OPTIMIZERS, path, surface
from web.conversation import drop, opened, with_page

START = np.array([1.5, -1.0, 0.5])
DEEP = quadratic([1.0, 2.0, 3.0, 4.0, 5.0])
SGD = drop(1.0, -0.5, ("SGD", 0.1), steps=5)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(choosing, "POLL", 0.01)


@pytest.fixture
def place(tmp_path):
    """A spectrum first by name, then a map with three paths over it, and a run."""
    save(spectrum(BOWL, START), tmp_path / "a-spectrum.zarr")
    save(surface(), tmp_path / "map.zarr")
    for number, optimizer in enumerate(OPTIMIZERS):
        save(path(optimizer), tmp_path / f"over-{number}.zarr")
    other = path()
    other.attrs["plane_digest"] = "another"
    save(other, tmp_path / "over-another.zarr")
    save(record(BOWL, START, Adam(0.05), 30), tmp_path / "run.zarr")
    return tmp_path


def hall(place, objective=None):
    return Hall(objective, Library(place))


def faults(page):
    return [frame.head for frame in page.frames if frame.kind == "fault"]


def test_what_has_a_terrain_is_shown_first_and_named(place):
    async def talk(page):
        await opened(page)
        await page.idle()
        return page

    page = with_page(talk, hall(place))
    assert page.last("scene").head["stored"] == "map.zarr"
    assert faults(page) == []


def test_a_map_has_all_paths_of_its_plane_that_lie_beside_it(place):
    async def talk(page):
        await opened(page, stored="map.zarr")
        await page.until(lambda p: len(p.paths) == 3)
        await page.idle()
        return page

    page = with_page(talk, hall(place))
    assert [run["name"] for run in page.runs.values()] == ["SGD", "momentum", "Adam"]
    for number, optimizer in enumerate(OPTIMIZERS):
        known = path(optimizer)["loss"].values.astype(np.float32)
        assert np.array_equal(page.paths[number]["loss"], known)


def test_what_is_not_listed_is_told(place):
    line = surface().isel(b=0, drop=True)
    line.attrs["lengths"] = line.attrs["lengths"][:1]
    save(line, place / "line.zarr")
    listing, left_out = Library(place).listing()
    assert [entry["name"] for entry in listing] == ["a-spectrum.zarr", "map.zarr", "run.zarr"]
    assert left_out == "Also there: line (1), which are no terrain; `thalweg show` draws lines."

    async def talk(page):
        await opened(page)
        return page.last("hello").head["left_out"]

    assert with_page(talk, hall(place)) == left_out


def test_a_spectrum_alone_stands_beside_the_bench(place):
    async def talk(page):
        await opened(page, stored="a-spectrum.zarr")
        await page.idle()
        return page

    page = with_page(talk, hall(place / "a-spectrum.zarr"))
    kinds = [frame.kind for frame in page.frames]
    assert page.last("scene").head["bench"] is not None
    assert page.last("spectrum").arrays["eigenvalues"].tolist() == [1.0, 2.0, 3.0]
    last_scene = len(kinds) - 1 - kinds[::-1].index("scene")
    assert kinds.index("spectrum") > last_scene  # a scene without runs has the page forget it
    assert page.last("spectrum").head["words"].endswith(f"of {BOWL.name}.")


@pytest.mark.parametrize("name", ["gone.zarr", "run.zarr"])
def test_what_cannot_be_shown_is_said_over_the_bench(place, name):
    chunk = next((place / "run.zarr" / "loss" / "c").rglob("*"))
    chunk.write_bytes(b"x" + chunk.read_bytes()[1:])

    async def talk(page):
        await opened(page, stored=name)
        await page.idle()
        return page

    page = with_page(talk, hall(place))
    (fault,) = faults(page)
    assert name in fault["wanted"] + fault["got"]
    assert page.last("scene").head["stored"] is None
    assert page.last("scene").head["bench"] is not None


def test_drops_and_window_of_a_link_come_back_on_a_stored_plane(place):
    window = {"a0": -1.0, "a1": 1.0, "b0": -1.0, "b1": 1.0}

    async def begin(page):
        await opened(page, stored="run.zarr")
        await page.until(lambda p: 0 in p.paths)
        await page.say("drop", drop=SGD)
        await page.until(lambda p: p.runs.get(1, {}).get("status") == "done")
        await page.say("control", action="remove", run=0)
        await page.idle()
        return page.last("scene").head["log"], page.paths[1]

    log, known = with_page(begin, hall(place, BOWL))

    async def again(page):
        await opened(page, stored="run.zarr", log=log, window=window, points=21)
        await page.until(lambda p: p.runs.get(1, {}).get("status") == "done")
        await page.idle()
        return page

    page = with_page(again, hall(place, BOWL))
    assert faults(page) == []
    head = page.last("scene").head
    assert (head["stored"], head["window"], head["runs"], head["log"]) == (
        "run.zarr",
        window,
        [1],
        log,
    )
    assert np.array_equal(page.paths[1]["a"], known["a"])
    assert page.last("surface").arrays["a"].size == 21


def test_the_default_plane_over_a_stored_result_is_in_the_link(place):
    async def talk(page):
        await opened(page, stored="map.zarr")
        await page.say("plane", plane={"recipe": "random", "seed": 0})
        await page.hear("scene", scene=2)
        return page.last("scene").head["log"], page.session.first

    log, first = with_page(talk, hall(place, BOWL))
    assert [action["plane"]["recipe"] for action in log] == ["random"]
    usual = Action(plane=PlaneSpec())
    assert noted([], usual, first) == [usual]
    assert noted([], Action(plane=first), first) == noted([], usual) == []


def test_stored_numbers_alone_can_be_zoomed_and_pointed_at(place):
    window = {"a0": -0.5, "a1": 0.5, "b0": -0.5, "b1": 0.5}

    async def talk(page):
        await opened(page, stored="map.zarr")
        await page.until(lambda p: 0 in p.paths)
        await page.say("window", window=window, points=81)
        await page.hear("scene", window=window)
        for kind in ("boundary", "inspect"):
            await page.say(kind, a=0.0, b=0.0, run=0, step=3)
            await page.hear(kind)
        await page.idle()
        return page

    page = with_page(talk, hall(place))
    assert faults(page) == []
    assert page.last("scene").head["objective"] == BOWL.name
    assert page.last("scene").head["home"]["a1"] == 2.0
    assert page.last("inspect").head["title"] == "SGD, step 3"


def test_of_a_path_without_its_points_the_place_below_is_looked_at(place):
    async def talk(page):
        await opened(page, stored="map.zarr")
        await page.until(lambda p: 0 in p.paths)
        await page.say("inspect", a=1.0, b=0.5, run=0, step=3)
        found = await page.hear("inspect")
        await page.idle()
        return page, found.head

    page, head = with_page(talk, hall(place, BOWL))
    assert faults(page) == []
    assert head["title"] == "a = 1, b = 0.5"
    loss = BOWL.value(np.array([1.0, 0.5, 0.0]))
    assert float(dict(head["rows"])["loss"]) == pytest.approx(loss, rel=1e-3)


def test_a_run_that_grows_keeps_the_balls_that_were_dropped_beside_it(tmp_path):
    known = record(DEEP, np.arange(1.0, 6.0), Adam(0.1), 40)["point"].values.astype(np.float32)
    store = TrajectoryStore(tmp_path / "r", blank(optimizer="Adam"), 1, Flush(rows=1), False)

    def write(steps):
        for step in steps:
            store.add(Row(step, {"point": known[step]}, 1.0, 0.0))

    async def talk(page):
        write(range(8))
        await opened(page, stored="r")
        await page.until(lambda p: 0 in p.paths)
        await page.say("drop", drop=SGD)
        await page.until(lambda p: p.runs.get(1, {}).get("status") == "done")
        write(range(8, 40))
        store.close(Row(40, {"point": known[40]}, 1.0, 0.0))
        await page.until(lambda p: p.runs[0]["status"] == "stored")
        await page.idle()
        return page.session

    session = with_page(talk, hall(tmp_path, DEEP))
    assert session.scene == 1


def test_who_goes_to_the_bench_is_not_fetched_back(tmp_path):
    store = TrajectoryStore(tmp_path / "r", blank(optimizer="Adam"), 1, Flush(rows=1), False)
    known = record(DEEP, np.arange(1.0, 6.0), Adam(0.1), 9)["point"].values.astype(np.float32)

    async def talk(page):
        await page.say("open", stored="r")  # it has no step yet: the page waits for three
        await page.hear("busy")
        await page.say("bench", bench={"width": 3})
        await page.hear("surface", draft=False)
        for step in range(9):
            store.add(Row(step, {"point": known[step]}, 1.0, 0.0))
        store.close(Row(9, {"point": known[9]}, 1.0, 0.0))
        await page.idle()
        await asyncio.sleep(0.1)
        return page.last("scene").head

    head = with_page(talk, hall(tmp_path))
    assert (head["stored"], head["scene"]) == (None, 1)


def test_a_run_of_the_chapters_network_brings_its_terrain_and_its_data(tmp_path):
    chapter = lay(Bench())
    run = record(chapter.objective, chapter.objective.start, Adam(0.02), 12)
    save(run, tmp_path / "run.zarr")
    save(record(DEEP, np.arange(1.0, 6.0), Adam(0.05), 9), tmp_path / "other.zarr")

    async def talk(page):
        told = []
        for name in ("run.zarr", "other.zarr"):
            await opened(page, stored=name)
            await page.until(lambda p: 0 in p.paths)
            await page.idle()
            told.append((page.last("scene").head, {f.kind for f in page.session.snapshot()}))
        return page.last("data"), told

    data, ((known, first), (unknown, second)) = with_page(talk, hall(tmp_path))
    assert np.array_equal(data.arrays["x"].reshape(-1, 2), chapter.inputs.astype(np.float32))
    assert (known["known"], known["bench"]["width"]) == (True, 16)
    assert (unknown["known"], unknown["bench"]) == (False, None)
    assert "data" in first
    assert "data" not in second
