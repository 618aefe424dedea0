"""Files written whole or not at all."""

import os
import tempfile
from pathlib import Path

from thalweg.core.errors import StoreError


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file through a draft beside it, so that `path` never holds half of it; return it.

    Raises:
        StoreError: it cannot be written; what was there before still is, and no draft stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".thalweg.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(draft, 0o644)
            os.replace(draft, path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as fault:
        raise cannot_write(path, fault) from fault
    return path


def cannot_write(path: Path, fault: OSError, needed: int = 0) -> StoreError:
    """Return the error for a path that cannot be written; `needed` bytes, if known.

    >>> cannot_write(Path("a"), OSError(28, "No space left on device"), 5000).got
    'No space left on device (5,000 bytes needed)'
    """
    reason = fault.strerror or type(fault).__name__
    size = f" ({needed:,} bytes needed)" if needed else ""
    mend = "choose another folder or free space"
    return StoreError(f"{path} must be writable", f"{reason}{size}", mend)
