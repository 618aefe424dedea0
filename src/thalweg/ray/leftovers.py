"""Leftovers: helpers of our own Ray that would outlive it by minutes; they run no work.

Processes are read from /proc; where there is none, nothing is known and nothing is ended.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PATIENCE = 5.0  # seconds that they may take to end by themselves


class Process(NamedTuple):
    """One process; the start tells it from a later one of the same number."""

    number: int
    start: int


def offspring(process: int) -> set[Process]:
    """Return all that descends from a process."""
    parents: dict[int, list[Process]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        found = _read(int(entry.name))
        if found is not None:
            parents.setdefault(found[0], []).append(found[1])
    known: set[Process] = set()
    waiting = [process]
    while waiting:
        children = set(parents.get(waiting.pop(), ())) - known
        known |= children
        waiting += [child.number for child in children]
    return known


def end(processes: set[Process]) -> None:
    """Wait until these have ended; kill those that do not."""
    last = time.monotonic() + PATIENCE
    while (left := {one for one in processes if _lives(one)}) and time.monotonic() < last:
        time.sleep(0.05)
    for one in left:
        with suppress(OSError):  # it just ended, or is not ours
            os.kill(one.number, signal.SIGKILL)


def _lives(process: Process) -> bool:
    found = _read(process.number)
    return found is not None and found[1] == process


def _read(number: int) -> tuple[int, Process] | None:
    """Return a process with its parent; None if it has ended."""
    try:
        told = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if told[0] == "Z" else (int(told[1]), Process(number, int(told[19])))
