"""Small smooth networks for runs at the edge of stability."""

import numpy as np

from thalweg.datasets import spiral
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP, FanIn, Gaussian


def on_spiral(activation=Activation.SOFTPLUS, seed=1, n_points=50):
    network, data = MLP((2, 16, 1), activation), spiral(n_points, 0.3, seed)
    return MLPObjective(network, *data, start=network.initial_point(seed, Gaussian(0.5)))


def on_chebyshev(seed=0, degree=4):
    """The fourth Chebyshev polynomial at 20 points, as in Cohen et al. 2021."""
    inputs = np.linspace(-1, 1, 20)[:, None]
    targets = np.polynomial.chebyshev.chebval(inputs[:, 0], [0] * degree + [1])[:, None]
    network = MLP((1, 24, 1), Activation.TANH)
    start = network.initial_point(seed, FanIn(1.0))
    return MLPObjective(network, inputs, targets, Loss.MEAN_SQUARED_ERROR, start=start)
