"""Scenes: what a page sees after open, bench, plane and window."""

import asyncio
import sys

import numpy as np
import pytest

from thalweg.core.grid import Grid
from thalweg.objectives.zoo import quadratic
from thalweg.study.chapter import SmallNetwork, generate_spiral_data, visualize_loss_landscape
from thalweg.surface.evaluate import evaluate
from thalweg.web import drawing
from thalweg.web.bench import lay
from thalweg.web.hall import Hall, Limits
from thalweg.web.messages import Action, Bench, PlaneSpec
from web.conversation import drop, dropped, opened, with_page

SMALL = {"points": 20, "width": 4}


def test_the_first_terrain_is_the_chapters():
    async def talk(page):
        surface = await opened(page)
        return surface, page.session.plane, page.session.surface, [f.kind for f in page.frames]

    surface, plane, dataset, kinds = with_page(talk)
    assert [k for k in kinds if k != "busy"][:4] == ["hello", "data", "scene", "surface"]
    X, y = generate_spiral_data()
    net = SmallNetwork(seed=42)
    assert np.array_equal(plane.origin, net.get_flat_params())
    a, b, losses = visualize_loss_landscape(
        net, X, y, plane.origin, *plane.directions, grid_range=1.0, grid_points=81
    )
    assert np.array_equal(dataset["loss"].values, losses)
    values = surface.arrays["values"].reshape(81, 81)
    assert np.array_equal(values, losses.astype(np.float32))
    assert np.array_equal(surface.arrays["a"], a.astype(np.float32))
    assert np.array_equal(surface.arrays["b"], b.astype(np.float32))


def test_hello_offers_the_bench_and_the_scene_says_all_that_a_link_needs():
    async def talk(page):
        await opened(page, bench=SMALL, points=21, window={"a0": -2, "a1": 2, "b0": -1, "b1": 1})
        return page.last("hello").head, page.last("scene").head, page.last("surface")

    hello, scene, surface = with_page(talk)
    assert hello["live"]
    assert len(hello["choices"]["optimizers"]) == 6
    assert scene["bench"] == {
        **{"data": "spiral", "points": 20, "noise": 0.3, "data_seed": 42, "depth": 1, "width": 4},
        **{"activation": "relu", "scale": 0.5, "seed": 42, "l2": 0.0},
    }
    assert scene["window"] == {"a0": -2, "a1": 2, "b0": -1, "b1": 1}
    assert scene["home"] == {"a0": -1, "a1": 1, "b0": -1, "b1": 1}
    assert (scene["parameters"], scene["points"], scene["log"], scene["runs"]) == (17, 21, [], [])
    assert surface.arrays["a"].size == 21
    assert surface.arrays["b"].size == 10


def test_tiles_and_drafts_give_the_map_of_evaluate(monkeypatch):
    monkeypatch.setattr("thalweg.web.drawing.PATIENCE", 0.0)
    monkeypatch.setattr("thalweg.web.drawing.SLICE", 1e-9)  # tiles of 4 by 4

    async def talk(page):
        await opened(page, bench=SMALL, points=33)
        session = page.session
        whole = evaluate(session.objective, session.plane, Grid.square(1.0, 33))
        found = session.surface
        return found, whole, [f for f in page.frames if f.kind in ("surface", "busy")]

    found, whole, told = with_page(talk)
    assert np.array_equal(found["loss"].values, whole["loss"].values)
    assert found.drop_attrs().identical(whole.drop_attrs())
    grid = ("grid_digest",)  # names the tiles, too
    assert {k: v for k, v in found.attrs.items() if k not in grid} == {
        k: v for k, v in whole.attrs.items() if k not in grid
    }
    drafts = [f for f in told if f.kind == "surface" and f.head["draft"]]
    assert len(drafts) == 1
    a = drafts[0].arrays["a"]
    assert a.size == 25
    assert np.isin(a, whole["a"].values.astype(np.float32)).all()
    assert told[-1].head == {"what": "the map", "share": None, "done": True}


