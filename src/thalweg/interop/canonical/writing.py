"""HDF5 files of named arrays and texts, written whole, with the same bytes for the same data."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from numpy.typing import NDArray

from thalweg.core.errors import MissingExtraError
from thalweg.core.files import write_whole


def write_arrays(path: Path, arrays: Mapping[str, NDArray | str]) -> Path:
    """Write arrays by their names in the file, such as "xdirection/0".

    Raises:
        MissingExtraError: h5py is not installed.
        StoreError: the file cannot be written; what was there before still is.
    """
    try:
        import h5py
    except ImportError as fault:
        mend = "pip install 'thalweg[formats]'"
        raise MissingExtraError("HDF5 files need h5py", "not installed", mend) from fault
    buffer = BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return write_whole(path, buffer.getvalue())
