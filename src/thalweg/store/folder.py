"""Result Datasets as Zarr v3 folders: written whole or not at all, readable by plain xarray.

    xr.open_zarr(path, consolidated=False)

Every chunk carries a CRC-32C checksum, so that a flipped bit is an error instead of a number.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from thalweg.core.errors import StoreError


def save(dataset: xr.Dataset, path: Path | str) -> Path:
    """Write a Dataset to the folder `path`, replacing a store there only when all is written.

    Raises:
        StoreError: the folder cannot be written, or holds something else.
    """
    path = Path(path)
    with written_whole(path) as fresh:
        group = create_group(fresh, {str(k): v for k, v in dataset.attrs.items()})
        for name, variable in dataset.variables.items():
            dims, values = tuple(map(str, variable.dims)), variable.values
            add_array(group, str(name), dims, values.shape, values.dtype)[...] = values
    return path


def load(path: Path | str) -> xr.Dataset:
    """Return the Dataset in the folder `path`, all of it in memory.

    Raises:
        StoreError: no store there, or one that is damaged.
    """
    path = Path(path)
    if not is_store(path):
        got = "nothing" if not path.exists() else "something else"
        raise StoreError(f"{path} must be a Zarr store", got, "check the path")
    try:
        dataset = xr.open_zarr(path, consolidated=False, chunks=None, decode_cf=False).load()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as fault:
        reason = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
        raise StoreError(f"{path} must be readable", reason, "delete it and run again") from fault
    for name, variable in dataset.variables.items():
        variable.attrs.pop("_FillValue", None)
        if variable.dtype.kind == "T":  # back to the fixed width that it was saved from
            dataset[name] = (variable.dims, np.array(variable.values.tolist(), dtype=str))
    names = [name for name, v in dataset.variables.items() if v.dims == (name,)]
    return dataset.set_coords(names)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a hidden folder beside `path` to write; it becomes `path` only if all went well.

    What killed processes left beside `path` is removed.

    Raises:
        StoreError: the folder cannot be written, or holds something that is no Zarr store.
    """
    whole = path.absolute()
    fresh = whole.with_name(f".{whole.name}.{os.getpid()}.partial")
    old = fresh.with_suffix(".old")
    try:
        if whole.exists() and not is_store(whole) and not is_empty(whole):
            wanted = f"{path} must be free, or a Zarr store"
            raise StoreError(wanted, "something else", "choose another folder")
        whole.parent.mkdir(parents=True, exist_ok=True)
        for left in whole.parent.iterdir():
            found = re.fullmatch(rf"\.{re.escape(whole.name)}\.(\d+)(\.partial|\.old)", left.name)
            if found and not _is_alive(int(found[1])):
                shutil.rmtree(left)
        yield fresh
        if whole.exists():
            os.replace(whole, old)
        os.replace(fresh, whole)
    except OSError as fault:
        raise cannot_write(path, fault) from fault
    finally:
        if old.exists() and not whole.exists():
            os.replace(old, whole)
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _is_alive(process: int) -> bool:
    """Return whether another process of this number runs here; this one does not count."""
    if process == os.getpid():
        return False
    if os.name == "nt":  # signal 0 would be Ctrl-C there; what is left simply stays
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, but is not ours
        pass
    return True


def is_store(path: Path) -> bool:
    """Return whether there is a Zarr v3 group at `path`."""
    return (path / "zarr.json").is_file()


def is_empty(path: Path) -> bool:
    """Return whether `path` is a folder without content."""
    return path.is_dir() and not any(path.iterdir())


def create_group(path: Path, attrs: Mapping[str, Any]) -> zarr.Group:
    """Create an empty Zarr v3 group with attributes, in place of whatever is there."""
    return zarr.open_group(path, mode="w", zarr_format=3, attributes=dict(attrs))


def add_array(
    group: zarr.Group,
    name: str,
    dims: tuple[str, ...],
    shape: tuple[int, ...],
    dtype: np.dtype,
    chunks: tuple[int, ...] | None = None,
) -> zarr.Array:
    """Create a labeled array whose chunks are always written, checksummed, NaN where absent."""
    dtype = np.dtype(dtype)
    if dtype.kind in "UT":  # text: only the variable-length type has a stable specification
        kind, blank = str, ""
    else:
        kind, blank = dtype, float("nan") if dtype.kind == "f" else dtype.type(0)
    return group.create_array(
        name,
        shape=shape,
        dtype=kind,
        chunks=chunks or tuple(max(1, n) for n in shape),
        dimension_names=dims,
        fill_value=blank,
        compressors=[ZstdCodec(level=3), Crc32cCodec()],
        config={"write_empty_chunks": True},
    )


def cannot_write(path: Path, fault: OSError) -> StoreError:
    """Return the error for a folder that cannot be written."""
    reason = fault.strerror or type(fault).__name__
    return StoreError(f"{path} must be writable", reason, "choose another folder or free space")