def test_another_plane_has_a_higher_number_and_the_runs_on_it():
    async def talk(page):
        await opened(page, bench=SMALL, points=11)
        await dropped(page, drop(0.3, -0.2, ("SGD", 0.1), ("Adam", 0.05), steps=30))
        await page.say("plane", plane={"recipe": "principal"})
        scene = await page.hear("scene", scene=2)
        await page.hear("surface", scene=2)
        await page.until(lambda p: p.last("path").head["scene"] == 2)
        await page.idle()
        session = page.session
        return scene, page.paths, session.plane, {n: r.points for n, r in session.runs.items()}

    scene, paths, plane, points = with_page(talk)
    assert scene.head["plane"]["runs"] == [0, 1]
    assert scene.head["plane"]["steps"] == [30, 30]
    for run, visited in points.items():
        told = np.stack([paths[run]["a"], paths[run]["b"]]).T
        assert np.allclose(told, plane.coordinates(visited), atol=1e-6)
        assert paths[run]["step"].tolist() == list(range(31))


def test_zooming_keeps_the_plane_and_computes_the_window_asked_for():
    async def talk(page):
        await opened(page, bench=SMALL, points=11)
        window = {"a0": 0.1, "a1": 0.2, "b0": 0.4, "b1": 0.45}
        await page.say("window", window=window, points=41)
        scene = await page.hear("scene")
        surface = await page.hear("surface")
        return scene, surface, page.session.plane

    scene, surface, plane = with_page(talk)
    objective = lay(Bench(**SMALL)).objective
    assert scene.head["scene"] == surface.head["scene"] == 1
    axes = np.linspace(0.1, 0.2, 41), np.linspace(0.4, 0.45, 20)
    whole = evaluate(objective, plane, Grid(axes))["loss"].values
    assert np.array_equal(surface.arrays["values"], whole.astype(np.float32).ravel())


def test_of_many_windows_the_last_one_is_drawn_and_the_others_are_given_up(monkeypatch):
    monkeypatch.setattr("thalweg.web.drawing.SLICE", 1e-9)
    whole, ended = drawing._surface, []

    async def counted(*args):
        found = await whole(*args)
        ended.append(found["loss"].size)
        return found

    monkeypatch.setattr("thalweg.web.drawing._surface", counted)

    async def talk(page):
        await opened(page, bench=SMALL, points=11)
        for i in range(1, 6):
            window = {"a0": -i, "a1": i, "b0": -i, "b1": i}
            await page.say("window", window=window, points=301)
            await page.hear("scene")
            await asyncio.sleep(0.01)  # the map has begun
        await page.say("window", window={"a0": 0, "a1": 99, "b0": 0, "b1": 50}, points=15)
        await page.until(lambda p: p.last("surface").arrays["a"].max() == 99)
        await page.idle()

    with_page(talk)
    assert ended[-1] == 15 * 8
    assert ended.count(301 * 301) <= 1


def test_another_bench_keeps_the_kind_of_plane_and_lets_the_runs_go():
    async def talk(page):
        await opened(page, bench=SMALL, points=11)
        await page.say("plane", plane={"recipe": "random", "seed": 7})
        await dropped(page, drop(steps=5))
        await page.say("bench", bench={"data": "xor", "points": 10, "width": 3})
        scene = await page.hear("scene", scene=3)
        await page.hear("surface", scene=3, draft=False)
        return scene.head, page.session.runs, page.last("data")

    scene, runs, data = with_page(talk)
    assert scene["bench"]["data"] == "xor"
    assert not runs
    assert scene["log"] == [{"plane": scene["plane"]}]
    assert scene["plane"]["seed"] == 7
    assert data.arrays["y"].tolist() == [0] * 10 + [1] * 10


