"""Escape: the exact saddle at zero of a smooth network, and how fast gradient descent leaves it."""

from dataclasses import dataclass, replace

import numpy as np

from thalweg.critical.classify import classify
from thalweg.critical.escape_time import amplitudes, efold_steps, escape_steps, observed_escape
from thalweg.curvature.chance import chance_of_minimum, null_curvature
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.activations import Activation
from thalweg.objectives.network import MLP
from thalweg.study.context import Study

RATE, NUDGE = 1.0, 1e-9
LINEAR = 200  # steps over which the growth is measured: the nudge is still tiny then
RADIUS = 1e-2  # escaped


@dataclass(frozen=True)
class Escape:
    """The saddle at zero of the chapter's network with tanh, and the way out of it.

    Attributes:
        gradient_norm: at zero; a balanced data set makes it vanish.
        kind: what it is, in words.
        index: number of negative eigenvalues; `zero` of zero ones.
        lambda_min, lambda_max: extreme eigenvalues there; `mean_curvature` tr H / n.
        lambda_min_formula: -|mean of (1/2 - y) x|, exact for this network.
        chance: that a random plane through it shows a minimum.
        rate: learning rate of the descent that was measured.
        growth_predicted: 1 + rate |lambda_min|; `growth_measured` what a run shows, per step.
        escape_predicted: steps from 1e-9 to 1e-2 off the saddle; `escape_measured` in the run.
        efold_steps: steps for a factor of e at the chapter's learning rate.
    """

    gradient_norm: float
    kind: str
    index: int
    zero: int
    lambda_min: float
    lambda_max: float
    mean_curvature: float
    lambda_min_formula: float
    chance: float
    rate: float
    growth_predicted: float
    growth_measured: float
    escape_predicted: float
    escape_measured: float
    efold_steps: float


def smooth_twin(network: MLP) -> MLP:
    """Return the network with tanh in place of its activation."""
    return replace(network, activation=Activation.TANH)


def escape(study: Study) -> Escape:
    """Return the saddle at zero on the chapter's data, and gradient descent's way out of it."""
    setting = study.chapter
    objective = setting.objective(study.plan.seed, network=smooth_twin(setting.network))
    saddle = classify(objective, np.zeros(objective.layout.size))
    start = NUDGE * saddle.downward[0]  # a pure step down: growth is clean from the first step
    predicted = escape_steps(NUDGE, RADIUS, saddle.lambda_min, RATE)
    steps = int(1.1 * predicted) + LINEAR
    run = study.shop.keep("exact-escape", lambda: record(objective, start, SGD(RATE), steps))
    away = amplitudes(saddle, run["point"].values)
    X, y = setting.data(study.plan.seed)
    return Escape(
        gradient_norm=saddle.gradient_norm,
        kind=saddle.words,
        index=saddle.index,
        zero=saddle.nullity,
        lambda_min=saddle.lambda_min,
        lambda_max=saddle.lambda_max,
        mean_curvature=null_curvature(saddle.eigenvalues).mean,
        lambda_min_formula=-float(np.linalg.norm(((0.5 - y)[:, None] * X).mean(axis=0))),
        chance=chance_of_minimum(saddle.eigenvalues).probability,
        rate=RATE,
        growth_predicted=1 + RATE * abs(saddle.lambda_min),
        growth_measured=float((away[LINEAR] / away[0]) ** (1 / LINEAR)),
        escape_predicted=predicted,
        escape_measured=observed_escape(saddle, run, 0, RADIUS),
        efold_steps=efold_steps(saddle.lambda_min, setting.steppers[0].lr),
    )
