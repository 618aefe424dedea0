"""Keyboard: Enter in the terminal asks for a new link."""

import asyncio
import os
import sys
from collections.abc import Callable

LATER = 1.0  # seconds until a job in the background looks again


def on_enter(act: Callable[[], object]) -> bool:
    """Call `act` in the running loop whenever Enter is pressed.

    A job in the background must not read: the system would stop it.

    Returns:
        Whether there is a terminal where a person could press it.
    """
    if os.name != "posix" or not sys.stdin or not sys.stdin.isatty():
        return False
    loop, terminal = asyncio.get_running_loop(), sys.stdin.fileno()

    def read() -> None:
        loop.remove_reader(terminal)
        if not _in_front(terminal):
            loop.call_later(LATER, listen)
        elif os.read(terminal, 4096):
            act()
            listen()

    def listen() -> None:
        loop.add_reader(terminal, read)

    listen()
    return True


def _in_front(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # the terminal is gone
        return False
