"""Ledger: which files a store holds, each with its SHA-256; one line for each step of the work.

    ledger/lines.jsonl      d2a84f4b8b650937 {"files": {"loss/c/0/0": "9f86d081884c7d65..."}}

A file belongs to the store once a line that names it is whole. So a tile whose files were written
but whose line was not is still pending, a file that was lost, changed or swapped is noticed, and
the last line may be torn: nobody was told that its tile is done, and the next writer cuts it off.
"""

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from thalweg.core.errors import StoreError
from thalweg.store.durable import NO_LINK, place, read_file, write_files

FORMAT = 1
FOLDER = "ledger"  # a Zarr group, so that Zarr does not wonder what it is
LINES = f"{FOLDER}/lines.jsonl"
GROUP = f"{FOLDER}/zarr.json"
ABOUT = b'{"attributes":{"store_format":1},"node_type":"group","zarr_format":3}'
LARGEST = 1 << 28  # bytes: more than a surface of 50 million cells needs


@dataclass(frozen=True)
class Ledger:
    """What the lines say, all in all.

    Attributes:
        sums: for each key the sums that its file may have; more than one while it is replaced.
        identity: what tells this store from others.
        failures: for some keys, what was raised while they were computed.
        methods: for some keys, how they were computed.
        lost: keys of files that were found damaged or missing, and are to be made anew.
        damaged: numbers of the lines that are not what was written, from 1.
        length: bytes of the lines that count.
    """

    sums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    identity: dict[str, Any] = field(default_factory=dict)
    failures: dict[str, tuple[str, ...]] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    damaged: tuple[int, ...] = ()
    length: int = 0


def file_sum(content: bytes) -> str:
    """Return 32 hexadecimal digits of SHA-256."""
    return hashlib.sha256(content).hexdigest()[:32]


def read_ledger(root: Path) -> Ledger | None:
    """Return what the ledger of the store at `root` says; None if it has none.

    Raises:
        StoreError: it is absurdly large, or a link.
        OSError: it cannot be read.
    """
    content = read_file(root, LINES, LARGEST)
    if content is None:
        return None
    *lines, _torn = content.split(b"\n")
    notes = [_note(line) for line in lines]
    if notes and notes[-1] is None:  # torn too: a disk may keep the end of a line without its start
        lines, notes = lines[:-1], notes[:-1]
    sums: dict[str, tuple[str, ...]] = {}
    identity: dict[str, Any] = {}
    failures: dict[str, tuple[str, ...]] = {}
    methods: dict[str, str] = {}
    lost: set[str] = set()
    for note in notes:
        if note is None:
            continue
        sums.update({key: (one,) for key, one in note.get("files", {}).items()})
        for key, one in note.get("next", {}).items():
            sums[key] = (*sums.get(key, ()), one)
        failures.update({key: tuple(said) for key, said in note.get("failures", {}).items()})
        methods.update(note.get("methods", {}))
        identity.update(note.get("identity", {}))
        for key in note.get("lost", []):
            sums.pop(key, None)
            failures.pop(key, None)
            methods.pop(key, None)
            lost.add(key)
        lost -= set(note.get("files", {}))
    damaged = tuple(i for i, note in enumerate(notes, 1) if note is None)
    length = sum(len(line) + 1 for line in lines)
    return Ledger(sums, identity, failures, methods, frozenset(lost), damaged, length)


