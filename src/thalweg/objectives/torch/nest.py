"""Nests: tensors inside tuples, lists and dicts, as data loaders yield them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor


def mapped(nest: Any, function: Callable[[Tensor], Tensor]) -> Any:
    """Return the same nest with the function applied to its tensors; arrays become tensors."""
    if isinstance(nest, Tensor):
        return function(nest)
    if isinstance(nest, np.ndarray):
        return function(torch.as_tensor(nest))
    if isinstance(nest, Mapping):
        return {key: mapped(value, function) for key, value in nest.items()}
    if isinstance(nest, tuple) and hasattr(nest, "_fields"):
        return type(nest)(*(mapped(value, function) for value in nest))
    if isinstance(nest, tuple | list):
        return type(nest)(mapped(value, function) for value in nest)
    return nest


def leaves(nest: Any) -> Iterator[Any]:
    """Yield what a nest holds, in order: tensors and whatever else is no container."""
    if isinstance(nest, Mapping):
        for value in nest.values():
            yield from leaves(value)
    elif isinstance(nest, tuple | list):
        for value in nest:
            yield from leaves(value)
    else:
        yield nest


def tensors(nest: Any) -> list[Tensor]:
    """Return the tensors of a nest, in order."""
    return [leaf for leaf in leaves(nest) if isinstance(leaf, Tensor)]


def joined(nests: list[Any]) -> Any | None:
    """Return one nest whose tensors are those of all, along axis 0; None if they do not fit."""
    first = [(t.shape[1:], t.dtype, t.device) for t in tensors(nests[0]) if t.ndim]
    for nest in nests:
        found = list(leaves(nest))
        if not all(isinstance(leaf, Tensor) and leaf.ndim for leaf in found):
            return None
        if [(t.shape[1:], t.dtype, t.device) for t in found] != first or not found:
            return None
        if len({len(leaf) for leaf in found}) != 1 or type(nest) is not type(nests[0]):
            return None
    if len(nests) == 1:
        return nests[0]
    columns = [torch.cat(column) for column in zip(*map(tensors, nests), strict=True)]
    rest = iter(columns)
    return mapped(nests[0], lambda _: next(rest))
