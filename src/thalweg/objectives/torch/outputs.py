"""Outputs: what the model answers, example by example, where its double now is."""

from typing import Any

import numpy as np
from torch import Tensor, nn

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.objectives.torch.data import count
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.rows import wide

MEND = "let the model return one tensor (N, ...), called once a batch"


def outputs(problem: Problem, n_examples: int) -> FloatArray:
    """Return the outputs (N, C) where the double now is; further axes are flattened into C.

    Raises:
        InputError: the output is not one tensor with a row an example.
    """
    seen: list[Any] = []

    def note(module: nn.Module, inputs: Any, found: Any) -> None:
        seen.append(found)

    rows: list[FloatArray] = []
    handle = problem.model.register_forward_hook(note)
    try:
        for number, batch in problem.batches():
            seen.clear()
            problem.measure(problem.model, number, batch, False)
            rows.append(_rows(seen, count(batch)))
    finally:
        handle.remove()
    found = np.concatenate(rows)
    assert len(found) == n_examples
    return found


def _rows(seen: list[Any], examples: int) -> FloatArray:
    if len(seen) != 1:
        raise InputError("outputs need one call of the model a batch", str(len(seen)), MEND)
    found = seen[0]
    if not isinstance(found, Tensor):
        raise InputError("the model's output must be one tensor", type(found).__name__, MEND)
    if not found.ndim or len(found) != examples or found.is_complex():
        got = f"shape {tuple(found.shape)}, {str(found.dtype).removeprefix('torch.')}"
        raise InputError(f"outputs must be real, a row for each of {examples} examples", got, MEND)
    return wide(found.detach()).reshape(examples, -1).cpu().numpy()
