"""The one table of cases: networks x losses x penalties; see formulas.py for plain functions."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import numpy as np
from scipy.special import erf

from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP, FanIn

OUTPUTS = {
    Loss.BINARY_CROSS_ENTROPY: 1,
    Loss.SOFTMAX_CROSS_ENTROPY: 3,
    Loss.MEAN_SQUARED_ERROR: 2,
}
EXAMPLES = 9
KINK_MARGIN = 0.02  # no input of a ReLU is nearer to zero than this


@dataclass(frozen=True)
class Case:
    """A network, a loss, a penalty; data and a point that are the same each time."""

    hidden: tuple[int, ...]
    activation: Activation
    loss: Loss
    l2: float

    def __str__(self) -> str:
        return f"{self.network} {self.loss.value} l2={self.l2}".replace(" ", "_")

    @cached_property
    def network(self) -> MLP:
        return MLP((2, *self.hidden, OUTPUTS[self.loss]), self.activation)

    @cached_property
    def data(self):
        random = np.random.default_rng(7)
        inputs = random.standard_normal((EXAMPLES, 2))
        if self.loss is Loss.MEAN_SQUARED_ERROR:
            return inputs, random.standard_normal((EXAMPLES, 2))
        classes = max(2, OUTPUTS[self.loss])
        return inputs, (np.arange(EXAMPLES) % classes).astype(float)

    @cached_property
    def objective(self) -> MLPObjective:
        return MLPObjective(self.network, *self.data, self.loss, self.l2)

    @cached_property
    def point(self):
        """A point with biases, away from all kinks."""
        for seed in range(1000):
            random = np.random.default_rng(seed)
            point = self.network.initial_point(seed, FanIn(1.0))
            point = point + 0.3 * random.standard_normal(point.size)
            nearest = min((np.abs(z).min() for z in hidden_inputs(self, point)), default=1.0)
            if nearest > KINK_MARGIN:
                return point
        raise AssertionError("no point away from the kinks")


def hidden_inputs(case: Case, point):
    """The inputs of the hidden units, layer by layer, written out once more."""
    h, found = case.data[0], []
    for weights, bias in blocks(case.network.widths, point)[:-1]:
        found.append(h @ weights + bias)
        h = ACTIVATIONS[case.activation](found[-1])
    return found


def blocks(widths, point):
    """Cut a flat point, real or complex, into (W, b) a layer."""
    parts, at = [], 0
    for i, o in pairwise(widths):
        parts.append((point[at : at + i * o].reshape(i, o), point[at + i * o : at + (i + 1) * o]))
        at += (i + 1) * o
    assert at == point.size
    return parts


ACTIVATIONS = {  # each also takes complex numbers, for the complex step
    Activation.RELU: lambda z: np.where(z.real > 0, z, 0),
    Activation.TANH: np.tanh,
    Activation.SOFTPLUS: lambda z: np.log(1 + np.exp(z)),
    Activation.GELU: lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
}


def plain_loss(case: Case, point):
    """The loss straight from its formula, one example at a time; takes complex points."""
    inputs, targets = case.data
    total = 0.0
    for x, y in zip(inputs, targets, strict=True):
        h = x
        layers = blocks(case.network.widths, point)
        for weights, bias in layers[:-1]:
            h = ACTIVATIONS[case.activation](h @ weights + bias)
        f = h @ layers[-1][0] + layers[-1][1]
        if case.loss is Loss.BINARY_CROSS_ENTROPY:
            total += np.log(1 + np.exp(f[0])) - y * f[0]
        elif case.loss is Loss.SOFTMAX_CROSS_ENTROPY:
            total += np.log(np.exp(f).sum()) - f[int(y)]
        else:
            total += ((f - y) ** 2).mean()
    return total / len(inputs) + case.l2 / 2 * (point**2).sum()


DEPTHS = ((), (5,), (4, 3))
CASES = [
    Case(hidden, activation, loss, l2)
    for hidden, activation, loss, l2 in product(DEPTHS, Activation, Loss, (0.0, 0.3))
    if hidden or activation is Activation.RELU
]
