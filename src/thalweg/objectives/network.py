"""MLP: a fully connected network in NumPy, evaluated at many parameter points at once.

Shapes: m points, N examples, fan-in i and fan-out o of a layer. Derivatives are exact:
backpropagation for gradients, Pearlmutter's R-operator (Pearlmutter 1994, "Fast exact
multiplication by the Hessian") for Hessian-vector products.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout, Role
from thalweg.core.units import Place, UnitLayer
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss


@dataclass(frozen=True)
class Gaussian:
    """Initial weights scale * N(0, 1), biases zero: the chapter's scheme at scale 0.5."""

    scale: float = 0.5

    def deviation(self, fan_in: int) -> float:
        """Return the standard deviation of a weight."""
        return self.scale


@dataclass(frozen=True)
class FanIn:
    """Initial weights gain / sqrt(fan-in) * N(0, 1), biases zero (He et al. 2015 at sqrt 2)."""

    gain: float = 2.0**0.5

    def deviation(self, fan_in: int) -> float:
        """Return the standard deviation of a weight into a unit with `fan_in` inputs."""
        return self.gain / fan_in**0.5


Initialization = Gaussian | FanIn


@dataclass(frozen=True)
class MLP:
    """Widths from input to output, with one activation on every hidden layer.

    Parameters lie in the order W1 (fan-in, fan-out), b1, W2, b2, ...

    >>> MLP((2, 16, 1)).layout.size
    65
    """

    widths: tuple[int, ...]
    activation: Activation = Activation.RELU

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or any(int(w) != w or w < 1 for w in self.widths):
            wanted = "widths must be at least an input and an output, whole numbers above 0"
            raise InputError(wanted, repr(self.widths), "write for example (2, 16, 1)")
        object.__setattr__(self, "widths", tuple(int(w) for w in self.widths))

    def __str__(self) -> str:
        return "-".join(map(str, self.widths)) + f" {self.activation.value}"

    @cached_property
    def layout(self) -> Layout:
        """The blocks W1, b1, W2, b2, ...; filters are the columns of W (weights into a unit)."""
        blocks = []
        for layer, (fan_in, fan_out) in enumerate(pairwise(self.widths), start=1):
            blocks += [
                Block(f"W{layer}", (fan_in, fan_out), Role.WEIGHT, filter_axis=1),
                Block(f"b{layer}", (fan_out,), Role.BIAS),
            ]
        return Layout(tuple(blocks))

    @cached_property
    def units(self) -> tuple[UnitLayer, ...]:
        """The hidden layers, from the input on."""
        return tuple(
            UnitLayer(
                f"hidden {level}",
                size,
                (Place(f"W{level}", 1), Place(f"b{level}", 0)),
                (Place(f"W{level + 1}", 0),),
                self.activation.nature,
            )
            for level, size in enumerate(self.widths[1:-1], start=1)
        )

    def initial_point(self, seed: int, scheme: Initialization = Gaussian()) -> FloatArray:
        """Return a random point (n,), drawn from a private RandomState(seed), layer by layer."""
        random = np.random.RandomState(seed)
        parts = []
        for fan_in, fan_out in pairwise(self.widths):
            weights = random.randn(fan_in, fan_out) * scheme.deviation(fan_in)
            parts += [weights.ravel(), np.zeros(fan_out)]
        return np.concatenate(parts)

    def layers(self, points: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
        """Return W (m, i, o) and b (m, 1, o) of each layer: views into points (m, n)."""
        found, start, m = [], 0, len(points)
        for fan_in, fan_out in pairwise(self.widths):
            middle, end = start + fan_in * fan_out, start + (fan_in + 1) * fan_out
            weights = points[:, start:middle].reshape(m, fan_in, fan_out)
            found.append((weights, points[:, None, middle:end]))
            start = end
        return found

    def logits(self, points: FloatArray, inputs: FloatArray) -> FloatArray:
        """Return the outputs (m, N, C) at points (m, n) for inputs (N, d)."""
        h, layers = inputs, self.layers(points)
        for weights, bias in layers[:-1]:
            h = self.activation.value_at(h @ weights + bias)
        weights, bias = layers[-1]
        return h @ weights + bias

    def backpropagate(
        self, points: FloatArray, inputs: FloatArray, targets: FloatArray, loss: Loss
    ) -> tuple[FloatArray, FloatArray]:
        """Return mean losses (m,) and their gradients (m, n)."""
        layers = self.layers(points)
        below, slopes, h = [], [], inputs
        for weights, bias in layers[:-1]:
            z = h @ weights + bias
            below.append(h)
            slopes.append(self.activation.derivatives_at(z)[0])
            h = self.activation.value_at(z)
        below.append(h)
        weights, bias = layers[-1]
        logits = h @ weights + bias
        losses = loss.values(logits, targets).mean(axis=-1)
        delta = loss.derivative(logits, targets) / len(inputs)
        parts: list[FloatArray] = []
        for level in range(len(layers) - 1, -1, -1):
            parts += [delta.sum(axis=1), _flat(np.swapaxes(below[level], -1, -2) @ delta)]
            if level:
                delta = (delta @ np.swapaxes(layers[level][0], 1, 2)) * slopes[level - 1]
        return losses, np.concatenate(parts[::-1], axis=1)

    def hessian_times(
        self,
        point: FloatArray,
        directions: FloatArray,
        inputs: FloatArray,
        targets: FloatArray,
        loss: Loss,
    ) -> FloatArray:
        """Return the Hessian of the mean loss at point (n,) times directions (k, n)."""
        layers, moves = self.layers(point[None]), self.layers(directions)
        h, dh = inputs, np.zeros(1)
        below, dbelow, slopes, bends, dzs = [], [], [], [], []
        z = dz = h
        for (weights, bias), (dweights, dbias) in zip(layers, moves, strict=True):
            below.append(h)
            dbelow.append(dh)
            z, dz = h @ weights + bias, h @ dweights + dbias
            if len(below) > 1:
                dz = dz + dh @ weights
            slope, bend = self.activation.derivatives_at(z)
            slopes.append(slope)
            bends.append(bend)
            dzs.append(dz)
            h, dh = self.activation.value_at(z), slope * dz
        n_examples = len(inputs)
        delta = loss.derivative(z, targets) / n_examples
        ddelta = loss.curvature_times(z, dz) / n_examples
        parts: list[FloatArray] = []
        for level in range(len(layers) - 1, -1, -1):
            curved = np.swapaxes(below[level], -1, -2) @ ddelta
            if level:
                curved = curved + np.swapaxes(dbelow[level], -1, -2) @ delta
            parts += [ddelta.sum(axis=1), _flat(curved)]
            if level:
                turn, dturn = (
                    np.swapaxes(layers[level][0], 1, 2),
                    np.swapaxes(moves[level][0], 1, 2),
                )
                passed = delta @ turn
                ddelta = (ddelta @ turn + delta @ dturn) * slopes[level - 1]
                bend = bends[level - 1]
                if bend is not None:
                    ddelta = ddelta + passed * bend * dzs[level - 1]
                delta = passed * slopes[level - 1]
        return np.concatenate(parts[::-1], axis=1)


def _flat(weights: FloatArray) -> FloatArray:
    return weights.reshape(len(weights), -1)