class LedgerWriter:
    """Adds to a store and its ledger; the caller holds the store's lock.

    Args:
        root: folder of the store.
        ledger: what its ledger says; None begins one.
    """

    def __init__(self, root: Path, ledger: Ledger | None = None) -> None:
        self.root = root
        self._length = ledger.length if ledger else None
        self._known = set(ledger.sums) if ledger else set[str]()

    def commit(
        self,
        files: Mapping[str, bytes],
        failures: Mapping[str, Sequence[str]] | None = None,
        methods: Mapping[str, str] | None = None,
        identity: Mapping[str, Any] | None = None,
    ) -> None:
        """Write files and note them; when this returns they are on the disk for good.

        Args:
            files: content by key; a file that is there already is replaced.
            failures: by key, what was raised while it was computed.
            methods: by key, how it was computed.
            identity: what tells this store from others.

        Raises:
            OSError: the disk does not take them; the store is as before.
        """
        sums = {key: file_sum(content) for key, content in files.items()}
        again = {key: one for key, one in sums.items() if key in self._known}
        if again:  # whichever of the two is found after a crash is sound
            self._append({"next": again})
        write_files(self.root, files)
        self.note(sums, failures, methods, identity)

    def note(
        self,
        sums: Mapping[str, str],
        failures: Mapping[str, Sequence[str]] | None = None,
        methods: Mapping[str, str] | None = None,
        identity: Mapping[str, Any] | None = None,
    ) -> None:
        """Note files that are already on the disk, by their sums."""
        line: dict[str, Any] = {"files": dict(sums)}
        if failures:
            line["failures"] = {key: list(said) for key, said in failures.items()}
        if methods:
            line["methods"] = dict(methods)
        if identity:
            line["identity"] = dict(identity)
        self._append(line)
        self._known |= set(sums)

    def forget(self, keys: Sequence[str]) -> None:
        """Note that these files are no longer part of the store."""
        self._append({"lost": list(keys)})
        self._known -= set(keys)

    def _append(self, note: Mapping[str, Any]) -> None:
        line = _line(note)
        if self._length is None:
            write_files(self.root, {GROUP: ABOUT, LINES: line})
            self._length = 0
        else:  # not created here: where the ledger is gone, so is the store
            handle = os.open(place(self.root, LINES), os.O_WRONLY | NO_LINK)
            with open(handle, "wb", buffering=0) as file:
                os.ftruncate(handle, self._length)  # a torn line, of this run or one before
                file.seek(self._length)
                _write_all(file, line)
                os.fsync(handle)
        self._length += len(line)


def rewritten(root: Path, ledger: Ledger) -> Ledger:
    """Write the ledger anew, without its damaged lines; the caller holds the store's lock."""
    notes: list[dict[str, Any]] = [
        {
            "identity": ledger.identity,
            "files": {key: sums[0] for key, sums in ledger.sums.items()},
            "failures": {key: list(said) for key, said in ledger.failures.items()},
            "methods": ledger.methods,
            "lost": sorted(ledger.lost),
        }
    ]
    for key, sums in ledger.sums.items():  # whichever of them the disk holds is sound
        notes += [{"next": {key: one}} for one in sums[1:]]
    lines = b"".join(map(_line, notes))
    write_files(root, {GROUP: ABOUT, LINES: lines})
    return replace(ledger, damaged=(), length=len(lines))


def require_known(version: object, path: Path) -> None:
    """Raise StoreError unless this version of Thalweg reads that format of stores."""
    if version != FORMAT:
        wanted = f"{path} must have store format {FORMAT}"
        raise StoreError(wanted, str(version)[:40], "read it with the version that wrote it")


def _write_all(file: io.FileIO, content: bytes) -> None:
    """Write all of it: a nearly full disk may take less than it is given."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def _line(note: Mapping[str, Any]) -> bytes:
    text = json.dumps(note, allow_nan=False, separators=(",", ":")).encode()
    return hashlib.sha256(text).hexdigest()[:16].encode() + b" " + text + b"\n"


def _note(line: bytes) -> dict[str, Any] | None:
    """Return what a line says; None if it is not as it was written."""
    told, _, text = line.partition(b" ")
    if told != hashlib.sha256(text).hexdigest()[:16].encode():
        return None
    try:
        note = json.loads(text)
        sums = [*note.get("files", {}).items(), *note.get("next", {}).items()]
        sound = all(isinstance(part, str) for pair in sums for part in pair)
        sound &= all(isinstance(key, str) for key in note.get("lost", []))
        said = [line for lines in note.get("failures", {}).values() for line in lines]
        sound &= all(isinstance(line, str) for line in said)
        sound &= all(isinstance(how, str) for how in note.get("methods", {}).values())
        sound &= isinstance(note.get("identity", {}), dict)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    return note if sound else None
