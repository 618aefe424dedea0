"""Fused: a plain stack of linear layers goes to the kernels of `MLPObjective`, in float64."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import Fields
from thalweg.objectives.activations import Activation
from thalweg.objectives.kernels import PlaneKernel
from thalweg.objectives.losses import Loss
from thalweg.objectives.torch import metrics
from thalweg.objectives.torch.course import Course
from thalweg.objectives.torch.data import Resident
from thalweg.objectives.torch.losses import PairLoss
from thalweg.objectives.torch.nest import mapped
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.reductions import Unreduced
from thalweg.objectives.torch.rows import Total
from thalweg.objectives.torch.strategies.in_place import InPlace
from thalweg.objectives.torch.strategies.memo import Memo
from thalweg.objectives.torch.strategies.mover import KEPT, dense_plane
from thalweg.objectives.torch.strategies.stack import Stack, stack_of

WIDEST = 64  # wider layers are left to matrix products in the model's own dtype
HIGHEST = 1e30  # beyond, float32 overflows somewhere, and the model itself says where
_LOSSES: dict[Any, Loss] = {
    nn.BCEWithLogitsLoss: Loss.BINARY_CROSS_ENTROPY,
    nn.CrossEntropyLoss: Loss.SOFTMAX_CROSS_ENTROPY,
    nn.MSELoss: Loss.MEAN_SQUARED_ERROR,
    F.binary_cross_entropy_with_logits: Loss.BINARY_CROSS_ENTROPY,
    F.cross_entropy: Loss.SOFTMAX_CROSS_ENTROPY,
    F.mse_loss: Loss.MEAN_SQUARED_ERROR,
}


@dataclass(frozen=True)
class Hand:
    """What the kernels need of a problem.

    Attributes:
        stack: the network.
        loss: as `MLPObjective` knows it.
        inputs: (N, d).
        targets: (N,) or (N, C).
    """

    stack: Stack
    loss: Loss
    inputs: FloatArray
    targets: FloatArray


@dataclass(frozen=True)
class Fused:
    """Hand a stack of linear layers, its loss and its accuracy to one fused kernel, in float64.

    Points at which the loss is not finite, or would overflow in float32, are left to the model.
    """

    single: InPlace = field(default_factory=InPlace, repr=False, compare=False)
    _hands: Memo[Hand | None] = field(default_factory=Memo, init=False, repr=False, compare=False)
    _kernels: Memo[PlaneKernel | None] = field(
        default_factory=Memo, init=False, repr=False, compare=False
    )

    def __call__(
        self, problem: Problem, course: Course, coords: FloatArray, fields: tuple[str, ...]
    ) -> Fields:
        """Return {field: (m,)} at coordinates (m, k).

        Raises:
            InputError: the problem is none that the kernels know.
        """
        kernel = self._kernel(problem, course) if self.knows(problem, fields) else None
        if kernel is None:
            wanted = "Fused needs a plain stack of linear layers, its usual loss, and a plane"
            mend = "take the default strategy, Auto()"
            raise InputError(wanted, f"{type(problem.model).__name__}, {', '.join(fields)}", mend)
        loss, accuracy = kernel(coords)
        found = {"loss": loss, metrics.accuracy.name: accuracy}
        high = np.flatnonzero(~(np.abs(loss) < HIGHEST))
        if high.size:
            for name, values in self.single(problem, course, coords[high], fields).items():
                found[name][high] = values
        return {name: found[name] for name in fields}

    def knows(self, problem: Problem, fields: tuple[str, ...]) -> bool:
        """Return whether the kernels compute these fields of this problem."""
        hand = self._hand(problem)
        if hand is None:
            return False
        counts = hand.loss.classifies and metrics.accuracy in problem.metrics
        return set(fields) <= {"loss", *([metrics.accuracy.name] if counts else [])}

    def how(self, problem: Problem) -> str:
        """Return what was done, in words."""
        return "fused, in float64"

    def _hand(self, problem: Problem) -> Hand | None:
        return self._hands.of(problem, lambda: hand_of(problem))

    def _kernel(self, problem: Problem, course: Course) -> PlaneKernel | None:
        return self._kernels.of(course, lambda: self._make(problem, course))

    def _make(self, problem: Problem, course: Course) -> PlaneKernel | None:
        hand, plane = self._hand(problem), dense_plane(problem, course, KEPT)
        if hand is None or plane is None:
            return None
        still = [np.zeros(plane.size)] * plane.k
        flat = zip((plane.origin, *plane.directions), (None, *still), strict=True)
        origin, *directions = (_ordered(problem, hand.stack, own, rest) for own, rest in flat)
        activation = list(Activation).index(hand.stack.activation)
        loss = list(Loss).index(hand.loss)
        return PlaneKernel(
            hand.stack.widths, activation, loss, hand.inputs, hand.targets, origin, directions
        )


def hand_of(problem: Problem) -> Hand | None:
    """Return what the kernels need of a problem, or None if they do not know such problems."""
    loss, data = _loss(problem), problem.data
    if loss is None or not isinstance(data, Resident) or data.table is None:
        return None
    dtypes = {parameter.dtype for parameter in problem.model.parameters()}
    stack = stack_of(problem.model) if dtypes <= {torch.float32, torch.float64} else None
    if stack is None or problem.dropout is not None or max(stack.widths[1:]) > WIDEST:
        return None
    inputs, targets = mapped(data.table, data.place)  # by the loss: a pair of tensors
    outputs = stack.widths[-1]
    fits = isinstance(inputs, Tensor) and {inputs.dtype} == dtypes and isinstance(targets, Tensor)
    if not fits or inputs[0].numel() != stack.widths[0] or len(inputs) * WIDEST * 8 > KEPT:
        return None
    if loss is Loss.SOFTMAX_CROSS_ENTROPY:
        form = (len(inputs),)
        usable = not targets.is_floating_point() and 0 <= targets.min() <= targets.max() < outputs
    else:
        form = (len(inputs),) if stack.squeezed else (len(inputs), outputs)
        binary = loss is Loss.BINARY_CROSS_ENTROPY
        usable = not binary or (outputs == 1 and bool(((targets == 0) | (targets == 1)).all()))
    if tuple(targets.shape) != form or not usable:
        return None
    shape = (len(inputs), outputs) if loss is Loss.MEAN_SQUARED_ERROR else (len(inputs),)
    return Hand(
        stack, loss, _array(inputs).reshape(len(inputs), -1), _array(targets).reshape(shape)
    )


def _array(tensor: Tensor) -> FloatArray:
    return tensor.detach().cpu().double().numpy()


def _loss(problem: Problem) -> Loss | None:
    form = problem.loss
    if not isinstance(form, PairLoss) or not isinstance(form.kernel, Unreduced):
        return None
    kernel = form.kernel
    if kernel.total is not Total.MEAN or kernel.by_batch or kernel.weight is not None:
        return None
    function = kernel.function
    if isinstance(function, partial):
        return _LOSSES.get(function.func) if set(function.keywords) == {"reduction"} else None
    usual = {"weight": None, "pos_weight": None, "label_smoothing": 0.0, "ignore_index": -100}
    plain = all(getattr(function, name, value) == value for name, value in usual.items())
    return _LOSSES.get(type(function)) if plain else None


def _ordered(
    problem: Problem, stack: Stack, mapped: FloatArray, rest: FloatArray | None
) -> FloatArray:
    """Return a flat vector in the kernels' order: each weight (fan-in, fan-out), then its bias.

    Args:
        problem: whose layout `mapped` has.
        stack: the layers.
        mapped: (n,), of the mapped parameters.
        rest: None if parameters that are not mapped count as they are, else they count zero.
    """
    places = {
        id(p): at
        for p, (_, at) in zip(problem.parameters, problem.selection.layout.slices(), strict=True)
    }

    def block(name: str | None, size: int) -> FloatArray:
        if name is None:
            return np.zeros(size)
        parameter = problem.model.get_parameter(name)
        if id(parameter) in places:
            return mapped[places[id(parameter)]]
        if rest is not None:
            return np.zeros(size)
        return _array(parameter).ravel()

    parts = []
    pairs = zip(stack.widths, stack.widths[1:], stack.layers, strict=False)
    for low, high, (weight, bias) in pairs:
        parts += [block(weight, low * high).reshape(high, low).T.ravel(), block(bias, high)]
    return np.concatenate(parts)
