"""Contents: the files of a store, compared with its ledger before anything is decoded.

Stores of version 0.1.0 have no ledger; for them the checksum in each chunk must do.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.store.described import (
    LARGEST,
    DescribedArray,
    check_chunk,
    check_sizes,
    described_array,
    group_attributes,
)
from thalweg.store.durable import DRAFT, files_below, place, read_file
from thalweg.store.encoded import ROOT, decodes
from thalweg.store.ledger import (
    ABOUT,
    FOLDER,
    GROUP,
    LINES,
    Ledger,
    file_sum,
    read_ledger,
    require_known,
)

FORMAT_NAME = "store_format"
LEAST_LIMIT = 256_000_000  # bytes of memory that any store may need
LIMIT_FACTOR = 20  # or so many times its size on the disk
READINGS = 5  # a writer may be at work meanwhile


@dataclass(frozen=True)
class Contents:
    """What a store holds, and what is wrong with it.

    Attributes:
        attributes: of the group.
        arrays: what the metadata says of each.
        files: the sound ones, by key.
        damaged: keys of files that are not what was written.
        missing: keys of files that should be there.
        stray: keys of files that do not belong to the store.
        ledger: None for a store of version 0.1.0.
    """

    attributes: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, DescribedArray] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()
    ledger: Ledger | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged or missing; pending tiles are neither."""
        return not (self.damaged or self.missing)

    @property
    def tiled(self) -> tuple[str, ...]:
        """Names of the arrays that are written tile by tile, `status` last; others must be full."""
        status = self.arrays.get("status")
        if self.attributes.get("kind", "surface") != "surface" or status is None:
            return ()
        cut = (status.dims, status.shape, status.chunks)
        same = [n for n, a in self.arrays.items() if (a.dims, a.shape, a.chunks) == cut]
        return (*(name for name in same if name != "status"), "status")


def read_contents(root: Path, limit: int | None = None) -> Contents:
    """Return the contents of the store at `root`.

    Args:
        root: the folder.
        limit: bytes of memory it may need; default: 256 MB, or 20 times its size if that is more.

    Raises:
        StoreError: it is not one that we write, needs more memory, or holds links.
        OSError: it cannot be read.
    """
    ledger = read_ledger(root)
    found = _read(root, ledger, limit)
    for _ in range(READINGS):
        now = read_ledger(root)
        if found.sound or now == ledger:
            break
        time.sleep(0.01)  # a writer replaced something meanwhile
        ledger, found = now, _read(root, now, limit)
    return found


def _read(root: Path, ledger: Ledger | None, limit: int | None) -> Contents:
    there = list(files_below(root))
    if ledger:
        keys = [*ledger.sums, *ledger.lost]
    else:
        keys = [key for key in there if not key.endswith(DRAFT) and place(root, key)]
    names = sorted({k.split("/")[0] for k in keys if k.split("/")[1:2] in ([ROOT], ["c"])})
    names = [name for name in names if name != FOLDER]
    keys = [k for k in keys if k.split("/")[0] in {*names, ROOT}]
    reader = _Reader(root, ledger, limit, keys)
    attributes, arrays = {}, {}
    content = reader.read(ROOT, LARGEST)
    if content is not None:
        attributes = group_attributes(content, root)
        if ledger is None and FORMAT_NAME in attributes:
            reader.missing.append(LINES)
        if FORMAT_NAME in attributes:
            require_known(attributes[FORMAT_NAME], root)
    for name in names:
        content = reader.read(f"{name}/{ROOT}", LARGEST)
        if content is not None:
            arrays[name] = described_array(name, content, root)
    check_sizes(arrays, reader.limit, root)
    shell = Contents(attributes, arrays)
    reader.read_chunks(shell, keys)
    if ledger:
        reader.damaged += [f"{LINES} line {number}" for number in ledger.damaged]
        reader.damaged += [GROUP] if read_file(root, GROUP) != ABOUT else []
    known = {*reader.files, *reader.damaged, LINES, GROUP}
    return Contents(
        {key: value for key, value in attributes.items() if key != FORMAT_NAME},
        arrays,
        reader.files,
        tuple(sorted(reader.damaged)),
        tuple(sorted(set(reader.missing))),
        tuple(sorted(key for key in there if key not in known)),
        ledger,
    )


class _Reader:
    """Reads files and sorts them into sound, damaged and missing."""

    def __init__(
        self, root: Path, ledger: Ledger | None, limit: int | None, keys: Iterable[str]
    ) -> None:
        self.root, self.ledger = root, ledger
        self.files: dict[str, bytes] = {}
        self.damaged: list[str] = []
        self.missing: list[str] = []
        size = sum(_size(place(root, key)) for key in keys)
        self.limit = max(LIMIT_FACTOR * size, LEAST_LIMIT) if limit is None else limit

    def read(self, key: str, largest: int) -> bytes | None:
        """Return a sound file; None if it is missing or damaged."""
        size = _size(place(self.root, key))
        content = read_file(self.root, key) if size <= largest else b""
        if content is None or (self.ledger is not None and key not in self.ledger.sums):
            self.missing.append(key)
        elif size > largest or (self.ledger and file_sum(content) not in self.ledger.sums[key]):
            self.damaged.append(key)
        else:
            self.files[key] = content
            return content
        return None

    def read_chunks(self, shell: Contents, keys: Iterable[str]) -> None:
        """Read the chunks of all arrays; of tiles, those that are whole."""
        present: dict[str, set[str]] = defaultdict(set)
        for key in keys:
            if self.ledger is None or key in self.ledger.sums:
                present[key.split("/")[0]].add(key)
        tiles = set(_places(present["status"], shell.arrays["status"])) if shell.tiled else set()
        fields = self.ledger.identity.get("fields") if self.ledger else None
        holed = fields if isinstance(fields, list) else []
        for name, array in shell.arrays.items():
            if name in shell.tiled:
                wanted = [array.key(at) for at in sorted(tiles)]
            elif name in holed:  # the metadata of `status` is what is damaged
                wanted = [array.key(at) for at in sorted(_places(present[name], array))]
            elif prod(array.counts()) > len(present[name]) + 1000:  # do not list a million
                self.missing.append(f"{name}/c")
                continue
            else:
                wanted = list(array.keys())
            largest = array.chunk_bytes + array.chunk_bytes // 64 + 1024
            for key in wanted:
                content = self.read(key, largest if array.itemsize else self.limit)
                if content is not None and not self._unpacks(array, key, content):
                    self.damaged.append(key)
                    del self.files[key]

    def _unpacks(self, array: DescribedArray, key: str, content: bytes) -> bool:
        """Return whether a chunk is what its array says; without a ledger, try it."""
        if not check_chunk(array, content, self.limit):
            return False
        if self.ledger is not None:
            return True
        about = {name: self.files[name] for name in (ROOT, f"{array.name}/{ROOT}")}
        return decodes({**about, key: content}, array.name, key)


def _places(keys: Iterable[str], array: DescribedArray) -> Iterable[tuple[int, ...]]:
    """Yield the places of the chunks among these keys that lie in the array."""
    for key in keys:
        parts = key.split("/")[2:]
        if all(part.isdecimal() and len(part) < 10 for part in parts) and len(parts) == len(
            array.shape
        ):
            at = tuple(map(int, parts))
            if key == array.key(at) and (np.array(at) < array.counts()).all():
                yield at


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