def test_weights_that_are_zero_are_shown_along_plain_directions():
    async def talk(page):
        await opened(page, bench={**SMALL, "scale": 0.0}, points=11)
        first = page.last("scene").head["plane"]["recipe"]
        await page.say("bench", bench={**SMALL, "scale": 0.1})
        await page.say("plane", plane={"recipe": "filter", "seed": 6})
        await page.say("bench", bench={**SMALL, "scale": 0.0})
        await page.hear("scene", scene=4)
        await page.hear("surface", scene=4)
        return (
            first,
            page.last("scene").head["plane"],
            [f for f in page.frames if f.kind == "fault"],
        )

    first, plane, faults = with_page(talk)
    assert (first, plane["recipe"], plane["seed"], faults) == ("random", "random", 6, [])


def test_data_that_cannot_be_made_leave_what_is_shown(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)

    async def talk(page):
        await opened(page, bench=SMALL, points=11)
        await page.say("bench", bench={"data": "moons"})
        return (await page.hear("fault")).head, page.session.bench, page.session.surface

    fault, bench, surface = with_page(talk)
    assert fault["about"] == "bench"
    assert "pip install" in fault["mend"]
    assert bench == Bench(points=20, width=4)
    assert surface is not None


def test_a_link_gives_the_same_planes_and_runs_again():
    async def first(page):
        await opened(page, bench=SMALL, points=15)
        await page.say("plane", plane={"recipe": "random", "seed": 3})
        pair = drop(0.4, 0.1, ("SGD", 0.2), ("Adam", 0.05), steps=40, batch=8, seed=2)
        await dropped(page, pair, drop(-0.3, 0.2, ("momentum", 0.05), steps=300))
        await page.say("control", run=1, action="remove")
        await page.say("plane", plane={"recipe": "principal"})
        await page.hear("surface", scene=3)
        await dropped(page, drop(0.1, 0.1, ("RMSprop", 0.01), steps=20))
        await page.say("plane", plane={"recipe": "filter", "run": 2, "step": -1})
        await page.hear("surface", scene=4)
        await page.idle()
        return page.last("scene").head, page.last("surface"), page.session.runs

    scene, surface, runs = with_page(first)
    kinds = [next(iter(action)) for action in scene["log"]]
    assert kinds == ["plane", "drop", "drop", "remove", "plane", "drop", "plane"]

    async def again(page):
        link = {"bench": scene["bench"], "log": scene["log"], "window": scene["window"]}
        await page.say("open", **link, points=15)
        await page.hear("surface", draft=False)
        await page.idle()
        return page.last("scene").head, page.last("surface"), page.session.runs, page.runs

    replayed, same, others, told = with_page(again)
    for key in ("log", "plane", "window", "home", "runs", "plane_words"):
        assert replayed[key] == scene[key]
    assert np.array_equal(same.arrays["values"], surface.arrays["values"])
    assert list(others) == list(runs) == sorted(told) == [0, 2, 3]
    for number, run in runs.items():
        assert np.array_equal(others[number].points, run.points)


def test_a_plane_laid_while_runs_went_on_comes_back_exactly():
    async def first(page):
        await opened(page, bench=SMALL, points=9)
        await page.say("drop", drop=drop(0.4, 0.1, ("Adam", 0.05), steps=10_000))
        await page.until(lambda p: len(p.paths.get(0, {"a": ()})["a"]) > 5)
        await page.say("plane", plane={"recipe": "principal"})
        await page.hear("surface", scene=2)
        return page.last("scene").head, page.session.plane

    scene, plane = with_page(first)
    steps = scene["plane"]["steps"]
    assert 2 <= steps[0] <= 10_000

    async def again(page):
        await page.say("open", bench=scene["bench"], log=scene["log"], points=9)
        await page.hear("surface", draft=False)
        return page.session.plane

    assert with_page(again).digest() == plane.digest()


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ([{"plane": {"recipe": "points", "runs": [0, 1, 2]}}], "drop a ball first"),
        ([{"remove": 3}], "run 3"),
        ([{"drop": drop(0, 0, steps=3, batch=10**5)}], "batch size"),
    ],
)
def test_a_broken_link_shows_how_far_it_led(log, words):
    async def talk(page):
        before = [{"plane": {"recipe": "random", "seed": 4}}]
        await page.say("open", bench=SMALL, log=before + log, points=9)
        fault = await page.hear("fault")
        surface = await page.hear("surface", draft=False)
        return fault.head, surface, page.session.log

    fault, surface, kept = with_page(talk)
    assert words in " ".join(fault.values())
    assert surface.arrays["values"].size == 81
    assert kept == [Action(plane=PlaneSpec("random", seed=4))]


