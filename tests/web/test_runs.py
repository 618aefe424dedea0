"""Runs: dropped, paused, stepped and removed as the page asks, and bounded."""

import numpy as np
import pytest

from thalweg.dynamics.record import Minibatches, record
from thalweg.dynamics.steppers import SGD, Adam
from thalweg.views.colors import optimizer_color
from thalweg.web.bench import lay
from thalweg.web.hall import Hall, Limits
from thalweg.web.messages import LIMIT_LOG, Bench
from web.conversation import drop, dropped, opened, with_page

SMALL = {"points": 20, "width": 4}


def test_a_ball_walks_as_record_does_and_the_page_sees_every_step():
    async def talk(page):
        await opened(page, bench=SMALL, points=9)
        await dropped(
            page, drop(0.4, -0.2, ("SGD", 0.2), ("Adam", 0.05), steps=700, batch=8, seed=5)
        )
        await page.idle()
        return page, page.session.plane, dict(page.session.runs)

    page, plane, runs = with_page(talk)
    objective = lay(Bench(**SMALL)).objective
    start = plane.points([[0.4, -0.2]])[0]
    for number, stepper in enumerate([SGD(0.2), Adam(0.05)]):
        whole = record(objective, start, stepper, 700, Minibatches(8, 5))
        assert np.array_equal(runs[number].points, whole["point"].values)
        path, head = page.paths[number], page.runs[number]
        assert path["step"].tolist() == list(range(701))
        assert np.array_equal(path["loss"], whole["loss"].values.astype(np.float32))
        assert head["name"] == f"{stepper.name}, lr {stepper.lr:g}, batch 8"
        assert head["status"] == "done"
        assert head["color"] == optimizer_color(stepper.name)
        assert 0 < head["captured"] <= 1
    log = page.last("scene").head["log"]
    assert log[0]["drop"]["optimizers"] == [
        {"name": "SGD", "lr": 0.2},
        {"name": "Adam", "lr": 0.05},
    ]


def test_the_ball_is_seen_before_it_moves():
    async def talk(page):
        await opened(page, bench=SMALL, points=9)
        await page.say("control", action="pause")
        await page.say("speed", steps_per_second=1e-3)
        await page.say("drop", drop=drop(0.4, -0.2, steps=5))
        path = await page.hear("path")
        return path.arrays

    path = with_page(talk)
    assert path["step"].tolist() == [0]
    assert np.allclose([path["a"][0], path["b"][0], path["distance"][0]], [0.4, -0.2, 0], atol=1e-6)
    assert path["plane_loss"][0] == pytest.approx(path["loss"][0], rel=1e-6)


def test_pause_step_and_play():
    async def talk(page):
        await opened(page, bench=SMALL, points=9)
        await page.say("speed", steps_per_second=1e-3)
        await page.say("drop", drop=drop(0.4, -0.2, ("SGD", 0.1), ("Adam", 0.1), steps=5))
        await page.until(lambda p: len(p.paths) == 2)
        await page.say("control", run=1, action="pause")
        await page.until(lambda p: p.runs[1]["status"] == "paused")
        for _ in range(2):
            await page.say("control", run=1, action="step")
            before = len(page.paths[1]["a"])
            await page.until(lambda p, n=before: len(p.paths[1]["a"]) == n + 1)
        sizes = [len(page.paths[n]["a"]) for n in (0, 1)]
        await page.say("speed", steps_per_second=0)
        await page.until(lambda p: p.runs[0]["status"] == "done")
        held = len(page.paths[1]["a"])
        await page.say("control", action="play")
        await page.until(lambda p: p.runs[1]["status"] == "done")
        return sizes, held, len(page.paths[1]["a"])

    assert with_page(talk) == ([1, 3], 3, 6)


def test_a_paused_run_lies_on_the_next_plane():
    async def talk(page):
        await opened(page, bench=SMALL, points=9)
        await page.say("speed", steps_per_second=1e-3)
        await page.say("drop", drop=drop(steps=5))
        await page.until(lambda p: len(p.paths) == 1)
        await page.say("control", action="pause")
        await page.until(lambda p: p.runs[0]["status"] == "paused")
        await page.say("plane", plane={"recipe": "random"})
        return (await page.hear("path", scene=2, replace=True)).arrays["step"].tolist()

    assert with_page(talk) == [0]


def test_removing_one_run_is_noted_and_removing_all_begins_anew():
    async def talk(page):
        await opened(page, bench=SMALL, points=9)
        await dropped(page, drop(0.1, 0.1, ("SGD", 0.1), ("Adam", 0.1), steps=20))
        await page.say("plane", plane={"recipe": "principal"})
        await page.hear("scene", scene=2)
        await page.say("control", run=0, action="remove")
        one = await page.hear("scene", runs=[1])
        await page.say("control", action="remove")
        await page.hear("scene", runs=[])
        await page.idle()
        return one.head, page.last("scene").head, page.session.next_run

    one, none, following = with_page(talk)
    assert one["log"][-1] == {"remove": 0}
    assert len(one["log"]) == 3
    # The plane was that of the runs; without them it cannot be made again.
    assert none["log"] == []
    assert none["plane"]["recipe"] == "filter"
    assert following == 0


def test_removing_all_keeps_a_plane_that_needs_no_run():
    async def talk(page):
        await opened(page, bench=SMALL, points=9)
        await page.say("plane", plane={"recipe": "random", "seed": 2})
        await dropped(page, drop(steps=3))
        await page.say("control", run=0, action="remove")
        await page.hear("scene", runs=[], scene=2)
        await page.idle()
        return page.last("scene").head

    scene = with_page(talk)
    assert scene["scene"] == 2
    assert [a["plane"]["seed"] for a in scene["log"]] == [2]


@pytest.mark.parametrize(
    ("limits", "balls", "words"),
    [
        (Limits(runs=2), 3, "remove some runs"),
        (Limits(bytes=8 * 17 * 11 * 2), 3, "fewer steps"),
    ],
)
def test_what_is_too_much_is_refused_in_words(limits, balls, words):
    async def talk(page):
        await opened(page, bench=SMALL, points=9)
        for _ in range(balls):
            await page.say("drop", drop=drop(steps=10))
        fault = await page.hear("fault")
        await page.idle()
        return fault.head, len(page.session.runs), len(page.session.log)

    fault, runs, noted = with_page(talk, Hall(limits=limits))
    assert words in fault["mend"]
    assert runs == noted == balls - 1


def test_a_log_of_drops_and_removals_fills_up():
    async def talk(page):
        await opened(page, bench=SMALL, points=9)
        await page.say("drop", drop=drop(steps=1))
        for i in range(1, LIMIT_LOG):
            await page.say("drop", drop=drop(steps=1))
            await page.say("control", run=i, action="remove")
            await page.idle()
        return [f.head for f in page.frames if f.kind == "fault"], len(page.session.log)

    faults, length = with_page(talk)
    assert "remove all runs" in faults[0]["mend"]
    assert length == LIMIT_LOG


def test_a_diverging_ball_says_where_it_went():
    async def talk(page):
        await opened(page, bench={**SMALL, "l2": 1.0}, points=9)
        await dropped(page, drop(0.5, 0.5, ("SGD", 1e6), steps=500))
        return page.runs[0], page.paths[0], page.session.runs[0]

    head, _path, run = with_page(talk)
    assert head["status"] == "diverged"
    assert "left the map at step 1, past" in head["words"]
    assert f"diverged at step {len(run.losses) - 1}: the loss is not finite" in head["words"]
    assert np.isfinite(run.points).all()
