"""RowFiles: the arrays along `step` of a store, which grow by rows.

Chunks come first, each noted in the ledger; the new lengths come last. A writer that is killed in
between leaves arrays of different lengths; what all of them have is sound, and only that is read.
The ledger is written anew when it has become twice as long as it was.
"""

import json
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.errors import StoreError
from thalweg.core.schema import Attr
from thalweg.store.attributes import from_json, to_json
from thalweg.store.contents import FORMAT_NAME, ROOT
from thalweg.store.described import DescribedArray, described_array
from thalweg.store.durable import read_file
from thalweg.store.encoded import Encoded
from thalweg.store.ledger import (
    FORMAT,
    LINES,
    Ledger,
    LedgerWriter,
    file_sum,
    read_ledger,
    rewritten,
)

Columns = dict[str, NDArray[Any]]
STEP = "step"
MANY = 1 << 40  # rows: more than any run has
CHUNK_BYTES = 1 << 21  # of several rows together
LONGEST = 1 << 24  # numbers of one row in one chunk
MOST_ROWS = 4096  # in one chunk
LONG_LEDGER = 1 << 22  # bytes; shorter ones are left as they are


class RowFiles:
    """The rows of a store; the caller holds its lock.

    Args:
        root: folder of the store, as `create` made it.

    Raises:
        StoreError: something in it is not what was written.
        OSError: it cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        ledger = read_ledger(root)
        if ledger is None:
            raise _damaged(root, "no ledger")
        self._ledger, self._known = LedgerWriter(root, ledger), ledger
        self._tidy = ledger.length  # bytes of the ledger when it was written anew, or read
        names = sorted(k.split("/")[0] for k in ledger.sums if k.count("/") == 1 and ROOT in k)
        said = {key: _sound(root, ledger, key) for key in [ROOT, *(f"{n}/{ROOT}" for n in names)]}
        self._documents = {key: json.loads(content) for key, content in said.items()}
        arrays = {name: described_array(name, said[f"{name}/{ROOT}"], root) for name in names}
        self._arrays = {name: array for name, array in arrays.items() if STEP in array.dims}
        if STEP not in self._arrays:
            raise _damaged(root, "no steps")
        self._wide = Encoded({})
        for name, array in self._arrays.items():
            kind = np.dtype(self._documents[f"{name}/{ROOT}"]["data_type"])
            self._wide.add(name, array.dims, (MANY, *array.shape[1:]), kind, array.chunks)
        self._to = {name: self._wide.array(name) for name in self._arrays}
        self._wide.take()
        lengths = {array.shape[0] for array in self._arrays.values()}
        self.rows = min(lengths)
        if len(lengths) > 1:
            self._set_length(self.rows)
        self._tails, self.last = self._read_end()
        self.statics = self._decoded(
            {n: (array, 0, array.shape[0]) for n, array in arrays.items() if n not in self._arrays}
        )

    @staticmethod
    def create(root: Path, blank: xr.Dataset) -> None:
        """Write a store of the Dataset's variables, still without rows, into the folder `root`."""
        encoded = Encoded({**to_json(blank.attrs), FORMAT_NAME: FORMAT})
        for name, variable in blank.variables.items():
            dims, values = tuple(map(str, variable.dims)), variable.values
            growing = STEP in dims
            chunks = _chunks(values) if growing else _split(values.shape)
            array = encoded.add(str(name), dims, values.shape, values.dtype, chunks)
            if not growing:
                array[...] = values
        LedgerWriter(root).commit(encoded.take())

    @property
    def attrs(self) -> dict[str, Any]:
        """The attributes of the store."""
        said = from_json(self._documents[ROOT]["attributes"])
        return {key: value for key, value in said.items() if key != FORMAT_NAME}

    @attrs.setter
    def attrs(self, attrs: Mapping[str, Attr]) -> None:
        document = {**self._documents[ROOT], "attributes": {**to_json(attrs), FORMAT_NAME: FORMAT}}
        self._commit({ROOT: _text(document)})
        self._documents[ROOT] = document

    def append(self, columns: Columns) -> None:
        """Put rows at the end; when this returns they are on the disk.

        Raises:
            OSError: the disk does not take them; what was there before stays.
        """
        wholes = {name: np.concatenate([self._tails[name], columns[name]]) for name in self._arrays}
        for name, whole in wholes.items():
            start = self.rows - len(self._tails[name])  # where a chunk begins
            self._to[name][start : start + len(whole)] = whole
        self._commit(self._wide.take())
        rows = self.rows + len(columns[STEP])
        self._set_length(rows)
        tails = {}
        for name, whole in wholes.items():
            tails[name] = whole[len(whole) - rows % self._arrays[name].chunks[0] :].copy()
        last = {name: column[-1:].copy() for name, column in columns.items()}
        self.rows, self._tails, self.last = rows, tails, last

    def cut(self, rows: int) -> None:
        """Keep the first so many rows."""
        self._set_length(rows)
        self.rows = rows
        self._tails, self.last = self._read_end()

    def read(self, start: int, stop: int, names: Iterable[str] | None = None) -> Columns:
        """Return the rows from `start` up to `stop`, of all columns or of these."""
        chosen = self._arrays if names is None else names
        return self._decoded({name: (self._arrays[name], start, stop) for name in chosen})

    def bounds(self) -> list[tuple[int, int]]:
        """Return where the rows may be cut so that no chunk is read twice."""
        few = min(array.chunks[0] for array in self._arrays.values())
        return [(i, min(i + few, self.rows)) for i in range(0, self.rows, few)]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self._arrays)

    def _read_end(self) -> tuple[Columns, Columns]:
        """Return the rows of the last chunk of each array, unless it is full; and the last row."""
        start = {name: self.rows - self.rows % a.chunks[0] for name, a in self._arrays.items()}
        tails = self._decoded({n: (a, start[n], self.rows) for n, a in self._arrays.items()})
        return tails, self.read(max(self.rows - 1, 0), self.rows)

    def _set_length(self, rows: int) -> None:
        documents = {
            key: {**document, "shape": [rows, *document["shape"][1:]]}
            for key, document in self._documents.items()
            if key.split("/")[0] in self._arrays
        }
        self._commit({key: _text(document) for key, document in documents.items()})
        self._documents |= documents

    def _commit(self, files: Mapping[str, bytes]) -> None:
        self._known = None
        self._ledger.commit(files)
        length = (self.root / LINES).stat().st_size
        if length > max(2 * self._tidy, LONG_LEDGER):
            ledger = self._said()
            if all(len(sums) == 1 for sums in ledger.sums.values()):  # none is being replaced
                self._known = ledger = rewritten(self.root, ledger)
                self._ledger = LedgerWriter(self.root, ledger)
            self._tidy = ledger.length

    def _said(self) -> Ledger:
        """Return the ledger, read again after each change."""
        self._known = self._known or read_ledger(self.root)
        if self._known is None:
            raise _damaged(self.root, "no ledger")
        return self._known

    def _decoded(self, spans: Mapping[str, tuple[DescribedArray, int, int]]) -> Columns:
        """Return rows of arrays, from one up to another, after comparing them with the ledger."""
        ledger = self._said()
        files = {ROOT: _text(self._documents[ROOT])}
        for name, (array, start, stop) in spans.items():
            document = dict(self._documents[f"{name}/{ROOT}"])
            document["shape"] = [max(stop, array.shape[0]), *array.shape[1:]]
            files[f"{name}/{ROOT}"] = _text(document)
            first, last = start // array.chunks[0], -(-stop // array.chunks[0])
            for at in np.ndindex(last - first, *array.counts()[1:]):
                key = array.key((first + at[0], *at[1:]))
                files[key] = _sound(self.root, ledger, key)
        group = Encoded(None, files)
        return {
            name: np.asarray(group.array(name)[start:stop])
            for name, (_, start, stop) in spans.items()
        }


def _sound(root: Path, ledger: Ledger, key: str) -> bytes:
    """Return the content of a file that is what the ledger says."""
    content = read_file(root, key)
    if content is None or file_sum(content) not in ledger.sums.get(key, ()):
        raise _damaged(root, f"{'missing' if content is None else 'damaged'} {key}")
    return content


def _damaged(root: Path, got: str) -> StoreError:
    return StoreError(f"{root} must be a recorded run", got, "choose another folder, or repair it")


def _text(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=2, allow_nan=False).encode()


def _chunks(values: NDArray[Any]) -> tuple[int, ...]:
    """Return the chunk of a column: so many rows as make about 2 MB."""
    row = prod(values.shape[1:])
    rows = min(max(CHUNK_BYTES // max(row * values.itemsize, 1), 1), MOST_ROWS)
    return rows, *_split(values.shape[1:])


def _split(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(min(max(n, 1), LONGEST) for n in shape)
