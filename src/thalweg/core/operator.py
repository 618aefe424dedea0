"""HessianOperator: the Hessian at one point as a linear map, where the objective keeps its arrays.

Iterative methods ask for many products at the same point. An adapter prepares what they share
once (a graph of the gradient, forward activations), and speaks arrays of its own library and
device; methods are written over the array API, and small eigenproblems are solved in NumPy.
"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.core.arrays import FloatArray

if TYPE_CHECKING:
    from thalweg.core.objective import SmoothObjective


class HessianOperator(ABC):
    """H at one point, as rows -> rows H.

    Attributes:
        size: number of parameters n.
    """

    size: int

    @abstractmethod
    def times(self, rows: Any) -> Any:
        """Return the Hessian times rows (k, n), native arrays of float64 in and out."""

    @abstractmethod
    def native(self, rows: FloatArray) -> Any:
        """Return rows as an array of the operator's library, float64, on its device."""

    @abstractmethod
    def numpy(self, rows: Any) -> FloatArray:
        """Return a native array as NumPy float64."""


class PlainOperator(HessianOperator):
    """The products of any smooth objective, in NumPy.

    >>> from thalweg.objectives.zoo import quadratic
    >>> PlainOperator(quadratic([1.0, 3.0]), np.zeros(2)).times(np.ones((1, 2)))
    array([[1., 3.]])
    """

    def __init__(self, objective: "SmoothObjective", point: FloatArray) -> None:
        self.objective, self.point = objective, objective.check_point(point)
        self.size = objective.layout.size

    def times(self, rows: Any) -> Any:
        """Return the Hessian times rows (k, n)."""
        return self.objective.hvp(self.point, rows)

    def native(self, rows: FloatArray) -> Any:
        """Return the rows."""
        return np.asarray(rows, dtype=np.float64)

    def numpy(self, rows: Any) -> FloatArray:
        """Return the rows."""
        return rows
