"""Units of a PyTorch model: told from its graph, and proven on a random twin."""

import copy
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.renaming import Blocks, rename
from thalweg.core.units import UnitLayer
from thalweg.objectives.torch.data import To
from thalweg.objectives.torch.guest import guarded
from thalweg.objectives.torch.nest import mapped, tensors
from thalweg.objectives.torch.norms import tracked
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.unit_flow import Flow
from thalweg.objectives.torch.unit_ledger import Ledger

EXAMPLES = 32  # a proof needs no more
SAME = 1e-9  # relative, in float64: what rounding may do to a twin
NOISE = 0.3  # of the parameters, so that no layer is proven by being zero


@dataclass(frozen=True)
class FoundUnits:
    """What could be told.

    Attributes:
        layers: of units that are interchangeable.
        left_out: the other layers, each with the reason.
    """

    layers: tuple[UnitLayer, ...]
    left_out: tuple[str, ...]


def found_units(problem: Problem) -> FoundUnits:
    """Return the hidden units of a problem's model.

    The model is traced (torch.fx) and followed operation by operation; units that reach one that
    is not understood (attention, recurrent cells, concatenation of channels, BatchNorm with frozen
    statistics, ...) or a parameter that is not mapped are left out. The rest is proven on a copy
    in float64: a random twin of a random point must have the same outputs.

    Raises:
        InputError: the model cannot be traced, or all hidden layers are left out.
    """
    with guarded():
        model = _copy(problem)
        arguments = _arguments(problem, model)
        traced = _traced(model, arguments)
        ledger = Ledger()
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        problem.seed_masks(0)
        Flow(traced, names, ledger).run(*arguments.values())
        layers, left_out = ledger.layers(problem.selection.layout)
        proven = _proven(_Twins(problem, model, arguments), layers)
    kept = {layer.name for layer in proven}
    failed = [f"{each.name}: its twins differ" for each in layers if each.name not in kept]
    left_out = (*left_out, *failed)
    if left_out and not proven:
        mend = "align by hand, or write the model of layers that are understood"
        wanted = "hidden units must be told from the model"
        reasons = dict.fromkeys(each.partition(": ")[2] for each in left_out)
        raise InputError(wanted, "; ".join(reasons)[:300], mend)
    return FoundUnits(proven, left_out)


def _copy(problem: Problem) -> nn.Module:
    """Return a copy at the start, in float64 on the CPU; moving statistics are the batch's."""
    model = copy.deepcopy(problem.model)
    for parameter, base in zip(problem.selection.parameters(model), problem.base, strict=True):
        parameter.copy_(base)
    model._apply(To(torch.device("cpu"), torch.float64))
    if problem.reestimates:
        for layer in tracked(model):
            layer.train()
    return model


class _Called(Exception):
    """The model was called; what with is known now."""


def _arguments(problem: Problem, model: nn.Module) -> dict[str, Any]:
    """Return the arguments of the first call of the model, by name, on a few examples."""
    given: list[inspect.BoundArguments] = []

    def note(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given.append(inspect.signature(module.forward).bind(*args, **kwargs))
        raise _Called

    handle = model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        number, batch = next(iter(problem.batches()))
        problem.measure(model, number, batch, False)
    except _Called:
        pass
    finally:
        handle.remove()
    if not given:
        mend = "let the loss call the model itself"
        raise InputError("hidden units need a loss that calls the model", "none", mend)
    given[0].apply_defaults()
    whole = given[0].arguments
    lengths = {len(t) if t.ndim else -1 for t in tensors(whole)}
    few = slice(None) if len(lengths) != 1 or -1 in lengths else slice(EXAMPLES)
    place = To(torch.device("cpu"), torch.float64)
    return {name: mapped(value, lambda t: place(t[few])) for name, value in whole.items()}


def _traced(model: nn.Module, arguments: dict[str, Any]) -> fx.GraphModule:
    known = {name: value for name, value in arguments.items() if not tensors(value)}
    try:
        return fx.GraphModule(model, fx.Tracer().trace(model, known or None))
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as fault:  # the guest's code may raise anything on a stand-in for a tensor
        said = " ".join(f"{type(fault).__name__}: {fault}".split())[:200]
        wanted = "hidden units need a model that torch.fx can trace"
        mend = "take decisions that depend on the data out of forward"
        raise InputError(wanted, said, mend) from fault


class _Twins:
    """A copy of the model at random points and their twins."""

    def __init__(self, problem: Problem, model: nn.Module, arguments: dict[str, Any]) -> None:
        self.problem, self.model, self.arguments = problem, model, arguments
        layout = problem.selection.layout
        parameters = problem.selection.parameters(model)
        self.parameters = {b.name: p for b, p in zip(layout.blocks, parameters, strict=True)}

    def differ(self, layers: Sequence[UnitLayer], seed: int = 0) -> bool:
        """Whether a random twin of a random point has other outputs."""
        random = np.random.default_rng(seed)
        blocks: Blocks = {}
        for name, parameter in self.parameters.items():
            start = np.nan_to_num(parameter.numpy(), posinf=0.0, neginf=0.0)
            spread = NOISE * max(float(np.sqrt(np.square(start).mean())), 0.1)
            blocks[name] = start + spread * random.standard_normal(start.shape)
        twin = blocks
        for layer in layers:
            factors = np.ones(layer.size)
            if layer.nature.flips:
                factors *= random.choice([-1.0, 1.0], layer.size)
            if layer.nature.scales:
                factors *= np.exp(0.5 * random.standard_normal(layer.size))
            twin = rename(twin, layer, random.permutation(layer.size), factors)
        here, there = self._outputs(blocks), self._outputs(twin)
        size = max(1.0, float(np.abs(here).max(initial=0.0)))
        return not bool(np.abs(there - here).max(initial=0.0) <= SAME * size)

    def _outputs(self, blocks: Blocks) -> FloatArray:
        kept = {name: parameter.clone() for name, parameter in self.parameters.items()}
        try:
            for name, parameter in self.parameters.items():
                parameter.copy_(torch.as_tensor(np.ascontiguousarray(blocks[name])))
            self.problem.seed_masks(0)
            found: list[Tensor] = tensors(self.model(**self.arguments))
        finally:
            for name, parameter in self.parameters.items():
                parameter.copy_(kept[name])
        if not found:
            mend = "let the model return tensors"
            raise InputError("the model's output must hold tensors", "none", mend)
        return np.concatenate([each.double().numpy().reshape(-1) for each in found])


def _proven(twins: _Twins, layers: tuple[UnitLayer, ...]) -> tuple[UnitLayer, ...]:
    """Return the layers whose twins are the same function, alone and together."""
    if not twins.differ(layers):
        return layers
    alone = tuple(layer for layer in layers if not twins.differ((layer,)))
    return () if twins.differ(alone) else alone
