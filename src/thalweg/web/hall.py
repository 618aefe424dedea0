"""Hall: what all visitors share: threads that work for them in turns, limits, and what is given."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.web.messages import LIMIT_LOG, LIMIT_RUNS
from thalweg.web.turns import Turn, within

if TYPE_CHECKING:
    from thalweg.web.session import Session

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Limits:
    """How much one visitor, and all of them, may ask for.

    Attributes:
        sessions: visitors at once.
        runs: runs a visitor.
        log: planes, drops and removals a visitor.
        bytes: of all points of a visitor's runs.
        seconds: that a map may be expected to take.
        tasks: requests of a visitor that may wait.
    """

    sessions: int = 256
    runs: int = LIMIT_RUNS
    log: int = LIMIT_LOG
    bytes: int = 256_000_000
    seconds: float = 60.0
    tasks: int = 64


class Hall:
    """Shared by all sessions of a server.

    Short work (a tile, some steps of the runs) goes through two threads, a slice of about 20 ms at
    a time, so that visitors take turns; long work has threads of its own.

    Args:
        objective: what is explored instead of the bench, if any.
        library: stored results, if any.
        limits: of what visitors may ask for.
        tours: what `hello` lists.
    """

    def __init__(
        self,
        objective: SmoothObjective | None = None,
        library: Any = None,
        limits: Limits = Limits(),
        tours: Sequence[dict[str, Any]] = (),
    ) -> None:
        # A guest's model may not like two threads at once; our own networks do not mind.
        self.objective = None if objective is None else within(objective, Turn())
        self.library, self.limits, self.tours = library, limits, tours
        self.sessions: set[Session] = set()
        self.drawing = asyncio.Lock()  # the settings of matplotlib are those of the whole process
        self._quick = ThreadPoolExecutor(2, thread_name_prefix="thalweg-quick")
        self._long = ThreadPoolExecutor(4, thread_name_prefix="thalweg-long")

    def enter(self, session: "Session") -> None:
        """Count a visitor in.

        Raises:
            InputError: the hall is full.
        """
        most = self.limits.sessions
        if len(self.sessions) >= most:
            mend = "close a page, or come back later"
            raise InputError(f"at most {most} pages may be open", f"{most} and one more", mend)
        self.sessions.add(session)

    def leave(self, session: "Session") -> None:
        """Count a visitor out."""
        self.sessions.discard(session)

    async def quick(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the function returns; for a slice of work of some 20 ms."""
        return await self._run(self._quick, function, *args, **kwargs)

    async def long(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the function returns; for work that cannot be cut into slices."""
        return await self._run(self._long, function, *args, **kwargs)

    def close(self) -> None:
        """Let the threads go; what they are at is finished, what waits is not begun."""
        for pool in (self._quick, self._long):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _run(
        self, pool: ThreadPoolExecutor, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        work = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(pool, work)
