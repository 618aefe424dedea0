"""Busy: tell a page what is being worked on, and that it is over, however it ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from thalweg.viewer.frames import Frame

if TYPE_CHECKING:
    from thalweg.web.session import Session


@contextmanager
def busy(session: "Session", what: str) -> Iterator[Callable[[float], None]]:
    """Tell that `what` is worked on; yields how to tell the share that is done."""

    def told(share: float | None, done: bool = False) -> None:
        session.send(Frame("busy", {"what": what, "share": share, "done": done}))

    told(None)
    try:
        yield told
    finally:
        told(None, True)
