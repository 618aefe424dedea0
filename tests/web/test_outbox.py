"""Outbox: newest frames, in order, and bounded whatever the client does not read."""

import asyncio

import numpy as np
import pytest

from thalweg.viewer.frames import Frame, decode
from thalweg.web.outbox import MOST, Outbox, topic_of


def drained(outbox):
    async def read():
        found = []
        while len(outbox):
            found.append(decode(await anext(outbox)))
        return found

    return asyncio.run(read())


def test_a_newer_frame_takes_the_place_of_an_older_and_goes_to_the_end():
    outbox = Outbox()
    for kind, value in [("scene", 1), ("surface", 1), ("scene", 2), ("data", 1)]:
        outbox.put(Frame(kind, {"value": value}))
    told = [(frame.kind, frame.head["value"]) for frame in drained(outbox)]
    assert told == [("surface", 1), ("scene", 2), ("data", 1)]


def test_runs_jobs_and_files_have_topics_of_their_own():
    frames = [
        Frame("run", {"run": 1}),
        Frame("run", {"run": 2}),
        Frame("stability", {"run": 1}),
        Frame("busy", {"what": "map"}),
        Frame("busy", {"what": "find"}),
        Frame("file", {"name": "a.svg"}),
        Frame("inspect", {"title": "a"}),
    ]
    assert len({topic_of(frame) for frame in frames}) == len(frames)
    assert topic_of(frames[-1]) == topic_of(Frame("inspect", {"title": "b"}))


def test_a_source_is_asked_when_its_turn_comes():
    outbox, asked = Outbox(), []

    def source():
        asked.append(True)
        return [Frame("run", {"run": 1}), Frame("scene", {"n": len(asked)})]

    for _ in range(50):
        outbox.later("run 1", source)
    assert not asked
    assert [frame.kind for frame in drained(outbox)] == ["run", "scene"]
    assert asked == [True]


def test_a_client_that_reads_nothing_costs_little():
    outbox = Outbox()
    big = np.zeros(100_000)
    for i in range(10_000):
        outbox.put(Frame("surface", {"scene": i}, {"values": big + i}))
        outbox.later(f"run {i % 24}", list)
        outbox.put(Frame("busy", {"what": f"job {i}"}))
    assert len(outbox) <= MOST
    held = [e for e in outbox._waiting.values() if isinstance(e, Frame)]
    assert sum(a.nbytes for frame in held for a in frame.arrays.values()) <= big.nbytes


def test_it_waits_for_news_and_ends_when_closed():
    async def talk():
        outbox, heard = Outbox(), []

        async def listen():
            async for data in outbox:
                heard.append(decode(data).head["n"])

        listening = asyncio.create_task(listen())
        for n in range(3):
            await asyncio.sleep(0)
            outbox.put(Frame("scene", {"n": n}))
            await asyncio.sleep(0)
        outbox.put(Frame("scene", {"n": 9}))
        outbox.close()
        await listening
        outbox.put(Frame("scene", {"n": 10}))
        return heard, len(outbox)

    assert asyncio.run(talk()) == ([0, 1, 2], 0)


def test_what_is_forgotten_is_not_sent():
    outbox = Outbox()
    outbox.put(Frame("scene", {}))
    outbox.put(Frame("basins", {}))
    outbox.forget("scene")
    outbox.forget("never there")
    assert [frame.kind for frame in drained(outbox)] == ["basins"]
    outbox.close()
    with pytest.raises(StopAsyncIteration):
        asyncio.run(outbox.__anext__())


def test_a_frame_that_json_cannot_hold_is_told_as_a_fault_and_the_rest_goes_on():
    outbox = Outbox()
    outbox.put(Frame("scene", {"window": {"a0": float("nan")}}))
    outbox.put(Frame("trust", {"lines": []}))
    fault, rest = drained(outbox)
    assert (fault.kind, fault.head["about"], rest.kind) == ("fault", "scene", "trust")
