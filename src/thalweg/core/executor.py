"""Executor: who evaluates the tiles. Chooser and computer are apart; any executor will do."""

import os
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from thalweg.core.errors import InputError
from thalweg.core.patience import Overtime, alarm_works

Progress = Callable[[int, int], None]  # called with (done, total) while long work goes on

Item = TypeVar("Item")
Result = TypeVar("Result")
Salvage = Callable[[Item, str], Result]  # called with (item, what killed its workers)


class Executor(Protocol):
    """Maps a function over items; yields (item, result) as they finish, in any order.

    A fault in the function is raised at the item that caused it; results that were already
    yielded stay valid. Items are drawn lazily.
    """

    @property
    def overtime(self) -> Overtime:
        """What it can do about work that takes too long."""
        ...

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        lost: Salvage[Item, Result] | None = None,
    ) -> Generator[tuple[Item, Result], None, None]:
        """Yield (item, function(item)) for every item; to close it early cancels the rest.

        Args:
            function: what is done with an item.
            items: what it is done with.
            lost: (item, cause) -> what stands for an item whose worker died each time it was
                tried; without it that is raised. Work in this process is never lost.
        """
        ...


@dataclass(frozen=True)
class SerialExecutor:
    """One after the other, in this thread and in order."""

    @property
    def overtime(self) -> Overtime:
        """An alarm rings, where one can."""
        return Overtime.INTERRUPTED if alarm_works() else Overtime.ENDURED

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        lost: Salvage[Item, Result] | None = None,
    ) -> Generator[tuple[Item, Result], None, None]:
        """Yield (item, function(item)) in the items' order."""
        for item in items:
            yield item, function(item)


@dataclass(frozen=True)
class ThreadExecutor:
    """Threads of this process: right for work that releases the GIL, as NumPy and numba do.

    >>> sorted(ThreadExecutor(2).map(lambda i: i * i, [1, 2, 3]))
    [(1, 1), (2, 4), (3, 9)]
    """

    workers: int = os.cpu_count() or 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise InputError("workers must be at least 1", str(self.workers), "leave the default")

    @property
    def overtime(self) -> Overtime:
        """A thread cannot be stopped."""
        return Overtime.ENDURED

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        lost: Salvage[Item, Result] | None = None,
    ) -> Generator[tuple[Item, Result], None, None]:
        """Yield (item, function(item)) as they finish; at most two items a worker wait."""
        todo = iter(items)
        with ThreadPoolExecutor(self.workers) as pool:
            pending: dict[Future[Result], Item] = {
                pool.submit(function, item): item for item in islice(todo, 2 * self.workers)
            }
            try:
                while pending:
                    done, _ = wait(pending, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield pending.pop(future), future.result()
                    room = 2 * self.workers - len(pending)
                    pending |= {pool.submit(function, item): item for item in islice(todo, room)}
            finally:
                for future in pending:
                    future.cancel()
