"""Array aliases, and one check with one wording for each kind of mistake."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thalweg.core.errors import InputError

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]


def as_floats(values: ArrayLike, name: str, shape: Sequence[int | None], mend: str) -> FloatArray:
    """Return `values` as float64 of the wanted shape; None in `shape` stands for any length.

    Args:
        values: anything NumPy can turn into numbers.
        name: what the caller calls it, for the message.
        shape: wanted length of each axis, None where any length will do.
        mend: what the caller can do about it.

    Raises:
        InputError: not numeric, or not of that shape.

    >>> as_floats([1, 2], "point", (2,), "...")
    array([1., 2.])
    """
    wanted = "(" + ", ".join("any" if length is None else str(length) for length in shape) + ")"
    try:
        if np.iscomplexobj(values):
            raise TypeError("an imaginary part would be lost")
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        kind = type(values).__name__
        raise InputError(f"{name} must be numbers of shape {wanted}", kind, mend) from None
    fits = array.ndim == len(shape) and all(
        length is None or length == got for length, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise InputError(f"{name} must have shape {wanted}", str(array.shape), mend)
    return array


def require_finite(array: FloatArray, name: str, mend: str) -> FloatArray:
    """Return `array` unchanged if every entry is finite.

    Raises:
        InputError: tells how many entries are NaN and how many infinite.
    """
    if not np.isfinite(array).all():
        nans, infinities = int(np.isnan(array).sum()), int(np.isinf(array).sum())
        raise InputError(f"{name} must be finite", f"{nans} NaN and {infinities} infinite", mend)
    return array


def require_positive(value: float, name: str, mend: str) -> float:
    """Return `value` if it is a finite number above zero.

    Raises:
        InputError: zero, negative, NaN or infinite.
    """
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"{name} must be a finite number above 0", repr(value), mend)
    return value


def frozen(array: FloatArray) -> FloatArray:
    """Return a private, read-only copy: what a frozen value may keep."""
    copy = np.array(array, order="C")
    copy.flags.writeable = False
    return copy


def digest(*arrays: ArrayLike) -> str:
    """Return 16 hexadecimal digits of SHA-256 over dtype, shape and bytes of the arrays.

    >>> digest([1.0, 2.0]) == digest([1.0, 2.0]) != digest([2.0, 1.0])
    True
    """
    sha = hashlib.sha256()
    for values in arrays:
        array = np.ascontiguousarray(values)
        sha.update(f"{array.dtype.str}{array.shape}".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()[:16]
