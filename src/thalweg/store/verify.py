"""verify and repair: what of a store is damaged or missing, so that a run computes only that."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thalweg.core.errors import StoreError
from thalweg.core.files import cannot_write
from thalweg.core.schema import Cell
from thalweg.store.contents import ROOT, Contents, read_contents
from thalweg.store.durable import place, sweep_drafts
from thalweg.store.folder import cannot_read, decoded, is_store, restore
from thalweg.store.ledger import GROUP, LINES, LedgerWriter, rewritten
from thalweg.store.lock import WriterLock


@dataclass(frozen=True)
class Report:
    """What `verify` found in a store.

    Attributes:
        path: the folder.
        kind: of the result: surface, trajectory, ...
        files: how many are sound.
        damaged: keys of files that are not what was written.
        missing: keys of files that were written and are gone.
        stray: keys of files that do not belong to the store; they are not read.
        cells: for a surface, how many cells have each state, by its name; damaged tiles count as
            pending.
    """

    path: Path
    kind: str
    files: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    stray: tuple[str, ...]
    cells: dict[str, int]

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged or missing; a run that is not finished is sound."""
        return not (self.damaged or self.missing)

    def __str__(self) -> str:
        """Return the report as lines of text."""
        state = "sound" if self.sound else "NOT sound"
        lines = [f"{self.path}: {self.kind}, {self.files} files, {state}"]
        if self.cells:
            lines.append(", ".join(f"{count:,} {name}" for name, count in self.cells.items()))
        for title in ("damaged", "missing", "stray"):
            lines += [f"{title}  {key}" for key in getattr(self, title)]
        return "\n".join(lines)


def verify(path: Path | str, limit: int | None = None) -> Report:
    """Return what is damaged, missing, pending, failed or stray in a store; nothing is changed.

    Args:
        path: the folder.
        limit: bytes of memory it may need; default: 256 MB, or 20 times its size if that is more.

    Raises:
        StoreError: no store there, or one that is not of a form that Thalweg writes.
    """
    path = Path(path)
    if not is_store(path):
        got = "nothing" if not path.exists() else "something else"
        raise StoreError(f"{path} must be a Zarr store", got, "check the path")
    contents = _read(path, limit)
    return Report(
        path,
        _kind(contents),
        len(contents.files),
        contents.damaged,
        contents.missing,
        contents.stray,
        _cells(path, contents),
    )


def repair(path: Path | str, limit: int | None = None) -> Report:
    """Make the damaged and missing tiles of a surface pending; return what `verify` had found.

    The same `evaluate` call then computes them again, and only them. Damaged metadata and axes are
    made anew by that call too. Sound tiles are not touched; damaged files are removed.

    Args:
        path: the folder.
        limit: bytes of memory it may need; default: 256 MB, or 20 times its size if that is more.

    Raises:
        StoreError: somebody writes it, it is no surface, or its ledger is lost.
    """
    path = Path(path)
    report = verify(path, limit)  # before the lock: a folder that is no store gets none
    try:
        with WriterLock(path):
            restore(path)
            contents = _read(path, limit)
            if not contents.sound:
                _forget(path, contents)
            sweep_drafts(path)
    except OSError as fault:
        raise cannot_write(path, fault) from fault
    return report


def _forget(path: Path, contents: Contents) -> None:
    """Take what is damaged or missing out of the store, whole tiles at a time."""
    ledger = contents.ledger
    wrong = [*contents.damaged, *contents.missing]
    known = ledger.identity if ledger else contents.attributes
    fields = known.get("fields")
    lost_ledger = ROOT not in ledger.sums | dict.fromkeys(ledger.lost) if ledger else LINES in wrong
    if lost_ledger or not isinstance(fields, list):
        raise _beyond_repair(path, wrong[0])
    tiled = [*fields, "status"]
    there = ledger.sums if ledger else contents.files.keys() | set(wrong)
    gone: set[str] = set()
    for key in wrong:
        name, _, at = key.partition("/c/")
        if name in tiled and at:
            gone.update(f"{one}/c/{at}" for one in tiled)
        else:
            gone.add(key)
    gone = {key for key in gone if key in there}
    if ledger is None:
        if any("/c/" not in key or key.split("/")[0] not in tiled for key in gone):
            raise _beyond_repair(path, wrong[0])
    else:
        if ledger.damaged or GROUP in wrong:
            ledger = rewritten(path, ledger)
        if gone:
            LedgerWriter(path, ledger).forget(sorted(gone))
    for key in sorted(gone, reverse=True):  # `status` first: without it a tile is pending
        place(path, key).unlink(missing_ok=True)


def _read(path: Path, limit: int | None) -> Contents:
    try:
        return read_contents(path, limit)
    except OSError as fault:
        raise cannot_read(path, fault) from fault


def _kind(contents: Contents) -> str:
    fallback = "surface" if contents.ledger and contents.ledger.identity else "result"
    return str(contents.attributes.get("kind", fallback))


def _cells(path: Path, contents: Contents) -> dict[str, int]:
    if not contents.tiled or ROOT not in contents.files:
        return {}
    only = {"status": contents.arrays["status"]}
    keys = [key.partition("/c/") for key in (*contents.damaged, *contents.missing)]
    wrong = {f"status/c/{at}" for name, _, at in keys if name in contents.tiled}
    files = {key: content for key, content in contents.files.items() if key not in wrong}
    codes = decoded(path, Contents(contents.attributes, only, files))["status"].values
    return {cell.name.lower(): int(np.count_nonzero(codes == cell)) for cell in Cell}


def _beyond_repair(path: Path, key: str) -> StoreError:
    wanted = f"{path} must be a surface whose ledger is sound, to be repaired"
    return StoreError(wanted, f"damaged or missing {key}", "delete it and run again")
