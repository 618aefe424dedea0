"""Noise: by how much the values of a surface may be wrong, all of them at once."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError


@dataclass(frozen=True)
class StandardErrors:
    """Noise from the standard errors of the cells: eps = z times the largest of them.

    z is the normal quantile that all cells keep to together with the given confidence (Bonferroni:
    4.26 for 2,500 cells at 95 %). It is meant for the loss of the population that the examples are
    drawn from; the training loss on all of its examples has no such error. Cells that share their
    examples move together, so the band is wider than it need be, never narrower.
    """

    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            got = repr(self.confidence)
            raise InputError("confidence must lie between 0 and 1", got, "try 0.95")

    @property
    def words(self) -> str:
        """What the noise is, and of what."""
        return (
            f"{100 * self.confidence:g} % band from the standard errors, about the mean over all "
            "examples there could be; that over these examples is exact"
        )

    def quantile(self, cells: int) -> float:
        """Return z for so many cells.

        >>> round(StandardErrors().quantile(2500), 2)
        4.26
        """
        return NormalDist().inv_cdf(1 - (1 - self.confidence) / (2 * max(cells, 1)))

    def epsilon(self, errors: FloatArray) -> float:
        """Return eps for standard errors (m,), one a cell.

        Raises:
            InputError: an error that is not a finite number from 0.
        """
        if not (np.isfinite(errors) & (errors >= 0)).all():
            got = f"{int((~(np.isfinite(errors) & (errors >= 0))).sum())} that are not"
            mend = "evaluate at least 2 examples a cell, or pass noise as a number"
            raise InputError("standard errors must be finite numbers from 0", got, mend)
        return self.quantile(errors.size) * float(errors.max(initial=0.0))


Noise = float | StandardErrors | None
