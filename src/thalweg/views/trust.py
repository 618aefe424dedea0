"""TrustLines: the quiet strip under a picture that says how far to trust it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class TrustLine:
    """One statement; `warning` only when it should change how the picture is read."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class TrustLines:
    """All statements under one picture, in order."""

    lines: tuple[TrustLine, ...] = ()

    @property
    def warnings(self) -> int:
        """Number of lines that warn."""
        return sum(line.warning for line in self.lines)


def trust_lines(items: Iterable[str | tuple[str, bool] | TrustLine]) -> TrustLines:
    """Return the strip from texts, or from (text, is_warning) pairs; empty texts are dropped.

    >>> trust_lines(["seed 3", ("largest gap 40 % of the range", True)]).warnings
    1
    """
    lines = []
    for item in items:
        if isinstance(item, str):
            item = TrustLine(item)
        elif isinstance(item, tuple):
            item = TrustLine(*item)
        if item.text.strip():
            lines.append(item)
    return TrustLines(tuple(lines))
