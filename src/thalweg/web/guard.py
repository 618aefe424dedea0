"""Guard: the one door. Whatever is not let in by name is refused, http and websocket alike.

In this order: the Host header (against DNS rebinding), where the request comes from (Origin
and Sec-Fetch-Site, against pages of other sites), and only then who it is (`keys.py`).
"""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thalweg.web.address import Address
from thalweg.web.keys import Keys
from thalweg.web.pages import words

SAFE = ("GET", "HEAD")
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
STARTS = ("http.response.start", "websocket.http.response.start", "websocket.accept")


class Guard:
    """An ASGI application around another one.

    Args:
        app: what is guarded.
        address: the names under which it may be reached.
        keys: who may reach it.
    """

    def __init__(self, app: ASGIApp, address: Address, keys: Keys) -> None:
        self.app, self.address, self.keys = app, address, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] in ("http", "websocket"):
            answer = self.judged(scope)
            armored = _armored(send, self._host(scope))
            if answer is None:
                await self.app(scope, receive, armored)
            elif scope["type"] == "http" or "websocket.http.response" in scope["extensions"]:
                await answer(scope, receive, armored)
            else:
                await send({"type": "websocket.close", "code": 1008})

    def judged(self, scope: Scope) -> Response | None:
        """Return what is answered instead of the application; None: let it in."""
        headers = Headers(scope=scope)
        if not self._host(scope) or not scope["path"].startswith("/"):
            return _refused("This address is not the explorer's.", OPEN)
        origins = headers.getlist("origin")
        if origins not in ([], [f"http://{self._host(scope)}"]):
            return _refused("This request comes from another site.", OPEN)
        program = "authorization" in headers
        safe = scope["type"] == "http" and scope["method"] in SAFE
        if not origins and not program and not safe:
            return _refused("This request does not say where it comes from.", OPEN)
        near = set(headers.getlist("sec-fetch-site")) <= {"none", "same-origin"}
        if not near and not _navigates(scope, headers):
            return _refused("This request comes from another site.", OPEN)
        return self._authenticated(scope, headers)

    def _authenticated(self, scope: Scope, headers: Headers) -> Response | None:
        if "authorization" in headers:
            shown = headers.getlist("authorization")
            good = len(shown) == 1 and self.keys.admits(shown[0])
            return None if good else _locked("This token does not fit.")
        known = self.keys.knows(headers.getlist("cookie"), page=_front(scope))
        tokens = _tokens(scope)
        if not tokens:
            return None if known else _locked("It opens with a link that lets in once.")
        if len(tokens) == 1 and self.keys.redeem(tokens[0]):
            welcome = RedirectResponse("/", status_code=303)
            for cookie in self.keys.cookies():
                welcome.headers.append("set-cookie", cookie)
            return welcome
        if known:  # an old link, but a visitor who is in
            return RedirectResponse("/", status_code=303)
        return _locked("This link was used already, or is not of this server.")

    def _host(self, scope: Scope) -> str:
        """Return the one Host header if it is one of ours, else nothing."""
        hosts = Headers(scope=scope).getlist("host")
        return hosts[0] if len(hosts) == 1 and hosts[0] in self.address.hosts else ""


OPEN = "Open the link that the terminal with `thalweg explore` shows."
FRESH = "For a new one, press Enter in the terminal where `thalweg explore` runs."
AFTER = "Or start it again there. A page that was open before goes on once you are in."


def _refused(why: str, mend: str) -> Response:
    return HTMLResponse(words("Not here", why, mend), 403)


def _locked(why: str) -> Response:
    page = HTMLResponse(words("This explorer is locked", why, FRESH, AFTER), 401)
    page.headers["www-authenticate"] = "Bearer"
    return page


def _front(scope: Scope) -> bool:
    """Whether it is the page that is asked for; it holds no secret, and only it takes links."""
    return scope["type"] == "http" and scope["method"] == "GET" and scope["path"] == "/"


def _tokens(scope: Scope) -> list[str]:
    """Return the tokens of a link."""
    query = scope["query_string"].decode("latin-1") if _front(scope) else ""
    return parse_qs(query, keep_blank_values=True).get("token", [])


def _navigates(scope: Scope, headers: Headers) -> bool:
    """Whether somebody followed a link on another page to ours, as a page of its own."""
    modes, targets = headers.getlist("sec-fetch-mode"), headers.getlist("sec-fetch-dest")
    return _front(scope) and modes == ["navigate"] and targets == ["document"]


def policy(host: str) -> str:
    """Return the content security policy; the socket is named since not all take 'self' for it.

    >>> policy("").startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    True
    """
    socket = f" ws://{host}" if host else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        f"connect-src 'self'{socket}; font-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _armored(send: Send, host: str) -> Send:
    """Put the headers of the house on every answer, errors and handshakes included."""

    async def armored(message: Message) -> None:
        if message["type"] in STARTS:
            _dress(message, host)
        await send(message)

    return armored


def _dress(message: MutableMapping[str, Any], host: str) -> None:
    given = list(message.get("headers", []))
    there = {name.lower() for name, _ in given}
    ours = {**HEADERS, "content-security-policy": policy(host), "cache-control": "no-store"}
    for name, value in ours.items():
        if name.encode() not in there:
            given.append((name.encode(), value.encode()))
    message["headers"] = given
