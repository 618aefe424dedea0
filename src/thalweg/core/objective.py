"""Objective: the loss as a function of the parameters, and its restriction to a plane.

`Objective` can be evaluated, `SmoothObjective` has derivatives, `SampledObjective` is a mean
over examples, so that minibatches make sense. A function that needs more than values asks for
the subtype; nothing falls back to finite differences unasked.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from thalweg.core.arrays import FloatArray, IndexArray, as_floats
from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout
from thalweg.core.operator import HessianOperator, PlainOperator
from thalweg.core.plane import Plane
from thalweg.core.seeded_plane import Planar, SeededPlane
from thalweg.core.units import UnitLayer

Fields = dict[str, FloatArray]
Restriction = Callable[[FloatArray], Fields]


class Objective(ABC):
    """A loss on R^n with its data fixed. Adapters are final, picklable, and never alter a guest.

    Attributes:
        layout: the blocks of the parameters.
        name: what it is called in captions and provenance.
        start: (n,), a point to start from.
        fields: the names that `restrict` can evaluate; "loss" always among them.
    """

    layout: Layout
    name: str
    start: FloatArray
    fields: tuple[str, ...]

    @abstractmethod
    def values(self, points: FloatArray) -> FloatArray:
        """Return the losses (m,) at points (m, n). NaN and inf are kept."""

    @abstractmethod
    def restrict(self, plane: Planar, fields: Sequence[str] = ("loss",)) -> Restriction:
        """Return f with f(coords (m, k)) -> {field: (m,)}, fast on many coordinates of one plane.

        Raises:
            InputError: the plane lives in another space, or a field is unknown.
        """

    def restrict_for_map(self, plane: Planar, fields: Sequence[str], cells: int) -> Restriction:
        """Return the restriction for a map of so many cells: long ones may be worth preparing."""
        return self.restrict(plane, fields)

    @abstractmethod
    def digest(self) -> str:
        """Return 16 hexadecimal digits that name the function: model, data and settings."""

    def identity(self) -> dict[str, str]:
        """Return a digest a part (model, data, ...), so that a store can name what changed."""
        return {"objective": self.digest()}

    def method(self) -> str:
        """Return how points were evaluated so far, in words, where there is a choice; else ""."""
        return ""

    def units(self) -> tuple[UnitLayer, ...]:
        """Return the layers of interchangeable hidden units; () if none are known.

        Raises:
            InputError: there are such layers, but they cannot be told from the model.
        """
        return ()

    def value(self, point: FloatArray) -> float:
        """Return the loss at one point (n,)."""
        return float(self.values(self.check_point(point)[None])[0])

    def check_point(self, point: FloatArray) -> FloatArray:
        """Return `point` as float64 (n,), or raise InputError."""
        return as_floats(point, "point", (self.layout.size,), f"pass parameters of {self.name}")

    def check_points(self, points: FloatArray) -> FloatArray:
        """Return `points` as float64 (m, n), or raise InputError."""
        wanted = (None, self.layout.size)
        return as_floats(points, "points", wanted, f"stack parameters of {self.name} as rows")

    def start_blocks(self) -> Iterable[tuple[Block, FloatArray]]:
        """Yield the blocks of the start, each as float64 (m,), one after the other."""
        for block, at in self.layout.slices():
            yield block, self.start[at]

    def check_request(self, plane: Planar, fields: Sequence[str]) -> None:
        """Raise InputError unless the plane lies in this space and every field is known."""
        n = self.layout.size
        if plane.size != n:
            mend = f"build the plane from points of {self.name}"
            raise InputError(f"the plane must lie in R^{n}", f"R^{plane.size}", mend)
        unknown = [field for field in fields if field not in self.fields]
        if unknown or not fields:
            wanted = f"fields must be among {', '.join(self.fields)}"
            raise InputError(wanted, ", ".join(unknown) or "none", "drop or rename them")

    def dense(self, plane: Planar) -> Plane:
        """Return the plane with its directions as arrays; a seeded one goes through the start."""
        return plane.dense(self.start) if isinstance(plane, SeededPlane) else plane


class SmoothObjective(Objective):
    """An objective with exact first and second derivatives (one-sided at a kink)."""

    @abstractmethod
    def value_and_gradients(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return losses (m,) and gradients (m, n) at points (m, n)."""

    @abstractmethod
    def hvp(self, point: FloatArray, directions: FloatArray) -> FloatArray:
        """Return the Hessian at point (n,) times directions (n,) or (k, n), in the same shape."""

    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the Hessian (n, n) at one point (n,), here by n products; exactly symmetric."""
        rows = self.hvp(self.check_point(point), np.eye(self.layout.size))
        return (rows + rows.T) / 2

    def hessians(self, points: FloatArray) -> FloatArray:
        """Return the Hessians (m, n, n) at points (m, n), here one after the other."""
        n = self.layout.size
        found = [self.hessian(point) for point in self.check_points(points)]
        return np.array(found).reshape(-1, n, n)

    def operator(self, point: FloatArray) -> HessianOperator:
        """Return the Hessian at point (n,) as a linear map, ready for many products."""
        return PlainOperator(self, point)

    def kink_distance(self, point: FloatArray) -> float:
        """Return the smallest |input| of a kinked unit (ReLU) over units and examples at a point.

        0 on a kink, where the Hessian is one-sided; inf for an objective without kinks, NaN for
        one whose kinks are not all known.
        """
        return np.inf

    def crossings(self, point: FloatArray, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return where the line point + t direction crosses kinks, and what the slope jumps there.

        To first order in t about the point: for each kinked unit with input a and change a' along
        the line, t = -a / a' (m,), and the jump (m,) of dL/dt = (dL / d output of the unit)
        |a'| (slope after the kink - slope before). Empty for an objective without kinks.
        """
        return np.empty(0), np.empty(0)

    def value_and_gradient(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss and the gradient (n,) at one point (n,)."""
        values, gradients = self.value_and_gradients(self.check_point(point)[None])
        return float(values[0]), gradients[0]

    def gradient(self, point: FloatArray) -> FloatArray:
        """Return the gradient (n,) at one point (n,)."""
        return self.value_and_gradient(point)[1]


class SampledObjective(SmoothObjective):
    """A smooth objective that is a mean over examples, plus terms without data."""

    n_examples: int

    def outputs(self, point: FloatArray) -> FloatArray:
        """Return what the model answers at point (n,): (N, C), a row an example.

        Raises:
            InputError: the objective does not tell its model's answers from its loss.
        """
        mend = "compare parameters only"
        raise InputError("the objective must tell its outputs", self.name, mend)

    @abstractmethod
    def subset(self, rows: IndexArray) -> "SampledObjective":
        """Return the same objective on the examples `rows` (integers) only."""
