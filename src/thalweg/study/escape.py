"""Escape: the exact saddle at zero of a smooth network, and how fast gradient descent leaves it."""

from dataclasses import dataclass, replace

import numpy as np

from thalweg.curvature.chance import chance_of_minimum
from thalweg.curvature.dense import spectrum
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.activations import Activation
from thalweg.objectives.network import MLP
from thalweg.study.context import Study

RATE, STEPS, NUDGE = 1.0, 200, 1e-9


@dataclass(frozen=True)
class Escape:
    """The saddle at zero of the chapter's network with tanh, and the way out of it.

    Attributes:
        gradient_norm: at zero; a balanced data set makes it vanish.
        index: number of negative eigenvalues; `zero` of zero ones.
        lambda_min, lambda_max: extreme eigenvalues there.
        lambda_min_formula: -|mean of (1/2 - y) x|, exact for this network.
        chance: that a random plane through it shows a minimum.
        rate: learning rate of the descent that was measured.
        growth_predicted: 1 + rate |lambda_min|; `growth_measured` what a run shows, per step.
        efold_steps: steps for a factor of e at the chapter's learning rate.
    """

    gradient_norm: float
    index: int
    zero: int
    lambda_min: float
    lambda_max: float
    lambda_min_formula: float
    chance: float
    rate: float
    growth_predicted: float
    growth_measured: float
    efold_steps: float


def smooth_twin(network: MLP) -> MLP:
    """Return the network with tanh in place of its activation."""
    return replace(network, activation=Activation.TANH)


def escape(study: Study) -> Escape:
    """Return the saddle at zero on the chapter's data, and gradient descent's way out of it."""
    setting = study.chapter
    objective = setting.objective(study.plan.seed, network=smooth_twin(setting.network))
    zero = np.zeros(objective.layout.size)
    there = study.shop.keep("exact-saddle-spectrum", lambda: spectrum(objective, zero))
    values, vectors = there["eigenvalues"].values, there["eigenvectors"].values
    start = NUDGE * vectors[0]  # a pure step down, so that growth is clean from the first step
    run = study.shop.keep("exact-escape", lambda: record(objective, start, SGD(RATE), STEPS))
    away = np.linalg.norm(run["point"].values @ vectors[: there.attrs["negative"]].T, axis=1)
    X, y = setting.data(study.plan.seed)
    return Escape(
        gradient_norm=there.attrs["gradient_norm"],
        index=there.attrs["negative"],
        zero=there.attrs["zero"],
        lambda_min=float(values[0]),
        lambda_max=float(values[-1]),
        lambda_min_formula=-float(np.linalg.norm(((0.5 - y)[:, None] * X).mean(axis=0))),
        chance=chance_of_minimum(values).probability,
        rate=RATE,
        growth_predicted=1 + RATE * abs(float(values[0])),
        growth_measured=float((away[-1] / away[0]) ** (1 / STEPS)),
        efold_steps=float(1 / np.log1p(setting.steppers[0].lr * abs(float(values[0])))),
    )
