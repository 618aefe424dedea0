"""Density view: the smoothed density of eigenvalues as a curve with its band."""

import numpy as np
import xarray as xr

from thalweg.core.schema import require_kind
from thalweg.views.curves import CurvesView, Series, curves_view
from thalweg.views.levels import Scale

FLOOR = 1e-5  # of the peak; below it is the tail of the kernel


def density_view(density: xr.Dataset, *, name: str = "", title: str = "") -> CurvesView:
    """Return the curve of a *density* Dataset on a log scale, with one standard error around it.

    Args:
        density: with `density` and `stderr` over `eigenvalue`.
        name: of the line.
        title: the finding, or empty.
    """
    require_kind(density, "density")
    values, error = density["density"].values, density["stderr"].values
    floor = FLOOR * values.max()
    shown = np.where(values >= floor, values, np.nan)
    line = Series(
        name,
        density["eigenvalue"].values,
        shown,
        low=np.maximum(shown - error, floor),
        high=shown + error,
    )
    share = density.attrs["width_share"]
    label = f"density (kernel: {share:.2g} of the range)"
    return curves_view([line], "Hessian eigenvalue", label, title=title, y_scale=Scale.LOG)
