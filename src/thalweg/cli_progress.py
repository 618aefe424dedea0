"""Progress on the terminal: a bar with what is being done; plain lines where there is none."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class SectionProgress:
    """Shows how many sections are done and what is being computed; use it in a `with` block."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=1)

    def __enter__(self) -> "SectionProgress":
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def tell(self, name: str) -> None:
        """Show what is being computed now."""
        self._bar.update(self._task, description=name)

    def advance(self, done: int, total: int) -> None:
        """Show how many sections are done."""
        self._bar.update(self._task, completed=done, total=total)
        if done and not self._console.is_terminal:
            self._console.print(f"section {done} of {total} done")
