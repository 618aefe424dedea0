"""`thalweg explore` as people run it: a link, the browser, Enter, Ctrl-C, and what goes wrong."""

import fcntl
import os
import pty
import re
import signal
import stat
import subprocess
import sys
import termios
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import thalweg as tw
from thalweg.cli import explore, main
from thalweg.web import opening
from thalweg.web.address import PORT
from visitors import until

LINK = re.compile(r"http://127\.0\.0\.1:(\d+)/\?token=([A-Za-z0-9_-]{43})\n")
BROWSER = """\
#!{python}
import sys, urllib.request
from pathlib import Path
place = Path(sys.argv[1].removeprefix("file://"))
page = place.read_text()
link = page.split('0;url=')[1].split('"')[0]
seen = urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(link)
modes = f"{{place.stat().st_mode:o}} {{place.parent.stat().st_mode:o}}"
Path("browsed.draft").write_text(f"{{sys.argv[1:]}}\\n{{modes}}\\n{{seen.status}} {{seen.url}}")
Path("browsed.draft").rename("browsed")
"""


def as_in_front() -> None:
    """Be what the terminal on standard input listens to, and hear Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def started(*words, stdin=subprocess.DEVNULL, **environment):
    """The program, its port and its first link; ended if the test did not."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "thalweg", "explore", "--port", "0", *words],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        preexec_fn=as_in_front,
    )
    try:
        first = process.stdout.readline()
        assert LINK.fullmatch(first), first + process.stderr.read()
        yield process, int(LINK.fullmatch(first)[1]), first.strip()
    finally:
        process.kill()
        process.communicate()


@contextmanager
def browsing(folder):
    """The program with a browser that has read what it was given: its first link, and its files."""
    browser, hidden = folder / "browser", folder / "tmp"
    browser.write_text(BROWSER.format(python=sys.executable))
    browser.chmod(0o700)
    hidden.mkdir()
    with started(BROWSER=str(browser), TMPDIR=str(hidden), HOME=str(folder)) as (process, _, link):
        until((folder / "browsed").exists)
        yield process, link, hidden


def visited(link):
    """The cookie that a link gave, as headers; and the page."""
    jar = urllib.request.HTTPCookieProcessor()
    page = urllib.request.build_opener(jar).open(link, timeout=60).read()
    return {"cookie": "; ".join(f"{each.name}={each.value}" for each in jar.cookiejar)}, page


def test_it_opens_by_its_link_and_ctrl_c_ends_it_in_peace(folder):
    with started("--no-open") as (process, port, link):
        key, page = visited(link)
        assert b'data-thalweg="live"' in page
        origin = {"origin": f"http://127.0.0.1:{port}"}
        with connect(f"ws://127.0.0.1:{port}/stream", additional_headers=key | origin) as client:
            client.send('{"kind": "open", "points": 5}')
            assert b'"kind":"hello"' in client.recv(60)[:20]
            process.send_signal(signal.SIGINT)
            with suppress(ConnectionClosed):
                while client.recv(60):
                    pass
            assert client.close_code == 1012
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == ""
    assert err == "Ctrl-C stops it.\n"


SLOW = """
import time
from pathlib import Path

import numpy as np

import thalweg as tw


class Slow(tw.MLPObjective):
    def restrict(self, plane, fields=("loss",)):
        print("a word from the guest")
        if Path("go").exists():
            Path("began").touch()
            time.sleep(3600)
        return super().restrict(plane, fields)


def slow():
    return Slow(tw.MLP((2, 3, 1)), np.eye(2), np.array([0.0, 1.0]))
"""


def test_a_loss_that_takes_an_hour_does_not_keep_it_from_ending(folder):
    (folder / "slow.py").write_text(SLOW)
    with started("--no-open", "--objective", "slow.py:slow") as (process, port, link):
        key, _ = visited(link)
        (folder / "go").touch()
        origin = {"origin": f"http://127.0.0.1:{port}"}
        with connect(f"ws://127.0.0.1:{port}/stream", additional_headers=key | origin) as client:
            client.send('{"kind": "open", "points": 5}')
            until((folder / "began").exists)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == ""
    assert "a word from the guest" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_in_peace_too(folder, number):
    with started("--no-open") as (process, _, _):
        process.send_signal(number)
        assert process.wait(60) == 0


