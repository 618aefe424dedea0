"""Digests of what an objective is made of: model, data, code of a loss."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from thalweg.objectives.torch.nest import leaves

ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_ATOMS = (type(None), bool, int, float, complex, str, bytes, Enum, torch.dtype)
_CALLED = (FunctionType, MethodType, BuiltinFunctionType)


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
    sha.update(flat.view(torch.uint8).numpy() if flat.numel() else b"")


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
    """Return 16 hexadecimal digits that name the modules of a model and how they are joined.

    Their code counts, and so do the plain values that they hold, such as a number of heads.
    """
    sha = hashlib.sha256()
    seen: set[int] = set()
    for name, module in model.named_modules():
        kind = type(module)
        sha.update(f"{name} {kind.__qualname__} {module.extra_repr()}".encode())
        if not _is_torch(kind):
            _add_function(sha, kind.forward, seen, kind)
        for key, held in sorted(vars(module).items()):
            if not key.startswith("_") and key != "training" and _is_setting(held):
                sha.update(key.encode())
                _add_value(sha, getattr(held, "__func__", held), seen)
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
    if isinstance(value, _ATOMS):
        sha.update(f"{type(value).__qualname__} {value!r}".encode())
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Tensor):
        add_tensor(sha, value)
    elif isinstance(value, np.ndarray):
        sha.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    elif isinstance(value, nn.Module):
        sha.update((structure_digest(value) + numbers_digest(value, {})).encode())
    elif isinstance(value, partial):
        for part in (value.func, value.args, value.keywords):
            _add_value(sha, part, seen)
    elif isinstance(value, MethodType):
        _add_function(sha, value.__func__, seen, type(value.__self__))
        _add_value(sha, value.__self__, seen)
    elif isinstance(value, FunctionType):
        _add_function(sha, value, seen)
    elif isinstance(value, tuple | list):
        sha.update(f"{type(value).__qualname__} {len(value)}".encode())
        for part in value:
            _add_value(sha, part, seen)
    elif isinstance(value, Mapping):
        sha.update(f"{type(value).__qualname__} {len(value)}".encode())
        for key in sorted(value, key=repr):
            sha.update(repr(key).encode())
            _add_value(sha, value[key], seen)
    else:
        sha.update(f"{type(value).__qualname__} {ADDRESS.sub('', repr(value))}".encode())
        for kind in type(value).__mro__:
            if isinstance(own := vars(kind).get("__call__"), FunctionType):
                _add_function(sha, own, seen, type(value))
        for part in vars(value).values() if hasattr(value, "__dict__") else ():
            _add_value(sha, part, seen)


def _add_function(
    sha: Any, function: FunctionType, seen: set[int], kind: type | None = None
) -> None:
    """Add code and values of a function, and what it names of its class and its own module."""
    seen.add(id(function))
    _add_code(sha, function.__code__)
    for part in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        _add_value(sha, part, seen)
    for cell in function.__closure__ or ():
        _add_value(sha, _content(cell), seen)
    if _is_torch(function):
        return
    for name in _names(function.__code__):
        own = getattr(kind, name, None)
        if isinstance(own, FunctionType) and id(own) not in seen and not _is_torch(own):
            _add_function(sha, own, seen, kind)
        beside = function.__globals__.get(name)
        near = getattr(beside, "__module__", None) == function.__module__
        if _is_setting(beside) and (near or not isinstance(beside, FunctionType)):
            _add_value(sha, beside, seen)


def _is_setting(value: Any) -> bool:
    """Return whether a value is plain, so that the same program has the same one again."""
    if isinstance(value, Tensor):
        return value.grad_fn is None
    if isinstance(value, tuple | list):
        return all(map(_is_setting, value))
    if isinstance(value, Mapping):
        return all(map(_is_setting, value.values()))
    return isinstance(value, (*_ATOMS, *_CALLED, np.ndarray))


def _is_torch(made: type | FunctionType) -> bool:
    return (made.__module__ or "").startswith("torch.")


def _names(code: CodeType) -> list[str]:
    """Return the names that a piece of code looks up, and those that the code in it does."""
    inner = [name for part in code.co_consts if isinstance(part, CodeType) for name in _names(part)]
    return [*code.co_names, *inner]


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
