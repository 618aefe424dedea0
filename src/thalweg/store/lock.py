"""WriterLock: one writer a store, by a lock of the operating system that ends with its holder.

The lock is on the file `.NAME.lock` beside the store, so that it holds before the store exists
and while the store is replaced. The file tells who holds it; readers do not look at it.
"""

import json
import os
import socket
import sys
import time
import weakref
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from thalweg.core.errors import StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

TOLD_WITHIN = 1.0  # seconds in which a new holder has surely written who it is


class WriterLock:
    """The right to write one store; until `release`, or until this process ends.

    Args:
        path: the store; it need not exist, the folder around it is created.

    Raises:
        StoreError: somebody else writes it, or the folder around it cannot be written.
    """

    def __init__(self, path: Path | str) -> None:
        whole = Path(path).resolve()  # two names of one store share one lock
        self.path = whole.with_name(f".{whole.name}.lock")
        self._handle: int | None = None
        try:
            whole.parent.mkdir(parents=True, exist_ok=True)
            while self._handle is None:
                self._handle = self._try(Path(path))
        except OSError as fault:
            reason = fault.strerror or type(fault).__name__
            mend = "choose a folder that can be written and locked"
            raise StoreError(f"{path} must be writable", reason, mend) from fault
        _HELD.add(self)

    def release(self) -> None:
        """Let others write; does nothing the second time."""
        if self._handle is None:
            return
        if sys.platform != "win32":  # there an open file cannot be removed, and simply stays
            self.path.unlink(missing_ok=True)  # first, so that nobody locks what will vanish
        os.close(self._handle)
        self._handle = None

    def forget(self) -> None:
        """Close the copy that a forked child got; its parent keeps the lock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> "WriterLock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.release()

    def _try(self, named: Path) -> int | None:
        """Return the locked file; None if its last holder removed it meanwhile."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(self.path, flags, 0o644)
        try:
            locked = _locked(handle)
            if not _is_at(handle, self.path):
                os.close(handle)
                return None
            if not locked:
                wanted = f"{named} must have one writer at a time"
                raise StoreError(wanted, _holder(handle), "wait until it ends, or stop it")
            host = socket.gethostname()
            began = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            told = json.dumps({"process": os.getpid(), "host": host, "since": began})
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, told.encode() + b"\n")
        except BaseException:
            os.close(handle)
            raise
        return handle


# A forked worker must not keep its parent's locks when the parent is killed.
_HELD: "weakref.WeakSet[WriterLock]" = weakref.WeakSet()


def _forget_all() -> None:
    for lock in list(_HELD):
        lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _locked(handle: int) -> bool:
    """Return whether the file could be locked, at once."""
    try:
        if sys.platform == "win32":
            os.lseek(handle, 1 << 20, os.SEEK_SET)  # a byte behind the text, which stays readable
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_at(handle: int, path: Path) -> bool:
    """Return whether the open file is still the one at that path."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def _holder(handle: int) -> str:
    """Return who says to hold the lock; a new holder gets a moment to say so."""
    for _ in range(round(TOLD_WITHIN / 0.02)):
        os.lseek(handle, 0, os.SEEK_SET)
        try:
            told = json.loads(os.read(handle, 4096))
            return f"process {told['process']} on {told['host']} since {told['since']}"
        except (ValueError, KeyError, TypeError):
            time.sleep(0.02)
    return "another process that does not say who it is"
