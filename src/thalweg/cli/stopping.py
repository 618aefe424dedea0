"""Stopping: signals become one exception, and a second one ends the program at once.

The exit codes are those of a shell: 128 plus the number of the signal.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Stopped(KeyboardInterrupt):
    """A signal came; `code` is what the program returns."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


@contextmanager
def listening() -> Iterator[None]:
    """Raise `Stopped` at the first signal inside the block; end the process at the second.

    A signal that the shell told us to ignore stays ignored, as `nohup` and `&` expect.
    """
    heard = 0

    def hear(number: int, frame: object) -> None:
        nonlocal heard
        heard += 1
        if heard > 1:
            _end_children()
            os._exit(128 + number)
        raise Stopped(number)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def saying(words: Callable[[], str]) -> Iterator[None]:
    """Add words to what is said when the block is stopped by a signal."""
    try:
        yield
    except KeyboardInterrupt as stop:
        stop.add_note(words())
        raise


def _end_children() -> None:
    """Kill the processes that this one started through multiprocessing, if any."""
    module = sys.modules.get("multiprocessing")
    for child in module.active_children() if module else ():
        child.kill()
