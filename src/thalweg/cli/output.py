"""Output: results on standard output, as text or as strict JSON; the rest on standard error."""

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

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


def strict(result: Mapping[str, Any]) -> str:
    """Return JSON that every parser reads: null for what is not finite, and `notes` that say so.

    >>> strict({"loss": {"max": float("inf")}})
    '{"loss": {"max": null}, "notes": ["loss.max is infinity; JSON has no such number"]}'
    """
    notes: list[str] = []
    plain = _plain(result, "", notes)
    if notes:
        plain = {**plain, "notes": [*plain.get("notes", []), *notes]}
    return json.dumps(plain, allow_nan=False, ensure_ascii=False)


def _plain(value: Any, place: str, notes: list[str]) -> Any:
    """Return a value of JSON's own types; scalars of NumPy become Python's."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v, f"{place}.{k}".strip("."), notes) for k, v in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(v, f"{place}[{i}]", notes) for i, v in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        name = "NaN" if math.isnan(value) else "infinity" if value > 0 else "minus infinity"
        notes.append(f"{place} is {name}; JSON has no such number")
        return None
    return value
