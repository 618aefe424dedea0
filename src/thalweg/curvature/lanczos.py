"""Lanczos: the ends of the spectrum of a symmetric operator, with their true multiplicities.

Full reorthogonalization, so that no eigenvalue comes twice by rounding. One start sees a single
copy of a repeated eigenvalue; when all wanted pairs are found, a new start orthogonal to all pairs
that are settled looks for further copies, until one finds none. What is not settled is dropped
before, since rounding may have brought half of a copy there, which then neither the pairs nor the
new start would show. How long the search must last follows from the growth of Chebyshev
polynomials (Kuczynski and Wozniakowski 1992, "Estimating the largest eigenvalue by the power and
Lanczos algorithms with a random start").
"""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray, IndexArray
from thalweg.core.errors import InputError
from thalweg.core.operator import HessianOperator
from thalweg.curvature.dense import DENSE_LIMIT
from thalweg.curvature.krylov import Krylov, Ritz

MISSED = 1e-3  # accepted chance that a search for copies overlooks one
KEPT_SHARE = 0.35  # of the basis, when it must shrink


@dataclass(frozen=True)
class Lanczos:
    """How the ends of a spectrum are found.

    Attributes:
        tolerance: a pair is found when |Hv - lambda v| is at most this share of the largest
            |eigenvalue|.
        products: at most so many Hessian-vector products.
        memory: bytes that the basis may take; if they are filled, it shrinks to what lies next to
            the ends, which costs further products.
        seed: of the starts.
        dense_up_to: with at most so many parameters the whole spectrum is computed instead.
    """

    tolerance: float = 1e-6
    products: int = 2000
    memory: int = 4 << 30
    seed: int = 0
    dense_up_to: int = DENSE_LIMIT

    def __post_init__(self) -> None:
        if not 0 < self.tolerance < 1:
            mend = "try 1e-6"
            raise InputError("tolerance must be between 0 and 1", repr(self.tolerance), mend)
        for name in ("products", "memory"):
            if getattr(self, name) < 1:
                got = str(getattr(self, name))
                raise InputError(f"{name} must be at least 1", got, "leave the default")


DEFAULT = Lanczos()


@dataclass(frozen=True, eq=False)
class Found:
    """Eigenpairs: values (k,) ascending, vectors (k, n), residuals (k,) each with a new product."""

    values: FloatArray
    vectors: FloatArray
    residuals: FloatArray
    products: int
    how: str


