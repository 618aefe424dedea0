"""Reading a model's parameters and gradients without touching them."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.layout import Block
from thalweg.objectives.torch.selection import select


class Reader:
    """Reads the selected parameters of a model as they are at the moment.

    Parameters are looked up by name each time, so that a model may move to another device or
    get new Parameter objects of the same shape. Nothing is kept that holds a graph.

    Args:
        model: a module, also a compiled one.
        patterns: which parameters; see `select`.

    Raises:
        InputError: nothing is selected, or what is selected cannot be kept.
    """

    def __init__(self, model: nn.Module, patterns: str | Sequence[str] | None) -> None:
        if not isinstance(model, nn.Module):
            wanted, mend = "model must be a torch.nn.Module", "pass the module that is trained"
            raise InputError(wanted, type(model).__name__, mend)
        inner = getattr(model, "_orig_mod", None)  # of torch.compile; its names are the user's
        self.model = inner if isinstance(inner, nn.Module) else model
        if not any(True for _ in self.model.parameters()):
            mend = "record a model that can be trained"
            raise InputError("the model must have parameters", "none", mend)
        self._selection = select(self.model, patterns)
        self.layout = self._selection.layout

    def row(self, dtype: np.dtype) -> NDArray[np.floating]:
        """Return the point (n,) in `dtype`, on the CPU, in memory of its own."""
        row = np.empty(self.layout.size, dtype)
        whole = torch.from_numpy(row)
        for (_, at), parameter in zip(self.layout.slices(), self._parameters(), strict=True):
            whole[at].copy_(parameter.detach().reshape(-1))
        return row

    def parts(self) -> Iterator[tuple[Block, slice, FloatArray]]:
        """Yield each block with its place and its parameters (m,) in float64."""
        for (block, at), parameter in zip(self.layout.slices(), self._parameters(), strict=True):
            part = np.empty(block.size)
            torch.from_numpy(part).copy_(parameter.detach().reshape(-1))
            yield block, at, part

    def gradient_norm(self) -> float:
        """Return the norm of the gradient that is there now, in float64; NaN if there is none.

        A parameter without a gradient counts as one whose gradient is zero.
        """
        squares: dict[torch.device, list[torch.Tensor]] = {}
        for parameter in self._parameters():
            gradient = parameter.grad
            if gradient is None:
                continue
            gradient = gradient.detach()
            if gradient.is_sparse:
                gradient = gradient.coalesce().values()
            wide = torch.float32 if gradient.device.type == "mps" else torch.float64
            norm = torch.linalg.vector_norm(gradient, dtype=wide)
            squares.setdefault(norm.device, []).append(norm.square())
        if not squares:
            return float("nan")
        return float(np.sqrt(sum(float(torch.stack(each).sum()) for each in squares.values())))

    def owns_any(self, tensors: Sequence[torch.Tensor]) -> bool:
        """Return whether one of the tensors is a parameter of the model."""
        own = {id(parameter) for parameter in self.model.parameters()}
        return any(id(tensor) in own for tensor in tensors)

    def _parameters(self) -> list[nn.Parameter]:
        try:
            found = self._selection.parameters(self.model)
        except AttributeError as fault:
            raise _changed(f"one without a parameter: {fault}") from None
        for block, parameter in zip(self.layout.blocks, found, strict=True):
            if tuple(parameter.shape) != block.shape:
                raise _changed(f"{block.name} of shape {tuple(parameter.shape)}")
        return found


def _changed(got: str) -> InputError:
    wanted = "a recorded model must keep the parameters it began with"
    return InputError(wanted, got, "record the changed model in a run of its own")
