"""Exports are written whole, or the error says in one line why not."""

from pathlib import Path

from thalweg.core.errors import StoreError
from thalweg.core.files import write_whole


def written(path: Path, content: bytes) -> Path:
    """Write a file whole; return its path.

    Raises:
        StoreError: it cannot be written; what was there before still is.
    """
    try:
        return write_whole(path, content)
    except OSError as fault:
        reason = fault.strerror or type(fault).__name__
        mend = "choose another folder or free space"
        raise StoreError(f"{path} must be writable", reason, mend) from fault
