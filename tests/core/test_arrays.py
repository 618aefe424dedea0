"""Checks of input, and digests."""

import numpy as np
import pytest

from thalweg.core.arrays import as_floats, digest, frozen, require_finite, require_positive
from thalweg.core.errors import InputError, MissingExtraError, StoreError, ThalwegError


@pytest.mark.parametrize(
    ("values", "shape", "message"),
    [
        ([1.0, 2.0], (3,), r"x must have shape \(3\), got \(2,\); mend it"),
        ([[1.0]], (None,), r"x must have shape \(any\), got \(1, 1\)"),
        ("word", (None,), r"x must be numbers of shape \(any\), got str; mend it"),
        ([[1.0], [1.0, 2.0]], (None, None), "x must be numbers"),
        ({}, (None,), "got dict"),
        ([1 + 2j], (None,), "x must be numbers"),
        (np.array([1 + 2j]), (None,), "x must be numbers"),
    ],
)
def test_wrong_shapes_and_kinds_are_named(values, shape, message):
    with pytest.raises(InputError, match=message):
        as_floats(values, "x", shape, "mend it")


def test_finite_counts_what_is_not():
    with pytest.raises(InputError, match="x must be finite, got 1 NaN and 2 infinite; mend"):
        require_finite(np.array([1.0, np.nan, np.inf, -np.inf]), "x", "mend")


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_positive(value):
    with pytest.raises(InputError, match="above 0"):
        require_positive(value, "x", "mend")


def test_frozen_is_a_private_copy():
    array = np.zeros(2)
    kept = frozen(array)
    array[0] = 1.0
    assert kept[0] == 0.0
    assert not kept.flags.writeable


def test_digest_depends_on_bits_shape_and_type_only():
    a = np.arange(6.0)
    assert digest(a) == digest(list(a)) == digest(np.arange(12.0)[:6])
    assert digest(a.reshape(2, 3).T) == digest(np.ascontiguousarray(a.reshape(2, 3).T))
    others = [a.reshape(2, 3), a.astype(np.float32), np.nextafter(a, 9.0), a[::-1]]
    assert len({digest(a), *map(digest, others), digest(a, a)}) == 6


def test_errors_keep_their_parts_and_their_builtin_kin():
    error = InputError("w", "g", "m")
    assert (error.wanted, error.got, error.mend) == ("w", "g", "m")
    assert str(error) == "w, got g; m"
    assert error.exit_code == 2
    assert isinstance(error, ValueError)
    assert issubclass(MissingExtraError, ImportError)
    assert issubclass(StoreError, ThalwegError)
    assert not issubclass(StoreError, ValueError)
