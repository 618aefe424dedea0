"""Two-moons networks with two hidden layers, each trained from two seeds."""

from dataclasses import dataclass

import numpy as np
import pytest

from thalweg.datasets import moons
from thalweg.dynamics.record import record_many
from thalweg.dynamics.steppers import Adam
from thalweg.objectives.activations import Activation
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP, FanIn


@dataclass(frozen=True)
class Trained:
    """An objective, the same on fresh examples, and where several seeds end."""

    objective: MLPObjective
    fresh: MLPObjective
    ends: np.ndarray


def trained(activation, gain):
    network = MLP((2, 8, 8, 1), activation)
    objective = MLPObjective(network, *moons(30, 0.1, seed=0))
    starts = [network.initial_point(seed, FanIn(gain)) for seed in range(3)]
    runs = record_many(objective, starts, Adam(0.02), 400, every=400)
    fresh = MLPObjective(network, *moons(30, 0.1, seed=1))
    return Trained(objective, fresh, np.stack([run["point"].values[-1] for run in runs]))


@pytest.fixture(scope="session")
def tanh():
    return trained(Activation.TANH, 1.0)


@pytest.fixture(scope="session")
def relu():
    return trained(Activation.RELU, 2.0**0.5)
