"""Result Datasets as Zarr v3 folders: written whole or not at all, readable by plain xarray.

    xr.open_zarr(path, consolidated=False)

Every file is on the disk before it counts, and its SHA-256 stands in the ledger of the store
(`ledger.py`); every chunk also carries a CRC-32C for those who read it plainly.
"""

import os
import re
import shutil
import time
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import xarray as xr

from thalweg.core.errors import StoreError
from thalweg.core.files import cannot_write
from thalweg.store.attributes import from_json, to_json
from thalweg.store.contents import FORMAT_NAME, ROOT, Contents, read_contents
from thalweg.store.durable import sync_folder
from thalweg.store.encoded import Encoded
from thalweg.store.ledger import FOLDER, FORMAT, LINES, LedgerWriter
from thalweg.store.lock import WriterLock


def save(dataset: xr.Dataset, path: Path | str) -> Path:
    """Write a Dataset to the folder `path`, replacing a store there only when all is written.

    Raises:
        StoreError: the folder cannot be written, is being written, or holds something else.
        InputError: an attribute is neither text, number nor a list of them.
    """
    path = Path(path)
    encoded = Encoded({**to_json(dataset.attrs), FORMAT_NAME: FORMAT})
    if FOLDER in dataset.variables:
        mend = "rename that variable"
        raise StoreError(f"{path} keeps the name {FOLDER!r} for itself", "a variable of it", mend)
    with WriterLock(path), written_whole(path) as fresh:
        ledger = LedgerWriter(fresh)
        for name, variable in dataset.variables.items():
            dims, values = tuple(map(str, variable.dims)), variable.values
            array = encoded.add(str(name), dims, values.shape, values.dtype)
            array[...] = values
            ledger.commit(encoded.take())
        ledger.commit(encoded.take())
    return path


def load(path: Path | str, limit: int | None = None) -> xr.Dataset:
    """Return the Dataset in the folder `path`, all of it in memory.

    Pending cells of a surface are NaN with the status PENDING.

    Args:
        path: the folder.
        limit: bytes of memory it may need; default: 256 MB, or 20 times its size if that is more.

    Raises:
        StoreError: no store there, one that is damaged, or one that needs more memory.
    """
    path = Path(path)
    if not _appears(path):
        got = "nothing" if not path.exists() else "something else"
        raise StoreError(f"{path} must be a Zarr store", got, "check the path")
    try:
        contents = read_contents(path, limit)
    except OSError as fault:
        raise cannot_read(path, fault) from fault
    require_sound(path, contents)
    return decoded(path, contents)


def was_repaired(path: Path | str) -> bool:
    """Return whether all that a store lacks was given up by `repair`, so that its maker goes on.

    Raises:
        StoreError: it is not of a form that Thalweg writes, or needs more memory than usual.
    """
    try:
        return _only_lost(read_contents(Path(path), None))
    except OSError as fault:
        raise cannot_read(Path(path), fault) from fault


def _only_lost(contents: Contents) -> bool:
    lost = contents.ledger.lost if contents.ledger else frozenset[str]()
    return {*contents.damaged, *contents.missing} <= lost


def require_sound(path: Path, contents: Contents) -> None:
    """Raise StoreError if something is damaged or missing; it names the first."""
    wrong = [f"damaged {key}" for key in contents.damaged]
    wrong += [f"missing {key}" for key in contents.missing]
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        mend = "repair it with `thalweg verify --repair`, or delete it"
        if _only_lost(contents):
            mend = "it was repaired: run what made it once more"
        raise StoreError(f"{path} must be readable", f"{wrong[0]}{more}", mend)


def decoded(path: Path, contents: Contents) -> xr.Dataset:
    """Return the Dataset that the sound files of a store hold."""
    try:
        group = Encoded(None, contents.files)
        variables = {}
        for name, array in contents.arrays.items():
            values = np.asarray(group.array(name)[...])
            if values.dtype.kind == "T":  # back to the fixed width that it was saved from
                values = np.array(values.tolist(), dtype=str)
            variables[name] = xr.Variable(array.dims, values)
        if contents.ledger is not None:
            variables = _as_long_as_all(variables)
        attrs = from_json(contents.attributes)
        coords = [name for name, v in variables.items() if v.dims == (name,)]
        if contents.tiled:
            attrs["failures"] = failures_of(contents)
            attrs["methods"] = methods_of(contents)
        return xr.Dataset(variables, attrs=attrs).set_coords(coords)
    except Exception as fault:  # what a decoder may raise on bytes from anywhere has no end
        raise cannot_read(path, fault) from fault


