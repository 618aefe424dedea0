"""The safetensors format in memory to arrays: a JSON header, then bytes without gaps."""

import json
from math import prod

import numpy as np

from thalweg.interop.checkpoints.refusal import Refused, check_name, check_total, one_line

LONGEST_HEADER = 8 << 20
WIDE = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2"},
    **{"I8": "|i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1"},
    **{"BF16": "<u2", "C64": "<c8"},
}


def read_safetensors(data: bytes, budget: int) -> dict[str, np.ndarray]:
    """Return the arrays by name; bfloat16 comes as float32, which holds it exactly.

    Raises:
        Refused: a header that is not JSON, twins, tensors that overlap or leave gaps, a type
            that is unknown, too many bytes.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(LONGEST_HEADER, len(data) - 8):
        raise Refused(f"a header of {length:,} bytes in a file of {len(data):,}")
    entries = _entries(data[8 : 8 + length])
    body = memoryview(data)[8 + length :]
    check_total(2 * len(body), budget)
    end, arrays = 0, {}
    for name, (dtype, shape, start, stop) in sorted(entries.items(), key=lambda e: e[1][2:]):
        if start != end or stop - start != prod(shape) * np.dtype(WIDE[dtype]).itemsize:
            raise Refused(f"{name!r} at bytes {start} to {stop} of its shape {one_line(shape)}")
        flat = np.frombuffer(body[start:stop], WIDE[dtype])
        if dtype == "BF16":
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        arrays[name], end = flat.reshape(shape).astype(flat.dtype.newbyteorder("=")), stop
    if end != len(body):
        raise Refused(f"{len(body) - end:,} bytes that belong to no tensor")
    return {name: arrays[name] for name in entries}


def _entries(header: bytes) -> dict[str, tuple[str, tuple[int, ...], int, int]]:
    """Return (type, shape, first byte, last byte + 1) of every tensor, in the header's order."""
    try:
        found = json.loads(header.decode("utf-8"), object_pairs_hook=_without_twins)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused("a header that is not JSON")
    found.pop("__metadata__", None)
    return {check_name(name): _entry(name, entry) for name, entry in found.items()}


def _entry(name: str, entry: object) -> tuple[str, tuple[int, ...], int, int]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise Refused(f"an unreadable entry {name!r}")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    lists = isinstance(shape, list) and isinstance(offsets, list) and len(offsets) == 2
    if not lists or len(shape) > 32 or not all(_is_size(n) for n in (*shape, *offsets)):
        raise Refused(f"an unreadable shape of {name!r}")
    if not isinstance(dtype, str) or dtype not in WIDE:
        mend = "save it as F32, F64, F16 or BF16"
        raise Refused(f"the type {one_line(repr(dtype))} of {name!r}", mend)
    return dtype, tuple(shape), offsets[0], offsets[1]


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 60


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise Refused("two tensors of one name")
    return dict(pairs)
