"""Underneath: the Hessian in full space at the point that a picture is about.

A picture shows the curvature along its own directions. What the others do is in the spectrum:
lambda_min < 0 at a point that the plane draws as a minimum means that there is a way down which
the picture does not show.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import SmoothObjective
from thalweg.curvature.dense import DENSE_LIMIT, inertia, spectrum
from thalweg.curvature.ends import ends
from thalweg.curvature.trace import trace
from thalweg.trust_report.part import Number
from thalweg.trust_report.site import Site
from thalweg.views.prose import number
from thalweg.views.trust import TrustLine

CRITICAL = 1e-6  # of the gradient that the largest curvature makes across the window
KINK = 1e-9  # an input of a ReLU this small is zero
NEARLY = 1e-3  # a negative eigenvalue smaller than this, against the largest, is nearly zero


class Shape(Enum):
    """What the Hessian projected on a plane makes of a critical point."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    SADDLE = "saddle"
    FLAT = "flat"  # a direction without curvature, and none of the opposite sign


@dataclass(frozen=True)
class Underneath:
    """What full space holds at one point.

    Attributes:
        where: the point in words.
        parameters: n.
        loss: there.
        gradient_norm: there; `critical` whether it is at most `critical_below`.
        lowest, highest: ends of the spectrum, with their residuals |Hv - lambda v|.
        mean: tr H / n.
        negative, zero: counts of eigenvalues, at `tolerance`; None where not all are known. The
            index and the nullity, if the point is critical.
        drawn: curvature d'Hd / |d|^2 along each direction of the plane.
        shown: what the curvature within the plane looks like.
        kink_distance: smallest |input| of a kinked unit; inf without kinks, NaN if not known.
    """

    where: str
    parameters: int
    loss: float
    gradient_norm: float
    critical: bool
    critical_below: float
    lowest: Number
    highest: Number
    mean: Number
    negative: int | None
    zero: int | None
    tolerance: float
    drawn: tuple[float, ...]
    shown: Shape
    kink_distance: float

    @property
    def hidden(self) -> bool:
        """Whether the plane shows a minimum or a maximum, and space has another way: the badge."""
        down = self.shown is Shape.MINIMUM and self.lowest.value < -self.tolerance
        return down or (self.shown is Shape.MAXIMUM and self.highest.value > self.tolerance)

    @property
    def steep(self) -> bool:
        """Whether the eigenvalue that the plane hides is more than nearly nothing."""
        size = max(abs(self.highest.value), abs(self.lowest.value))
        up = self.highest.value > NEARLY * size
        return up if self.shown is Shape.MAXIMUM else self.lowest.value < -NEARLY * size

    @property
    def on_kink(self) -> bool:
        """Whether a kinked unit's input is zero to rounding, so that the Hessian is one-sided."""
        return self.kink_distance < KINK

    def lines(self) -> list[TrustLine]:
        """Return the badge or the plain finding; then kinks, if there are any."""
        lines = [TrustLine(f"{self._finding()}.", self.hidden and (self.critical or self.steep))]
        if np.isnan(self.kink_distance):
            words = "Whether the loss has kinks, where a Hessian is one-sided, is not known."
            lines.append(TrustLine(words))
        elif self.kink_distance < np.inf:
            near = f"a unit's input is {number(self.kink_distance, 2)} here"
            words = f"Piecewise linear: the Hessian misses the curvature at kinks ({near})."
            if self.on_kink:
                words = f"On a kink: the Hessian holds on one side of it only ({near})."
            lines.append(TrustLine(words, warning=self.on_kink))
        return lines

    def brief(self) -> str:
        """Return the spectrum in a few words."""
        low, high = number(self.lowest.value, 2), number(self.highest.value, 2)
        if self.negative is None:
            return f"λ_min = {low}, λ_max = {high}, {self.parameters:,} parameters"
        are = "is" if self.negative == 1 else "are"
        count = f"{self.negative:,} of {self.parameters:,} eigenvalues {are} negative"
        return f"λ_min = {low}, λ_max = {high}; {count}"

    def _finding(self) -> str:
        if self.hidden and self.critical:
            return f"{_HIDDEN[self.shown][0]}, saddle in space: at {self.where} {self.brief()}"
        note = f" (|gradient| = {number(self.gradient_norm, 2)}: not a critical point)"
        if self.hidden:
            return f"{_HIDDEN[self.shown][1]} in space: at {self.where} {self.brief()}{note}"
        if self.critical and self.negative == 0:
            kind = "A minimum in space too" if self.zero == 0 else "No way down to second order"
            return f"{kind}: at {self.where} {self.brief()}"
        return f"In space, at {self.where}: {self.brief()}{'' if self.critical else note}"


