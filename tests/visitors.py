"""Visitors for tests of the explorer's doors: requests of any form, and a visit that echoes."""

import asyncio
import time
from typing import ClassVar


class Echo:
    """A visit that sends every message back as bytes, and writes down how it ended.

    Words with a meaning: `break` fails, `flood N` sends N frames of 64 kB.
    """

    alive: ClassVar[set["Echo"]] = set()

    def __init__(self):
        self.heard, self.closed = [], False
        self._frames = asyncio.Queue()
        Echo.alive.add(self)

    @property
    def outbox(self):
        return self._all()

    async def _all(self):
        while True:
            yield await self._frames.get()

    async def receive(self, text):
        self.heard.append(text)
        if text == "break":
            raise ZeroDivisionError("a fault of ours")
        if text.startswith("flood"):
            for _ in range(int(text.split()[1])):
                self._frames.put_nowait(bytes(2**16))
        self._frames.put_nowait(text.encode())

    async def close(self):
        self.closed = True
        Echo.alive.discard(self)


def knock(app, path="/", headers=(), method="GET", kind="http", query=b""):
    """Status and headers of one answer; a websocket that is let in has status 101.

    Args:
        headers: a dict, or pairs where a name comes twice; sent as they are.
    """
    pairs = headers.items() if isinstance(headers, dict) else headers
    raw = [(_bytes(name), _bytes(value)) for name, value in pairs]
    where = {"path": path, "raw_path": path.encode(), "root_path": "", "query_string": query}
    scope = {"type": kind, "headers": raw, "extensions": {"websocket.http.response": {}}, **where}
    scope |= {"method": method} if kind == "http" else {"subprotocols": []}
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        began = kind == "websocket" and not sent
        return {"type": f"{kind}.connect" if began else f"{kind}.disconnect"}

    asyncio.run(app(scope, receive, send))
    if not sent:
        return None, {}
    told = {name.decode(): value.decode() for name, value in sent[0].get("headers", [])}
    refused = 403 if sent[0]["type"] == "websocket.close" else 101
    return sent[0].get("status", refused), told


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


def until(found, seconds=60):
    """What `found` returns, once that is true."""
    end = time.monotonic() + seconds
    while not (there := found()) and time.monotonic() < end:
        time.sleep(0.005)
    assert there
    return there
