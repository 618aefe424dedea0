"""A real browser on a real server: the page as a visitor has it."""

import threading
from pathlib import Path

import pytest

from chromium import CHROMIUM, FLAGS, WANTED
from thalweg.core.objective import Objective
from thalweg.web.app import create_app
from thalweg.web.ports import bind
from thalweg.web.server import Server

collect_ignore_glob = [] if WANTED else ["test_*.py"]


class Served:
    """A server in a thread; calling it gives a link that lets in once."""

    def __init__(self, run: Path | None, objective: Objective | None, port: int) -> None:
        listening, self._address = bind("127.0.0.1", port, False)
        self.port = self._address.port
        self._app = create_app(run, objective, address=self._address)
        begun = threading.Event()
        self._server = Server(self._app, begun.set)
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()
        assert begun.wait(30)

    def __call__(self, fragment: str = "") -> str:
        """Return a link, with a state in it."""
        return self._address.url(self._app.keys.ticket()) + fragment

    def stop(self) -> None:
        """End it, as Ctrl-C does."""
        self._server.should_exit = True
        self._thread.join(15)
        assert not self._thread.is_alive()


@pytest.fixture(scope="module")
def served():
    """Return what starts a server; all are stopped at the end."""
    servers = []

    def start(run: Path | None = None, objective: Objective | None = None, port: int = 0) -> Served:
        servers.append(Served(run, objective, port))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def browser():
    """One Chromium for the tests of a file; Playwright's event loop must not outlive them.

    While it lives, nothing else of that worker could use asyncio.
    """
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)
    assert CHROMIUM, "no Chromium found; install Debian's package chromium"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()
