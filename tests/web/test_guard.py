"""The one door: foreign names, foreign sites and strangers stay outside, on every route."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from thalweg.web.address import Address
from thalweg.web.app import create_app
from thalweg.web.guard import HEADERS, Guard
from thalweg.web.keys import Keys
from visitors import Echo, knock

TOKEN = "x" * 43
HOST = "127.0.0.1:8642"
ORIGIN = f"http://{HOST}"
BEARER = {"authorization": f"Bearer {TOKEN}", "host": HOST}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")
# Every route, by hand: a new one that is not added here fails the first test.
ROUTES = {"/": "http", "/static/viewer.js": "http", "/static/page.css": "http"}
ROUTES |= {"/favicon.ico": "http", "/stream": "websocket"}
PATHS = (*ROUTES, "/nowhere", "/static/", "/docs", "/openapi.json")

HOSTS = (
    *("", " ", "evil.example", "evil.example:8642", "localhost.evil:8642", "127.0.0.1.evil:8642"),
    *("evil-localhost:8642", "localhost:8642.evil.example", "localhost:8642:8642", "localhost"),
    *("127.0.0.1", "127.0.0.1:80", "127.0.0.1:86420", "127.0.0.1:08642", "127.0.0.1:8643"),
    *("localhost.:8642", "127.0.0.1.:8642", "LOCALHOST:8642", "Localhost:8642", "lOcalhost:8642"),
    *("2130706433:8642", "0x7f000001:8642", "0x7f.0.0.1:8642", "0177.0.0.1:8642", "127.1:8642"),
    *("017700000001:8642", "127.0.1:8642", "127.0.0.2:8642", "0.0.0.0:8642", "0:8642"),
    *("[::1]:8642", "[::ffff:127.0.0.1]:8642", "[::]:8642", "[0:0:0:0:0:0:0:1]:8642", "::1:8642"),
    *("user@127.0.0.1:8642", "127.0.0.1:8642@evil.example", "http://127.0.0.1:8642"),
    *("127.0.0.1:8642/", "127.0.0.1:8642, evil.example", "127.0.0.1:8642#", "127.0.0.1 :8642"),
    *("xn--localhost-:8642", "host.docker.internal:8642", "127.0.0.1%00:8642"),
)
ORIGINS = (
    *("null", "", "http://evil.example", "http://127.0.0.1", "http://127.0.0.1:8643"),
    *("http://127.0.0.1:80", "http://127.0.0.1:86420", "http://127.0.0.1:8642.evil.example"),
    *("http://127.0.0.1:8642@evil.example", "http://evil.example#http://127.0.0.1:8642"),
    *("https://127.0.0.1:8642", "HTTP://127.0.0.1:8642", "http://127.0.0.1:8642/"),
    *("http://localhost:8642", "http://LOCALHOST:8642", "http://localhost", "http://[::1]:8642"),
    *("http://127.0.0.1.evil.example:8642", "http://evil127.0.0.1:8642", "127.0.0.1:8642"),
    *("ws://127.0.0.1:8642", "file://", "file:///", "chrome-extension://abcdef", "data:"),
    *("http://2130706433:8642", "http://127.1:8642", "http://0.0.0.0:8642", "http://127.0.0.1:"),
    *("http://127.0.0.1:8642 http://evil.example", "http://127.0.0.1:08642", "*"),
)


@pytest.fixture
def app():
    return create_app(token=TOKEN, port=8642, begin=Echo)


@pytest.fixture
def cookie(app):
    return {"host": HOST, "cookie": app.keys.cookies()[0].partition(";")[0]}


def answers(app, headers, paths=PATHS, query=b""):
    """Statuses of all requests there are: every path by every method, and as a websocket."""
    seen = {
        knock(app, path, headers, method, query=query)[0] for path in paths for method in METHODS
    }
    return seen | {knock(app, path, headers, kind="websocket", query=query)[0] for path in paths}


def test_the_table_of_routes_is_complete(app):
    kinds = {"Route": "http", "WebSocketRoute": "websocket"}
    assert {route.path: kinds[type(route).__name__] for route in app.app.routes} == ROUTES


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer " + "y" * 43},
        {"authorization": "Bearer"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": TOKEN},
        {"authorization": f"Bearer {TOKEN[:-1]}"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Bearer {TOKEN}\xe9".encode("latin-1")},
        {"cookie": "thalweg-8642="},
        {"cookie": "thalweg-8642=" + TOKEN},
        {"cookie": f"thalweg={TOKEN}; thalweg-8643={TOKEN}"},
    ],
    ids=str,
)
def test_without_the_right_key_nothing_answers(app, headers):
    assert answers(app, {"host": HOST, "origin": ORIGIN, **headers}) == {401}


def test_a_key_that_is_no_longer_valid_opens_nothing(app):
    link = f"token={app.keys.ticket()}".encode()
    assert knock(app, headers={"host": HOST}, query=link)[0] == 303
    assert answers(app, {"host": HOST, "origin": ORIGIN}, query=link) == {401}


def test_a_bearer_beside_a_good_cookie_is_judged_alone(app, cookie):
    assert knock(app, headers=cookie)[0] == 200
    assert knock(app, headers={**cookie, "authorization": "Bearer wrong"})[0] == 401


def test_the_right_key_opens_what_there_is_and_no_more(app, cookie):
    for key in (BEARER, {**cookie, "origin": ORIGIN}):
        for path in PATHS:
            http, live = ROUTES.get(path) == "http", ROUTES.get(path) == "websocket"
            assert knock(app, path, key)[0] == (200 if http else 404)
            assert knock(app, path, key, kind="websocket")[0] == (101 if live else 403)
            for method in METHODS[2:]:
                assert knock(app, path, key, method)[0] == (405 if http else 404)


@pytest.mark.parametrize("host", HOSTS)
def test_other_hosts_are_refused_before_anybody_asks_who_it_is(app, host):
    assert len(HOSTS) >= 40
    for key in ({}, BEARER):
        assert answers(app, {**key, "host": host, "origin": ORIGIN}, ROUTES) == {403}
        assert answers(app, {**key, "host": host, "origin": f"http://{host}"}, ["/"]) == {403}


def test_the_hosts_on_the_list_are_let_in(app):
    for host in (HOST, "localhost:8642"):
        told = {**BEARER, "host": host, "origin": f"http://{host}"}
        assert knock(app, headers=told)[0] == 200
        assert knock(app, "/stream", told, kind="websocket")[0] == 101


def test_doubled_headers_and_odd_targets_are_refused(app):
    good = list(BEARER.items())
    assert knock(app, headers=[*good, ("origin", ORIGIN)])[0] == 200
    assert knock(app, headers=good[:1])[0] == 403
    assert knock(app, headers=[*good, ("host", HOST)])[0] == 403
    assert knock(app, headers=[*good, ("origin", ORIGIN), ("origin", ORIGIN)])[0] == 403
    assert knock(app, headers=[*good, ("authorization", "Bearer x")])[0] == 401
    for target in (f"http://{HOST}/", "http://evil.example/", "*", HOST, ""):
        for method in METHODS:
            assert knock(app, target, BEARER, method)[0] == 403


def test_unknown_kinds_of_connection_get_no_answer(app):
    assert knock(app, headers=BEARER, kind="webtransport") == (None, {})


@pytest.mark.parametrize("origin", ORIGINS)
def test_other_origins_are_refused_even_with_a_good_key(app, cookie, origin):
    assert len(ORIGINS) >= 30
    for key in (cookie, BEARER):
        assert answers(app, {**key, "origin": origin}, ROUTES) == {403}


def test_without_an_origin_a_cookie_reads_and_does_nothing_else(app, cookie):
    assert knock(app, headers=cookie)[0] == 200
    for method in METHODS[2:]:
        assert knock(app, "/", cookie, method)[0] == 403
    assert knock(app, "/stream", cookie, kind="websocket")[0] == 403
    assert knock(app, "/stream", BEARER, kind="websocket")[0] == 101


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Same-Origin", "", "none, none"])
def test_what_a_browser_says_comes_from_another_site_is_refused(app, cookie, site):
    told = {**cookie, "origin": ORIGIN, "sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
    assert answers(app, told, ROUTES) == {403}
    framed = {**told, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
    assert answers(app, framed, ROUTES) == {403}


def test_a_link_on_another_site_leads_to_the_page_and_lends_it_nothing(app):
    """The browser then sends the second cookie alone."""
    away = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    away |= {"sec-fetch-dest": "document", "host": HOST}
    assert knock(app, headers=away)[0] == 401
    away["cookie"] = app.keys.cookies()[1].partition(";")[0]
    assert knock(app, headers=away)[0] == 200
    assert knock(app, headers=away, method="HEAD")[0] == 403
    assert answers(app, away, [path for path in PATHS if path != "/"]) == {403}
    near = {"host": HOST, "origin": ORIGIN, "cookie": away["cookie"]}
    assert answers(app, near, [path for path in PATHS if path != "/"]) == {401}
    assert knock(app, "/", near, kind="websocket")[0] == 401
    assert knock(app, "/", near, "POST")[0] == 401
    swapped = away["cookie"].replace("-page", "")
    assert answers(app, {**near, "cookie": swapped}) == {401}


def test_every_answer_wears_the_headers(app, cookie):
    foreign, plain = {"host": "evil.example"}, {"host": HOST}
    link = f"token={app.keys.ticket()}".encode()
    seen = [
        (200, knock(app, "/", cookie)),
        (200, knock(app, "/static/viewer.js", cookie)),
        (404, knock(app, "/nowhere", cookie)),
        (405, knock(app, "/", {**cookie, "origin": ORIGIN}, "POST")),
        (401, knock(app, "/", plain)),
        (403, knock(app, "/", foreign)),
        (403, knock(app, "/", {**cookie, "origin": "null"})),
        (303, knock(app, "/", plain, query=link)),
        (403, knock(app, "/", {**cookie, "sec-fetch-site": "cross-site"})),
        (101, knock(app, "/stream", BEARER, kind="websocket")),
        (401, knock(app, "/stream", {**plain, "origin": ORIGIN}, kind="websocket")),
        (403, knock(app, "/stream", foreign, kind="websocket")),
    ]
    for status, (found, head) in seen:
        assert found == status
        assert HEADERS.items() <= head.items()
        assert head["cache-control"] in ("no-store", "private, no-cache")
        policy = head["content-security-policy"].split("; ")
        directives = dict(part.split(" ", 1) for part in policy)
        assert directives["default-src"] == directives["frame-ancestors"] == "'none'"
        assert directives["script-src"] == directives["style-src"] == "'self'"
        assert not {"'unsafe-inline'", "'unsafe-eval'", "*"} & set(" ".join(policy).split())
        assert not [name for name in head if name.startswith("access-control")]
    assert f"connect-src 'self' ws://{HOST};" in seen[0][1][1]["content-security-policy"]
    assert "evil" not in str(seen)


def test_a_fault_behind_the_door_wears_them_too():
    def broken(request):
        raise ZeroDivisionError

    inner = Starlette(routes=[Route("/", broken), Route("/fine", PlainTextResponse("fine"))])
    app = Guard(inner, Address(8642), Keys(TOKEN))
    client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)
    seen = client.get("/", headers=BEARER)
    assert seen.status_code == 500
    assert HEADERS.items() <= seen.headers.items()
