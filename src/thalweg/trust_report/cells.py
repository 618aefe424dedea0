"""Cells: what is missing from a surface, and what is not finite."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.core.schema import Cell
from thalweg.views.surface import field_label
from thalweg.views.trust import TrustLine

LONGEST = 100  # characters of a failure in a strip


@dataclass(frozen=True)
class Cells:
    """How many cells of a surface are in which state.

    Attributes:
        field: whose values are counted.
        total, pending, failed: cells.
        nan, plus_infinity, minus_infinity: values among those computed.
        failures: what the first cells that failed said.
    """

    field: str
    total: int
    pending: int
    failed: int
    nan: int
    plus_infinity: int
    minus_infinity: int
    failures: tuple[str, ...]

    def lines(self) -> list[TrustLine]:
        """Return a warning for each kind of hole."""
        lines = []
        if self.pending:
            words = (
                f"Unfinished: {self.pending:,} of {self.total:,} cells are still to be computed."
            )
            lines.append(TrustLine(words, warning=True))
        if self.failed:
            first = f", the first {_short(self.failures[0])}" if self.failures else ""
            count = f"{self.failed:,} cell{'s' * (self.failed > 1)} failed"
            lines.append(TrustLine(f"{count}{first}.", warning=True))
        kinds = {
            "NaN": self.nan,
            "plus infinity": self.plus_infinity,
            "minus infinity": self.minus_infinity,
        }
        found = ", ".join(f"{word} at {count:,}" for word, count in kinds.items() if count)
        if found:
            label = field_label(self.field)
            words = f"Not finite: the {label} is {found} of {self.total:,} cells."
            lines.append(TrustLine(words, warning=True))
        return lines


def _short(failure: str) -> str:
    """Return the first line of what a guest said, cut to what fits on a line of a strip."""
    line = (failure.splitlines() or [""])[0].rstrip(". ")
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rstrip()} ..."


def count_cells(surface: xr.Dataset, field: str = "loss") -> Cells:
    """Return what is missing or not finite in one field of a surface."""
    status, values = surface["status"].values, surface[field].values
    known = values[(status == Cell.DONE) | (status == Cell.NONFINITE)]
    return Cells(
        field=field,
        total=int(status.size),
        pending=int((status == Cell.PENDING).sum()),
        failed=int((status == Cell.FAILED).sum()),
        nan=int(np.isnan(known).sum()),
        plus_infinity=int(np.isposinf(known).sum()),
        minus_infinity=int(np.isneginf(known).sum()),
        failures=tuple(str(why) for why in surface.attrs.get("failures", [])),
    )


def shown_values(surface: xr.Dataset, field: str = "loss") -> np.ndarray:
    """Return the finite values (m,) that a picture of a surface shows."""
    status, values = surface["status"].values, surface[field].values
    known = values[(status == Cell.DONE) | (status == Cell.NONFINITE)]
    return known[np.isfinite(known)].astype(np.float64)
