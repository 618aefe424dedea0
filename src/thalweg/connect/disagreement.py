"""Disagreement: how differently two points of an objective answer, beside how far apart they lie.

Distance in parameters says little about functions: a renamed twin is far away and answers alike,
two seeds may lie as far and answer differently (Fort, Hu and Lakshminarayanan 2019, "Deep
ensembles: a loss landscape perspective").
"""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray, IndexArray
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective, SampledObjective
from thalweg.views.prose import number, percent


@dataclass(frozen=True)
class Disagreement:
    """How differently the models at two points answer the same examples.

    Attributes:
        labels: share of examples labeled differently: by the largest output, or by the sign of
            the one output; None where outputs are no labels.
        outputs: root mean square difference of the outputs over their own spread about their
            means: 0 for one function, about 1.4 for unrelated ones. Inf where nothing spreads.
        examples: how many were compared.

    Both are NaN if an output is not finite.
    """

    labels: float | None
    outputs: float
    examples: int

    @property
    def summary(self) -> str:
        """The comparison in one sentence.

        >>> Disagreement(0.04, 0.2, 200).summary
        'they label 4.0 % of 200 examples differently'
        >>> Disagreement(None, 0.2, 200).summary
        'their outputs on 200 examples differ by 0.2 of the spread of the outputs'
        """
        if np.isnan(self.outputs):
            return "their answers cannot be compared: an output is not finite"
        if self.labels is None:
            over = f"on {self.examples} examples differ by {number(self.outputs)}"
            return f"their outputs {over} of the spread of the outputs"
        return f"they label {percent(self.labels, 1)} of {self.examples} examples differently"


def disagreement(
    objective: Objective, a: FloatArray, b: FloatArray, labels: bool | None = None
) -> Disagreement:
    """Return how differently the models at a (n,) and b (n,) answer the objective's examples.

    Args:
        objective: tells its outputs (`SampledObjective.outputs`).
        a: one point.
        b: the other.
        labels: whether outputs name classes; None: whether the objective has the field
            "accuracy".

    Raises:
        InputError: the objective does not tell its outputs.

    >>> from thalweg.objectives.mlp import MLPObjective
    >>> from thalweg.objectives.network import MLP
    >>> line = MLPObjective(MLP((1, 1)), [[-1.0], [2.0]], [0.0, 1.0])
    >>> disagreement(line, [1.0, 0.0], [1.0, 1.5]).labels  # x and x + 1.5 at -1 and 2
    0.5
    """
    if not isinstance(objective, SampledObjective):
        wanted = "disagreement needs an objective that is a mean over examples"
        raise InputError(wanted, objective.name, "compare parameters only")
    first, second = objective.outputs(np.asarray(a)), objective.outputs(np.asarray(b))
    if labels is None:
        labels = "accuracy" in objective.fields
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return Disagreement(np.nan if labels else None, np.nan, len(first))
    share = float((_labels(first) != _labels(second)).mean()) if labels else None
    return Disagreement(share, _relative(first, second), len(first))


def _labels(outputs: FloatArray) -> IndexArray:
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0).astype(np.intp)
    return outputs.argmax(axis=1)


def _relative(first: FloatArray, second: FloatArray) -> float:
    size = max(np.abs(first).max(initial=0.0), np.abs(second).max(initial=0.0)) or 1.0
    first, second = first / size, second / size  # squares of large outputs overflow
    difference = np.square(first - second).mean()
    spread = (first.var(axis=0).mean() + second.var(axis=0).mean()) / 2
    if spread == 0:
        return 0.0 if difference == 0 else np.inf
    return float(np.sqrt(difference / spread))
