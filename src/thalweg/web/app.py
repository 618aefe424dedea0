"""App: the routes of the explorer, behind their guard; no socket is needed to try them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from thalweg.core.objective import SmoothObjective
from thalweg.web.address import PORT, Address
from thalweg.web.guard import Guard
from thalweg.web.keys import Keys
from thalweg.web.pages import ICON, STYLE, explorer
from thalweg.web.stream import Visit, stream


def create_app(
    store: str | Path | None = None,
    objective: SmoothObjective | None = None,
    *,
    token: str | None = None,
    port: int = PORT,
    address: Address | None = None,
    begin: Callable[[], Visit] | None = None,
) -> Guard:
    """Return the explorer as an ASGI application.

    Args:
        store: a stored result, or a folder of them, to look at.
        objective: to explore instead of the chapter's network.
        token: lets in once as a link, and programs as `Authorization: Bearer`; None: only
            the links of `keys.ticket()` let in.
        port: where it will be reached on 127.0.0.1; requests under other names are refused.
        address: where it will be reached, if not there.
        begin: makes a visitor; default: a `Session` on the store and the objective.

    Raises:
        InputError: a token that could be guessed.
        StoreError: a store that cannot be read.
    """
    address = address or Address(port)
    play = _nothing
    if begin is None:
        begin, play = _visits(store, objective)
    app = Starlette(routes=routes(begin), lifespan=lambda _: play())
    app.router.redirect_slashes = False  # each path is one thing, or nothing
    return Guard(app, address, Keys(token, address.port))


def routes(begin: Callable[[], Visit]) -> list[BaseRoute]:
    """Return every route there is; files are named one by one, so no path leads elsewhere."""

    async def live(socket: WebSocket) -> None:
        await stream(socket, begin)

    viewer = (files("thalweg.viewer") / "static" / "viewer.js").read_bytes()
    return [
        _file("/", explorer().encode(), "text/html"),
        _file("/static/viewer.js", viewer, "text/javascript", kept=True),
        _file("/static/page.css", STYLE.encode(), "text/css", kept=True),
        _file("/favicon.ico", ICON.encode(), "image/svg+xml", kept=True),
        WebSocketRoute("/stream", live),
    ]


def _file(path: str, content: bytes, mime: str, kept: bool = False) -> Route:
    """Serve bytes at one path; `kept`: a browser may keep them and ask whether they changed."""
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"} if kept else None

    async def answer(request: Request) -> Response:
        if kept and request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=mime)

    return Route(path, answer, methods=["GET"])


Play = Callable[[], AbstractAsyncContextManager[None]]  # while the server is up


def _visits(
    store: str | Path | None, objective: SmoothObjective | None
) -> tuple[Callable[[], Visit], Play]:
    """Return what makes sessions, and what they need around them."""
    from thalweg.web.hall import Hall
    from thalweg.web.library import Library
    from thalweg.web.rehearsal import rehearse
    from thalweg.web.session import Session

    library = None if store is None else Library(Path(store))
    hall = Hall(objective, library)

    def begin() -> Visit:
        if objective is None:  # the stories are of the bench; loading them would delay the page
            from thalweg.web.tours.table import TOURS

            hall.tours = TOURS
        return Session(hall)

    @asynccontextmanager
    async def play() -> AsyncIterator[None]:
        rehearsal = asyncio.ensure_future(rehearse(hall))
        yield
        rehearsal.cancel()
        await asyncio.wait([rehearsal])
        hall.close()

    return begin, play


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield
