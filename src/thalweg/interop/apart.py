"""Foreign files are parsed apart: in a process without files or network, under limits."""

import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.core.errors import MissingExtraError, StoreError
from thalweg.interop.checkpoints.kinds import FileLimits, Kind
from thalweg.interop.checkpoints.refusal import (
    Refused,
    check_name,
    check_total,
    one_line,
    path_line,
)

LONGEST_HEAD = 64 << 20
STARTUP_SECONDS = 120.0
PATIENCE = 20  # seconds on the clock for each second of processor time
DTYPE = re.compile(r"[<>|=][biufcU][0-9]{1,7}")
KEPT_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH", "SYSTEMROOT", "TMPDIR")
OWN_VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "HDF5_PLUGIN_PRELOAD": "::",  # HDF5 loads no filter libraries
}
PROGRAM = (
    "import json, sys; paths, kinds = json.loads(sys.argv[1]); sys.path[:] = paths; "
    "from thalweg.interop.checkpoints.child import serve; serve(kinds)"
)


@dataclass(frozen=True)
class Parsed:
    """What a file held.

    Attributes:
        arrays: by name; plain numbers or text, never objects.
        sha256: of the very bytes that were parsed.
        extras: what a format has besides arrays.
    """

    arrays: dict[str, np.ndarray]
    sha256: str
    extras: dict[str, Any] = field(default_factory=dict)


