"""Described: what the metadata of a store says, accepted only in the form that we write.

A store may come from anywhere. Nothing is allocated, imported or decoded on its word alone: only
Zarr v3, these data types, these codecs, and no more bytes than the caller allows.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numcodecs.zstd import Zstd

from thalweg.core.errors import StoreError

TEXT = "string"
DATA_TYPES = {
    TEXT, "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
}  # fmt: skip
CODECS = ({"bytes", "vlen-utf8"}, {"zstd"}, {"crc32c"})
GROUP_KEYS = {"attributes", "zarr_format", "node_type", "consolidated_metadata"}
ARRAY_KEYS = {
    "attributes", "zarr_format", "node_type", "shape", "data_type", "chunk_grid", "dimension_names",
    "chunk_key_encoding", "fill_value", "codecs", "storage_transformers",
}  # fmt: skip
LARGEST = 1 << 24  # bytes of one metadata file


@dataclass(frozen=True)
class DescribedArray:
    """One array of a store, as its metadata says.

    Attributes:
        name: of the array.
        dims: names of its axes.
        shape: lengths of its axes.
        chunks: lengths of a chunk along each axis.
        itemsize: bytes of a value; 0 for text, whose length varies.
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    itemsize: int

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array in memory; a pointer a value for text."""
        return prod(self.shape) * (self.itemsize or 8)

    @property
    def chunk_bytes(self) -> int:
        """Bytes of one chunk in memory; chunks at the rim are stored whole."""
        return prod(self.chunks) * (self.itemsize or 8)

    def counts(self) -> tuple[int, ...]:
        """Return how many chunks there are along each axis."""
        return tuple(-(-n // c) for n, c in zip(self.shape, self.chunks, strict=True))

    def keys(self) -> Iterator[str]:
        """Yield the keys of all chunks, in array order."""
        if 0 not in self.shape:
            yield from map(self.key, np.ndindex(*self.counts()))

    def key(self, at: tuple[int, ...]) -> str:
        """Return the key of the chunk at that place among the chunks."""
        return "/".join([self.name, "c", *map(str, at)])


def group_attributes(content: bytes, path: Path) -> dict[str, Any]:
    """Return the attributes of the group whose `zarr.json` this is.

    Raises:
        StoreError: it is not one that we write.
    """
    where = f"{path}/zarr.json"
    said = _json(content, where)
    _only(said, GROUP_KEYS, where)
    _equal(said.get("zarr_format"), 3, f"zarr_format of {where}")
    _equal(said.get("node_type"), "group", f"node_type of {where}")
    _equal(said.get("consolidated_metadata"), None, f"consolidated_metadata of {where}")
    attributes = said.get("attributes", {})
    if not isinstance(attributes, dict):
        raise _foreign(f"attributes of {where}", attributes)
    return attributes


def described_array(name: str, content: bytes, path: Path) -> DescribedArray:
    """Return the array whose `zarr.json` this is.

    Raises:
        StoreError: it is not one that we write.
    """
    where = f"{path}/{name}/zarr.json"
    said = _json(content, where)
    _only(said, ARRAY_KEYS, where)
    _equal(said.get("zarr_format"), 3, f"zarr_format of {where}")
    _equal(said.get("node_type"), "array", f"node_type of {where}")
    _equal(said.get("storage_transformers", []), [], f"storage_transformers of {where}")
    encoding = {"name": "default", "configuration": {"separator": "/"}}
    _equal(said.get("chunk_key_encoding"), encoding, f"chunk_key_encoding of {where}")
    kind = said.get("data_type")
    if not isinstance(kind, str) or kind not in DATA_TYPES:
        raise _foreign(f"data_type of {where}", kind)
    _check_codecs(said.get("codecs"), kind, where)
    blanks = ("NaN",) if kind.startswith("float") else (0, "", [0.0, 0.0])
    if said.get("fill_value") not in blanks:  # what an absent chunk would read as
        raise _foreign(f"fill_value of {where}", said.get("fill_value"))
    try:
        chunks = said["chunk_grid"]["configuration"]["chunk_shape"]
        _equal(said["chunk_grid"]["name"], "regular", f"chunk_grid of {where}")
        shape, dims = said["shape"], said.get("dimension_names") or []
        _check_lengths(shape, chunks, dims, where)
    except (KeyError, TypeError):
        raise _foreign(f"shape of {where}", said.get("shape")) from None
    itemsize = 0 if kind == TEXT else np.dtype(kind).itemsize
    return DescribedArray(name, tuple(dims), tuple(shape), tuple(chunks), itemsize)


def check_sizes(arrays: Mapping[str, DescribedArray], limit: int, path: Path) -> None:
    """Raise StoreError if the arrays would need more bytes of memory than the limit."""
    needed = sum(max(array.nbytes, array.chunk_bytes) for array in arrays.values())
    if needed > limit:
        raise StoreError(
            f"{path} must need at most {limit:,} bytes of memory",
            f"{needed:,} bytes",
            "if you trust it, load it with a higher limit",
        )


def check_chunk(array: DescribedArray, content: bytes, limit: int) -> bool:
    """Return whether a chunk unpacks to what its array says; reads only its headers, if it can."""
    packed = content[:-4]  # the checksum follows
    size = _unpacked(packed)
    if array.itemsize:
        return size == array.chunk_bytes
    if size is None or not 4 <= size <= limit:
        return False
    try:
        text = Zstd().decode(packed)
    except (RuntimeError, ValueError):
        return False
    # The decoder of texts believes the count that it finds there.
    return int.from_bytes(text[:4], "little") == prod(array.chunks)


def _unpacked(packed: bytes) -> int | None:
    """Return the size that the one Zstandard frame (RFC 8878) declares; None if it is not that."""
    if len(packed) < 6 or packed[:4] != b"\x28\xb5\x2f\xfd":
        return None
    flags = packed[4]
    single, kind = bool(flags & 0x20), flags >> 6
    at = 5 + (not single) + (0, 1, 2, 4)[flags & 3]
    width = (int(single), 2, 4, 8)[kind]
    size = int.from_bytes(packed[at : at + width], "little") + (256 if width == 2 else 0)
    at, last = at + width, False
    while not last:  # to the end of the frame: a second one would unpack too
        if at + 3 > len(packed):
            return None
        head = int.from_bytes(packed[at : at + 3], "little")
        last, repeated = bool(head & 1), (head >> 1) & 3 == 1
        at += 3 + (1 if repeated else head >> 3)
    at += 4 * (flags >> 2 & 1)
    return size if width and at == len(packed) else None


def _check_codecs(codecs: Any, kind: str, where: str) -> None:
    names = [c.get("name") if isinstance(c, dict) else c for c in codecs or []]
    for name, allowed in zip(names, CODECS, strict=False):
        if name not in allowed:
            raise _foreign(f"codecs of {where}", name)
    if len(names) != len(CODECS) or (names[0] == "vlen-utf8") != (kind == TEXT):
        raise _foreign(f"codecs of {where}", names)


def _check_lengths(shape: Any, chunks: Any, dims: Any, where: str) -> None:
    numbers = [*shape, *chunks]
    sound = all(isinstance(n, int) and not isinstance(n, bool) for n in numbers)
    sound = sound and min(shape, default=0) >= 0 and min(chunks, default=1) >= 1
    if not sound or not len(shape) == len(chunks) == len(dims) <= 8:
        raise _foreign(f"shape of {where}", shape)
    if not all(isinstance(dim, str) for dim in dims):
        raise _foreign(f"dimension_names of {where}", dims)


def _json(content: bytes, where: str) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise StoreError(f"{where} must be readable", "no JSON object", "delete the store")
    return said


def _only(said: Mapping[str, Any], known: set[str], where: str) -> None:
    strange = sorted(set(said) - known)
    if strange:
        raise _foreign(where, strange[0])


def _equal(got: Any, wanted: Any, what: str) -> None:
    if got != wanted:
        raise _foreign(what, got)


def _foreign(what: str, got: Any) -> StoreError:
    mend = "read it with Zarr itself, if you trust it"
    return StoreError(f"{what} must be what Thalweg writes", repr(got)[:80], mend)
