"""Stream: one websocket and one visitor; whatever ends the one ends the other."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from thalweg.core.errors import ThalwegError
from thalweg.web.limits import LIMIT_MESSAGE, PATIENCE, Bucket

UNSUPPORTED, POLICY, TOO_LARGE, BROKEN, LATER = 1003, 1008, 1009, 1011, 1013  # close codes
LIMIT_REASON = 120  # bytes of a reason; the protocol allows 123


class Visit(Protocol):
    """What a websocket needs of a visitor; `session.py` has it."""

    @property
    def outbox(self) -> AsyncIterator[bytes]:
        """Frames to send, as they come."""
        ...

    async def receive(self, text: str) -> None:
        """Begin what a message asks for; returns at once."""
        ...

    async def close(self) -> None:
        """Free everything."""
        ...


class Rude(Exception):
    """A client that breaks the rules of the stream."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def stream(socket: WebSocket, begin: Callable[[], Visit]) -> None:
    """Serve one visitor until the page closes, breaks the rules or stops reading.

    Args:
        socket: not yet accepted.
        begin: makes the visitor.
    """
    await socket.accept()
    try:
        visit = begin()
    except ThalwegError as full:
        await socket.close(LATER, str(full)[:LIMIT_REASON])
        return
    parts = [asyncio.ensure_future(part) for part in (_hear(socket, visit), _tell(socket, visit))]
    try:
        done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        await _part(socket, next(filter(None, [each.exception() for each in done]), None))
    finally:
        for part in parts:
            part.cancel()
            part.add_done_callback(_heard)
        # A task of its own, so that whoever cancels this one does not cut it short.
        await asyncio.shield(asyncio.ensure_future(visit.close()))
        await asyncio.wait(parts)


async def _hear(socket: WebSocket, visit: Visit) -> None:
    bucket = Bucket()
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if text is None:
            raise Rude(UNSUPPORTED, "messages are text")
        if len(text) > LIMIT_MESSAGE or len(text.encode()) > LIMIT_MESSAGE:
            raise Rude(TOO_LARGE, f"a message has at most {LIMIT_MESSAGE // 1024} kB")
        if pause := bucket.spend(monotonic()):
            if bucket.flooded:
                raise Rude(POLICY, "too many messages for too long")
            await asyncio.sleep(pause)
        await visit.receive(text)


async def _tell(socket: WebSocket, visit: Visit) -> None:
    async for data in visit.outbox:
        try:
            async with asyncio.timeout(PATIENCE):
                await socket.send_bytes(data)
        except TimeoutError:
            raise Rude(POLICY, f"nothing was read for {PATIENCE:.0f} s") from None


def _heard(part: asyncio.Future[None]) -> None:
    """Look at how it ended, or asyncio complains that nobody did."""
    if not part.cancelled():
        part.exception()


async def _part(socket: WebSocket, fault: BaseException | None) -> None:
    """Say why, where the client has not gone already."""
    try:
        if isinstance(fault, Rude):
            await socket.close(fault.code, fault.reason)
        elif fault is not None and not isinstance(fault, WebSocketDisconnect):
            logging.getLogger(__name__).error("a visitor's connection failed", exc_info=fault)
            await socket.close(BROKEN, "the server failed; its terminal shows where")
    except (WebSocketDisconnect, RuntimeError):
        return  # gone between two lines
