"""Encoded: arrays turned into the files of a Zarr v3 store, in memory.

So all that touches the disk is in one place (`durable.py`), whatever version of Zarr encodes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import zarr
from zarr.abc.buffer import Buffer
from zarr.buffer.cpu import Buffer as CPUBuffer
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.storage import MemoryStore

ROOT = "zarr.json"  # key of the metadata; of a group, and behind a name of an array


class Encoded:
    """A Zarr group in memory: what its arrays are given becomes files, which `take` hands out.

    Args:
        attrs: of the group, strict JSON.
        files: those of a store; then the group is that one, and `attrs` must be None.
    """

    def __init__(
        self, attrs: Mapping[str, Any] | None, files: Mapping[str, bytes] | None = None
    ) -> None:
        self._files: dict[str, Buffer] = {
            key: CPUBuffer.from_bytes(content) for key, content in (files or {}).items()
        }
        self._told: bytes | None = None  # the group's metadata, as taken last
        store = MemoryStore(self._files)
        if files is None:
            self._group = zarr.open_group(
                store, mode="w", zarr_format=3, attributes=dict(attrs or {})
            )
        else:
            self._group = zarr.open_group(store, mode="r+", zarr_format=3, use_consolidated=False)

    def add(
        self,
        name: str,
        dims: tuple[str, ...],
        shape: tuple[int, ...],
        dtype: np.dtype,
        chunks: tuple[int, ...] | None = None,
    ) -> zarr.Array:
        """Create a labeled array whose chunks are always written, checksummed, NaN where absent."""
        dtype = np.dtype(dtype)
        if dtype.kind in "UT":  # text: only the variable-length type has a stable specification
            kind, blank = str, ""
        else:
            kind, blank = dtype, float("nan") if dtype.kind == "f" else dtype.type(0)
        return self._group.create_array(
            name,
            shape=shape,
            dtype=kind,
            chunks=chunks or tuple(max(1, n) for n in shape),
            dimension_names=dims,
            fill_value=blank,
            compressors=[ZstdCodec(level=3), Crc32cCodec()],
            config={"write_empty_chunks": True},
        )

    def array(self, name: str) -> zarr.Array:
        """Return an array of the group; it writes every chunk, also one that is all fill value."""
        found = self._group[name]
        if not isinstance(found, zarr.Array):
            raise KeyError(name)
        return found.with_config({"write_empty_chunks": True})

    def take(self) -> dict[str, bytes]:
        """Return the files {key: content} made since the last call, and let go of them."""
        taken = {key: buffer.to_bytes() for key, buffer in self._files.items()}
        group = self._files.get(ROOT)
        self._files.clear()
        if group is not None:  # without it Zarr would make another, when an array is added
            self._files[ROOT] = group
            if self._told == taken[ROOT]:
                del taken[ROOT]
            else:
                self._told = taken[ROOT]
        return taken


def decodes(files: Mapping[str, bytes], name: str, key: str) -> bool:
    """Return whether one chunk of an array decodes, its own checksum included."""
    at = tuple(int(part) for part in key.split("/")[2:])
    try:
        array = Encoded(None, files).array(name)
        array.get_block_selection(at) if at else array[...]
    except Exception:  # what a decoder may raise on bytes from anywhere has no end
        return False
    return True
