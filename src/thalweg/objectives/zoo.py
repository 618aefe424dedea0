"""Zoo: analytic landscapes whose critical points are known, with exact gradients and Hessians.

Rosenbrock (1960), Beale (1958), Himmelblau (1972), Mueller and Brown (1979): the papers are
cited at each function. Every formula also accepts complex points, so that tests can
differentiate it by the complex step.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, frozen, require_finite, require_positive
from thalweg.core.errors import InputError
from thalweg.objectives.functions import FunctionObjective, from_function


@dataclass(frozen=True, eq=False)
class KnownPoint:
    """A critical point known from theory.

    Attributes:
        point: (n,), where the gradient is zero up to rounding.
        value: the loss there.
        index: number of negative Hessian eigenvalues.
        nullity: number of zero Hessian eigenvalues.
    """

    point: FloatArray
    value: float
    index: int
    nullity: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "point", frozen(self.point))


def random_orthogonal(size: int, seed: int) -> FloatArray:
    """Return an orthogonal matrix (size, size), uniform over O(size).

    QR of a Gaussian matrix with the signs of R's diagonal moved into Q (Mezzadri 2007,
    "How to generate random matrices from the classical compact groups").

    >>> q = random_orthogonal(3, seed=0)
    >>> np.allclose(q @ q.T, np.eye(3), atol=1e-14)
    True
    """
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))
    return q * np.where(np.diag(r) < 0, -1.0, 1.0)


def quadratic(
    eigenvalues: ArrayLike, seed: int | None = None, center: ArrayLike | None = None
) -> FunctionObjective:
    """Return 1/2 (x - center)^T A (x - center), where A has the given spectrum.

    It starts at the center plus the sum of A's unit eigenvectors, so that every eigenvalue takes
    part in a descent from there.

    Args:
        eigenvalues: (n,), of either sign or zero.
        seed: of the random rotation of the eigenvectors; None keeps them along the axes.
        center: (n,), the critical point; the origin if not given.

    Raises:
        InputError: no eigenvalue, numbers that are not finite, or shapes that do not match.

    >>> quadratic([2.0, -4.0]).value([1.0, 1.0])
    -1.0
    """
    spectrum, middle = _spectrum_and_center(eigenvalues, center)
    n = spectrum.size
    q = np.eye(n) if seed is None else random_orthogonal(n, seed)
    matrix = (q * spectrum) @ q.T
    matrix = frozen((matrix + matrix.T) / 2)
    return from_function(
        partial(_quadratic_value, matrix, middle),
        partial(_quadratic_gradient, matrix, middle),
        partial(_quadratic_hessian, matrix),
        middle + q.sum(axis=1),
        "quadratic",
        parameters=(matrix, middle),
    )


def quadratic_critical_points(
    eigenvalues: ArrayLike, center: ArrayLike | None = None
) -> tuple[KnownPoint]:
    """Return the center; where the nullity is above 0, all of center + kernel is critical.

    >>> [known] = quadratic_critical_points([2.0, -4.0, 0.0])
    >>> known.index, known.nullity
    (1, 1)
    """
    spectrum, middle = _spectrum_and_center(eigenvalues, center)
    return (KnownPoint(middle, 0.0, int((spectrum < 0).sum()), int((spectrum == 0).sum())),)


def _spectrum_and_center(
    eigenvalues: ArrayLike, center: ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    spectrum = as_floats(eigenvalues, "eigenvalues", (None,), "pass one number a dimension")
    require_finite(spectrum, "eigenvalues", "pass finite numbers")
    if spectrum.size == 0:
        raise InputError("a quadratic needs at least 1 eigenvalue", "none", "pass [1.0]")
    middle = np.zeros(spectrum.size) if center is None else center
    middle = as_floats(middle, "center", (spectrum.size,), "pass one number an eigenvalue")
    return spectrum, frozen(require_finite(middle, "center", "pass finite numbers"))


def _quadratic_value(matrix: FloatArray, center: FloatArray, points: FloatArray) -> FloatArray:
    away = points - center
    return 0.5 * ((away @ matrix) * away).sum(axis=1)


def _quadratic_gradient(matrix: FloatArray, center: FloatArray, points: FloatArray) -> FloatArray:
    return (points - center) @ matrix


def _quadratic_hessian(matrix: FloatArray, point: FloatArray) -> FloatArray:
    return matrix.copy()


def rosenbrock(n: int = 2, b: float = 100.0) -> FunctionObjective:
    """Return sum over i < n of b (x_{i+1} - x_i^2)^2 + (1 - x_i)^2, a curved valley.

    Rosenbrock 1960, "An automatic method for finding the greatest or least value of a function".
    It starts at (-1.2, 1, -1.2, 1, ...).

    Args:
        n: dimension, at least 2.
        b: steepness of the valley's walls, above 0.

    Raises:
        InputError: n below 2, or b not above 0.

    >>> rosenbrock().value([-1.0, 1.0])
    4.0
    """
    _check_rosenbrock(n, b)
    return from_function(
        partial(_rosenbrock_value, b),
        partial(_rosenbrock_gradient, b),
        partial(_rosenbrock_hessian, b),
        np.where(np.arange(n) % 2 == 0, -1.2, 1.0),
        "rosenbrock",
        parameters=([float(n), float(b)],),
    )


def rosenbrock_critical_points(n: int = 2, b: float = 100.0) -> tuple[KnownPoint]:
    """Return the global minimum (1, ..., 1), of value 0.

    For n = 2 it is the only critical point; from n = 4 on there are others (Kok and Sandrock
    2009, "Locating and characterizing the stationary points of the extended Rosenbrock
    function"), which are not listed here.

    >>> rosenbrock_critical_points(3)[0].point
    array([1., 1., 1.])
    """
    _check_rosenbrock(n, b)
    return (KnownPoint(np.ones(n), 0.0, 0, 0),)


def _check_rosenbrock(n: int, b: float) -> None:
    if n < 2:
        raise InputError("n must be at least 2", str(n), "leave the default, 2")
    require_positive(b, "b", "leave the default, 100")


def _rosenbrock_value(b: float, points: FloatArray) -> FloatArray:
    x, y = points[:, :-1], points[:, 1:]
    return (b * (y - x**2) ** 2 + (1 - x) ** 2).sum(axis=1)


def _rosenbrock_gradient(b: float, points: FloatArray) -> FloatArray:
    x, y = points[:, :-1], points[:, 1:]
    rise = y - x**2
    gradients = np.zeros_like(points)
    gradients[:, :-1] = -4 * b * x * rise - 2 * (1 - x)
    gradients[:, 1:] += 2 * b * rise
    return gradients


def _rosenbrock_hessian(b: float, point: FloatArray) -> FloatArray:
    x, y = point[:-1], point[1:]
    diagonal = np.zeros_like(point)
    diagonal[:-1] = 12 * b * x**2 - 4 * b * y + 2
    diagonal[1:] += 2 * b
    return np.diag(diagonal) + np.diag(-4 * b * x, 1) + np.diag(-4 * b * x, -1)


def himmelblau() -> FunctionObjective:
    """Return (x^2 + y - 11)^2 + (x + y^2 - 7)^2: four minima of equal depth, 0.

    Himmelblau 1972, "Applied Nonlinear Programming". It starts at the origin.

    >>> himmelblau().value([3.0, 2.0])
    0.0
    """
    return from_function(
        _himmelblau_value, _himmelblau_gradient, _himmelblau_hessian, np.zeros(2), "himmelblau"
    )


def himmelblau_critical_points() -> tuple[KnownPoint, ...]:
    """Return all nine: 4 minima, 4 saddles, 1 maximum (4 - 4 + 1 = 1, as Morse theory demands).

    >>> [known.index for known in himmelblau_critical_points()]
    [0, 0, 0, 0, 1, 1, 1, 1, 2]
    """
    rough = (
        ((3.0, 2.0), 0),
        ((-2.805, 3.131), 0),
        ((-3.779, -3.283), 0),
        ((3.584, -1.848), 0),
        ((3.385, 0.074), 1),
        ((0.087, 2.884), 1),
        ((-3.073, -0.081), 1),
        ((-0.128, -1.954), 1),
        ((-0.271, -0.923), 2),
    )
    return tuple(_polish(himmelblau(), near, index) for near, index in rough)


def _himmelblau_value(points: FloatArray) -> FloatArray:
    x, y = points[:, 0], points[:, 1]
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def _himmelblau_gradient(points: FloatArray) -> FloatArray:
    x, y = points[:, 0], points[:, 1]
    p, q = x**2 + y - 11, x + y**2 - 7
    return np.stack([4 * x * p + 2 * q, 2 * p + 4 * y * q], axis=1)


def _himmelblau_hessian(point: FloatArray) -> FloatArray:
    x, y = point
    mixed = 4 * (x + y)
    return np.array([[12 * x**2 + 4 * y - 42, mixed], [mixed, 12 * y**2 + 4 * x - 26]])


_BEALE_POWERS = np.array([1, 2, 3])
_BEALE_TARGETS = np.array([1.5, 2.25, 2.625])


def beale() -> FunctionObjective:
    """Return sum over i = 1, 2, 3 of (c_i - x (1 - y^i))^2 with c = 1.5, 2.25, 2.625.

    Beale 1958, "On an iterative method for finding a local minimum of a function of more than
    one variable". It starts at (1, 1).

    >>> beale().value([3.0, 0.5])
    0.0
    """
    return from_function(_beale_value, _beale_gradient, _beale_hessian, np.ones(2), "beale")


def beale_critical_points() -> tuple[KnownPoint, ...]:
    """Return all three: the minimum (3, 1/2), the saddle (0, 1), and a saddle at negative y.

    >>> [(known.index, round(known.value, 6)) for known in beale_critical_points()]
    [(0, 0.0), (1, 14.203125), (1, 9.864512)]
    """
    rough = (((3.0, 0.5), 0), ((0.0, 1.0), 1), ((0.101, -2.645), 1))
    return tuple(_polish(beale(), near, index) for near, index in rough)


def _beale_value(points: FloatArray) -> FloatArray:
    x, y = points[:, :1], points[:, 1:]
    return ((_BEALE_TARGETS - x * (1 - y**_BEALE_POWERS)) ** 2).sum(axis=1)


def _beale_gradient(points: FloatArray) -> FloatArray:
    x, y = points[:, :1], points[:, 1:]
    bend = y**_BEALE_POWERS - 1
    slope = _BEALE_POWERS * y ** (_BEALE_POWERS - 1)
    residual = _BEALE_TARGETS + x * bend
    return 2 * np.stack([(residual * bend).sum(axis=1), (residual * x * slope).sum(axis=1)], axis=1)


def _beale_hessian(point: FloatArray) -> FloatArray:
    x, y = point
    bend = y**_BEALE_POWERS - 1
    slope = _BEALE_POWERS * y ** (_BEALE_POWERS - 1)
    second = np.array([0.0 * y, 2.0 + 0.0 * y, 6.0 * y])
    residual = _BEALE_TARGETS + x * bend
    mixed = (slope * (x * bend + residual)).sum()
    last = (x**2 * slope**2 + residual * x * second).sum()
    return 2 * np.array([[(bend**2).sum(), mixed], [mixed, last]])


def monkey_saddle() -> FunctionObjective:
    """Return x^3 - 3 x y^2: three ways down and three up around the origin, where it is flat.

    It starts at (0.5, 0.25).

    >>> monkey_saddle().value([2.0, 1.0])
    2.0
    """
    return from_function(
        _monkey_value, _monkey_gradient, _monkey_hessian, [0.5, 0.25], "monkey saddle"
    )


def monkey_saddle_critical_points() -> tuple[KnownPoint]:
    """Return the origin, whose Hessian is zero: index 0, nullity 2, and yet no minimum.

    >>> monkey_saddle_critical_points()[0].nullity
    2
    """
    return (KnownPoint(np.zeros(2), 0.0, 0, 2),)


def _monkey_value(points: FloatArray) -> FloatArray:
    x, y = points[:, 0], points[:, 1]
    return x**3 - 3 * x * y**2


def _monkey_gradient(points: FloatArray) -> FloatArray:
    x, y = points[:, 0], points[:, 1]
    return np.stack([3 * x**2 - 3 * y**2, -6 * x * y], axis=1)


def _monkey_hessian(point: FloatArray) -> FloatArray:
    x, y = point
    return np.array([[6 * x, -6 * y], [-6 * y, -6 * x]])


_MB_HEIGHT = np.array([-200.0, -100.0, -170.0, 15.0])
_MB_XX = np.array([-1.0, -1.0, -6.5, 0.7])
_MB_XY = np.array([0.0, 0.0, 11.0, 0.6])
_MB_YY = np.array([-10.0, -10.0, -6.5, 0.7])
_MB_X0 = np.array([1.0, 0.0, -0.5, -1.0])
_MB_Y0 = np.array([0.0, 0.5, 1.5, 1.0])


def mueller_brown() -> FunctionObjective:
    """Return the Mueller-Brown surface, a sum of four exponentials of quadratic forms.

    Mueller and Brown 1979, "Location of saddle points and minimum energy paths by a constrained
    simplex optimization procedure". It starts at (-0.5, 0.75), beside the long valley.

    >>> round(mueller_brown().value([-0.558, 1.442]), 2)
    -146.7
    """
    start = [-0.5, 0.75]
    return from_function(_mb_value, _mb_gradient, _mb_hessian, start, "mueller-brown")


def mueller_brown_critical_points() -> tuple[KnownPoint, ...]:
    """Return all five: 3 minima from the deepest up, then 2 saddles from the lowest up.

    >>> [round(known.value, 2) for known in mueller_brown_critical_points()]
    [-146.7, -108.17, -80.77, -72.25, -40.66]
    """
    rough = (
        ((-0.558, 1.442), 0),
        ((0.623, 0.028), 0),
        ((-0.050, 0.467), 0),
        ((0.212, 0.293), 1),
        ((-0.822, 0.624), 1),
    )
    return tuple(_polish(mueller_brown(), near, index) for near, index in rough)


def _mb_terms(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the four terms and the x and y derivatives of their exponents, last axis 4."""
    dx, dy = x[..., None] - _MB_X0, y[..., None] - _MB_Y0
    terms = _MB_HEIGHT * np.exp(_MB_XX * dx**2 + _MB_XY * dx * dy + _MB_YY * dy**2)
    return terms, 2 * _MB_XX * dx + _MB_XY * dy, _MB_XY * dx + 2 * _MB_YY * dy


def _mb_value(points: FloatArray) -> FloatArray:
    return _mb_terms(points[:, 0], points[:, 1])[0].sum(axis=1)


def _mb_gradient(points: FloatArray) -> FloatArray:
    terms, by_x, by_y = _mb_terms(points[:, 0], points[:, 1])
    return np.stack([(terms * by_x).sum(axis=1), (terms * by_y).sum(axis=1)], axis=1)


def _mb_hessian(point: FloatArray) -> FloatArray:
    terms, by_x, by_y = _mb_terms(point[0], point[1])
    mixed = (terms * (by_x * by_y + _MB_XY)).sum()
    first, last = terms * (by_x**2 + 2 * _MB_XX), terms * (by_y**2 + 2 * _MB_YY)
    return np.array([[first.sum(), mixed], [mixed, last.sum()]])


def _polish(objective: FunctionObjective, near: ArrayLike, index: int) -> KnownPoint:
    """Return the nondegenerate critical point near a rough one, by Newton's method."""
    point = np.array(near, dtype=np.float64)
    for _ in range(8):
        point -= np.linalg.solve(objective.hessian(point), objective.gradient(point))
    return KnownPoint(point, objective.value(point), index, 0)
