"""Budget: what a map will cost, said before any work, and refused where it is out of reach."""

import os
import shutil
from pathlib import Path

from thalweg.cli.options import Options
from thalweg.core.errors import InputError

NUMBER = 8  # bytes
COPIES = 3  # of every field in memory: kept, handed over, written
PACE = 1e-3  # seconds a cell, to give an idea before anything was measured


def check_size(points: int, k: int, radius: float, out: Path, options: Options) -> None:
    """Refuse a map that cannot be, before the objective is even loaded.

    Raises:
        InputError: no points, or more cells than this machine can hold.
    """
    from math import isfinite

    from thalweg.core.grid import CELL_LIMIT

    if points < 2:
        raise InputError("--points must be at least 2", str(points), "try 51")
    if not 1 <= k <= 3:
        raise InputError("--k must be 1, 2 or 3", str(k), "ask for a line, a plane or a volume")
    if not (isfinite(radius) and radius > 0):
        raise InputError("--radius must be a finite number above 0", repr(radius), "try 1.0")
    if not options.max_hours > 0:
        raise InputError("--max-hours must be above 0", repr(options.max_hours), "try 12")
    cells, fields = points**k, len(options.chosen) or 2
    memory, disk = (NUMBER * fields * COPIES + 1) * cells, (NUMBER * fields + 1) * cells
    time = f"{duration(PACE * cells)} at 1 ms a cell"
    cost = f"{cells:,} cells: {size(memory)} of memory, {size(disk)} of disk, {time}"
    if cells > CELL_LIMIT:
        wanted = f"a map may have at most {CELL_LIMIT:,} cells, whatever the flags"
        raise InputError(wanted, cost, "lower --points")
    room, space = free_memory(), free_disk(out)
    if not options.yes and (memory > room or disk > space):
        wanted = f"a map must fit into {size(room)} of memory and {size(space)} of disk"
        raise InputError(wanted, cost, "lower --points, or go on with --yes")


def check_hours(seconds: float, options: Options) -> None:
    """Refuse work that takes longer than asked for.

    Raises:
        InputError: it would, and --yes was not given.
    """
    if seconds > 3600 * options.max_hours and not options.yes:
        wanted = f"the work must take at most {options.max_hours:g} h"
        mend = "lower --points, raise --max-hours, or go on with --yes"
        raise InputError(wanted, duration(seconds), mend)


def free_memory() -> float:
    """Return the bytes of memory that are free to use; infinite if the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found = dict(line.split(":") for line in lines)
        return 1024.0 * int(found["MemAvailable"].split()[0])
    except (OSError, ValueError, KeyError):
        pass
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


def free_disk(path: Path) -> float:
    """Return the free bytes where `path` is, or will be; infinite if the system does not say."""
    for folder in (path.absolute(), *path.absolute().parents):
        try:
            return float(shutil.disk_usage(folder).free)
        except OSError:
            continue
    return float("inf")


def size(count: float) -> str:
    """Return a number of bytes as people write it.

    >>> size(2048), size(3.2e9)
    ('2 kB', '3.2 GB')
    """
    units = ["bytes", "kB", "MB", "GB", "TB", "PB"]
    while count >= 1000 and len(units) > 1:
        count, units = count / 1000, units[1:]
    return f"{count:.2g} {units[0]}" if count < 10 else f"{count:,.0f} {units[0]}"


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> duration(0.04), duration(90), duration(7200), duration(1e6)
    ('under 1 s', 'about 1.5 min', 'about 2 h', 'about 12 days')
    """
    for length, unit, until in ((1, "s", 60), (60, "min", 3600), (3600, "h", 2 * 86400)):
        if seconds < until:
            return "under 1 s" if seconds < 1 else f"about {seconds / length:.2g} {unit}"
    return f"about {seconds / 86400:,.0f} days"
