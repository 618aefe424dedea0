"""Limits: what one connection may ask of the server, and how long it may keep it waiting."""

from dataclasses import dataclass

LIMIT_MESSAGE = 64 * 1024  # bytes of one message; a log of 40 drops has about 20 kB
LIMIT_WIRE = 1024 * 1024  # bytes of one websocket message, before anybody looks at it
LIMIT_HALF_OPEN = 1024  # connections that have not finished a request; the oldest goes
PATIENCE = 10.0  # seconds for a whole request, and for a client to read what it is sent
PING = 5.0  # seconds between pings
LIMIT_FILES = 8192  # open sockets and files that the process asks the system for


@dataclass
class Bucket:
    """How fast messages may come: at once up to `burst`, then `rate` a second.

    Who is told to wait again and again for `patience` seconds has had enough warning.

    >>> bucket = Bucket(rate=10, burst=2, patience=1)
    >>> [bucket.spend(now=0.0) for _ in range(3)]
    [0.0, 0.0, 0.1]
    >>> bucket.flooded
    False
    """

    rate: float = 100.0
    burst: float = 200.0
    patience: float = PATIENCE
    flooded: bool = False
    _level: float | None = None
    _when: float = 0.0
    _since: float | None = None

    def spend(self, now: float) -> float:
        """Count a message at `now`, in seconds; return how many seconds it must wait."""
        level = self.burst if self._level is None else self._level
        level = min(self.burst, level + (now - self._when) * self.rate) - 1
        self._level, self._when = level, now
        if level >= 0:
            self._since = None
            return 0.0
        self._since = now if self._since is None else self._since
        self.flooded = now - self._since > self.patience
        return -level / self.rate
