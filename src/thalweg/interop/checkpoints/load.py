"""The one door for foreign files of arrays: safe formats, judged sizes, one-line errors."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from thalweg.interop.apart import Apart, Parsed, naming, read_regular
from thalweg.interop.checkpoints.kinds import FileLimits, Kind, kind_of
from thalweg.interop.checkpoints.safetensors_bytes import read_safetensors


def load_arrays(
    path: str | os.PathLike[str], limits: FileLimits | None = None, sha256: str | None = None
) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors, .npz, .npy, PyTorch or HDF5 file by name.

    No file can run code: pickled objects are never opened, PyTorch files only by its restricted
    unpickler, and all but safetensors in a process that has no files, no network and little
    memory. Sizes are judged from headers. Of a PyTorch checkpoint one gets the state dict.

    Args:
        path: the file; the end of its name tells the format.
        limits: how much it may ask for; None for the usual.
        sha256: digest of the whole file in hexadecimal digits, checked if given.

    Raises:
        InputError: a format that is not opened at all, such as .pkl.
        StoreError: the file is absent, damaged, hostile, too large, or not the one of the digest.
        MissingExtraError: PyTorch or h5py is needed and not installed.
    """
    where = Path(path)
    digests = {} if sha256 is None else {os.fspath(path): sha256}
    return next(parse_all([where], limits or FileLimits(), digests)).arrays


def parse_all(
    paths: Sequence[Path], limits: FileLimits, digests: Mapping[str, str]
) -> Iterator[Parsed]:
    """Yield what each file holds, in order; one process serves all.

    Args:
        paths: the files.
        limits: for each of them.
        digests: SHA-256 by path or by file name, checked where given.

    Raises:
        InputError, StoreError, MissingExtraError: as `load_arrays`; names the file.
    """
    kinds = [kind_of(path) for path in paths]
    apart_kinds = [kind for kind in Kind if kind in kinds and kind is not Kind.SAFETENSORS]
    with Apart(apart_kinds, limits) as apart:
        for path, kind in zip(paths, kinds, strict=True):
            known = digests.get(os.fspath(path), digests.get(path.name))
            if kind is Kind.SAFETENSORS:
                yield _parse_here(path, limits, known)
            else:
                yield apart.parse(path, kind, known)


def _parse_here(path: Path, limits: FileLimits, known: str | None) -> Parsed:
    """Read safetensors in this process: a JSON header and plain bytes need no guard."""
    with naming(path, Kind.SAFETENSORS):
        data, sha256 = read_regular(path, known)
        arrays = read_safetensors(data, limits.budget(len(data)))
        return Parsed(arrays, sha256)
