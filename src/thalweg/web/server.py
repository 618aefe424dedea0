"""Server: uvicorn on a socket of ours, with limits for crowds, and a clean end at Ctrl-C."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from thalweg.web.connections import Request, Stream
from thalweg.web.limits import LIMIT_FILES, LIMIT_WIRE, PATIENCE, PING
from thalweg.web.opening import forget_files
from thalweg.web.ports import BACKLOG

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def serve(app: ASGIApp, listening: socket.socket, ready: Callable[[], object]) -> None:
    """Serve until a signal asks for the end.

    Args:
        app: what is served.
        listening: a bound socket; closed at the end.
        ready: called once, in the event loop, when requests are answered.
    """
    raise_file_limit()
    Server(app, ready).run([listening])


class Server(uvicorn.Server):
    """Uvicorn, quiet, without proxies and compression, that ends in peace.

    Args:
        app: what is served.
        ready: called when requests are answered.
    """

    def __init__(self, app: ASGIApp, ready: Callable[[], object]) -> None:
        self._ready = ready
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=Request,
                ws=Stream,
                ws_max_size=LIMIT_WIRE,
                ws_ping_interval=PING,
                ws_ping_timeout=PATIENCE,
                ws_per_message_deflate=False,  # nothing to unpack, nothing to guess from sizes
                lifespan="on",
                log_config=None,
                log_level="critical",  # what clients do wrong is theirs; see stream.py for ours
                access_log=False,  # a link has a token
                proxy_headers=False,
                server_header=False,
                workers=1,
                backlog=BACKLOG,
                timeout_graceful_shutdown=1,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:  # type: ignore[override]
        """End at the first signal, at once at the second; uvicorn would raise it again."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in SIGNALS}
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # as `nohup` and `&` expect
                signal.signal(number, self._hear)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, frame: object) -> None:
        if self.should_exit:
            forget_files()
            os._exit(128 + number)
        self.should_exit = True


def raise_file_limit() -> None:
    """Let the process have as many sockets as its limits are made for, if the system agrees."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = LIMIT_FILES if hard == resource.RLIM_INFINITY else min(LIMIT_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
