"""Noise that is named, not stored: the same normal numbers from seed, index and block name.

Counter-based (Philox; Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1,
2, 3"), so that any block of any direction can be drawn alone, in any order, on any worker.
"""

import hashlib

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError


def named_noise(seed: int, index: int, name: str) -> np.random.Generator:
    """Return the private generator of direction `index` in the block `name`.

    >>> named_noise(1, 0, "W").standard_normal() == named_noise(1, 0, "W").standard_normal()
    True
    """
    if seed < 0:
        raise InputError("a seed must be a whole number from 0", str(seed), "try 0")
    key = hashlib.sha256(f"{seed}\n{index}\n{name}".encode()).digest()[:16]
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))


def named_normals(seed: int, index: int, name: str, size: int) -> FloatArray:
    """Return (size,) independent N(0, 1) numbers, always the same for the same arguments."""
    return named_noise(seed, index, name).standard_normal(size)
