"""Functions as objectives: a closed formula with its exact gradient and Hessian, in NumPy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, digest, frozen, require_finite
from thalweg.core.errors import InputError
from thalweg.core.layout import Layout
from thalweg.core.objective import Fields, Restriction, SmoothObjective
from thalweg.core.plane import Plane
from thalweg.core.seeded_plane import Planar

ArrayFunction = Callable[[FloatArray], FloatArray]
FIELDS = ("loss", "gradient_norm")


@final
@dataclass(frozen=True, eq=False)
class FunctionObjective(SmoothObjective):
    """A loss given by three NumPy callables; build it with `from_function`.

    Picklable if its callables are: module-level functions or `functools.partial` of them.

    Attributes:
        value_function: points (m, n) -> losses (m,).
        gradient_function: points (m, n) -> gradients (m, n).
        hessian_function: point (n,) -> symmetric Hessian (n, n).
        start: (n,), a point to start from.
        name: what it is called in captions and provenance.
        layout: the blocks of the point.
        parameters: the numbers that pick this function from its family; part of the digest.
    """

    value_function: ArrayFunction
    gradient_function: ArrayFunction
    hessian_function: ArrayFunction
    start: FloatArray
    name: str
    layout: Layout
    parameters: tuple[ArrayLike, ...] = ()
    fields: tuple[str, ...] = FIELDS

    def values(self, points: FloatArray) -> FloatArray:
        """Return the losses (m,) at points (m, n). NaN and inf are kept."""
        points = self.check_points(points)
        with np.errstate(all="ignore"):
            losses = self.value_function(points)
        mend = "let value map points (m, n) to losses (m,), row by row"
        return as_floats(losses, "value(points)", (len(points),), mend)

    def value_and_gradients(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return losses (m,) and gradients (m, n) at points (m, n)."""
        points = self.check_points(points)
        with np.errstate(all="ignore"):
            gradients = self.gradient_function(points)
        mend = "let gradient map points (m, n) to gradients (m, n), row by row"
        return self.values(points), as_floats(gradients, "gradient(points)", points.shape, mend)

    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the exact Hessian (n, n) at point (n,)."""
        point = self.check_point(point)
        with np.errstate(all="ignore"):
            matrix = self.hessian_function(point)
        mend = "let hessian map a point (n,) to a matrix (n, n)"
        return as_floats(matrix, "hessian(point)", (point.size, point.size), mend)

    def hvp(self, point: FloatArray, directions: FloatArray) -> FloatArray:
        """Return the Hessian at point (n,) times directions (n,) or (k, n), in the same shape."""
        directions = check_directions(directions, self.layout.size)
        return directions @ self.hessian(point)

    def restrict(self, plane: Planar, fields: Sequence[str] = ("loss",)) -> Restriction:
        """Return f with f(coords (m, k)) -> {field: (m,)}.

        Raises:
            InputError: the plane lives in another space, or a field is unknown.
        """
        return restrict_smooth(self, plane, fields)

    def digest(self) -> str:
        """Return 16 hexadecimal digits of the name and the parameters."""
        return digest(self.name, *self.parameters)


def from_function(
    value: ArrayFunction,
    gradient: ArrayFunction,
    hessian: ArrayFunction,
    start: ArrayLike,
    name: str,
    layout: Layout | None = None,
    parameters: Sequence[ArrayLike] = (),
) -> FunctionObjective:
    """Return the objective of a formula, its gradient and its Hessian.

    The three are called once to check that they take and return the shapes below; whether the
    derivatives belong to the value is for the caller to know.

    Args:
        value: points (m, n) -> losses (m,).
        gradient: points (m, n) -> gradients (m, n).
        hessian: point (n,) -> symmetric matrix (n, n).
        start: (n,), a point to start from; it fixes n.
        name: names the formula in captions and, with `parameters`, in the digest: two formulas
            that share both are taken for the same function.
        layout: the blocks of the point; one plain vector `x` if not given.
        parameters: numbers or arrays that pick this function from its family.

    Returns:
        The objective, with the fields "loss" and "gradient_norm".

    Raises:
        InputError: a shape does not fit, or start is not finite.

    >>> cube = from_function(
    ...     lambda p: (p**3).sum(1), lambda p: 3 * p**2, lambda x: np.diag(6 * x), [1.0], "cube"
    ... )
    >>> cube.value([2.0]), cube.gradient([2.0]), cube.hvp([2.0], [1.0])
    (8.0, array([12.]), array([12.]))
    """
    begin = as_floats(start, "start", (None,), "pass one flat point")
    require_finite(begin, "start", "pass a finite point")
    if layout is None:
        layout = Layout.plain(begin.size)
    if layout.size != begin.size:
        wanted = f"start must have the layout's {layout.size} parameters"
        raise InputError(wanted, str(begin.size), "pass a layout of the same size")
    objective = FunctionObjective(
        value, gradient, hessian, frozen(begin), name, layout, tuple(parameters)
    )
    objective.value_and_gradients(np.stack([begin, begin]))
    objective.hessian(begin)
    return objective


def check_directions(directions: ArrayLike, n: int) -> FloatArray:
    """Return `directions` as float64 (n,) or (k, n).

    Raises:
        InputError: not numeric, or of another shape.

    >>> check_directions([1, 2], 2)
    array([1., 2.])
    """
    shape = (n,) if np.ndim(directions) == 1 else (None, n)
    return as_floats(directions, "directions", shape, f"pass one vector of R^{n}, or rows of them")


def restrict_smooth(
    objective: SmoothObjective, plane: Planar, fields: Sequence[str] = ("loss",)
) -> Restriction:
    """Return the restriction of an objective whose `values` are vectorized over points.

    Args:
        objective: any smooth objective with the fields "loss" and "gradient_norm".
        plane: in the objective's space.
        fields: what to evaluate.

    Returns:
        A picklable f with f(coords (m, k)) -> {field: (m,)}.

    Raises:
        InputError: the plane lives in another space, or a field is unknown.
    """
    objective.check_request(plane, fields)
    return partial(_evaluate, objective, objective.dense(plane), tuple(fields))


def _evaluate(
    objective: SmoothObjective, plane: Plane, fields: tuple[str, ...], coords: FloatArray
) -> Fields:
    points = plane.points(coords)
    if "gradient_norm" not in fields:
        return {"loss": objective.values(points)}
    losses, gradients = objective.value_and_gradients(points)
    found = {"loss": losses, "gradient_norm": np.linalg.norm(gradients, axis=1)}
    return {field: found[field] for field in fields}
