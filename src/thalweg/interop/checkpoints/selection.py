"""Which arrays of a checkpoint are the parameters, and in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout
from thalweg.interop.checkpoints.refusal import path_line

BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Selection:
    """The parameters of a series of checkpoints.

    Attributes:
        layout: the blocks of the flat vector.
        names: what the blocks are called in the files, in the same order.
        left_out: arrays of the first file that are no parameters.
        floats: all float arrays with their shapes, which every further file must have too.
    """

    layout: Layout
    names: tuple[str, ...]
    left_out: tuple[str, ...]
    floats: dict[str, tuple[int, ...]]

    def point(self, arrays: Arrays, path: Path, allow_nonfinite: bool) -> NDArray[np.floating]:
        """Return the flat parameters (n,) of one file, float64 if it holds any, else float32.

        Raises:
            InputError: other arrays than in the first file, complex numbers, or numbers that are
                not finite.
        """
        self._check_same(arrays, path)
        for name in self.names:
            _check_numbers(arrays[name], name, path, allow_nonfinite)
        wide = any(arrays[name].dtype.itemsize > 4 for name in self.names)
        dtype = np.float64 if wide else np.float32
        return np.concatenate([arrays[name].ravel().astype(dtype) for name in self.names])

    def _check_same(self, arrays: Arrays, path: Path) -> None:
        floats = _floats(arrays)
        mend = "pass checkpoints of one model only"
        for name, shape in self.floats.items():
            wanted = f"{path_line(path)} must hold {name!r} of shape {shape}"
            if name not in floats:
                raise InputError(wanted, "no such float array", mend)
            if floats[name] != shape:
                raise InputError(wanted, str(floats[name]), mend)
        for name in floats:
            if name not in self.floats:
                wanted = f"{path_line(path)} must hold the arrays of the first file"
                raise InputError(wanted, f"{name!r} as well", mend)


def select(arrays: Arrays, path: Path, parameters: Layout | Sequence[str] | None) -> Selection:
    """Return the selection that the first file leads to.

    Args:
        arrays: of the first file.
        path: its name, for messages.
        parameters: a layout or the names, in order; a prefix that all of them have in the file,
            such as "module.", is found. None takes every float array except BatchNorm's
            running statistics, which are told by their names.

    Raises:
        InputError: a name is absent, twofold or of another shape, or nothing is left.
    """
    floats = _floats(arrays)
    if parameters is None:
        names = [name for name in floats if name.rpartition(".")[2] not in BUFFERS]
        asked = names
    else:
        is_layout = isinstance(parameters, Layout)
        asked = [block.name for block in parameters.blocks] if is_layout else list(parameters)
        prefix = _prefix(floats, asked, path)
        names = [prefix + name for name in asked]
    if not names:
        wanted = f"{path_line(path)} must hold float parameters"
        raise InputError(wanted, "none", "pass checkpoints of a model")
    if isinstance(parameters, Layout):
        layout = parameters
        _check_shapes(layout, names, floats, path)
    else:  # without the model nothing is known of roles and filters
        blocks = (Block(own, floats[name]) for own, name in zip(asked, names, strict=True))
        layout = Layout(tuple(blocks))
    left_out = tuple(name for name in arrays if name not in set(names))
    return Selection(layout, tuple(names), left_out, floats)


def _check_shapes(
    layout: Layout, names: Sequence[str], floats: Mapping[str, tuple[int, ...]], path: Path
) -> None:
    for name, block in zip(names, layout.blocks, strict=True):
        if floats[name] != block.shape:
            wanted = f"{path_line(path)} must hold {name!r} of shape {block.shape}"
            raise InputError(wanted, str(floats[name]), "pass the model that was saved")


def _floats(arrays: Arrays) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in arrays.items() if array.dtype.kind in "fc"}


def _prefix(floats: Mapping[str, object], asked: Sequence[str], path: Path) -> str:
    """Return the one text that, put before every name asked for, gives names in the file."""
    if not asked or len(set(asked)) != len(asked):
        raise InputError("parameters must be names, each once", repr(asked), "list them once")
    tried = [full.removesuffix(asked[0]) for full in floats if _ends(full, asked[0])]
    fits = [prefix for prefix in tried if all(prefix + name in floats for name in asked)]
    if len(fits) == 1:
        return fits[0]
    if "" in fits:
        return ""
    wanted = f"{path_line(path)} must hold the {len(asked)} parameters that were asked for"
    if fits:
        mend = "name the parameters in full"
        raise InputError(wanted, f"them under {' and '.join(map(repr, fits))}", mend)
    absent = (name for name in asked if not any(_ends(full, name) for full in floats))
    missing = next(absent, asked[0])
    raise InputError(wanted, f"no {missing!r}", "pass the model that was saved")


def _ends(full: str, name: str) -> bool:
    return full == name or full.endswith(f".{name}")


def _check_numbers(array: np.ndarray, name: str, path: Path, allow_nonfinite: bool) -> None:
    if array.dtype.kind == "c":
        wanted = f"{path_line(path)} must hold real numbers in {name!r}"
        raise InputError(wanted, "complex ones", "leave it out by naming parameters")
    bad = 0 if allow_nonfinite else int((~np.isfinite(array)).sum())
    if bad:
        wanted = f"{path_line(path)} must hold finite numbers in {name!r}"
        raise InputError(wanted, f"{bad} that are not", "pass allow_nonfinite=True to keep them")
