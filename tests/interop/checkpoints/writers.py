"""Every format written by its own library, for the tests to read back and to damage."""

from io import BytesIO

import h5py
import numpy as np
import torch
from safetensors.numpy import save as save_safetensors

from thalweg.core.errors import StoreError
from thalweg.interop.checkpoints.kinds import Kind, kind_of
from thalweg.interop.checkpoints.load import load_arrays

ARRAYS = {
    "conv.weight": np.linspace(-1, 1, 54, dtype=np.float32).reshape(3, 2, 3, 3),
    "conv.bias": np.array([0.5, -2.0, 3e-5]),
    "half": np.linspace(0, 1, 10, dtype=np.float16).reshape(2, 5),
    "steps": np.arange(7),
    "one": np.array(3.25, np.float32),
    "none": np.empty((0, 4), np.float32),
}


def tensors(arrays=ARRAYS):
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}


def torch_bytes(content, new=True):
    file = BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=new)
    return file.getvalue()


def npz_bytes(arrays=ARRAYS, save=np.savez):
    file = BytesIO()
    save(file, **arrays)
    return file.getvalue()


def npy_bytes(array):
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


def h5_bytes(arrays=ARRAYS, **options):
    file = BytesIO()
    with h5py.File(file, "w") as h5:
        for name, array in arrays.items():
            usable = options if array.size and array.ndim else {}
            h5.create_dataset(name, data=array, **usable)
    return file.getvalue()


WRITERS = {
    "a.safetensors": lambda: save_safetensors(ARRAYS),
    "a.npz": npz_bytes,
    "packed.npz": lambda: npz_bytes(save=np.savez_compressed),
    "a.pt": lambda: torch_bytes(tensors()),
    "a.ckpt": lambda: torch_bytes({"state_dict": tensors(), "epoch": 3, "lr": [0.1]}),
    "a.t7": lambda: torch_bytes({"state_dict": tensors(), "epoch": 3}, new=False),
    "a.h5": h5_bytes,
    "packed.h5": lambda: h5_bytes(compression="gzip", shuffle=True, fletcher32=True),
}


def same(left, right):
    """Whether two sets of arrays agree in names, types, shapes and every bit."""
    return left.keys() == right.keys() and all(
        left[n].dtype == right[n].dtype
        and left[n].shape == right[n].shape
        and left[n].tobytes() == right[n].tobytes()
        for n in left
    )


def read(path, apart, known=None):
    """The arrays of a file of any kind, by the reader that is running already."""
    if kind_of(path) is Kind.SAFETENSORS:
        return load_arrays(path, sha256=known)
    return apart.parse(path, kind_of(path), known).arrays


def attempt(path, apart):
    """The arrays and no word, or no arrays and why not."""
    try:
        return read(path, apart), ""
    except StoreError as error:
        return {}, str(error)
