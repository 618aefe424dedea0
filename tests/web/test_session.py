"""Session and hall: whatever a page says, the session lives; once it is gone, nothing is left."""

import asyncio
import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.objectives.zoo import quadratic
from thalweg.web import handlers, messages
from thalweg.web.hall import Hall, Limits
from thalweg.web.live_run import LiveRun
from thalweg.web.session import LONGEST, Session
from thalweg.web.walked import Walked
from web.conversation import drop, opened, visit, with_page

SMALL = {"points": 20, "width": 4}
GOOD = json.dumps({"kind": "drop", "drop": drop()})
BAD = [
    "",
    "null",
    "[]",
    "{",
    '{"kind": "plne"}',
    '{"kind": 3}',
    '{"kind": "speed"}',
    '{"kind": "speed", "steps_per_second": "fast"}',
    '{"kind": "speed", "steps_per_second": -1}',
    '{"kind": "speed", "steps_per_second": NaN}',
    '{"kind": "speed", "steps_per_second": 1e999}',
    '{"kind": "window", "window": {"a0": 0, "a1": 1, "b0": 0}, "points": 9}',
    '{"kind": "window", "window": {"a0": 0, "a1": 1, "b0": 0, "b1": 1}, "points": 100000}',
    '{"kind": "open", "unknown": 1}',
    '{"kind": "open", "bench": {"width": 1000000}}',
    GOOD.replace("Adam", "<script>alert(1)</script>"),
    GOOD.replace("0.02", "0"),
    "[" * 100_000,
    '{"kind":"open","log":' + "[" * 50_000,
    "x" * (LONGEST + 1),
    "\ud800",
]


def test_what_makes_no_sense_becomes_a_fault_and_the_session_goes_on():
    async def talk(page):
        faults = []
        for text in BAD:
            await page.session.receive(text)
            faults.append((await page.hear("fault")).head)
        await opened(page, bench=SMALL, points=9)
        return faults

    for fault in with_page(talk):
        assert fault["about"] == "message"
        assert fault["wanted"]
        assert fault["got"]
        assert fault["mend"]
        assert len(fault["got"]) <= 400


def test_what_does_not_fit_becomes_a_fault_about_the_request():
    async def talk(page):
        await opened(page, bench=SMALL, points=9)
        told = []
        for kind, fields in [
            ("drop", {"drop": drop(batch=41)}),
            ("plane", {"plane": {"recipe": "filter", "run": 3}}),
            ("window", {"window": {"a0": 1, "a1": 1, "b0": 0, "b1": 1}, "points": 9}),
            ("control", {"run": 7, "action": "pause"}),
            ("inspect", {"a": 0, "b": 0, "run": 5}),
        ]:
            await page.say(kind, **fields)
            told.append((kind, (await page.hear("fault")).head["about"]))
        return told, page.session.scene, page.session.log

    told, scene, log = with_page(talk)
    assert all(kind == about for kind, about in told)
    assert (scene, log) == (1, [])


def test_an_error_of_ours_is_told_with_its_type(monkeypatch, caplog):
    async def broken(session, message):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setitem(handlers.HANDLERS, messages.Speed, broken)

    async def talk(page):
        await page.say("speed", steps_per_second=3)
        return (await page.hear("fault")).head

    assert with_page(talk)["got"] == "ZeroDivisionError: by nothing"
    assert "a request failed" in caplog.text


def test_of_requests_that_pile_up_the_newest_is_answered(monkeypatch):
    answered, go = [], asyncio.Event()

    async def slow(session, message):
        answered.append(message.a)
        await go.wait()

    monkeypatch.setitem(handlers.HANDLERS, messages.Inspect, slow)

    async def talk(page):
        for a in range(50):
            await page.say("inspect", a=a, b=0)
            await asyncio.sleep(0)
        go.set()
        await page.idle()
        await page.say("inspect", a=99, b=0)
        await page.idle()
        return answered

    assert with_page(talk) == [0, 49, 99]


def test_requests_that_wait_are_limited(monkeypatch):
    async def stuck(session, message):
        await asyncio.Event().wait()

    monkeypatch.setitem(handlers.HANDLERS, messages.SetPlane, stuck)

    async def talk(page):
        for _ in range(10):
            await page.say("plane", plane={})
        return (await page.hear("fault")).head, page.session

    fault, session = with_page(talk, Hall(limits=Limits(tasks=4)))
    assert fault["got"] == "4"
    assert not session._tasks


def test_a_closed_page_frees_its_runs_and_its_place():
    async def talk():
        hall = Hall()
        async with visit(hall) as page:
            await opened(page, points=201)
            named = [("SGD", 0.1)] * 6
            await page.say("drop", drop=drop(0, 0, *named, steps=10_000))
            await page.until(lambda p: len(p.paths) == 6)
            runs = list(page.session.runs.values())
            assert hall.sessions == {page.session}
        ended = [len(run.losses) for run in runs]
        await asyncio.sleep(0.1)
        return hall, page.session, [len(run.losses) for run in runs], ended

    hall, session, later, ended = asyncio.run(talk())
    assert not hall.sessions
    assert not session.runs
    assert not session._tasks
    assert max(later) < 10_000
    assert session.cancelled.is_set()
    assert max(b - a for a, b in zip(ended, later, strict=True)) < 2_000  # one slice at most


