"""Sharpness in several metrics: the largest Hessian eigenvalue, and three that ignore scales.

A ReLU network can be made as sharp as one likes without changing its function (Dinh et al. 2017,
"Sharp minima can generalize for deep nets"), so a sharpness without its metric says little.
"""

from dataclasses import dataclass
from enum import Enum

from thalweg.core.arrays import FloatArray, require_finite
from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.curvature.ends import ends
from thalweg.curvature.lanczos import DEFAULT, Lanczos
from thalweg.geometry.canonical import canonical
from thalweg.sharpness.scales import adaptive_scale, neuron_scale


class Metric(Enum):
    """In what units a step away from the point is measured; each names a field of `Sharpness`."""

    RAW = "raw"
    ADAPTIVE = "adaptive"
    NEURON = "neuron"
    CANONICAL = "canonical"


@dataclass(frozen=True)
class Sharpness:
    """The largest eigenvalue of the Hessian H at a point w, in four metrics.

    Attributes:
        raw: of H; changes with the scales of the units.
        adaptive: of diag|w| H diag|w|.
        neuron: of diag(s) H diag(s), s as in `neuron_scale`; NaN if no units are known.
        canonical: of H at the canonical form of w; NaN if no units are known.
        invariance_error: by how much the canonical form is another function; NaN as above.
        residual: the largest |M v - lambda v| / |lambda| among them.
        note: why a metric is NaN, in words; else empty.
    """

    raw: float
    adaptive: float
    neuron: float
    canonical: float
    invariance_error: float
    residual: float
    note: str = ""

    def by(self, metric: Metric) -> float:
        """Return the sharpness in one metric."""
        return float(getattr(self, metric.value))


def sharpness_of(
    objective: SmoothObjective, point: FloatArray, lanczos: Lanczos = DEFAULT
) -> Sharpness:
    """Return the sharpness at point (n,) in several metrics, at any size.

    Args:
        objective: with second derivatives; `neuron` and `canonical` need its hidden units.
        point: (n,).
        lanczos: how eigenvalues are found where n is large.

    Raises:
        InputError: the point or the Hessian is not finite.

    >>> from thalweg.objectives.zoo import quadratic
    >>> found = sharpness_of(quadratic([1.0, 3.0]), [4.0, 2.0])
    >>> found.raw, round(found.adaptive, 9), found.note
    (3.0, 16.0, 'neuron, canonical: the objective tells no hidden units')
    """
    point = require_finite(objective.check_point(point), "point", "take finite parameters")
    nan, residuals = float("nan"), []

    def top(at: FloatArray, scale: FloatArray | None) -> float:
        found = ends(objective, at, 0, 1, scale=scale, lanczos=lanczos)
        value, rest = float(found.eigenvalues[0]), float(found.residuals[0])
        residuals.append(rest / abs(value) if value else rest)
        return value

    raw, adaptive = top(point, None), top(point, adaptive_scale(point))
    try:
        layers = objective.units()
        note = "" if layers else "the objective tells no hidden units"
    except InputError as fault:
        layers, note = (), str(fault)
    if note:
        words = f"{Metric.NEURON.value}, {Metric.CANONICAL.value}: {note}"
        return Sharpness(raw, adaptive, nan, nan, nan, max(residuals), words)
    neuron = top(point, neuron_scale(objective.layout, layers, point))
    form = canonical(objective, point)
    balanced = top(form.point, None)
    error = form.invariance_error
    return Sharpness(raw, adaptive, neuron, balanced, error, max(residuals))
