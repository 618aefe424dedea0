"""Files that survive a crash: draft, flush to the disk, rename, flush the folder.

Paths inside a store are keys as in Zarr, "loss/c/0/1". None of them leaves the store: a link
below the root is refused, whether it is to be read or written.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from thalweg.core.errors import StoreError

DRAFT = ".partial"  # how a file ends that is not finished; no key ends so
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # a pipe that nobody writes is not waited for


def write_files(root: Path, files: Mapping[str, bytes]) -> None:
    """Write files into the folder `root`, each whole or not at all, and all on the disk at return.

    They get their names one right after the other, when all of them are on the disk.

    Raises:
        OSError: the disk does not take them, or the root is gone.
        StoreError: a key would leave the root.
    """
    touched: set[Path] = set()
    drafts: dict[Path, Path] = {}
    try:
        for key, content in files.items():
            path = place(root, key)
            touched |= {path.parent, *_made(root, path.parent)}
            draft = drafts[path] = path.with_name(path.name + DRAFT)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | NO_LINK
            with open(os.open(draft, flags, 0o644), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path, draft in drafts.items():
            os.replace(draft, path)
    except BaseException:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
        raise
    for folder in touched:
        sync_folder(folder)


def read_file(root: Path, key: str, limit: int | None = None) -> bytes | None:
    """Return the content of a file of a store; None if there is none.

    Raises:
        StoreError: the key would leave the root, or it is no plain file, or one larger than
            `limit` bytes.
        OSError: it cannot be read.
    """
    path = place(root, key)
    try:
        with open(os.open(path, os.O_RDONLY | NO_LINK | NO_WAIT), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                wanted = f"{path} must be a plain file"
                raise StoreError(wanted, "a pipe or a device", "delete it and run again")
            if limit is not None and os.fstat(file.fileno()).st_size > limit:
                wanted = f"{path} must have at most {limit:,} bytes"
                raise StoreError(wanted, "more", "check where it comes from")
            return file.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def place(root: Path, key: str) -> Path:
    """Return the path of a key in the folder `root`.

    Raises:
        StoreError: the key is no plain relative path, or a link on its way leaves the root.
    """
    parts = PurePosixPath(key).parts
    if not parts or key != "/".join(parts) or ".." in parts or any(c in key for c in "\\:\0"):
        raise StoreError(f"{root} must hold plain paths", repr(key), "do not use this store")
    if parts[0] == "/":
        raise StoreError(f"{root} must hold relative paths", repr(key), "do not use this store")
    path = root
    for part in parts:
        path = path / part
        if path.is_symlink():
            mend = "put the file itself there, or do not use this store"
            raise StoreError(f"{root} must hold no links", key, mend)
    return path


def files_below(root: Path) -> Iterator[str]:
    """Yield the keys of all files below the folder `root`, links among them, sorted."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted([*names, *links]):
            yield (Path(folder) / name).relative_to(root).as_posix()


def sweep_drafts(root: Path) -> None:
    """Remove what a killed writer left unfinished below the folder `root`."""
    for key in files_below(root):
        if key.endswith(DRAFT):
            (root / key).unlink()


def sync_folder(path: Path) -> None:
    """Flush to the disk which files a folder holds; Windows does so by itself."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _made(root: Path, folder: Path) -> set[Path]:
    """Create the folders from `root` down to `folder`; return those that got a new entry."""
    if folder.is_dir():
        return set()
    if folder == root:  # never make the root anew: somebody may have removed the store
        raise FileNotFoundError(2, "No such file or directory", str(root))
    touched = _made(root, folder.parent)
    folder.mkdir(exist_ok=True)
    return touched | {folder.parent}
