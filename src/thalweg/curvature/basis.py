"""Basis: orthonormal rows where the operator keeps its arrays, made so by two passes or more.

One pass of Gram-Schmidt against all rows leaves what rounding brought back; a second one removes
it ("twice is enough": Parlett 1980, "The Symmetric Eigenvalue Problem", section 6.9).
"""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from thalweg.core.arrays import FloatArray
from thalweg.core.operator import HessianOperator

CHUNK_BYTES = 1 << 26


class Basis:
    """Orthonormal rows (m, n), m growing.

    Args:
        operator: whose arrays they are.
        seed: of the random rows.
    """

    def __init__(self, operator: HessianOperator, seed: int = 0) -> None:
        self.operator, self.size = operator, operator.size
        self._xp = array_namespace(operator.native(np.zeros((1, 1))))
        self._random = np.random.default_rng(seed)
        self._rows = max(1, min(32, CHUNK_BYTES // (8 * self.size)))  # of a chunk
        self._chunks: list[Any] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def row(self, i: int) -> Any:
        """Return row i as (1, n)."""
        chunk, place = divmod(i, self._rows)
        return self._chunks[chunk][place : place + 1, :]

    def split(self, row: Any) -> tuple[FloatArray, Any, float]:
        """Return what a row (1, n) has in common with all rows (m,), the rest, and its norm."""
        shares, left = np.zeros(self._count), self.norm(row)
        for i in range(5):
            found = self._shares(row)
            shares += found
            row = row - self.combine(found[None])
            before, left = left, self.norm(row)
            if i and left > 0.5 * before:
                break
        return shares, row, left

    def append(self, row: Any, norm: float) -> None:
        """Add a row (1, n) orthogonal to all, of this norm."""
        chunk, place = divmod(self._count, self._rows)
        if chunk == len(self._chunks):
            place_of = {"dtype": row.dtype, "device": device(row)}
            self._chunks.append(self._xp.zeros((self._rows, self.size), **place_of))
        self._chunks[chunk][place : place + 1, :] = row / norm
        self._count += 1

    def append_random(self) -> None:
        """Add a random direction orthogonal to all rows; fewer than n are there."""
        while True:
            draw = self._random.standard_normal((1, self.size))
            _, rest, norm = self.split(self.operator.native(draw / np.linalg.norm(draw)))
            if norm > 1e-8:  # else it happened to lie in the span of the others
                return self.append(rest, norm)

    def combine(self, weights: FloatArray) -> Any:
        """Return weights (q, m) times the rows: (q, n)."""
        found = None
        for part, chunk in self._filled():
            product = self._xp.matmul(self.operator.native(weights[:, part]), chunk)
            found = product if found is None else found + product
        if found is None:
            return self.operator.native(np.zeros((len(weights), self.size)))
        return found

    def replace(self, weights: FloatArray) -> None:
        """Make weights (q, m) times the rows, q below m, the new rows."""
        rows = self.combine(weights)
        self._chunks, self._count = [], 0
        for i in range(len(weights)):
            self.append(rows[i : i + 1, :], 1.0)

    def norm(self, row: Any) -> float:
        """Return the length of a row (1, n)."""
        return float(self._xp.sqrt(self._xp.sum(row * row)))

    def _shares(self, row: Any) -> FloatArray:
        found = [np.zeros(0)]
        for _, chunk in self._filled():
            product = self._xp.matmul(chunk, self._xp.reshape(row, (self.size, 1)))
            found.append(self.operator.numpy(product)[:, 0])
        return np.concatenate(found)

    def _filled(self) -> list[tuple[slice, Any]]:
        found = []
        for i, chunk in enumerate(self._chunks):
            begin = i * self._rows
            filled = min(self._rows, self._count - begin)
            if filled > 0:
                found.append((slice(begin, begin + filled), chunk[:filled, :]))
        return found
