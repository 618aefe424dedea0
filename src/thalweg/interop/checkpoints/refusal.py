"""Refused: why a foreign file is not read, and the text and names that may be shown or kept."""

import re

LONGEST_NAME = 500
LONGEST_REASON = 200
_DRIVE = re.compile(r"[A-Za-z]:/")


class Refused(Exception):
    """The reason for refusing a file, and what the owner of the file can do."""

    def __init__(self, reason: str, mend: str = "get a whole copy, or save it again") -> None:
        super().__init__(reason, mend)
        self.reason, self.mend = reason, mend


def one_line(text: object) -> str:
    r"""Return text fit for one line of an error: printable, and not too long.

    >>> one_line("a\n\x1b[31mb")
    'a  [31mb'
    """
    line = "".join(c if c.isprintable() else " " for c in str(text)[: 2 * LONGEST_REASON]).strip()
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 3] + "..."


def path_line(path: object) -> str:
    """Return a path fit for one line of an error; of a long one its end, which tells the file."""
    line = one_line(str(path)[-LONGEST_REASON:])
    return line if len(str(path)) <= LONGEST_REASON else f"...{line}"


def check_name(name: object) -> str:
    """Return the name of an array if it is harmless wherever it may be written one day.

    Raises:
        Refused: it is empty, long, climbs out of a folder, or holds unprintable characters.

    >>> check_name("layer1/conv.weight")
    'layer1/conv.weight'
    """
    if not isinstance(name, str):
        raise Refused(f"a name that is no text: {one_line(repr(name))}")
    climbs = name.startswith("/") or ".." in name.split("/") or _DRIVE.match(name)
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or "\\" in name or climbs:
        raise Refused(f"the name {one_line(repr(name))}", "rename what is inside the file")
    return name


def check_total(total: int, budget: int) -> None:
    """Raise Refused if arrays would take more bytes than the budget."""
    if total > budget:
        raise Refused(
            f"arrays of {total:,} bytes, above the limit of {budget:,}",
            "raise limits.times or limits.at_least if the file is trusted",
        )
