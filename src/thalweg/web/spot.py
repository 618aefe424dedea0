"""Spot: the numbers of one point of parameter space, beside what a plane shows of it."""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective, SmoothObjective
from thalweg.core.plane import Plane
from thalweg.curvature.dense import hessian, inertia
from thalweg.curvature.ends import ends
from thalweg.curvature.lanczos import Lanczos
from thalweg.trust_report.underneath import CRITICAL, Shape, shape

DENSE = 400  # parameters up to which the whole spectrum is found while a pointer rests
IN_PLANE = 1e-3  # of the window's reach: nearer than this the plane goes through the point
QUICK = Lanczos(tolerance=1e-2, products=40, dense_up_to=DENSE)


@dataclass(frozen=True)
class Bends:
    """What second derivatives say at a point.

    Attributes:
        curvatures: d'Hd / d'd of each direction d of the plane, to be compared with eigenvalues.
        shown: what the curvature within the plane looks like.
        lowest, highest: ends of the spectrum in full space.
        negative, zero: counts of eigenvalues; None where not all are known.
        tolerance: eigenvalues of this size or less count as zero.
        critical: whether the gradient is zero beside what the largest curvature makes of it
            across the window.
        how: how the spectrum was found, in words.
    """

    curvatures: tuple[float, ...]
    shown: Shape
    lowest: float
    highest: float
    negative: int | None
    zero: int | None
    tolerance: float
    critical: bool
    how: str


@dataclass(frozen=True)
class Spot:
    """What is known at a point.

    Attributes:
        parameters: n.
        loss: there.
        distance: from the plane.
        gradient_norm: NaN without derivatives.
        slopes: of the loss along each direction of the plane, per length; () without derivatives.
        in_plane: share of the gradient's squared length that lies in the plane; NaN without one.
        kink_distance: smallest |input| of a kinked unit; inf without kinks, NaN if not known.
        bends: None without derivatives, or where they are not finite.
    """

    parameters: int
    loss: float
    distance: float
    gradient_norm: float = np.nan
    slopes: tuple[float, ...] = ()
    in_plane: float = np.nan
    kink_distance: float = np.inf
    bends: Bends | None = None


def spot_of(objective: Objective, plane: Plane, point: FloatArray, reach: float) -> Spot:
    """Return what is known at point (n,).

    Args:
        objective: the loss.
        plane: the one that is shown.
        point: (n,), in it or not.
        reach: distance from the plane's origin to the farthest corner of the window; it sets
            which gradient counts as zero.

    >>> from thalweg.objectives.zoo import quadratic
    >>> flat = Plane(np.zeros(3), np.eye(3)[:2])
    >>> spot = spot_of(quadratic([1.0, 2.0, -3.0]), flat, np.zeros(3), reach=1.0)
    >>> spot.bends.shown, spot.bends.negative, spot.bends.critical
    (<Shape.MINIMUM: 'minimum'>, 1, True)
    """
    n, distance = objective.layout.size, float(plane.residual(point))
    if not isinstance(objective, SmoothObjective):
        return Spot(n, objective.value(point), distance)
    with np.errstate(all="ignore"):  # what is not finite is told
        loss, gradient = objective.value_and_gradient(point)
        norm = float(np.linalg.norm(gradient))
        along = plane.directions @ gradient / np.array(plane.lengths)
        slopes = tuple(float(slope) for slope in along)
    if not np.isfinite([loss, norm]).all():
        return Spot(n, loss, distance, norm, slopes)
    basis, _ = np.linalg.qr(plane.directions.T)
    inside = min(float(np.square(gradient @ basis).sum()) / norm**2, 1.0) if norm else np.nan
    kink = float(objective.kink_distance(point))
    try:
        bends = _bends(objective, plane, point, norm, reach)
    except InputError:  # a Hessian that is not finite
        bends = None
    return Spot(n, loss, distance, norm, slopes, inside, kink, bends)


def _bends(
    objective: SmoothObjective, plane: Plane, point: FloatArray, norm: float, reach: float
) -> Bends:
    """Look at the whole spectrum, or at rough ends of it where it is long."""
    n, negative, zero = objective.layout.size, None, None
    if n <= DENSE:
        matrix = hessian(objective, point)
        values, how = np.linalg.eigvalsh(matrix), f"all {n} eigenvalues"
        counts = inertia(values)
        negative, zero, tolerance = counts.negative, counts.zero, counts.tolerance
        products = plane.directions @ matrix
    else:
        found = ends(objective, point, lanczos=QUICK)
        values, how = found.eigenvalues, f"{found.products} Hessian products"
        tolerance = max(1e-8 * float(np.abs(values).max()), float(found.residuals.max()))
        products = objective.hvp(point, plane.directions)
    lengths = np.array(plane.lengths)
    projected = products @ plane.directions.T
    unit = projected / np.outer(lengths, lengths)
    lowest, highest = float(values[0]), float(values[-1])
    return Bends(
        curvatures=tuple(float(bend) for bend in np.diag(unit)),
        shown=shape(np.linalg.eigvalsh((unit + unit.T) / 2), tolerance),
        lowest=lowest,
        highest=highest,
        negative=negative,
        zero=zero,
        tolerance=tolerance,
        critical=norm <= CRITICAL * max(abs(lowest), abs(highest)) * reach,
        how=how,
    )
