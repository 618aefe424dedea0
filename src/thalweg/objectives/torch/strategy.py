"""Strategy: how the points of a map are evaluated, given what is to be evaluated."""

from typing import Protocol

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import Fields
from thalweg.objectives.torch.course import Course
from thalweg.objectives.torch.problem import Problem


class Strategy(Protocol):
    """A way to evaluate many points of one course. It runs inside `guarded()`: no gradients."""

    def __call__(
        self, problem: Problem, course: Course, coords: FloatArray, fields: tuple[str, ...]
    ) -> Fields:
        """Return {field: (m,)} at coordinates (m, k).

        Args:
            problem: model, data, loss.
            course: where the parameters are at given coordinates.
            coords: (m, k).
            fields: among "loss", "loss_stderr" and the metrics; not "gradient_norm".
        """
        ...

    def how(self, problem: Problem) -> str:
        """Return what was done so far, in words."""
        ...
