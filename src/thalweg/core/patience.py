"""Patience: how long a cell may take, and what ends one that takes longer."""

import faulthandler
import math
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum

from thalweg.core.errors import InputError

GRACE = 2.0  # seconds between the alarm and the end of a worker that did not hear it


class Overtime(Enum):
    """What an executor can do about work that takes too long."""

    ENDURED = "endured"  # nothing: threads cannot be stopped
    INTERRUPTED = "interrupted"  # an alarm raises in the midst of it
    KILLED = "killed"  # the same, and a worker that does not hear the alarm is ended


class TooLong(BaseException):
    """The alarm rang. No Exception, so that a loss which catches those does not catch it."""


def alarm_works() -> bool:
    """Return whether an alarm can ring here: on Unix, in the main thread."""
    here = threading.current_thread() is threading.main_thread()
    return here and hasattr(signal, "setitimer")


@dataclass(frozen=True)
class Patience:
    """Seconds that one cell may take.

    Attributes:
        seconds: then an alarm raises `TooLong` in the midst of the work. It is heard between two
            steps of Python; a single call of compiled code ends first.
        kills: end this process if the work did not hear the alarm; for workers only.

    Raises:
        InputError: no positive number of seconds.

    >>> with Patience(5.0).watch():
    ...     sum(range(10))
    45
    """

    seconds: float
    kills: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise InputError("patience must be seconds above 0", repr(self.seconds), "try 10.0")

    @classmethod
    def under(cls, overtime: Overtime, seconds: float | None) -> "Patience | None":
        """Return the patience that an executor can keep; None for None seconds.

        Raises:
            InputError: no positive number, or an executor that cannot stop its work.
        """
        if seconds is None:
            return None
        if overtime is Overtime.ENDURED:
            wanted = "patience needs work that can be stopped"
            mend = "use SerialExecutor in the main thread (Unix), or RayExecutor"
            raise InputError(wanted, "threads", mend)
        return cls(float(seconds), overtime is Overtime.KILLED)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Raise TooLong in the block once it has taken too long; again each second after that."""
        armed = True

        def ring(number: int, frame: object) -> None:
            if armed:
                raise TooLong(f"took longer than {self.seconds:g} s")

        handler = signal.signal(signal.SIGALRM, ring)
        with ExitStack() as after:
            after.callback(signal.signal, signal.SIGALRM, handler)
            if self.kills:
                nowhere = after.enter_context(open(os.devnull, "w"))
                late = self.seconds + GRACE
                faulthandler.dump_traceback_later(late, exit=True, file=nowhere)
                after.callback(faulthandler.cancel_dump_traceback_later)
            before = signal.setitimer(signal.ITIMER_REAL, self.seconds, 1.0)
            after.callback(signal.setitimer, signal.ITIMER_REAL, *before)
            try:
                yield
            finally:
                armed = False
