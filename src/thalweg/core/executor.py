"""Executor: who evaluates the tiles. Chooser and computer are apart; any executor will do."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from thalweg.core.errors import InputError

Progress = Callable[[int, int], None]  # called with (done, total) while long work goes on

Item = TypeVar("Item")
Result = TypeVar("Result")


class Executor(Protocol):
    """Maps a function over items; yields (item, result) as they finish, in any order.

    A fault in the function is raised at the item that caused it; results that were already
    yielded stay valid. Items are drawn lazily.
    """

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Result]]:
        """Yield (item, function(item)) for every item."""
        ...


@dataclass(frozen=True)
class SerialExecutor:
    """One after the other, in this thread and in order."""

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Result]]:
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

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Result]]:
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