class Search:
    """One search for the ends.

    Args:
        operator: the Hessian.
        lowest: how many pairs from the lower end.
        highest: how many from the upper end; together at most n.
        scale: (n,) or None, as in `ends`.
        settings: when to stop.

    Raises:
        InputError: the basis would be too small in the memory allowed.
    """

    def __init__(
        self,
        operator: HessianOperator,
        lowest: int,
        highest: int,
        scale: FloatArray | None,
        settings: Lanczos,
    ) -> None:
        self.lowest, self.highest, self.settings = lowest, highest, settings
        self.krylov = Krylov(operator, scale, settings.seed)
        self.wanted = lowest + highest
        row, n = 8 * operator.size, operator.size
        fits = int(settings.memory / row / (1 + KEPT_SHARE))
        least = min(n, 3 * self.wanted + 12)
        if fits < least:
            got = f"{settings.memory / 1e9:.2g} GB for {fits} rows"
            mend = f"allow Lanczos(memory={int(least * row * (1 + KEPT_SHARE)) + row})"
            wanted = f"the basis needs {least} rows of {row / 1e6:.2g} MB"
            raise InputError(wanted, got, mend)
        self.capacity = min(n, fits)
        self.first = 0  # products until all were found for the first time
        self.looked = 0  # products spent on looking for further copies
        self.settled = False  # whether that came to its end

    def run(self) -> Found:
        """Return the pairs."""
        while (ritz := self._converge()) is not None and not self._alone(ritz):
            pass
        return self._told()

    def _converge(self) -> Ritz | None:
        """Multiply rows until the wanted pairs are found; None if the products ran out."""
        krylov, checked = self.krylov, 0
        while True:
            p, open_rows = int(krylov.multiplied.sum()), krylov.open_rows
            spent = krylov.products >= self.settings.products
            due = spent or krylov.products - checked >= max(1, p // 16) or not open_rows.size
            if p >= self.wanted and due:
                ritz, checked = krylov.ritz(), krylov.products
                missing = self._missing(ritz)
                if not missing.size:
                    self.first = self.first or krylov.products
                    return ritz
                if spent:
                    return None
                if open_rows.size:
                    weight = np.abs(ritz.open[:, missing]).sum(axis=1)
                    self._multiply(int(open_rows[weight.argmax()]))
                    continue
            elif spent:
                return None
            self._multiply(int(open_rows[-1]) if open_rows.size else krylov.start())

    def _alone(self, ritz: Ritz) -> bool:
        """Look for further copies from a new start; whether there are none."""
        krylov = self.krylov
        bounds = self._bounds(ritz)
        if not bounds or (krylov.full and not krylov.open_rows.size):
            self.settled = True
            return True
        before, begin = ritz.values[self._places(ritz)], krylov.products
        enough = np.maximum(self._accuracy(ritz), ritz.rounding)
        krylov.keep(ritz, self._outermost(np.flatnonzero(ritz.residuals <= enough)))
        row: int | None = krylov.start()
        chain: list[int] = []
        checked = 0.0
        while row is not None and krylov.products < self.settings.products:
            chain.append(row)
            row = krylov.multiply(row)
            filled = len(krylov.basis) + 1 > self.capacity and not krylov.full
            last = filled or row is None or (len(chain) >= self.first and not krylov.full)
            if len(chain) < 1.3 * checked and not last:
                continue
            checked, ritz = len(chain), krylov.ritz()
            if self._missing(ritz).size or not np.allclose(
                before, ritz.values[self._places(ritz)], rtol=0, atol=self._accuracy(ritz)
            ):
                return False
            if last or len(chain) >= self._steps(krylov.ritz(np.array(chain)), bounds):
                self.settled = not filled
                break
        self.looked += krylov.products - begin
        return True

    def _bounds(self, ritz: Ritz) -> list[tuple[int, float]]:
        """The ends at which copies matter, and the value that one must reach to matter.

        A further copy of the innermost pair would change nothing, so the next one counts.
        """
        found = []
        if self.lowest > 1:
            found.append((-1, -float(ritz.values[self.lowest - 2])))
        if self.highest > 1:
            found.append((1, float(ritz.values[1 - self.highest])))
        return found

    def _steps(self, chain: Ritz, bounds: list[tuple[int, float]]) -> float:
        """How many steps show an eigenvalue beyond each bound, but for a chance of MISSED.

        The k-th step brings a polynomial of degree k - 1.
        """
        need = np.arccosh(np.sqrt(self.krylov.basis.size) / MISSED)
        steps = 0.0
        for sign, bound in bounds:
            values = sign * chain.values
            top, low = int(values.argmax()), float(values.min())
            edge = float(values[top] + chain.residuals[top])
            width, beyond = edge - low, bound - edge
            if beyond <= 0:
                return np.inf
            ratio = min(beyond / width, 1e6) if width > 1e-6 * beyond else 1e6
            steps = max(steps, 1 + need / float(np.arccosh(1 + 2 * ratio)))
        return steps

    def _multiply(self, row: int) -> None:
        self.krylov.multiply(row)
        if len(self.krylov.basis) + 1 > self.capacity and not self.krylov.full:
            self._shrink()

    def _shrink(self) -> None:
        """Keep the Ritz vectors next to the ends."""
        ritz = self.krylov.ritz()
        self.krylov.shrink(ritz, self._outermost(np.arange(len(ritz.values))))

    def _outermost(self, pairs: IndexArray) -> IndexArray:
        """As many of these pairs as there is room for, the wanted ones and what lies next."""
        p = len(pairs)
        room = max(self.wanted, int(KEPT_SHARE * self.capacity) - len(self.krylov.open_rows))
        extra = max(0, min(room, p) - self.wanted)
        low = self.lowest + (extra * self.lowest) // self.wanted
        high = min(room, p) - low
        return pairs[np.r_[:low, p - high : p]]

    def _places(self, ritz: Ritz) -> IndexArray:
        p = len(ritz.values)
        return np.r_[: self.lowest, p - self.highest : p]

    def _accuracy(self, ritz: Ritz) -> float:
        return self.settings.tolerance * float(np.abs(ritz.values).max())

    def _missing(self, ritz: Ritz) -> IndexArray:
        """The wanted pairs that further products would improve."""
        places = self._places(ritz)
        enough = np.maximum(self._accuracy(ritz), ritz.rounding[places])
        return places[ritz.residuals[places] > enough]

    def _told(self) -> Found:
        krylov = self.krylov
        spent = krylov.products
        ritz = krylov.ritz()
        if len(ritz.values) < self.wanted:
            wanted = f"{self.wanted} pairs need at least {self.wanted} products"
            raise InputError(wanted, str(self.settings.products), "allow more products")
        places = self._places(ritz)
        open_pairs = len(self._missing(ritz))
        values, vectors, residuals = krylov.settled(ritz, places)
        how = f"Lanczos, {krylov.products} products"
        if self.looked:
            how += f", {self.looked} of them in search of further copies"
        if open_pairs:
            how += f"; {open_pairs} of {self.wanted} pairs are not settled after {spent} products"
        elif not self.settled:
            how += f"; further copies were not ruled out after {spent} products"
        elif residuals.max() > 2 * self._accuracy(ritz):
            how += "; the residuals stay at the rounding of the products"
        arrays = values, krylov.operator.numpy(vectors), residuals
        return Found(*arrays, krylov.products, how)