def test_what_waits_for_a_run_goes_on_when_the_page_is_gone():
    async def talk():
        hall = Hall()
        async with visit(hall) as page:
            await opened(page, bench=SMALL, points=9)
            await page.say("speed", steps_per_second=1e-3)
            await page.say("drop", drop=drop())
            await page.until(lambda p: len(p.paths) == 1)
            waiting = asyncio.create_task(page.session.runs[0].settled())
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await waiting
        return True

    assert asyncio.run(talk())


def test_nothing_is_under_way_once_a_page_is_gone(monkeypatch):
    async def stuck(session, message):
        await asyncio.Event().wait()

    monkeypatch.setitem(handlers.HANDLERS, messages.SetPlane, stuck)

    async def talk():
        async with visit(Hall()) as page:
            await page.say("plane", plane={})
            await asyncio.sleep(0)
        return set(page.session._tasks)

    assert asyncio.run(talk()) == set()


def test_messages_after_the_end_are_ignored():
    async def talk():
        hall = Hall()
        session = Session(hall)
        await session.close()
        await session.receive(GOOD)
        hall.close()
        return session._tasks, len(session.outbox)

    assert asyncio.run(talk()) == (set(), 0)


def test_the_hall_has_room_for_so_many():
    async def talk():
        hall = Hall(limits=Limits(sessions=2))
        first, _ = Session(hall), Session(hall)
        with pytest.raises(InputError, match="at most 2 pages"):
            Session(hall)
        await first.close()
        third = Session(hall)
        hall.close()
        return len(hall.sessions), third in hall.sessions

    assert asyncio.run(talk()) == (2, True)


def test_visitors_take_turns():
    async def talk():
        hall = Hall()
        async with visit(hall, close_hall=False) as greedy, visit(hall) as modest:
            await opened(greedy, points=9)
            await greedy.say("drop", drop=drop(0, 0, *[("Adam", 0.01)] * 6, steps=10_000))
            await greedy.until(lambda p: len(p.paths) == 6)
            await opened(modest, bench=SMALL, points=9)
            return all(run.status == "running" for run in greedy.session.runs.values())

    assert asyncio.run(talk())  # 60,000 steps did not come first


def test_a_given_objective_is_asked_by_one_thread_at_a_time():
    inside, most = [], []

    def slow(points):
        inside.append(threading.get_ident())
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        return points[:, 0] ** 2

    async def talk(hall):
        asked = [Session(hall) for _ in "ab"]
        for session in asked:
            session.objective = hall.objective
        quick = (hall.quick(s.objective.value, [1.0]) for s in asked for _ in range(2))
        long = (hall.long(s.objective.value, [2.0]) for s in asked)
        answers = await asyncio.gather(*quick, *long)
        hall.close()
        return answers

    given = replace(quadratic([2.0]), value_function=slow)
    assert asyncio.run(talk(Hall(given))) == [1.0] * 4 + [4.0] * 2
    assert max(most) == 1
    assert len(most) == 6


@pytest.mark.parametrize("raised", [SystemExit(3), StopIteration(), ValueError("no")])
def test_a_guest_that_exits_fails_and_the_server_goes_on(raised):
    def leaving(points):
        if np.abs(points[:, 0]).max() > 0.3:
            raise raised
        return points[:, 0] ** 2

    async def talk(page):
        await page.say("open", points=9)
        surface = await page.hear("surface", draft=False)
        await page.say("inspect", a=1e3, b=0.0)
        fault = await page.hear("fault")
        await page.idle()
        return surface, fault.head["got"]

    given = replace(quadratic([2.0, 1.0]), value_function=leaving, start=np.zeros(2))
    surface, got = with_page(talk, Hall(given))
    assert type(raised).__name__ in got
    mask = surface.arrays["mask"]
    assert (mask == 4).any()  # failed, where it raised
    assert (mask == 0).any()


def test_a_run_whose_path_cannot_be_drawn_ends_alone():
    def narrow(points):
        if np.abs(points[:, 1]).max() > 3:
            raise ValueError("too far")
        return points[:, 0] ** 2 + points[:, 1] ** 2

    given = replace(quadratic([2.0, 2.0]), value_function=narrow, start=np.zeros(2))

    async def talk(page):
        await opened(page, points=9)
        await page.say("drop", drop=drop(0.3, 0.2, ("SGD", 0.1), steps=40))
        await page.say("drop", drop=drop(0.5, 0.5, ("SGD", 3.0), steps=40))
        await page.until(
            lambda p: (
                len(p.runs) == 2 and {"done", "diverged"} >= {r["status"] for r in p.runs.values()}
            )
        )
        await page.idle()
        return page.runs

    runs = with_page(talk, Hall(given))
    assert runs[0]["status"] == "done"
    assert "too far" in runs[1]["words"]


def test_what_takes_long_is_not_done_where_all_others_wait(monkeypatch):
    where = []
    for kind, name in ((Walked, "path"), (LiveRun, "trajectory")):
        whole = getattr(kind, name)

        def seen(self, *args, whole=whole):
            where.append(threading.current_thread().name)
            return whole(self, *args)

        monkeypatch.setattr(kind, name, seen)

    async def talk(page):
        await opened(page, bench=SMALL, points=9)
        await page.say("drop", drop=drop(0, 0, steps=5))
        await page.until(lambda p: p.runs.get(0, {}).get("status") == "done")
        for kind, fields in (("trust", {}), ("stability", {"run": 0})):
            await page.say(kind, **fields)
            await page.hear(kind)
        await page.idle()

    with_page(talk)
    assert where
    assert all(name.startswith("thalweg-long") for name in where)
