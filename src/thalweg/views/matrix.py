"""MatrixView: a table of numbers as a heat map, such as barriers between pairs of minima."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, frozen
from thalweg.core.errors import InputError
from thalweg.views.levels import Scale, choose_limits, finite, format_number


@dataclass(frozen=True, eq=False)
class MatrixView:
    """A table, ready to draw.

    Attributes:
        values: (r, c); NaN cells stay blank.
        texts: r rows of c texts, what is written in the cells.
        rows, columns: names.
        limits: of the colors.
        label, title: captions.
    """

    values: FloatArray
    texts: tuple[tuple[str, ...], ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    limits: tuple[float, float]
    label: str
    title: str = ""


def matrix_view(
    values: ArrayLike,
    rows: Sequence[str],
    columns: Sequence[str] | None = None,
    *,
    label: str = "barrier",
    title: str = "",
    digits: int = 3,
) -> MatrixView:
    """Return the view of a table (r, c), with `digits` significant digits a cell.

    Raises:
        InputError: names that do not fit the shape.
    """
    columns = rows if columns is None else columns
    mend = "give one name a row and one a column"
    table = as_floats(values, "values", (len(rows), len(columns)), mend)
    if not table.size:
        raise InputError("a matrix needs at least 1 cell", "none", mend)
    texts = tuple(tuple(_written(float(v), table, digits) for v in row) for row in table)
    low, high = choose_limits(table, Scale.LINEAR)
    low = min(low, 0.0) if low < 0.2 * high else low
    return MatrixView(frozen(table), texts, tuple(rows), tuple(columns), (low, high), label, title)


def _written(value: float, table: FloatArray, digits: int) -> str:
    """Return a number with as many decimals as give the largest of the table `digits` digits."""
    known = np.abs(finite(table))
    largest = float(known.max()) if known.size else 0.0
    if np.isnan(value):
        return ""
    if not np.isfinite(value) or not 1e-3 <= largest < 1e5:
        return format_number(value, digits)
    decimals = max(0, digits - 1 - int(np.floor(np.log10(largest))))
    return f"{value + 0.0:.{decimals}f}".replace("-", "−")