def test_the_browser_gets_a_file_for_our_eyes_only_and_the_token_stays_out_of_sight(folder):
    with browsing(folder) as (process, link, hidden):
        given, modes, seen = (folder / "browsed").read_text().split("\n")
        lists = [
            Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ")
        ]
        assert LINK.search(f"{link}\n")[2].encode() not in b"".join(lists)
        key, _ = visited(link)  # the browser had a link of its own
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert re.fullmatch(r"\['file://\S+/thalweg-\w+/explorer\.html'\]", given)
    assert modes == f"{stat.S_IFREG | 0o600:o} {stat.S_IFDIR | 0o700:o}"
    assert re.fullmatch(r"200 http://127\.0\.0\.1:\d+/", seen)
    secrets = [each.partition("=")[2].encode() for each in key["cookie"].split("; ")]
    left = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    assert not list(hidden.iterdir())
    for told in (out.encode(), err.encode(), *left):
        assert b"token" not in told.replace(BROWSER.encode(), b"")
        assert not [secret for secret in secrets if secret in told]


def test_enter_shows_a_new_link(folder):
    ours, theirs = pty.openpty()
    try:
        with started("--no-open", stdin=theirs) as (process, _, first):
            visited(first)
            with pytest.raises(urllib.error.HTTPError, match="401"):
                visited(first)
            for _ in range(2):
                os.write(ours, b"\n")
                line = process.stdout.readline()
                assert LINK.fullmatch(line)
                assert line.strip() != first
                visited(line.strip())
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=60)[1].startswith("Ctrl-C stops it; Enter shows")
            assert process.returncode == 0
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_second_signal_ends_it_at_once(folder):
    """The first one is not heard out: the process is held still in between."""
    with browsing(folder) as (process, link, hidden):
        visited(link)
        process.send_signal(signal.SIGSTOP)
        for number in (signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        assert process.wait(60) in (128 + signal.SIGTERM, 128 + signal.SIGINT)
    assert not list(hidden.iterdir())  # nor is a link left behind


def test_a_port_in_use_names_the_other_explorer(folder, capsys):
    with started("--no-open") as (process, port, _):
        assert main(["explore", "--no-open", "--port", str(port)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        f"thalweg: port {port} must be free, got one that another thalweg explore "
        f"(process {process.pid}) has; end it, or pass --port 0 for a free one\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "nothing must be a store or a folder of them, got nothing; check the path"),
        (["guest.py"], "guest.py must be a store or a folder of them, got something else"),
        (["--objective", "guest.py:none"], "guest.py:none must be a function"),
        (["--objective", "guest.py:loss"], "must make an objective with derivatives"),
        (["--host", "0.0.0.0"], "add --expose to let other machines in"),
        (["--host", "192.0.2.7"], "add --expose to let other machines in"),
        (["--host", "192.0.2.7", "--expose"], "--host must be an address of this machine"),
        (["--port", "x"], "--port"),
    ],
)
def test_what_will_not_do_is_one_line(folder, capsys, words, said):
    assert main(["explore", "--no-open", "--port", "0", *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    *_, last = told.err.splitlines()  # a guest may have said something before
    assert last.startswith("thalweg: ")
    assert said in last


def test_a_damaged_store_is_one_line(folder, capsys):
    objective = tw.MLPObjective(tw.MLP((2, 3, 1)), np.eye(2), np.array([0.0, 1.0]))
    tw.landscape(objective, points=3, store=folder / "map.zarr")
    (folder / "map.zarr" / "zarr.json").write_text("{")
    assert main(["explore", "--no-open", "--port", "0", "map.zarr"]) == 2
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert "map.zarr" in told.err


def test_without_the_extra_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(explore, "find_spec", lambda name: None if name == "uvicorn" else name)
    assert main(["explore"]) == 2
    assert capsys.readouterr().err == (
        "thalweg: the explorer needs starlette, uvicorn, websockets, msgspec, got no uvicorn; "
        "pip install 'thalweg[web]'\n"
    )


def test_exposed_it_warns(folder, monkeypatch, capsys):
    served = []
    monkeypatch.setattr("thalweg.web.server.serve", lambda app, *rest: served.append(app.address))
    assert main(["explore", "--no-open", "--port", "0", "--host", "0.0.0.0", "--expose"]) == 0
    told = capsys.readouterr().err
    (address,) = served
    if not address.loopback:
        assert "Other machines can reach this" in told
        assert "not encrypted" in told
    assert main(["explore", "--no-open", "--port", "0"]) == 0
    assert capsys.readouterr().err == ""


def test_where_there_is_no_display_nothing_is_opened(monkeypatch):
    monkeypatch.setattr(opening, "has_display", lambda *where: False)
    monkeypatch.setattr(opening.webbrowser, "open", lambda place: pytest.fail(place))
    with opening.opened("http://127.0.0.1:1/?token=x"):
        assert not opening.has_display({}, "linux")


def test_help_has_examples_and_the_usual_port(capsys):
    assert main(["explore", "--help"]) == 0
    told = capsys.readouterr().out
    assert "thalweg explore case-study/" in told
    assert f"default: {PORT}" in told
