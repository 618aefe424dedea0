"""Library: the stored results to choose from, by names that never lead out of one folder."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thalweg.core.errors import InputError, StoreError, ThalwegError
from thalweg.store.attributes import from_json
from thalweg.store.described import group_attributes
from thalweg.store.durable import read_file
from thalweg.store.folder import is_store
from thalweg.store.ledger import LINES
from thalweg.views.prose import counted, listed

MOST = 500  # entries
DEEPEST = 6  # folders in folders
TRIES = 5
ROOT = "zarr.json"
SHOWN = ("surface", "trajectory", "spectrum")
ELSEWHERE = ("line", "volume")
BESIDE = "path"  # shown with the surface over which it lies
UNREADABLE = "cannot be read; choose it to see why"
LARGEST = 1 << 24  # bytes of attributes
LARGEST_LOCK = 4096  # bytes
LONGEST = 200  # characters of the words for a result


class Library:
    """The stored surfaces, runs and spectra in one place.

    Args:
        place: a store, or a folder of them; None: an empty library.

    Raises:
        StoreError: there is nothing at that place.
    """

    def __init__(self, place: Path | None) -> None:
        self.place = place
        if place is None:
            return
        if not place.is_dir():
            got = "something else" if place.exists() else "nothing"
            raise StoreError(f"{place} must be a store or a folder of them", got, "check the path")
        self.root = (place.resolve().parent if is_store(place) else place).resolve()

    def listing(self) -> tuple[list[dict[str, str]], str]:
        """Return name, kind and words of each result that can be shown, in order of the names.

        A damaged one is listed as such. The second is what was left out, in words.
        """
        if self.place is None:
            return [], ""
        found = [self.place.resolve()] if is_store(self.place) else _below(self.root, 0)
        entries, others = [], Counter[str]()
        for file in found:
            if len(entries) == MOST:
                return entries, f"Listed are the first {MOST} results; name a folder further in."
            kind, words = _kind(file)
            if words:
                name = file.relative_to(self.root).as_posix()
                entries.append({"name": name, "kind": kind, "words": words})
            else:
                others[kind] += 1
        return entries, _left_out(others)

    def file(self, name: str) -> Path:
        """Return the folder of a result.

        Raises:
            InputError: no such result here.
        """
        fault = InputError("the result must be one of those that are listed", repr(name), "choose")
        if self.place is None or not name or "\0" in name or "\\" in name:
            raise fault
        try:
            file = (self.root / name).resolve()
            inside = file.is_relative_to(self.root) and file != self.root
            if not inside or not is_store(file):
                raise fault
        except OSError:
            raise fault from None
        if is_store(self.place) and file != self.place.resolve():
            raise fault
        return file

    def paths_over(self, file: Path, digest: str, most: int) -> list[Path]:
        """Return the stores beside a surface's, at most so many, of paths on a plane.

        Args:
            file: the store of the surface.
            digest: of its plane.
            most: so many.
        """
        found = []
        for other in _below(file.parent, DEEPEST):
            try:
                about = attributes(other)
            except ThalwegError:
                continue
            if about.get("kind") == BESIDE and about.get("plane_digest") == digest:
                found.append(other)
            if len(found) == most:
                break
        return found


def attributes(file: Path) -> dict[str, Any]:
    """Return the attributes of a store, without reading anything else of it.

    Raises:
        StoreError: they cannot be read.
    """
    for _ in range(TRIES):  # a writer may be replacing it just now
        try:
            content = read_file(file, ROOT, LARGEST)
        except OSError:
            content = None
        if content is not None:
            return from_json(group_attributes(content, file))
        time.sleep(0.01)
    raise StoreError(f"{file} must be readable", f"no {ROOT}", "delete it and run again")


def stamp(file: Path) -> tuple[int, int, int]:
    """Return what changes whenever a store grows; zeros while it is being replaced."""
    try:
        about = (file / LINES).stat()
    except OSError:
        return 0, 0, 0
    return about.st_ino, about.st_size, about.st_mtime_ns


def being_written(file: Path) -> bool:
    """Return whether a process that lives writes the store; its lock is only looked at."""
    try:
        told = json.loads(read_file(file.parent, f".{file.name}.lock", LARGEST_LOCK) or b"")
        process = told["process"]
    except (OSError, ThalwegError, ValueError, KeyError, TypeError, RecursionError):
        return False
    if not isinstance(process, int) or process <= 0:
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it lives, and is somebody else's
        return True
    return True


def _below(place: Path, depth: int) -> Iterator[Path]:
    """Yield the stores below a folder, but not what lies inside a store or behind a link."""
    try:
        inside = sorted(place.iterdir())
    except OSError:
        return
    for entry in inside:
        if entry.name.startswith(".") or entry.is_symlink() or not entry.is_dir():
            continue
        if is_store(entry):
            yield entry
        elif depth < DEEPEST:
            yield from _below(entry, depth + 1)


def _kind(file: Path) -> tuple[str, str]:
    """Return the kind of a result, and what the page says of it; no words if it is not listed."""
    try:
        about = attributes(file)
        kind = str(about.get("kind", ""))[:LONGEST] or "foreign"
        if kind == "surface" and len(about.get("lengths", ())) != 2:
            kind = "volume" if len(about.get("lengths", ())) == 3 else "line"
        return kind, _words(kind, about, file)[:LONGEST] if kind in SHOWN else ""
    except (OSError, ThalwegError, ValueError, TypeError, OverflowError, RecursionError):
        return "damaged", UNREADABLE


def _left_out(others: Counter[str]) -> str:
    """Return what is not listed, in words.

    >>> _left_out(Counter({"path": 2, "line": 1, "moving_frame": 3}))
    'Also there: line (1), moving frame (3), which are no terrain; `thalweg show` draws lines.'
    >>> _left_out(Counter({"path": 2}))
    ''
    """
    rest = [(kind, count) for kind, count in sorted(others.items()) if kind != BESIDE]
    if not rest:
        return ""
    named = ", ".join(f"{kind.replace('_', ' ')} ({count})" for kind, count in rest)
    drawn = [f"{kind}s" for kind in ELSEWHERE if others[kind]]
    hint = f"; `thalweg show` draws {listed(drawn)}" if drawn else ""
    return f"Also there: {named}, which are no terrain{hint}."


def _words(kind: str, about: dict[str, Any], file: Path) -> str:
    of = str(about.get("objective", ""))
    if kind == "surface":
        return f"terrain of {of}" if of else "terrain"
    if kind == "spectrum":
        return f"spectrum of {of}" if of else "spectrum"
    name = str(about.get("optimizer", "")) or "run"
    if being_written(file):
        return f"{name}, being recorded"
    return f"{name}, {counted(int(about['steps']), 'step')}" if "steps" in about else name
