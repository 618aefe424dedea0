"""Output: results on standard output, as text or as strict JSON; the rest on standard error."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

from thalweg.core.strict import strict

Json = Annotated[bool, Parameter(help="Print the result as JSON.", negative="", show_default=False)]


def console() -> Console:
    """Return the console for progress and messages, on standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def guests_on_stderr() -> Iterator[None]:
    """Send what a guest's code prints to standard error, so that results stay readable."""
    with redirect_stdout(sys.stderr):
        yield


def print_result(text: str) -> None:
    """Print a result for people."""
    print(text)  # noqa: T201


def print_json(result: Mapping[str, Any]) -> None:
    """Print a result as strict JSON; see `strict`."""
    print(strict(result))  # noqa: T201