def arrays_of_h5(
    path: str | os.PathLike[str], limits: FileLimits | None = None
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
    """Return the arrays of an HDF5 file by path, and the attributes of its objects by path.

    Groups nest with slashes ("xdirection/0"), the root's attributes stand under "/", texts are
    arrays of dtype U. Nothing outside the file is touched: links out, external storage, virtual
    datasets and loaded filters are refused before anything is read.

    Args:
        path: the file.
        limits: how much it may ask for; None for the usual.

    Raises:
        StoreError: no such file, or it is damaged, hostile or too large; names it in one line.
        MissingExtraError: h5py is not installed.
    """
    with Apart((Kind.HDF5,), limits or FileLimits()) as apart:
        parsed = apart.parse(Path(path), Kind.HDF5)
    return parsed.arrays, parsed.extras["attrs"]


class Apart:
    """A child process that parses one file after the other; a context manager.

    A file that kills it costs that file alone: the next one gets a new process.
    """

    def __init__(self, kinds: Iterable[Kind], limits: FileLimits) -> None:
        self._kinds = [kind.value for kind in kinds]
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Apart":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop(grace=5)

    def parse(self, path: Path, kind: Kind, known: str | None = None) -> Parsed:
        """Return what the file holds.

        Args:
            path: the file.
            kind: what it should be.
            known: its SHA-256, if known; any other file is not even parsed.

        Raises:
            StoreError: why not, in one line that names file, format, reason and mend.
            MissingExtraError: the library for this format is not installed.
        """
        with naming(path, kind):
            data, sha256 = read_regular(path, known)
            process = self._process or self._start()
            seconds = self._limits.processor_seconds(len(data))
            budget = self._limits.budget(len(data))
            request = {"kind": kind.value, "size": len(data), "budget": budget, "seconds": seconds}
            with self._exchange(process, seconds):
                reply = _ask(process, request, data)
                if "refused" in reply:
                    reason, mend = reply["refused"]
                    answer = Refused(one_line(reason), one_line(mend))
                else:
                    arrays = _take_arrays(process, reply, budget)
                    answer = Parsed(arrays, sha256, dict(reply["extras"]))
            if isinstance(answer, Refused):
                raise answer
            return answer

    @contextmanager
    def _exchange(self, process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
        """Guard one question and its answer; after a broken one the process is done with."""
        try:
            with _deadline(process, PATIENCE * seconds):
                yield
        except (OSError, ValueError, TypeError, KeyError, EOFError):
            ended = self._how_it_ended(process)
            limit = f"the limit is {seconds:.0f} s of processor time"
            raise Refused(f"something that stopped its reader ({ended}; {limit})") from None
        except BaseException:  # what is left in the pipe belongs to this file, not to the next
            self._stop()
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        given = {key: os.environ[key] for key in KEPT_VARIABLES if key in os.environ}
        paths = [path for path in sys.path if path]  # without the current folder ...
        paths.append(str(Path(__file__).parents[2]))  # ... unless this package lies in it
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", PROGRAM, json.dumps([paths, self._kinds])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**given, **OWN_VARIABLES},
            start_new_session=True,
        )
        self._process = process
        with _deadline(process, STARTUP_SECONDS):
            line = process.stdout.readline(LONGEST_HEAD) if process.stdout else b""
        if not line:
            ended = self._how_it_ended(process)
            raise Refused(f"a reader that did not start ({ended})", "try again")
        hello = json.loads(line)
        if "missing" in hello:
            self._stop()
            wanted, extra = hello["missing"]
            raise MissingExtraError(wanted, "none", f"pip install -U 'thalweg[{extra}]'")
        return process

    def _how_it_ended(self, process: subprocess.Popen[bytes]) -> str:
        self._stop()
        code = process.returncode
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def _stop(self, grace: float = 0.5) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:  # it died before it took everything
                continue
        try:
            process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def naming(path: Path, kind: Kind) -> Iterator[None]:
    """Turn a refusal into one line that names the file and its format.

    Raises:
        StoreError: in place of Refused, OSError and MemoryError.
    """
    wanted = f"{path_line(path)} must be a sound {kind.value} file"
    try:
        yield
    except Refused as refused:
        raise StoreError(wanted, refused.reason, refused.mend) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise StoreError(wanted, one_line(reason), "check the path") from None
    except MemoryError:
        raise StoreError(wanted, "more than this machine's memory", "read fewer files") from None


def read_regular(path: Path, known: str | None = None) -> tuple[bytes, str]:
    """Return the bytes and the SHA-256 of a regular file; a pipe or device would never end.

    Raises:
        Refused: it is something else, it grows or shrinks meanwhile, or it has not the known
            SHA-256.
        OSError: it cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise Refused("no regular file", "name a file")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(size + 1)
    if len(data) != size:
        raise Refused("a file that changes while it is read", "wait until it is written")
    sha256 = hashlib.sha256(data).hexdigest()
    if known is not None and known.lower() != sha256:
        raise Refused(f"one of SHA-256 {sha256}", f"get the one of {one_line(known)}")
    return data, sha256


@contextmanager
def _deadline(process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    """Kill the process if what is inside takes longer."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _ask(process: subprocess.Popen[bytes], request: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Send a file; return the head of the answer."""
    if process.stdin is None or process.stdout is None:
        raise EOFError
    process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.write(data)
    process.stdin.flush()
    return json.loads(process.stdout.readline(LONGEST_HEAD))


def _take_arrays(
    process: subprocess.Popen[bytes], reply: dict[str, Any], budget: int
) -> dict[str, np.ndarray]:
    """Return the arrays of an answer, which is believed no more than the file was."""
    if process.stdout is None:
        raise EOFError
    heads = [(check_name(n), _dtype(d), tuple(map(int, shape))) for n, d, shape in reply["arrays"]]
    if any(n < 0 for _, _, shape in heads for n in shape):  # would be read without end
        raise ValueError("a length below nothing")
    check_total(sum(d.itemsize * prod(shape) for _, d, shape in heads), budget)
    arrays = {}
    for name, dtype, shape in heads:
        body = process.stdout.read(dtype.itemsize * prod(shape))
        if len(body) != dtype.itemsize * prod(shape):
            raise EOFError
        arrays[name] = np.frombuffer(bytearray(body), dtype).reshape(shape)
    return arrays


def _dtype(text: str) -> np.dtype:
    if not DTYPE.fullmatch(text):
        raise ValueError(text)
    return np.dtype(text)
