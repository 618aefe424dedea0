"""A page without a browser: it talks to a session and keeps what it is told, as the viewer does."""

import asyncio
import json
from contextlib import asynccontextmanager

import numpy as np

from thalweg.viewer.frames import decode
from thalweg.web.hall import Hall
from thalweg.web.session import Session

PATIENCE = 30.0  # seconds; only a session that says nothing takes so long


class Page:
    """What one visitor's page knows."""

    def __init__(self, session):
        self.session, self.frames, self.sizes = session, [], []
        self.runs, self.paths = {}, {}
        self._heard = 0
        self._news = asyncio.Event()

    async def read(self):
        async for data in self.session.outbox:
            frame = decode(data)
            self.frames.append(frame)
            self.sizes.append((frame.kind, len(data)))
            if frame.kind == "run":
                self.runs[frame.head["run"]] = frame.head
            if frame.kind == "path":
                self._extend(frame)
            self._news.set()

    async def say(self, kind, **fields):
        """Send a message."""
        await self.session.receive(json.dumps({"kind": kind, **fields}))

    async def hear(self, kind, **head):
        """Return the next frame of that kind whose head says so; what comes before is passed."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self._heard < len(self.frames):
                    frame = self.frames[self._heard]
                    self._heard += 1
                    if frame.kind == kind and head.items() <= frame.head.items():
                        return frame
                self._news.clear()
                await self._news.wait()

    async def until(self, condition):
        """Wait until what the page knows fulfills the condition."""
        async with asyncio.timeout(PATIENCE):
            while not condition(self):
                self._news.clear()
                await self._news.wait()

    async def idle(self):
        """Wait until the session has nothing left to do and the page has read all of it."""
        async with asyncio.timeout(PATIENCE):
            await self.session.idle()
            while len(self.session.outbox):
                await asyncio.sleep(0)

    def last(self, kind):
        """Return the newest frame of a kind."""
        return [frame for frame in self.frames if frame.kind == kind][-1]

    def _extend(self, frame):
        run, old = frame.head["run"], {}
        assert run in self.runs, "a path before its run"
        if not frame.head["replace"]:
            old = self.paths[run]
        more = frame.arrays
        self.paths[run] = {k: np.concatenate([old.get(k, v[:0]), v]) for k, v in more.items()}


def with_page(talk, hall=None):
    """Run `talk(page)`, an async function, with a session of its own; return what it returns."""

    async def conversation():
        async with visit(hall or Hall()) as page:
            return await talk(page)

    return asyncio.run(conversation())


@asynccontextmanager
async def visit(hall, close_hall=True):
    """A page of a hall, closed in the end."""
    session = Session(hall)
    page = Page(session)
    reading = asyncio.create_task(page.read())
    try:
        yield page
    finally:
        await session.close()
        await reading
        if close_hall:
            hall.close()


def drop(a=0.0, b=0.0, *optimizers, **fields):
    """Return a drop as the page says it; optimizers as (name, lr), by default Adam."""
    named = [{"name": name, "lr": lr} for name, lr in optimizers or [("Adam", 0.02)]]
    return {"a": a, "b": b, "optimizers": named, **fields}


async def opened(page, **fields):
    """Open the explorer at full speed and wait for the map."""
    await page.say("speed", steps_per_second=0)
    await page.say("open", **fields)
    return await page.hear("surface", draft=False)


async def dropped(page, *balls):
    """Drop balls, wait until their runs have ended, and return their numbers."""
    before = set(page.runs)
    wanted = len(before) + sum(len(ball["optimizers"]) for ball in balls)
    for ball in balls:
        await page.say("drop", drop=ball)
    final = ("done", "rested", "diverged")
    await page.until(
        lambda p: len(p.runs) == wanted and all(r["status"] in final for r in p.runs.values())
    )
    return sorted(set(page.runs) - before)
