"""Sampling: how far the loss over the examples at hand may be from that over all there could be."""

from dataclasses import dataclass
from math import ceil

import numpy as np
import xarray as xr

from thalweg.trust_report.cells import shown_values
from thalweg.trust_report.part import Missing
from thalweg.views.levels import finite
from thalweg.views.prose import number, percent
from thalweg.views.trust import TrustLine

ROUGH = 0.1  # an error above this share of the range shown changes how one reads
FINE = 0.01  # the share of the range that the planned size resolves
SURE = 1.96  # standard errors: 95 %


@dataclass(frozen=True)
class Sampling:
    """The standard error of the loss over the examples, against the range shown.

    Attributes:
        middle, most: median and largest standard error over the cells.
        width: highest minus lowest loss shown.
        line: whether the surface has one direction, so that a band is drawn.
        examples: how many there are, if known.
        factor: how many times as many would resolve 1 % of the range: (1.96 s / eps)^2 over n.
        planned: that number of examples, if n is known.
    """

    middle: float
    most: float
    width: float
    line: bool
    examples: int | None
    factor: float
    planned: int | None

    @property
    def share(self) -> float:
        """The middle error as a share of the range shown."""
        return self.middle / self.width if self.width > 0 else np.nan

    def lines(self) -> list[TrustLine]:
        """Return the error, and how many examples a fine picture would take."""
        words = (
            "Sampling error of the loss (standard error over the examples): "
            f"{number(self.middle, 2)} in the middle, {number(self.most, 2)} at most"
        )
        words += f", {percent(self.share)} of the range shown." if self.share > ROUGH else "."
        if self.line:
            words += " The band is two of them wide on either side."
        if self.factor > 1 and np.isfinite(self.factor):
            count = "" if self.planned is None else f" ({float(f'{self.planned:.2g}'):,.0f})"
            words += f" To know it to 1 % of the range shown takes {number(self.factor, 2)} times "
            words += f"as many examples{count}."
        return [TrustLine(words, warning=self.share > ROUGH)]


def sampling_of(
    surface: xr.Dataset, field: str = "loss", examples: int | None = None
) -> Sampling | Missing:
    """Return the sampling error of the loss.

    Args:
        surface: with the field `loss_stderr`.
        field: what is shown.
        examples: how many the loss is a mean over, if known.
    """
    if field != "loss" or "loss_stderr" not in surface:
        return Missing("not known: the surface has no loss_stderr")
    error, loss = finite(surface["loss_stderr"].values), shown_values(surface)
    if not error.size or not loss.size:
        return Missing("not known: no cell is finite")
    middle, width = float(np.median(error)), float(np.ptp(loss))
    factor = (SURE * middle / (FINE * width)) ** 2 if width > 0 else np.inf
    return Sampling(
        middle=middle,
        most=float(error.max()),
        width=width,
        line=surface["loss"].ndim == 1,
        examples=examples,
        factor=float(factor),
        planned=ceil(examples * factor) if examples and np.isfinite(factor) else None,
    )
