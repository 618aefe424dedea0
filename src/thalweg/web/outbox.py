"""Outbox: what a client is still to be told; bounded, however little the client reads."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from thalweg.viewer.frames import Frame

Source = Callable[[], Sequence[Frame]]  # asked when the socket is ready: all that is new by then
MOST = 256  # topics; there are far fewer, so this is the last resort


class Outbox:
    """Frames by topic, oldest first; iterate over it for the bytes to send.

    A newer frame of a topic takes the place of one that was not sent, and goes to the end. With
    `later`, frames are not even made before they can be sent.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, Frame | Source] = {}
        self._ready: deque[Frame] = deque()  # of the topic whose turn it is
        self._news = asyncio.Event()
        self._closed = False

    def put(self, frame: Frame, topic: str = "") -> None:
        """Take a frame; by default its topic is its kind and whom it is about."""
        self._push(topic or topic_of(frame), frame)

    def later(self, topic: str, source: Source) -> None:
        """Ask `source` for the frames of a topic once the client is ready for them."""
        self._push(topic, source)

    def forget(self, topic: str) -> None:
        """Drop what waits under a topic."""
        self._waiting.pop(topic, None)

    def close(self) -> None:
        """Send nothing more."""
        self._closed = True
        self._waiting.clear()
        self._ready.clear()
        self._news.set()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._ready)

    def __aiter__(self) -> "Outbox":
        return self

    async def __anext__(self) -> bytes:
        while not self._ready:
            while not self._waiting and not self._closed:
                self._news.clear()
                await self._news.wait()
            if self._closed:
                raise StopAsyncIteration
            entry = self._waiting.pop(next(iter(self._waiting)))
            self._ready.extend([entry] if isinstance(entry, Frame) else entry())
        frame = self._ready.popleft()
        try:
            return frame.encode()
        except ValueError as fault:  # a number that JSON cannot hold, from a store or a guest
            got = f"{type(fault).__name__}: {fault}"[:200]
            wanted, mend = f"the page must be told of the {frame.kind}", "choose another result"
            head = {"wanted": wanted, "got": got, "mend": mend, "about": frame.kind}
            return Frame("fault", head).encode()

    def _push(self, topic: str, entry: Frame | Source) -> None:
        if self._closed:
            return
        self._waiting.pop(topic, None)
        self._waiting[topic] = entry
        if len(self._waiting) > MOST:
            self._waiting.pop(next(iter(self._waiting)))
        self._news.set()


_ABOUT = {"run": "run", "stability": "run", "busy": "what", "file": "name"}


def topic_of(frame: Frame) -> str:
    """Return under which topic a frame is sent.

    >>> topic_of(Frame("run", {"run": 3})), topic_of(Frame("scene", {}))
    ('run 3', 'scene')
    """
    about = _ABOUT.get(frame.kind)
    return frame.kind if about is None else f"{frame.kind} {frame.head[about]}"
