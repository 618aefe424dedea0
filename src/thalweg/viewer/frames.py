"""Frames: what a viewer is told, as bytes: a JSON head, then arrays as they lie in memory.

JSON has no NaN and is slow to read, so numbers of any count travel as float32, int32 or uint8.
Layout: u32 (little-endian) length of the head; the head, padded with spaces to a multiple of 4;
each array, padded likewise. `viewer/src/frames.ts` reads them.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"f": "f4", "i": "i4", "u": "u1", "b": "u1"}


@dataclass(frozen=True, eq=False)
class Frame:
    """One thing that a viewer is told.

    Attributes:
        kind: which; see `viewer/src/protocol.ts`, which lists every head.
        head: JSON values, all finite.
        arrays: float, integer or boolean, of any shape; sent as float32, int32 and uint8.

    >>> frame = Frame("data", {"classes": 2}, {"x": np.array([1.0, np.nan])})
    >>> decode(frame.encode()).arrays["x"]
    array([ 1., nan], dtype=float32)
    """

    kind: str
    head: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the bytes.

        Raises:
            ValueError: a number in the head that is not finite.
        """
        told, parts = [], []
        for name, values in self.arrays.items():
            kind = _TYPES[values.dtype.kind]
            with np.errstate(over="ignore"):  # beyond float32 is infinite on a screen
                flat = np.ascontiguousarray(values, dtype=f"<{kind}").ravel()
            told.append({"name": name, "type": kind, "size": flat.size})
            parts.append(_padded(flat.tobytes(), b"\0"))
        wire = {"kind": self.kind, "head": dict(self.head), "arrays": told}
        text = json.dumps(wire, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        head = _padded(text.encode(), b" ")
        return b"".join([struct.pack("<I", len(head)), head, *parts])


def decode(data: bytes) -> Frame:
    """Return the frame of the bytes that `encode` made; arrays are flat and read-only."""
    (length,) = struct.unpack_from("<I", data)
    wire = json.loads(data[4 : 4 + length])
    arrays, at = {}, 4 + length
    for part in wire["arrays"]:
        dtype = np.dtype(f"<{part['type']}")
        arrays[part["name"]] = np.frombuffer(data, dtype, part["size"], at)
        at += -(-part["size"] * dtype.itemsize // 4) * 4
    return Frame(wire["kind"], wire["head"], arrays)


def _padded(data: bytes, filling: bytes) -> bytes:
    return data + filling * (-len(data) % 4)
