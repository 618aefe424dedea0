"""The routes: a link becomes a cookie, the page has no other origin, files are those named."""

import re
from importlib.resources import files

import pytest
from starlette.testclient import TestClient

from thalweg.core.errors import InputError
from thalweg.web.app import create_app
from thalweg.web.keys import UNUSED, Keys
from visitors import Echo, knock

TOKEN = "x" * 43
ORIGIN = "http://127.0.0.1:8642"


@pytest.fixture
def app():
    return create_app(token=TOKEN, port=8642, begin=Echo)


@pytest.fixture
def client(app):
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as made:
        yield made


def test_a_link_becomes_a_cookie_once(client):
    first = client.get(f"/?token={TOKEN}")
    assert (first.status_code, first.headers["location"]) == (303, "/")
    given = [cookie.split("; ") for cookie in first.headers.get_list("set-cookie")]
    assert [name.partition("=")[0] for name, *_ in given] == ["thalweg-8642", "thalweg-8642-page"]
    assert given[0][1:] == ["SameSite=Strict", "HttpOnly", "Path=/"]
    assert given[1][1:] == ["SameSite=Lax", "HttpOnly", "Path=/"]
    assert TOKEN not in str(first.headers)
    assert client.get("/").status_code == 200
    again = client.get(f"/?token={TOKEN}")  # in the history of a visitor who is in
    assert (again.status_code, again.headers["location"]) == (303, "/")
    client.cookies.clear()
    late = client.get(f"/?token={TOKEN}")
    assert late.status_code == 401
    assert "used already" in late.text
    assert "press Enter" in late.text
    assert "set-cookie" not in late.headers


@pytest.mark.parametrize(
    "query", ["token=", "token=wrong", f"token={TOKEN}&token=x", f"Token={TOKEN}", "token=%E9%00"]
)
def test_odd_links_do_not_open_and_do_not_use_up_the_good_one(client, query):
    assert client.get(f"/?{query}").status_code == 401
    assert client.head(f"/?token={TOKEN}").status_code == 401
    assert client.get(f"/static/viewer.js?token={TOKEN}").status_code == 401
    assert client.get(f"/?token={TOKEN}").status_code == 303


def test_each_server_has_its_own_cookie(client):
    other = create_app(token=TOKEN, port=8643, begin=Echo)
    theirs = other.keys.cookies()[0].partition(";")[0]
    assert theirs.startswith("thalweg-8643=")
    stolen = theirs.replace("8643", "8642")
    assert client.get("/", headers={"cookie": f"{theirs}; {stolen}"}).status_code == 401


def test_keys_are_long_and_never_the_same():
    made = [Keys(port=1).ticket() for _ in range(50)] + [
        c for _ in range(50) for c in Keys().cookies()
    ]
    assert len(set(made)) == 150
    assert min(len(ticket) for ticket in made[:50]) == 43  # 256 bits
    with pytest.raises(InputError, match="at least 22 characters"):
        Keys("short")


def test_links_that_nobody_opens_run_out():
    keys = Keys()
    links = [keys.ticket() for _ in range(UNUSED + 1)]
    assert [keys.redeem(link) for link in links] == [False] + [True] * UNUSED
    assert not keys.admits("Bearer ")


def test_the_page_loads_nothing_from_elsewhere_and_has_no_script_of_its_own(client):
    client.get(f"/?token={TOKEN}")
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    links = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert sorted(links) == ["/favicon.ico", "/static/page.css", "/static/viewer.js"]
    assert not re.search(r"style=|<style|\bon\w+=|https?:", page.text)
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page.text) == [""]
    assert "url(" not in client.get("/static/page.css").text


def test_files_are_what_ships_and_are_asked_for_again_only_when_changed(client):
    client.get(f"/?token={TOKEN}")
    seen = client.get("/static/viewer.js")
    shipped = (files("thalweg.viewer") / "static" / "viewer.js").read_bytes()
    assert seen.content == shipped
    assert seen.headers["content-type"].startswith("text/javascript")
    known = {"if-none-match": seen.headers["etag"]}
    assert client.get("/static/viewer.js", headers=known).status_code == 304
    assert client.get("/static/page.css", headers=known).status_code == 200
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(
    "path",
    [
        *("/static/../app.py", "/static/%2e%2e/app.py", "/static/%252e%252e/app.py", "/static/.."),
        *("/static/viewer.js/", "/static/viewer.js%00", "/static//viewer.js", "//static/viewer.js"),
        *("/static/viewer.js;x", "/STATIC/viewer.js", "/static\\viewer.js", "/static/viewer.jsx"),
        *("/static/%2fetc%2fpasswd", "/etc/passwd", "/../../etc/passwd", "/static/./viewer.js"),
    ],
)
def test_no_path_leads_elsewhere(app, path):
    bearer = {"host": "127.0.0.1:8642", "authorization": f"Bearer {TOKEN}"}
    assert knock(app, path, bearer)[0] == 404
