"""Result Datasets as Zarr v3 folders: written whole or not at all, readable by plain xarray.

    xr.open_zarr(path, consolidated=False)

Every chunk carries a CRC-32C checksum, so that a flipped bit is an error instead of a number.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray
from zarr.codecs import Crc32cCodec, ZstdCodec

from thalweg.core.errors import StoreError

Variables = Mapping[str, tuple[tuple[str, ...], NDArray]]


def save(dataset: xr.Dataset, path: Path) -> Path:
    """Write a Dataset to the folder `path`, replacing what was there only when all is written.

    Raises:
        StoreError: the folder cannot be written.
    """
    variables = {
        str(name): (tuple(map(str, variable.dims)), variable.values)
        for name, variable in dataset.variables.items()
    }
    fresh = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        group = create_group(fresh, {str(k): v for k, v in dataset.attrs.items()})
        for name, (dims, values) in variables.items():
            add_array(group, name, dims, values.shape, values.dtype)[...] = values
        if path.exists():
            old = path.with_name(f".{path.name}.{os.getpid()}.old")
            os.replace(path, old)
            os.replace(fresh, path)
            shutil.rmtree(old)
        else:
            os.replace(fresh, path)
    except OSError as fault:
        shutil.rmtree(fresh, ignore_errors=True)
        raise cannot_write(path, fault) from fault
    return path


def load(path: Path) -> xr.Dataset:
    """Return the Dataset in the folder `path`, all of it in memory.

    Raises:
        StoreError: no store there, or one that is damaged.
    """
    if not (path / "zarr.json").is_file():
        got = "nothing" if not path.exists() else "something else"
        raise StoreError(f"{path} must be a Zarr store", got, "check the path")
    try:
        dataset = xr.open_zarr(path, consolidated=False, chunks=None, decode_cf=False).load()
    except (OSError, ValueError, KeyError, RuntimeError) as fault:
        reason = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
        raise StoreError(f"{path} must be readable", reason, "delete it and run again") from fault
    for name, variable in dataset.variables.items():
        variable.attrs.pop("_FillValue", None)
        if variable.dtype.kind == "T":  # back to the fixed width that it was saved from
            dataset[name] = (variable.dims, np.array(variable.values.tolist(), dtype=str))
    names = [name for name, v in dataset.variables.items() if v.dims == (name,)]
    return dataset.set_coords(names)


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
    """Create a labelled array whose chunks are always written, checksummed, NaN where absent."""
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
