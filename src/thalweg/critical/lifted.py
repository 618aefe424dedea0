"""Lifted: an objective plus a small L2 penalty, which lifts flat directions off zero."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import final

import numpy as np

from thalweg.core.arrays import FloatArray, digest, require_positive
from thalweg.core.objective import Fields, Objective, Restriction, SmoothObjective
from thalweg.core.plane import Plane
from thalweg.core.seeded_plane import Planar
from thalweg.core.units import Nature, UnitLayer
from thalweg.critical.local import require_whole_hessian

FIELDS = ("loss", "gradient_norm")
_WITHOUT_SCALE = {Nature.HOMOGENEOUS: Nature.PLAIN, Nature.LINEAR: Nature.ODD}


@final
class Lifted(SmoothObjective):
    """L + (l2 / 2) |parameters|^2, whose Hessian is that of L plus exactly l2 times the identity.

    Its critical points are not those of L: they move by about l2, and families that a continuous
    symmetry spans shrink to their shortest members. Rotations of hidden units, which a linear
    network has, keep the length and stay flat. `MLPObjective(l2=...)` is the same for its kind.

    Args:
        objective: L, with derivatives and at most 3,000 parameters.
        l2: weight of the penalty, above 0.

    Raises:
        InputError: no derivatives, too many parameters, or an l2 that is not above 0.

    >>> from thalweg.objectives.zoo import quadratic
    >>> Lifted(quadratic([1.0, 0.0]), 0.1).hessian(np.zeros(2)).diagonal()
    array([1.1, 0.1])
    """

    def __init__(self, objective: Objective, l2: float) -> None:
        self.objective = require_whole_hessian(objective)
        self.l2 = require_positive(float(l2), "l2", "try 1e-3")
        self.layout, self.start = objective.layout, objective.start
        self.name = f"{objective.name} + L2 {l2:g}"
        self.fields = FIELDS

    def values(self, points: FloatArray) -> FloatArray:
        """Return the losses (m,) at points (m, n). NaN and inf are kept."""
        points = self.check_points(points)
        with np.errstate(all="ignore"):
            return self.objective.values(points) + self._penalty(points)

    def value_and_gradients(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return losses (m,) and gradients (m, n) at points (m, n)."""
        points = self.check_points(points)
        with np.errstate(all="ignore"):
            values, gradients = self.objective.value_and_gradients(points)
            return values + self._penalty(points), gradients + self.l2 * points

    def hvp(self, point: FloatArray, directions: FloatArray) -> FloatArray:
        """Return the Hessian at point (n,) times directions (n,) or (k, n), in the same shape."""
        return self.objective.hvp(point, directions) + self.l2 * np.asarray(directions)

    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the Hessian (n, n) at point (n,)."""
        return self.objective.hessian(point) + self.l2 * np.eye(self.layout.size)

    def kink_distance(self, point: FloatArray) -> float:
        """Return the smallest |input| of a kinked unit; the penalty adds no kinks."""
        return self.objective.kink_distance(point)

    def crossings(self, point: FloatArray, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return where a line crosses kinks, and the jumps there; the penalty adds none."""
        return self.objective.crossings(point, direction)

    def units(self) -> tuple[UnitLayer, ...]:
        """Return the layers of interchangeable units; the penalty forbids scaling them."""
        return tuple(
            replace(layer, nature=_WITHOUT_SCALE.get(layer.nature, layer.nature))
            for layer in self.objective.units()
        )

    def restrict(self, plane: Planar, fields: Sequence[str] = ("loss",)) -> Restriction:
        """Return f with f(coords (m, k)) -> {field: (m,)}.

        Raises:
            InputError: the plane lives in another space, or a field is unknown.
        """
        self.check_request(plane, fields)
        return partial(self._evaluate, self.dense(plane), tuple(fields))

    def _evaluate(self, plane: Plane, fields: tuple[str, ...], coords: FloatArray) -> Fields:
        points = plane.points(coords)
        if "gradient_norm" not in fields:
            return {"loss": self.values(points)}
        losses, gradients = self.value_and_gradients(points)
        found = {"loss": losses, "gradient_norm": np.linalg.norm(gradients, axis=1)}
        return {field: found[field] for field in fields}

    def digest(self) -> str:
        """Return 16 hexadecimal digits that name the objective and the penalty."""
        return digest(np.array(f"{self.objective.digest()} l2 {self.l2!r}"))

    def _penalty(self, points: FloatArray) -> FloatArray:
        return 0.5 * self.l2 * np.square(points).sum(axis=-1)
