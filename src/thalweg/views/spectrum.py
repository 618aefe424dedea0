"""SpectrumView: the eigenvalues of a Hessian in order, by sign, and counted."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray, frozen
from thalweg.core.errors import InputError
from thalweg.core.schema import require_kind
from thalweg.views.curves import round_down


@dataclass(frozen=True, eq=False)
class SpectrumView:
    """Eigenvalues, ready to draw.

    Attributes:
        values: (m,), largest first.
        sign: (m,), 1, 0 (within `tolerance` of zero) or -1.
        linear_below: where the symlog axis turns linear.
        tolerance: what counts as zero.
        title: the finding, or empty.
        left_out: eigenvalues that were not computed, between the upper and the lower end.
        upper: how many of `values` are from the upper end; all of them if none is left out.
    """

    values: FloatArray
    sign: NDArray[np.int8]
    linear_below: float
    tolerance: float
    title: str = ""
    left_out: int = 0
    upper: int = 0

    @property
    def caption(self) -> str:
        """The counts, in words."""
        negative, zero = int((self.sign < 0).sum()), int((self.sign == 0).sum())
        parts = [f"{negative} negative"] + ([f"{zero} zero"] if zero else [])
        if self.left_out:
            return f"{', '.join(parts)} of the {self.values.size} computed"
        return f"{', '.join(parts)} of {self.values.size}"


def spectrum_view(spectrum: xr.Dataset, *, tolerance: float = 0.0, title: str = "") -> SpectrumView:
    """Return the view of a *spectrum* Dataset.

    Args:
        spectrum: with variable `eigenvalues` (eigenvalue,).
        tolerance: eigenvalues at most this far from zero count as zero.
        title: the finding, or empty.

    Raises:
        InputError: eigenvalues that are not finite, or a negative tolerance.
    """
    require_kind(spectrum, "spectrum")
    if not tolerance >= 0:
        raise InputError("tolerance must be at least 0", repr(tolerance), "leave the default")
    values = np.sort(spectrum["eigenvalues"].values.astype(np.float64))[::-1]
    if not values.size or not np.isfinite(values).all():
        raise InputError("eigenvalues must be finite", "none or NaN", "compute the Hessian anew")
    sign = np.where(np.abs(values) <= tolerance, 0, np.sign(values)).astype(np.int8)
    size = np.abs(values[sign != 0])
    top = float(np.abs(values).max())
    smallest = float(np.quantile(size, 0.1)) if size.size else 1.0
    linear_below = round_down(max(tolerance, smallest, 1e-6 * top) or 1.0)
    left_out = int(spectrum.attrs.get("truncated", 0))
    upper = values.size - int(spectrum.attrs.get("lowest", 0))
    return SpectrumView(frozen(values), sign, linear_below, tolerance, title, left_out, upper)
