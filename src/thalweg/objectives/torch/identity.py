"""Digests of what an objective is made of: model, data, code of a loss."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import torch
from torch import Tensor, nn

from thalweg.objectives.torch.nest import leaves

ADDRESS = re.compile(r"0x[0-9a-f]+")


@dataclass(frozen=True)
class Names:
    """Digests of parts that are taken when an objective is made.

    Attributes:
        structure: of the model, before policies changed its modes.
        loss: as the caller gave it.
        settings: policies, dtypes, batch sizes, the choice of parameters.
    """

    structure: str
    loss: str
    settings: str


def _short(sha: Any) -> str:
    return sha.hexdigest()[:16]


def add_tensor(sha: Any, tensor: Tensor) -> None:
    """Add dtype, shape and bytes of a tensor to a running digest."""
    tensor = tensor.detach()
    sha.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
    dense = tensor.to_dense() if tensor.layout is not torch.strided else tensor
    flat = dense.cpu().contiguous().reshape(-1)
    sha.update(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")


def nests_digest(nests: Iterable[Any]) -> str:
    """Return 16 hexadecimal digits that name the tensors and other leaves of nests."""
    sha = hashlib.sha256()
    for nest in nests:
        for leaf in leaves(nest):
            if isinstance(leaf, Tensor):
                add_tensor(sha, leaf)
            else:
                sha.update(repr(leaf).encode())
        if isinstance(nest, Mapping):
            sha.update(repr(list(nest)).encode())
    return _short(sha)


def structure_digest(model: nn.Module) -> str:
    """Return 16 hexadecimal digits that name the modules of a model and how they are joined."""
    sha = hashlib.sha256()
    for name, module in model.named_modules():
        kind = type(module)
        sha.update(f"{name} {kind.__qualname__} {module.extra_repr()}".encode())
        if not kind.__module__.startswith("torch."):
            sha.update(code_digest(kind.forward).encode())
    return _short(sha)


def numbers_digest(model: nn.Module, moved: Mapping[str, Tensor]) -> str:
    """Return 16 hexadecimal digits that name all parameters and buffers of a model.

    Args:
        model: in any state of its mapped parameters.
        moved: the mapped parameters by name, as they were at the start.
    """
    sha = hashlib.sha256()
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        sha.update(name.encode())
        add_tensor(sha, moved.get(name, tensor))
    return _short(sha)


def code_digest(value: Any) -> str:
    """Return 16 hexadecimal digits that name a callable or a setting: its code and its values.

    The code is that of the interpreter: another version of Python may name it otherwise.
    """
    sha = hashlib.sha256()
    _add_value(sha, value, set())
    return _short(sha)


def _add_value(sha: Any, value: Any, seen: set[int]) -> None:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Tensor):
        add_tensor(sha, value)
    elif isinstance(value, nn.Module):
        sha.update((structure_digest(value) + numbers_digest(value, {})).encode())
        plain = {k: v for k, v in vars(value).items() if not k.startswith("_")}
        sha.update(ADDRESS.sub("", repr(sorted(plain.items()))).encode())
    elif isinstance(value, partial):
        for part in (value.func, *value.args, *sorted(value.keywords)):
            _add_value(sha, part, seen)
        for key in sorted(value.keywords):
            _add_value(sha, value.keywords[key], seen)
    elif isinstance(value, MethodType):
        _add_value(sha, value.__func__, seen)
        _add_value(sha, value.__self__, seen)
    elif isinstance(value, FunctionType):
        _add_code(sha, value.__code__)
        for part in (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()):
            _add_value(sha, part, seen)
        for cell in value.__closure__ or ():
            _add_value(sha, _content(cell), seen)
    elif isinstance(value, tuple | list):
        for part in value:
            _add_value(sha, part, seen)
    else:
        sha.update(f"{type(value).__qualname__} {ADDRESS.sub('', repr(value))}".encode())
        for kind in type(value).__mro__:
            if isinstance(own := vars(kind).get("__call__"), FunctionType):
                _add_value(sha, own, seen)
        for part in vars(value).values() if hasattr(value, "__dict__") else ():
            _add_value(sha, part, seen)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet bound
        return None


def _add_code(sha: Any, code: CodeType) -> None:
    sha.update(code.co_code + repr((code.co_names, code.co_varnames)).encode())
    for part in code.co_consts:
        if isinstance(part, CodeType):
            _add_code(sha, part)
        else:
            sha.update(repr(part).encode())
