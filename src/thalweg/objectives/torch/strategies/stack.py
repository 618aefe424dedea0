"""Which modules are a plain stack of linear layers with one activation between them.

Read off the graph of the module's own forward pass, so that it does not matter how it is written;
whatever the reader does not know makes the module no stack.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from thalweg.objectives.activations import Activation

_ACTIVATIONS: dict[Any, Activation] = {
    nn.ReLU: Activation.RELU,
    nn.Tanh: Activation.TANH,
    nn.GELU: Activation.GELU,
    torch.relu: Activation.RELU,
    functional.relu: Activation.RELU,
    torch.tanh: Activation.TANH,
    functional.tanh: Activation.TANH,
    functional.gelu: Activation.GELU,
    "relu": Activation.RELU,
    "tanh": Activation.TANH,
}
_SILENT = (nn.Identity, nn.Dropout)  # of a module in evaluation mode
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")


@dataclass(frozen=True)
class Stack:
    """A fully connected network, as `MLPObjective` knows it.

    Attributes:
        widths: from input to output.
        activation: of every hidden layer.
        layers: the names of weight (fan-out, fan-in) and bias (fan-out,) of each layer; a layer
            without a bias has None.
        squeezed: whether its one output lost its axis.
    """

    widths: tuple[int, ...]
    activation: Activation
    layers: tuple[tuple[str, str | None], ...]
    squeezed: bool = False


def stack_of(module: nn.Module) -> Stack | None:
    """Return what the module computes, if it is a stack and in evaluation mode, else None.

    >>> stack_of(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).eval()).widths
    (2, 3, 1)
    """
    if any(m.training or any(getattr(m, kind) for kind in _HOOKS) for m in module.modules()):
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            graph = fx.Tracer().trace(module)
    except Exception:  # a forward pass may do anything; what cannot be read is no stack
        return None
    return _Reader(module).read(list(graph.nodes))


class _Reader:
    """Walks the nodes of a graph, each of which has to follow from the one before."""

    def __init__(self, module: nn.Module) -> None:
        self._modules = dict(module.named_modules())
        self._module = module
        self._widths: list[int] = []
        self._layers: list[tuple[str, str | None]] = []
        self._between: list[Activation] = []
        self._squeezed = False

    def read(self, nodes: list[fx.Node]) -> Stack | None:
        inputs = [node for node in nodes if node.op == "placeholder"]
        if len(inputs) != 1 or not nodes or nodes[-1].op != "output":
            return None
        before = inputs[0]
        for node in nodes[1:-1]:
            if node.all_input_nodes != [before] or node.args[:1] != (before,):
                return None
            if not self._take(node):
                return None
            before = node
        whole = nodes[-1].args[0] is before and len(self._between) == len(self._layers) - 1
        if not whole or len(set(self._between)) > 1:
            return None
        activation = self._between[0] if self._between else Activation.RELU
        layers = tuple(self._layers)
        return Stack(tuple(self._widths), activation, layers, self._squeezed)

    def _take(self, node: fx.Node) -> bool:
        """Read one node; False if it is none of a stack."""
        if node.op == "call_module":
            return self._take_module(str(node.target), self._modules[str(node.target)])
        rest = node.args[1:]
        if node.target in (torch.flatten, "flatten"):
            return (rest, node.kwargs) in (((1,), {}), ((), {"start_dim": 1})) and self._flatten()
        if node.target in (torch.squeeze, "squeeze"):
            return rest in ((1,), (-1,)) and not node.kwargs and self._squeeze()
        if node.op == "get_attr" or node.target not in _ACTIVATIONS or rest:
            return False
        harmless = {"inplace": (False, True), "approximate": ("none",)}
        if any(value not in harmless.get(key, ()) for key, value in node.kwargs.items()):
            return False
        return self._activate(_ACTIVATIONS[node.target])

    def _take_module(self, name: str, module: nn.Module) -> bool:
        if type(module) is nn.Linear:
            if len(self._between) != len(self._layers) or self._squeezed:
                return False
            if not self._widths:
                self._widths.append(module.in_features)
            self._widths.append(module.out_features)
            dot = f"{name}." if name else ""
            bias = None if module.bias is None else f"{dot}bias"
            self._layers.append((f"{dot}weight", bias))
            return True
        if type(module) in _SILENT:
            return True
        if type(module) is nn.Flatten:
            return (module.start_dim, module.end_dim) == (1, -1) and self._flatten()
        if type(module) is nn.GELU and module.approximate != "none":
            return False
        found = _ACTIVATIONS.get(type(module))
        return found is not None and self._activate(found)

    def _activate(self, activation: Activation) -> bool:
        self._between.append(activation)
        return len(self._between) == len(self._layers) and not self._squeezed

    def _flatten(self) -> bool:
        """The axes of an example may become one before the first layer."""
        return not self._layers

    def _squeeze(self) -> bool:
        """One output may lose its axis, once, at the end."""
        again, self._squeezed = self._squeezed, True
        whole = len(self._layers) == len(self._between) + 1
        return whole and self._widths[-1] == 1 and not again
