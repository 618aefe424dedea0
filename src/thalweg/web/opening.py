"""Opening: the browser, without the token on any command line."""

import os
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from thalweg.web.pages import leading


def has_display(environment: "os._Environ[str] | dict[str, str]", platform: str) -> bool:
    """Whether a browser could show a page here.

    >>> has_display({}, "linux"), has_display({"DISPLAY": ":0"}, "linux"), has_display({}, "win32")
    (False, True, True)
    """
    if platform in ("win32", "darwin"):
        return True
    return any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


_files: set[Path] = set()


def forget_files() -> None:
    """Delete what `opened` wrote, for who leaves without cleaning up behind himself."""
    for file in tuple(_files):
        with suppress(OSError):
            file.unlink()
            file.parent.rmdir()


@contextmanager
def opened(link: str) -> Iterator[None]:
    """Open a link in the browser, if there is one; on leaving, nothing of it is left on disk.

    Every user of the machine may read the command lines of all programs, so the browser is
    given a file that only this user can read, and that leads to the link.
    """
    if not has_display(os.environ, sys.platform):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="thalweg-") as folder:  # mode 0700
        file = Path(folder) / "explorer.html"
        _files.add(file)
        file.touch(0o600)
        file.write_text(leading(link), encoding="utf-8")
        # Some browsers answer late; nobody should wait for them.
        Thread(target=webbrowser.open, args=(file.as_uri(),), daemon=True).start()
        try:
            yield
        finally:
            _files.discard(file)
