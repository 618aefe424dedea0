"""NumPy's .npy and .npz in memory to arrays, without pickled objects (NEP 1 has the format)."""

import ast
import re
import struct
from io import BytesIO
from math import prod

import numpy as np

from thalweg.interop.checkpoints.refusal import Refused, check_name, check_total, one_line
from thalweg.interop.checkpoints.zips import check_zip, whole_members

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_000
PLAIN = re.compile(r"[<>|=][biufcU][0-9]{1,6}")
KEYS = {"descr", "fortran_order", "shape"}


def read_npz(data: bytes, budget: int) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz by name.

    Raises:
        Refused: a bad archive, pickled objects, structured or exotic types, too many bytes.
    """
    arrays = {}
    for name, content in whole_members(check_zip(data, budget)):
        if not name.endswith(".npy"):
            raise Refused(f"the member {name!r}", "keep only arrays, each as a .npy member")
        arrays[check_name(name.removesuffix(".npy"))] = _array(content, name)
    return arrays


def read_npy(data: bytes, budget: int) -> dict[str, np.ndarray]:
    """Return the array of a .npy under the name "array".

    Raises:
        Refused: as `read_npz`.
    """
    check_total(len(data), budget)
    return {"array": _array(data, "array")}


def warm_up() -> None:
    """Open one small file, so that nothing is left to import later."""
    file = BytesIO()
    np.savez_compressed(file, a=np.ones(1))
    read_npz(file.getvalue(), 1 << 20)


def _array(content: bytes, name: str) -> np.ndarray:
    """Return one array; its header must account for every byte that follows."""
    if content[:6] != MAGIC or content[6:8] not in (b"\1\0", b"\2\0", b"\3\0"):
        raise Refused(f"no .npy header in {name!r}", "write it with numpy.save or numpy.savez")
    form = "<H" if content[6] == 1 else "<I"
    start = 8 + struct.calcsize(form)
    (length,) = struct.unpack(form, content[8:start])
    if length > LONGEST_HEADER:
        raise Refused(f"a header of {length:,} bytes in {name!r}")
    dtype, shape, fortran = _header(content[start : start + length], name)
    start += length
    if prod(shape) * dtype.itemsize != len(content) - start:
        raise Refused(f"{len(content) - start:,} bytes for shape {one_line(shape)} in {name!r}")
    flat = np.frombuffer(content, dtype, offset=start) if prod(shape) else np.empty(0, dtype)
    return flat.reshape(shape, order="F" if fortran else "C").astype(dtype.newbyteorder("="))


def _header(text: bytes, name: str) -> tuple[np.dtype, tuple[int, ...], bool]:
    try:
        header = ast.literal_eval(text.decode("utf-8").strip())
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        header = None
    if not isinstance(header, dict) or set(header) != KEYS:
        raise Refused(f"an unreadable header in {name!r}")
    descr, shape = header["descr"], header["shape"]
    if not isinstance(descr, str) or not PLAIN.fullmatch(descr):
        what = "pickled objects" if "O" in str(descr) else f"the type {one_line(descr)}"
        raise Refused(f"{what} in {name!r}", "save plain numbers; pickles are never opened")
    sizes = isinstance(shape, tuple) and all(type(n) is int and 0 <= n < 1 << 60 for n in shape)
    if not sizes or len(shape) > 32 or type(header["fortran_order"]) is not bool:
        raise Refused(f"an unreadable shape in {name!r}")
    return np.dtype(descr), shape, header["fortran_order"]
