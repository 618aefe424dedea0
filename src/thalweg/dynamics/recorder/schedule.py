"""Which steps of a run a Recorder keeps."""

from dataclasses import dataclass

from thalweg.core.errors import InputError


@dataclass(frozen=True)
class Every:
    """Keep each so many-th step, the first point and the last.

    Attributes:
        steps: 1 keeps all.
    """

    steps: int = 1

    def __post_init__(self) -> None:
        _check_stride(self.steps)

    @property
    def limit(self) -> int | None:
        """The largest number of rows: there is none."""
        return None


@dataclass(frozen=True)
class Thinned:
    """Keep at most `limit` rows of a run of any length, evenly spread, the first and the last.

    When the rows are full, every second one is dropped and the stride doubles.

    Attributes:
        limit: the largest number of rows, at least 3.
        steps: the stride to begin with.
    """

    limit: int
    steps: int = 1

    def __post_init__(self) -> None:
        _check_stride(self.steps)
        if self.limit < 3:
            wanted = "a thinned run needs room for 3 rows or more"
            raise InputError(wanted, str(self.limit), "try Thinned(1000)")


Schedule = Every | Thinned


def _check_stride(steps: int) -> None:
    if steps < 1:
        wanted = "rows must be at least 1 step apart"
        raise InputError(wanted, str(steps), "keep Every(1) to keep all")
