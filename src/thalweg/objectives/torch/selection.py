"""Which parameters of a model are mapped, and their layout: names, roles, filter axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvTransposeNd
from torch.nn.parameter import is_lazy

from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout, Role

_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm)


@dataclass(frozen=True)
class Selection:
    """The mapped parameters of a model.

    Attributes:
        layout: a block a parameter; a tied one once, under its first name.
    """

    layout: Layout

    def parameters(self, model: nn.Module) -> list[nn.Parameter]:
        """Return the mapped parameters of the model or of a copy of it, in the layout's order."""
        return [model.get_parameter(block.name) for block in self.layout.blocks]


def select(model: nn.Module, patterns: str | Sequence[str] | None) -> Selection:
    """Return the selection of the parameters that require gradients, or that match a pattern.

    Args:
        model: its parameters are read only.
        patterns: shell-style, such as "*.weight" or ("fc.*", "head.*"); matching ones are taken
            whether they require gradients or not. None: all that require gradients.

    Raises:
        InputError: nothing is selected, or a parameter is lazy, complex, sparse or shares memory.
    """
    _check_initialized(model)
    names = _names(model)
    if patterns is None:
        chosen = [aliases[0] for p, aliases in names.values() if p.requires_grad]
        if not chosen:
            wanted = "a map needs parameters that require gradients"
            raise InputError(wanted, "none", "pass parameters='*' to map frozen ones too")
    else:
        chosen = _matching(names, (patterns,) if isinstance(patterns, str) else tuple(patterns))
    blocks = []
    for name in chosen:
        parameter = model.get_parameter(name)
        _check_parameter(name, parameter)
        blocks.append(_block(model, name, parameter))
    _check_memory(model, chosen)
    return Selection(Layout(tuple(blocks)))


def _names(model: nn.Module) -> dict[int, tuple[nn.Parameter, list[str]]]:
    """Each parameter once, with all the names it has."""
    found: dict[int, tuple[nn.Parameter, list[str]]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        found.setdefault(id(parameter), (parameter, []))[1].append(name)
    return found


def _matching(
    names: dict[int, tuple[nn.Parameter, list[str]]], patterns: tuple[str, ...]
) -> list[str]:
    known = [alias for _, aliases in names.values() for alias in aliases]
    for pattern in patterns:
        if not any(fnmatchcase(alias, pattern) for alias in known):
            wanted = "each pattern must match a parameter"
            shown = ", ".join(known[:6]) + (", ..." if len(known) > 6 else "")
            raise InputError(wanted, repr(pattern), f"the model has {shown or 'none'}")
    return [
        aliases[0]
        for _, aliases in names.values()
        if any(fnmatchcase(alias, pattern) for alias in aliases for pattern in patterns)
    ]


def _check_initialized(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if is_lazy(parameter):
            mend = "run one batch through the model first"
            raise InputError("parameters must have shapes", f"the lazy {name}", mend)


def _check_parameter(name: str, parameter: Tensor) -> None:
    kind = ""
    if parameter.layout is not torch.strided:
        kind = f"a {str(parameter.layout).removeprefix('torch.')} {name}"
    elif not parameter.is_floating_point():
        kind = f"{str(parameter.dtype).removeprefix('torch.')} in {name}"
    elif parameter.is_meta:
        kind = f"{name} on the meta device"
    if kind:
        mend = "leave it out with parameters=patterns of the others"
        raise InputError("mapped parameters must be dense real numbers", kind, mend)


def _check_memory(model: nn.Module, chosen: list[str]) -> None:
    """Two parameters over one memory would come apart in a copy."""
    seen: dict[tuple[object, ...], str] = {}
    for name in chosen:
        parameter = model.get_parameter(name)
        if parameter.numel():
            other = seen.setdefault((parameter.device, parameter.data_ptr()), name)
            if other != name:
                wanted = "tied weights must be one Parameter"
                mend = "assign the Parameter itself, not its .data"
                raise InputError(wanted, f"{other} and {name} over one memory", mend)


def _block(model: nn.Module, name: str, parameter: Tensor) -> Block:
    path, _, last = name.rpartition(".")
    owner = model.get_submodule(path)
    shape = tuple(parameter.shape)
    named_norm = "norm" in type(owner).__name__.lower() and parameter.ndim <= 1
    if isinstance(owner, _NORMS) or named_norm:
        return Block(name, shape, Role.NORM)
    if last.startswith("bias") or parameter.ndim <= 1:  # the authors' rule for what has no filters
        return Block(name, shape, Role.BIAS)
    # Transposed convolutions and the Conv1D of GPT-2 keep their outputs on axis 1.
    second = isinstance(owner, _ConvTransposeNd)
    second |= type(owner).__name__ == "Conv1D" and hasattr(owner, "nf")
    return Block(name, shape, Role.WEIGHT, 1 if second else 0)
