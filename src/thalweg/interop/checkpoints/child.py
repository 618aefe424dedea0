"""The far side of `thalweg.interop.apart`: a process that can only compute and answer.

It reads files from its standard input and writes arrays to its standard output. After it has
imported what it needs, the kernel lets it open no further file or socket and write no file
(RLIMIT_NOFILE and RLIMIT_FSIZE at zero), and every file gets its share of memory and time.
Where the system has no such limits, as on Windows, only Python's audit hook stands guard.
"""

import gc
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from thalweg.interop.checkpoints.kinds import MEBIBYTE, Kind
from thalweg.interop.checkpoints.refusal import Refused, one_line

Answer = tuple[dict[str, np.ndarray], dict[str, object]]
Reader = Callable[[bytes, int], Answer]
FORBIDDEN = ("open", "os.", "socket.", "subprocess.", "shutil.", "ctypes.", "pty.", "mmap.")
OLDEST_TORCH = (2, 10)  # earlier ones have holes in weights_only: CVE-2025-32434, CVE-2026-24747
SLACK = 64 * MEBIBYTE


def serve(kinds: list[str]) -> None:
    """Answer requests until the standard input ends."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not pass for an answer
    warnings.simplefilter("ignore")
    requests = sys.stdin.buffer
    try:
        readers = {kind: _reader(Kind(kind)) for kind in kinds}
    except Refused as missing:
        _send(replies, {"missing": missing.args})
        return
    gc.freeze()  # what is loaded by now stays; collecting after each file is then quick
    limit = _lock_down()
    _send(replies, {"ready": True})
    while line := requests.readline():
        request = json.loads(line)
        limit(request)
        _answer(readers[request["kind"]], requests.read(request["size"]), request, replies)
        gc.collect()
    os._exit(0)  # the interpreter's own way out would want to open files


def _answer(reader: Reader, data: bytes, request: dict[str, Any], replies: BinaryIO) -> None:
    try:
        arrays, extras = reader(data, request["budget"])
    except Refused as refused:
        _send(replies, {"refused": [one_line(refused.reason), one_line(refused.mend)]})
    except MemoryError:
        mend = "raise limits.at_least if the file is trusted"
        _send(replies, {"refused": ["more memory asked for than the limit", mend]})
    except Exception as error:  # a damaged file may break a library anywhere
        reason = one_line(f"{type(error).__name__}: {error}")
        _send(replies, {"refused": [reason, "get a whole copy, or save it again"]})
    else:
        heads = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
        _send(replies, {"arrays": heads, "extras": extras})
        for array in arrays.values():
            replies.write(np.ascontiguousarray(array).data)
        replies.flush()


def _send(replies: BinaryIO, message: dict[str, object]) -> None:
    replies.write(json.dumps(message).encode() + b"\n")
    replies.flush()


def _reader(kind: Kind) -> Reader:
    """Return the reader of a kind, with all its imports done and used once."""
    if kind is Kind.TORCH:
        return _torch_reader()
    if kind is Kind.HDF5:
        return _h5_reader()
    from thalweg.interop.checkpoints.npz_bytes import read_npy, read_npz, warm_up

    warm_up()
    read = read_npz if kind is Kind.NPZ else read_npy
    return lambda data, budget: (read(data, budget), {})


def _torch_reader() -> Reader:
    try:
        import torch
    except ImportError:
        raise Refused("reading PyTorch files needs PyTorch", "torch") from None
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < OLDEST_TORCH:
        wanted = f"reading PyTorch files needs PyTorch {OLDEST_TORCH[0]}.{OLDEST_TORCH[1]} or newer"
        raise Refused(wanted, "torch")
    torch.set_num_threads(1)
    from thalweg.interop.checkpoints.torch_bytes import read_torch, warm_up

    def read(data: bytes, budget: int) -> Answer:
        arrays, nest = read_torch(data, budget)
        return arrays, {"nest": nest}

    warm_up()
    return read


def _h5_reader() -> Reader:
    try:
        from thalweg.interop.checkpoints.h5_image import read_h5, warm_up
    except ImportError:
        raise Refused("reading HDF5 files needs h5py", "formats") from None

    def read(data: bytes, budget: int) -> Answer:
        arrays, attrs = read_h5(data, budget)
        return arrays, {"attrs": attrs}

    warm_up()
    return read


def _lock_down() -> Callable[[dict[str, Any]], None]:
    """Give up files and sockets for good; return what sets the limits for the next request."""
    try:
        import resource
    except ImportError:  # Windows
        sys.addaudithook(_forbid)
        return lambda request: None
    try:
        status = os.open("/proc/self/status", os.O_RDONLY)
    except OSError:  # no Linux: RLIMIT_DATA counts from zero, without what is there already
        status = None
    sys.addaudithook(_forbid)
    for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(kind, (0, 0))

    def limit(request: dict[str, Any]) -> None:
        cpu = int(time.process_time() + request["seconds"]) + 1
        memory = 3 * request["size"] + request["budget"] + SLACK
        memory += _data_in_use(os.pread(status, 8192, 0)) if status is not None else SLACK
        for kind, most in ((resource.RLIMIT_CPU, cpu), (resource.RLIMIT_DATA, memory)):
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))

    return limit


def _forbid(event: str, _: tuple[object, ...]) -> None:
    if event.startswith(FORBIDDEN):
        raise Refused(f"an attempt at {event}", "do not trust this file")


def _data_in_use(status: bytes) -> int:
    """Return what counts toward RLIMIT_DATA now."""
    line = next(line for line in status.splitlines() if line.startswith(b"VmData:"))
    return int(line.split()[1]) * 1024
