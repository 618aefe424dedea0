"""Krylov: a growing space, and what a symmetric operator looks like in it.

Each step multiplies one row of an orthonormal basis and appends what is new in the product. All
coefficients are kept, so that several starts live in one space (band Lanczos: Ruhe 1979,
"Implementation aspects of band Lanczos algorithms") and the space can shrink to chosen Ritz
vectors (thick restart: Wu and Simon 2000, "Thick-restart Lanczos method for large symmetric
eigenvalue problems").
"""

from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace

from thalweg.core.arrays import FloatArray, IndexArray
from thalweg.core.errors import InputError
from thalweg.core.operator import HessianOperator
from thalweg.curvature.basis import Basis

BREAKDOWN = 1e-12  # a remainder of this share of the largest product is rounding


@dataclass(frozen=True, eq=False)
class Ritz:
    """What the space tells of the operator's eigenpairs.

    Attributes:
        values: (p,), ascending.
        vectors: (p, p), columns over the multiplied rows.
        open: (f, p), what of H y - value y lies on each row that is not multiplied yet.
        rounding: (p,), what of |H y - value y| is rounding, seen as asymmetry.
    """

    values: FloatArray
    vectors: FloatArray
    open: FloatArray
    rounding: FloatArray

    @property
    def residuals(self) -> FloatArray:
        """What further products can lower, (p,)."""
        return np.linalg.norm(self.open, axis=0)


class Krylov:
    """A space that grows by one product at a time.

    Args:
        operator: symmetric, up to rounding.
        scale: (n,) or None; if given, the matrix is diag(scale) H diag(scale).
        seed: of the starts.
    """

    def __init__(
        self, operator: HessianOperator, scale: FloatArray | None = None, seed: int = 0
    ) -> None:
        self.operator, self.basis = operator, Basis(operator, seed)
        self.products = 0
        self.largest = 0.0  # norm of a product with a unit row: a lower bound of |H|
        self.multiplied = np.zeros(0, dtype=bool)
        self.table = np.zeros((0, 0))  # column j: the shares of H row_j
        self._scale = None if scale is None else operator.native(scale[None])

    @property
    def full(self) -> bool:
        """Whether the basis spans all."""
        return len(self.basis) == self.basis.size

    @property
    def open_rows(self) -> IndexArray:
        """The rows that are not multiplied yet."""
        return np.flatnonzero(~self.multiplied)

    def start(self) -> int:
        """Append a random row and return its number."""
        self.basis.append_random()
        self._grow()
        return len(self.basis) - 1

    def times(self, rows: object) -> object:
        """Return the matrix times rows (k, n), native."""
        self.products += len(rows)  # type: ignore[arg-type]
        if self._scale is None:
            return self.operator.times(rows)
        return self.operator.times(rows * self._scale) * self._scale

    def multiply(self, i: int) -> int | None:
        """Take the product with row i; return the number of the row that it brought, if any.

        Raises:
            InputError: the product is not finite.
        """
        product = self.times(self.basis.row(i))
        norm = self.basis.norm(product)
        if not np.isfinite(norm):
            mend = "choose a point where the loss is finite"
            raise InputError("the Hessian must be finite", "NaN or inf in a product", mend)
        self.largest = max(self.largest, norm)
        shares, rest, left = self.basis.split(product)
        self.table[: len(shares), i] = shares
        self.multiplied[i] = True
        if self.full or left <= BREAKDOWN * self.largest:
            return None
        self.basis.append(rest, left)
        self._grow()
        self.table[-1, i] = left
        return len(self.basis) - 1

    def ritz(self, rows: IndexArray | None = None) -> Ritz:
        """Return the Ritz pairs in the space of the multiplied rows, or of those among `rows`."""
        done = np.flatnonzero(self.multiplied)
        if rows is not None:
            done = np.intersect1d(done, rows)
        block = self.table[np.ix_(done, done)]
        middle = (block + block.T) / 2
        values, vectors = np.linalg.eigh(middle)
        away = self.table[np.ix_(self.open_rows, done)] @ vectors
        return Ritz(values, vectors, away, np.linalg.norm((block - middle) @ vectors, axis=0))

    def lifted(self, ritz: Ritz, which: IndexArray) -> object:
        """Return the chosen Ritz vectors (q, n), native."""
        weights = np.zeros((len(which), len(self.basis)))
        weights[:, self.multiplied] = ritz.vectors[:, which].T
        return self.basis.combine(weights)

    def settled(self, ritz: Ritz, which: IndexArray) -> tuple[FloatArray, object, FloatArray]:
        """Return the chosen pairs once more, with new products: values, vectors, residuals."""
        vectors = self.lifted(ritz, which)
        products = self.times(vectors)
        xp = array_namespace(vectors)
        block = self.operator.numpy(xp.matmul(products, xp.permute_dims(vectors, (1, 0))))
        values, turn = np.linalg.eigh((block + block.T) / 2)
        turned = self.operator.native(turn.T)
        vectors, products = xp.matmul(turned, vectors), xp.matmul(turned, products)
        rest = self.operator.numpy(products - self.operator.native(values[:, None]) * vectors)
        return values, vectors, np.linalg.norm(rest, axis=1)

    def shrink(self, ritz: Ritz, which: IndexArray) -> None:
        """Keep the chosen Ritz vectors and the rows not multiplied yet, drop the rest."""
        self._replace(ritz, which, self.open_rows)

    def keep(self, ritz: Ritz, which: IndexArray) -> None:
        """Keep the chosen Ritz vectors alone."""
        self._replace(ritz, which, self.open_rows[:0])

    def _replace(self, ritz: Ritz, which: IndexArray, waiting: IndexArray) -> None:
        at, q = np.searchsorted(self.open_rows, waiting), len(which)
        weights = np.zeros((q + len(waiting), len(self.basis)))
        weights[:q, self.multiplied] = ritz.vectors[:, which].T
        weights[q + np.arange(len(waiting)), waiting] = 1.0
        self.basis.replace(weights)
        self.multiplied = np.arange(len(weights)) < q
        self.table = np.zeros((len(weights), len(weights)))
        self.table[:q, :q] = np.diag(ritz.values[which])
        self.table[q:, :q] = ritz.open[np.ix_(at, which)]

    def _grow(self) -> None:
        self.table = np.pad(self.table, (0, 1))
        self.multiplied = np.append(self.multiplied, False)
