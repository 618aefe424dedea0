"""NetCDF-4 of any result, which `xarray.open_dataset` reads; and back without loss."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from thalweg.core.errors import MissingExtraError, StoreError
from thalweg.core.files import write_whole
from thalweg.interop.apart import arrays_of_h5

_FIT = {"e": np.float32, "?": np.int8}  # half precision and truth: the format has neither
_LARGEST = 1 << 63
_DIMS, _AS_JSON = "thalweg_dims", "thalweg_json"


def write_netcdf(dataset: xr.Dataset, path: Path | str) -> Path:
    """Write a Dataset as NetCDF-4 with all its attributes; return the path.

    Numbers and texts stay what they are, but for half precision, which becomes single. Of the
    attributes, True and False become 1 and 0, lists of one kind become arrays, and whatever the
    format has no word for (None, nested or empty lists) becomes JSON; `read_netcdf` gives all of
    them back.

    Raises:
        MissingExtraError: h5netcdf is not installed.
        StoreError: the file cannot be written.
    """
    try:
        import h5netcdf  # noqa: F401
    except ImportError as fault:
        mend = "pip install 'thalweg[formats]'"
        raise MissingExtraError("NetCDF files need h5netcdf", "not installed", mend) from fault
    fit = dataset.copy()
    for name, variable in dataset.data_vars.items():
        if variable.dtype.char in _FIT:
            fit[name] = variable.astype(_FIT[variable.dtype.char])
    plain = {str(name): _listed(value) for name, value in dataset.attrs.items()}
    lost = {k: value for k, value in plain.items() if k.startswith("_") or not _survives(value)}
    fit.attrs = {name: _fit(value) for name, value in plain.items()}
    fit.attrs[_AS_JSON] = json.dumps(lost)
    for name, variable in fit.variables.items():
        fit[name].attrs = {_DIMS: " ".join(map(str, variable.dims))}
        fit[name].encoding = {"_FillValue": None}  # NaN is a number here, not a gap
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "draft.nc"
        fit.to_netcdf(draft, engine="h5netcdf", format="NETCDF4")
        content = draft.read_bytes()
    return write_whole(Path(path), content)


def read_netcdf(path: Path | str) -> xr.Dataset:
    """Return a result that `write_netcdf` wrote; the file is parsed apart, as if a stranger's.

    Raises:
        StoreError: no such file, or one that Thalweg did not write.
    """
    arrays, attrs = arrays_of_h5(path)
    own = attrs.get("/", {})
    try:
        lost = json.loads(own.pop(_AS_JSON))
        dims = {name: str(attrs[name][_DIMS]).split() for name in arrays if _DIMS in attrs[name]}
        dataset = xr.Dataset({name: (dims[name], arrays[name]) for name in dims})
        dataset.attrs = {k: _lone(v) for k, v in own.items() if not k.startswith("_")} | lost
    except (KeyError, ValueError, TypeError) as fault:
        got, mend = "another", "open it with xarray.open_dataset"
        raise StoreError(f"{path} must be a NetCDF file of Thalweg", got, mend) from fault
    return dataset


def _listed(value: Any) -> Any:
    """Return plain Python numbers and lists."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _lone(value: Any) -> Any:
    """Return a number as such: the format keeps it as an array of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _survives(value: Any) -> bool:
    """Return whether the format gives this back as it is."""
    if isinstance(value, list):
        return (
            len(value) > 1
            and len({type(item) for item in value}) == 1
            and all(map(_survives, value))
        )
    if isinstance(value, str):
        return "\0" not in value
    return type(value) is float or (type(value) is int and abs(value) < _LARGEST)


def _is_strange(value: Any) -> bool:
    """Return whether this text or number has no place in the format."""
    return isinstance(value, str | int) and not isinstance(value, bool) and not _survives(value)


def _fit(value: Any) -> Any:
    """Return what stands for a value in the file."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float | str) and _survives(value):
        return value
    if isinstance(value, list) and value and not any(map(_is_strange, value)):
        for kinds in (str, bool, int | float):
            if all(isinstance(item, kinds) for item in value):
                return [_fit(item) for item in value]
    return json.dumps(value)
