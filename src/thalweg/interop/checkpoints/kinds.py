"""Kinds of files that can be opened safely, told by the end of their name."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from thalweg.core.errors import InputError

MEBIBYTE = 1 << 20


class Kind(Enum):
    """A file format; the value is what messages call it."""

    SAFETENSORS = "safetensors"
    NPZ = "NumPy .npz"
    NPY = "NumPy .npy"
    TORCH = "PyTorch"
    HDF5 = "HDF5"


SUFFIXES = {
    ".safetensors": Kind.SAFETENSORS,
    ".npz": Kind.NPZ,
    ".npy": Kind.NPY,
    ".h5": Kind.HDF5,
    ".hdf5": Kind.HDF5,
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".t7", ".bin"), Kind.TORCH),
}


@dataclass(frozen=True)
class FileLimits:
    """How much a foreign file may ask for before it is refused.

    Attributes:
        times: its arrays may take this many times the size of the file ...
        at_least: ... or this many bytes, whichever is more.
        seconds: processor time to parse it, plus a second for every 64 MiB.
    """

    times: int = 20
    at_least: int = 256 * MEBIBYTE
    seconds: float = 5.0

    def budget(self, size: int) -> int:
        """Return how many bytes the arrays of a file of `size` bytes may take.

        >>> FileLimits().budget(1000) // MEBIBYTE
        256
        """
        return max(self.times * size, self.at_least)

    def processor_seconds(self, size: int) -> float:
        """Return how long a file of `size` bytes may keep the processor busy."""
        return self.seconds + size / (64 * MEBIBYTE)


def kind_of(path: Path) -> Kind:
    """Return the kind that the end of the name tells.

    Raises:
        InputError: an ending that is unknown, or one of pickled files, which run code.

    >>> kind_of(Path("run/model_5.t7")).value
    'PyTorch'
    """
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        wanted = f"the file name must end in one of {', '.join(SUFFIXES)}"
        mend = "save the arrays as .safetensors or .npz; pickled files are never opened"
        raise InputError(wanted, repr(path.name), mend)
    return kind
