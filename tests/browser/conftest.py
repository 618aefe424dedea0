"""A real browser on a real server: the page as a visitor has it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chromium import CHROMIUM, FLAGS, WANTED

collect_ignore_glob = [] if WANTED else ["test_*.py"]


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """Run `thalweg explore` and yield the address with the token that it prints."""
    command = [sys.executable, "-m", "thalweg", "explore", *arguments, "--no-open", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, f"the server said {line!r}"
            yield found[0]
        finally:
            server.terminate()
            server.stdout.close()
            server.wait(10)


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests of a worker."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "no Chromium found; install Debian's package chromium"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()