def _as_long_as_all(variables: Mapping[str, xr.Variable]) -> dict[str, xr.Variable]:
    """Return the variables cut to the rows that all have: a run may be growing just now."""
    shortest: dict[Hashable, int] = {}
    for variable in variables.values():
        for dim, length in variable.sizes.items():
            shortest[dim] = min(length, shortest.get(dim, length))
    return {
        name: v.isel({dim: slice(shortest[dim]) for dim in v.dims}) for name, v in variables.items()
    }


def failures_of(contents: Contents) -> list[str]:
    """Return what was raised while a surface was computed, tile by tile."""
    if contents.ledger is None:
        return list(contents.attributes.get("failures", []))
    said = contents.ledger.failures
    keys = sorted(said, key=lambda key: [int(part) for part in key.split("/")[2:]])
    return [line for key in keys for line in said[key]]


def methods_of(contents: Contents) -> list[str]:
    """Return how the tiles of a surface were computed, each way once."""
    return sorted(set(contents.ledger.methods.values())) if contents.ledger else []


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a hidden folder beside `path` to write; it becomes `path` only if all went well.

    The caller holds the `WriterLock` of `path`. What killed processes left beside it is removed.

    Raises:
        StoreError: the folder cannot be written, or holds something that is no Zarr store.
    """
    whole = path.resolve()
    fresh = whole.with_name(f".{whole.name}.{os.getpid()}.partial")
    old = fresh.with_suffix(".old")
    try:
        restore(path)
        if whole.exists() and not is_store(whole) and not is_empty(whole):
            wanted = f"{path} must be free, or a Zarr store"
            raise StoreError(wanted, "something else", "choose another folder")
        fresh.mkdir(parents=True)
        yield fresh
        if whole.exists():
            os.replace(whole, old)
        os.replace(fresh, whole)
        sync_folder(whole.parent)
    except OSError as fault:
        raise cannot_write(path, fault) from fault
    finally:
        if old.exists() and not whole.exists():
            os.replace(old, whole)
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def restore(path: Path) -> None:
    """Put a store back that a killed process had moved aside, and remove what else it left.

    The caller holds the `WriterLock` of `path`, so whatever is found has no owner.
    """
    whole = path.resolve()
    left = [p for p in whole.parent.iterdir() if _left_of(whole, p.name)]
    for folder in left:
        if folder.suffix == ".old" and is_store(folder) and not whole.exists():
            os.replace(folder, whole)
        else:
            shutil.rmtree(folder)


def is_store(path: Path) -> bool:
    """Return whether there is a Zarr v3 group at `path`, or what is left of one."""
    return (path / ROOT).is_file() or (path / LINES).is_file()


def is_empty(path: Path) -> bool:
    """Return whether `path` is a folder without content."""
    return path.is_dir() and not any(path.iterdir())


def cannot_read(path: Path, fault: Exception) -> StoreError:
    """Return the error for a store that cannot be read."""
    said = getattr(fault, "strerror", None) or " ".join(str(fault).split()) or type(fault).__name__
    return StoreError(f"{path} must be readable", said[:200], "delete it and run again")


def _appears(path: Path) -> bool:
    """Return whether there is a store, or will be in a moment: one is just being replaced."""
    for _ in range(5):
        if is_store(path):
            return True
        whole = path.resolve()
        if not whole.parent.is_dir():
            return False
        if not any(p.suffix == ".old" and _left_of(whole, p.name) for p in whole.parent.iterdir()):
            return False
        time.sleep(0.01)
    return False


def _left_of(whole: Path, name: str) -> bool:
    return bool(re.fullmatch(rf"\.{re.escape(whole.name)}\.\d+\.(partial|old)", name))
