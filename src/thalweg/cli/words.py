"""words: a description as lines for people."""

from collections.abc import Mapping
from typing import Any

from thalweg.cli.budget import size

_STATES = ("done", "nonfinite", "failed", "pending")
_ODD = (("nan", "NaN"), ("plus_infinity", "+infinity"), ("minus_infinity", "−infinity"))


def lines(told: Mapping[str, Any]) -> list[str]:
    """Return the lines that tell one description, the first with its name and kind."""
    more = {"surface": _surface, "trajectory": _run, "path": _path, "spectrum": _spectrum}
    rows = more[told["kind"]](told) if told["kind"] in more else []
    if "bytes" in told:
        rows.append(("on disk", f"{size(told['bytes'])} in {told['files']:,} files"))
    rows += [(key.replace("_", " "), _short(value)) for key, value in told["provenance"].items()]
    wide = max((len(key) for key, _ in rows), default=0)
    return [f"{told['store']}: {told['kind']}", *(f"  {key:<{wide}}  {text}" for key, text in rows)]


def one_line(told: Mapping[str, Any]) -> str:
    """Return a description in one line, for a list."""
    if "error" in told:
        return f"{told['store']}: cannot be read: {told['error']}"
    if told["kind"] == "surface":
        shape = " × ".join(str(axis["points"]) for axis in told["axes"].values())
        return f"{told['store']}: surface, {shape} cells, {cells(told['cells'])}"
    if "points" in told:
        return f"{told['store']}: {told['kind']}, {told['points']:,} points"
    return f"{told['store']}: {told['kind']}"


def cells(count: Mapping[str, int]) -> str:
    """Return the states of the cells in words.

    >>> cells({"total": 4, "done": 3, "nonfinite": 0, "failed": 0, "pending": 1})
    '3 done, 1 pending'
    """
    return ", ".join(f"{count[s]:,} {s}" for s in _STATES if count[s]) or "none"


def _surface(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [("cells", f"{told['cells']['total']:,}: {cells(told['cells'])}")]
    for name, axis in told["axes"].items():
        window = f"{axis['points']} points from {axis['low']:g} to {axis['high']:g}"
        rows.append((f"axis {name}", f"{window}, along {axis['along']}"))
    rows += [(name, _range(found)) for name, found in told["fields"].items()]
    rows += [("failed", words) for words in told["failures"][:3]]
    return rows


def _run(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [("points", f"{told['points']:,} of {told['parameters']:,} parameters")]
    return [*rows, *_losses(told)]


def _path(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("points", f"{told['points']:,}"), *_losses(told)]


def _losses(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    loss = told["loss"]
    ends = f"from {loss['first']:.4g} to {loss['last']:.4g}; {_range(loss)}"
    return [("steps", " to ".join(f"{step:,}" for step in told["steps"])), ("loss", ends)]


def _spectrum(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    count = f"{told['eigenvalues']:,}, of which {told['negative']:,} negative; {_range(told)}"
    return [("eigenvalues", count)]


def _range(found: Mapping[str, Any]) -> str:
    odd = [f"{found[key]:,} {word}" for key, word in _ODD if found[key]]
    return "; ".join([f"between {found['min']:.4g} and {found['max']:.4g}", *odd])


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
