"""Connections: uvicorn's protocols, with an end for clients that keep the server waiting."""

import asyncio
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from thalweg.web.guard import HEADERS, policy
from thalweg.web.limits import LIMIT_HALF_OPEN, PATIENCE

WAITING = "thalweg-half-open"  # where the server's shared state keeps them, oldest first


class _Patience:
    """A clock that runs from `start` to `stop`, and ends the connection when it runs out."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def start(self, end: Callable[[], object]) -> None:
        """Run, unless it does already."""
        if self._timer is None:
            self._timer = self._loop.call_later(PATIENCE, end)

    def stop(self) -> None:
        """Run no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Request(H11Protocol):
    """HTTP: a request must be whole within `PATIENCE`; of too many half ones the oldest goes.

    Uvicorn has a limit for the time between requests, but none for the first.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._hearing, self._telling = _Patience(self.loop), _Patience(self.loop)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; go on waiting until the request is whole."""
        super().data_received(data)
        if self.transport.get_protocol() is not self:
            return  # a websocket now
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._wait()
        else:
            self._stop()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over."""
        self._stop()
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """Begin to lose patience: what was sent is not being read."""
        super().pause_writing()
        self._telling.start(self.transport.abort)

    def resume_writing(self) -> None:
        """Find patience again."""
        super().resume_writing()
        self._telling.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop()
        self._telling.stop()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, with the headers of the house."""
        self._stop()
        headers = {**HEADERS, "content-security-policy": policy(""), "cache-control": "no-store"}
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        text = "content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
        head = f"HTTP/1.1 400 Bad Request\r\n{told}{text}content-length: {len(msg)}\r\n\r\n"
        self.transport.write(f"{head}{msg}".encode("latin-1"))
        self.transport.close()

    def _wait(self) -> None:
        waiting = self._others()
        waiting.setdefault(self)
        if len(waiting) > LIMIT_HALF_OPEN:
            next(iter(waiting))._give_up()
        self._hearing.start(self._give_up)

    def _stop(self) -> None:
        self._others().pop(self, None)
        self._hearing.stop()

    def _give_up(self) -> None:
        self._stop()
        self.transport.abort()

    def _others(self) -> dict["Request", None]:
        shared: dict[str, Any] = vars(self.server_state)
        return shared.setdefault(WAITING, {})


class Stream(WebSocketsSansIOProtocol):
    """Websocket: a client that reads nothing for `PATIENCE` is cut off, unsent bytes and all.

    Uvicorn would close in good order, which a client that reads nothing never lets happen.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._telling = _Patience(self.loop)
        super().connection_made(transport)

    def pause_writing(self) -> None:
        """Begin to lose patience: what was sent is not being read."""
        super().pause_writing()
        self._telling.start(self.transport.abort)

    def resume_writing(self) -> None:
        """Find patience again."""
        super().resume_writing()
        self._telling.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._telling.stop()
        super().connection_lost(exc)

    def keepalive_timeout(self) -> None:
        """Cut off who did not answer a ping."""
        super().keepalive_timeout()
        self.transport.abort()
