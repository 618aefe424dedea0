"""Sameness: by how much two parameter points differ as functions."""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective, SampledObjective


@dataclass(frozen=True)
class Change:
    """What a move that should change nothing changed.

    Attributes:
        loss: |L(b) - L(a)| / |L(a)|, or the difference itself where L(a) is 0. A penalty on
            the parameters counts; it may change although the function does not.
        outputs: max |outputs(b) - outputs(a)| over examples and outputs, relative to the largest
            output where that exceeds 1; NaN where the objective does not tell outputs.
        tolerance: what rounding may do: eps^0.6 for numbers of the precision that was found,
            4e-10 in float64, 5e-5 in float32.
    """

    loss: float
    outputs: float
    tolerance: float

    @property
    def error(self) -> float:
        """That of the outputs where they are told, else that of the loss."""
        return self.loss if np.isnan(self.outputs) else self.outputs

    @property
    def is_rounding(self) -> bool:
        """Whether the two are one function, to rounding."""
        return bool(self.error <= self.tolerance)


def change(objective: Objective, first: FloatArray, second: FloatArray) -> Change:
    """Return by how much the function differs between two points (n,)."""
    losses = objective.values(np.stack([first, second]))
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, which is no rounding
        return _change(losses, _outputs(objective, first), _outputs(objective, second))


def _change(losses: FloatArray, here: FloatArray | None, there: FloatArray | None) -> Change:
    loss = float(abs(losses[1] - losses[0]) / (abs(losses[0]) or 1.0))
    if here is None or there is None:
        return Change(loss, float("nan"), _tolerance(losses))
    far = float(np.abs(there - here).max(initial=0.0))
    size = max(1.0, float(np.abs(here).max(initial=0.0)))
    return Change(loss, far / size, _tolerance(np.stack([here, there])))


def _outputs(objective: Objective, point: FloatArray) -> FloatArray | None:
    if not isinstance(objective, SampledObjective):
        return None
    try:
        return objective.outputs(point)
    except InputError:
        return None


def _tolerance(numbers: FloatArray) -> float:
    """Return eps^0.6 of the coarsest precision that holds all the numbers."""
    mantissas = np.frexp(numbers[np.isfinite(numbers)])[0]
    for bits in (8, 11, 24):  # bfloat16, float16, float32
        scaled = np.ldexp(mantissas, bits)
        if np.array_equal(scaled, np.round(scaled)):
            return 2.0 ** (-0.6 * bits)
    return 2.0 ** (-0.6 * 52)
