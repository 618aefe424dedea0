"""Compiled: one point after the other through `torch.compile`, for maps that outlast compiling."""

import os
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import torch
from torch import nn

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import Fields
from thalweg.objectives.torch.course import Course
from thalweg.objectives.torch.data import Resident, count
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.strategies.in_place import InPlace
from thalweg.objectives.torch.strategies.memo import Memo


@dataclass(frozen=True)
class Compiled:
    """Move the double to each point; its forward pass is compiled once, for the largest batches.

    Parameters are written in place, so that no point compiles anew. Batches of another size, and
    portions of batches that did not fit in memory, go through the model as it is.
    """

    single: InPlace = field(default_factory=InPlace, repr=False, compare=False)
    _calls: Memo[Callable[..., Any]] = field(
        default_factory=Memo, init=False, repr=False, compare=False
    )

    def __call__(
        self, problem: Problem, course: Course, coords: FloatArray, fields: tuple[str, ...]
    ) -> Fields:
        """Return {field: (m,)} at coordinates (m, k).

        Raises:
            torch._dynamo.exc.TorchDynamoException: the forward pass cannot be compiled whole.
        """
        call = self._calls.of(problem, lambda: compiled(problem))
        with warnings.catch_warnings(action="ignore"):  # of the compiler, about the machine
            return self.single.along(problem, course, coords, fields, call)

    def how(self, problem: Problem) -> str:
        """Return what was done, in words."""
        return "compiled, " + self.single.how(problem)


def compiled(problem: Problem) -> Callable[..., Any]:
    """Return the double's forward pass, compiled for its largest batches."""
    model = problem.model
    largest = max(problem.data.counts) if isinstance(problem.data, Resident) else None

    def forward(*args: Any, **kwargs: Any) -> Any:
        return model(*args, **kwargs)

    # What torch compiled is kept by code object, eight versions each; this one has its own.
    own = FunctionType(forward.__code__.replace(), globals(), closure=forward.__closure__)
    fast = torch.compile(own, fullgraph=True, dynamic=False)

    def call(*args: Any, **kwargs: Any) -> Any:
        whole = largest is None or count((args, kwargs)) == largest
        return fast(*args, **kwargs) if whole else model(*args, **kwargs)

    return call


def has_compiler() -> bool:
    """Return whether a C++ compiler is at hand."""
    names = (os.environ.get("CXX"), "g++", "clang++", "cl")
    return any(name and shutil.which(name) for name in names)


def has_convolutions(model: nn.Module) -> bool:
    """Return whether compiling pays: what lies between convolutions is fused."""
    return any(isinstance(m, nn.Conv1d | nn.Conv2d | nn.Conv3d) for m in model.modules())