_HIDDEN = {
    Shape.MINIMUM: ("Minimum in this plane", "Curved upward in this plane, downward"),
    Shape.MAXIMUM: ("Maximum in this plane", "Curved downward in this plane, upward"),
}


@dataclass(frozen=True, eq=False)
class Found:
    """What was found underneath, and the eigenvalues (n,) if all are known."""

    part: Underneath
    eigenvalues: FloatArray | None


def look_underneath(objective: SmoothObjective, site: Site) -> Found:
    """Return what full space holds at a site: all of the spectrum, or its ends where n is large.

    Raises:
        InputError: a Hessian that is not finite.
    """
    n, point = objective.layout.size, site.point
    eigenvalues, negative, zero = None, None, None
    if n <= DENSE_LIMIT:
        whole = spectrum(objective, point)
        eigenvalues, error = whole["eigenvalues"].values, float(whole.attrs["residual"])
        counts, how = inertia(eigenvalues), f"dense Hessian, all {n:,} eigenvalues"
        negative, zero, tolerance = counts.negative, counts.zero, counts.tolerance
        low, high = (Number(float(eigenvalues[i]), error, how) for i in (0, -1))
        mean = Number(float(eigenvalues.mean()), 0.0, how)
        loss, slope = float(whole.attrs["loss"]), float(whole.attrs["gradient_norm"])
    else:
        outer, about = ends(objective, point, lowest=1, highest=1), trace(objective, point)
        values, errors = outer.eigenvalues, outer.residuals
        low, high = (Number(float(values[i]), float(errors[i]), outer.how) for i in (0, -1))
        tolerance = max(1e-8 * float(np.abs(values).max()), float(errors.max()))
        how = f"{about.draws} random products"
        mean = Number(float(about.value) / n, float(about.stderr) / n, how)
        loss, gradient = objective.value_and_gradient(point)
        slope = float(np.linalg.norm(gradient))
    units = site.units
    projected = units @ objective.hvp(point, units).T
    below = CRITICAL * max(abs(low.value), abs(high.value)) * site.reach
    part = Underneath(
        where=site.where,
        parameters=n,
        loss=loss,
        gradient_norm=slope,
        critical=slope <= below,
        critical_below=below,
        lowest=low,
        highest=high,
        mean=mean,
        negative=negative,
        zero=zero,
        tolerance=tolerance,
        drawn=tuple(float(x) for x in np.diag(projected)),
        shown=shape(np.linalg.eigvalsh((projected + projected.T) / 2), tolerance),
        kink_distance=float(objective.kink_distance(point)),
    )
    return Found(part, eigenvalues)


def shape(curvatures: NDArray[np.floating], tolerance: float) -> Shape:
    """Return what principal curvatures (k,) in a plane look like.

    >>> shape(np.array([-1.0, 2.0]), 1e-8)
    <Shape.SADDLE: 'saddle'>
    """
    if (curvatures > tolerance).all():
        return Shape.MINIMUM
    if (curvatures < -tolerance).all():
        return Shape.MAXIMUM
    mixed = (curvatures > tolerance).any() and (curvatures < -tolerance).any()
    return Shape.SADDLE if mixed else Shape.FLAT