def test_a_given_objective_takes_the_place_of_the_bench():
    async def talk(page):
        await opened(page, points=11)
        await page.say("plane", plane={"recipe": "eigen"})
        await page.until(lambda p: p.last("surface").head["scene"] == p.session.scene > 1)
        await dropped(page, drop(0.5, 0.5, ("SGD", 0.1), steps=9))
        head = page.last("scene").head
        return page.frames, head, page.session.runs[0].points

    bowl = quadratic([1.0, 4.0, -2.0])

    frames, scene, points = with_page(talk, Hall(bowl))
    assert frames
    offered = frames[0].head["choices"]
    assert offered["data"] == []
    assert len(offered["recipes"]) == 5
    assert scene["bench"] is None
    assert scene["parameters"] == 3
    assert not [f for f in frames if f.kind == "data"]
    assert np.allclose(points[1], points[0] - 0.1 * bowl.gradient(points[0]), rtol=1e-14)


def test_a_map_that_takes_too_long_is_refused_after_its_draft():
    async def talk(page):
        await page.say("open", bench=SMALL, points=121)
        draft = await page.hear("surface")
        fault = await page.hear("fault")
        return draft, fault.head

    monkeyed = Hall(limits=Limits(seconds=0.0))
    draft, fault = with_page(_impatient(talk), monkeyed)
    assert draft.head["draft"]
    assert fault["mend"] == "ask for fewer points"


def _impatient(talk):
    async def wrapped(page):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("thalweg.web.drawing.PATIENCE", 0.0)
            return await talk(page)

    return wrapped


def test_trust_lines_follow_the_map():
    async def talk(page):
        await opened(page, bench=SMALL, points=15)
        return (await page.hear("trust")).head["lines"]

    assert "Random directions, seed 0, filter-normalized" in with_page(talk)[-1]["text"]


def test_the_snapshot_is_what_a_viewer_needs_in_order():
    async def talk(page):
        await opened(page, bench=SMALL, points=9)
        await dropped(page, drop(steps=4))
        await page.say("plane", plane={"recipe": "random"})
        await page.hear("surface", scene=2)
        await page.hear("trust")
        await page.idle()
        return page.session.snapshot(), page.last("surface"), page.last("path")

    frames, surface, path = with_page(talk)
    kinds = [frame.kind for frame in frames]
    assert kinds[:6] == ["hello", "scene", "data", "surface", "run", "path"]
    assert len(kinds) == len(set(kinds))
    assert "trust" in kinds
    assert frames[3].encode()
    assert frames[3].head == surface.head
    assert np.array_equal(frames[5].arrays["a"].astype("f4"), path.arrays["a"])
    assert all(frame.head.get("scene", 2) == 2 for frame in frames)


def test_a_plane_of_runs_that_names_no_steps_waits_for_their_ends():
    async def talk(page):
        pair = drop(0.4, 0.1, ("SGD", 0.2), ("Adam", 0.05), steps=40)
        log = [{"drop": pair}, {"plane": {"recipe": "principal"}}]
        await page.say("open", bench=SMALL, log=log, points=9)
        await page.hear("surface", draft=False)
        await page.idle()
        return page.last("scene").head["plane"], [frame.kind for frame in page.frames]

    plane, kinds = with_page(talk)
    assert plane["recipe"] == "principal"
    assert plane["steps"] == [40, 40]
    assert "fault" not in kinds
