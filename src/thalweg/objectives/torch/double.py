"""The double: a private copy of the guest's model, the only one that is ever moved.

Forward hooks are copied too, since some layers are made of them; a hook that writes to something
outside the model sees the copy's passes as well.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

from thalweg.core.errors import InputError
from thalweg.objectives.torch.data import To


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the module inside torch.compile, DataParallel and DistributedDataParallel."""
    while True:
        if isinstance(model, DataParallel | DistributedDataParallel):
            model = model.module
        elif isinstance(inner := getattr(model, "_orig_mod", None), nn.Module):
            model = inner
        else:
            return model


def double_of(
    model: nn.Module, device: torch.device | None, dtype: torch.dtype | None
) -> nn.Module:
    """Return a private copy of the unwrapped model, on its device and dtype.

    Args:
        model: without lazy parameters; it is read only.
        device: where the copy lives; None: where the model does.
        dtype: of the copy's floating-point parameters and buffers; None: as they are.

    Raises:
        InputError: the model cannot be copied.
    """
    memo: dict[int, object] = {}
    for module in model.modules():
        for name, value in vars(module).items():
            if name in ("_trainer", "_fabric"):  # a whole training run hangs on these
                memo[id(value)] = None
            elif isinstance(value, Tensor) and value.grad_fn is not None:
                memo[id(value)] = value.detach().clone()  # a cached result; copy refuses graphs
    try:
        double = copy.deepcopy(model, memo)
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as fault:
        said = " ".join(f"{type(fault).__name__}: {fault}".split())[:200]
        mend = "take out what copy.deepcopy(model) cannot copy"
        raise InputError("the model must be copyable", said, mend) from fault
    double.requires_grad_(False)
    if device is not None or dtype is not None:
        double._apply(To(device, dtype))
    return double


class BufferKeeper:
    """Remembers the buffers of a double and puts back those that a forward pass changed."""

    def __init__(self, double: nn.Module) -> None:
        self._kept = [
            (module, name, buffer, buffer.clone())
            for module in double.modules()
            for name, buffer in module._buffers.items()
            if buffer is not None
        ]
        self._versions = [buffer._version for _, _, buffer, _ in self._kept]

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Put all back: versions do not travel, and the double may be anywhere."""
        self.__dict__.update(state)
        self._versions = [-1] * len(self._kept)
        self.restore()

    def restore(self) -> None:
        """Put back the buffers; free of cost when none was touched."""
        for i, (module, name, buffer, kept) in enumerate(self._kept):
            if module._buffers.get(name) is not buffer:
                module._buffers[name] = buffer
            if buffer._version != self._versions[i]:
                buffer.copy_(kept)
                self._versions[i] = buffer._version
