"""Progress on the terminal: a bar with what is being done; plain lines where there is none."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINES, APART = 10, 2.0  # at most so many plain lines, and so many seconds apart


class _Bar:
    """A bar that is there inside a `with` block, and only on a terminal."""

    def __init__(self, console: Console, bar: Progress, name: str) -> None:
        self._console, self._bar = console, bar
        self._task = bar.add_task(name, total=1)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()


class SectionProgress(_Bar):
    """Shows how many sections are done and what is being computed; use it in a `with` block."""

    def __init__(self, console: Console) -> None:
        bar = Progress(
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
        )
        super().__init__(console, bar, "starting")

    def tell(self, name: str) -> None:
        """Show what is being computed now."""
        self._bar.update(self._task, description=name)

    def advance(self, done: int, total: int) -> None:
        """Show how many sections are done."""
        self._bar.update(self._task, completed=done, total=total)
        if done and not self._console.is_terminal:
            self._console.print(f"section {done} of {total} done")


class CountProgress(_Bar):
    """Shows how much is done and when the rest will be; use it in a `with` block.

    Args:
        console: where to show it.
        clock: seconds.
        what: is counted.
    """

    def __init__(
        self,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
        what: str = "cells",
    ) -> None:
        bar = Progress(
            TextColumn(f"{{task.completed:,.0f}} of {{task.total:,.0f}} {what}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        super().__init__(console, bar, what)
        self._what, self._clock, self._said, self._when = what, clock, 0, clock()

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        self._bar.update(self._task, completed=done, total=total)
        part, now = done * LINES // total, self._clock()
        if not self._console.is_terminal and part > self._said and now - self._when >= APART:
            self._said, self._when = part, now
            self._console.print(f"{done:,} of {total:,} {self._what} done")
