"""Optimizers as frozen values: printable, comparable, storable; the state is passed through.

Each takes parameters and gradients of any shape, so that many runs can step at once.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from thalweg.core.arrays import FloatArray, require_positive
from thalweg.core.errors import InputError


class State(NamedTuple):
    """What an optimizer remembers: steps taken, and two running averages."""

    t: int
    first: FloatArray
    second: FloatArray


@dataclass(frozen=True)
class Stepper(ABC):
    """An optimizer with its settings; `lr` is the learning rate."""

    lr: float

    def __post_init__(self) -> None:
        require_positive(self.lr, f"the learning rate of {self.name}", "try 0.01")
        for name in ("beta", "decay", "beta1", "beta2"):
            value = getattr(self, name, 0.0)
            if not 0 <= value < 1:
                wanted = f"{name} of {self.name} must lie in [0, 1)"
                raise InputError(wanted, repr(value), "try 0.9")
        for name in ("eps", "weight_decay"):
            value = getattr(self, name, 0.0)
            if not 0 <= value < np.inf:
                wanted = f"{name} of {self.name} must be 0 or a positive number"
                raise InputError(wanted, repr(value), "leave the default")

    @property
    def name(self) -> str:
        """The name in captions."""
        return type(self).__name__

    @property
    def stability_threshold(self) -> float:
        """The largest eigenvalue of P^-1/2 H P^-1/2 at which steps on a quadratic stay bounded.

        H is the Hessian and P the `preconditioner`, held fixed. For gradient descent 2 / lr.

        Raises:
            InputError: it is not known for this optimizer.
        """
        mend = "derive it and let the stepper tell it"
        raise InputError("the stability threshold must be known", self.name, mend)

    def preconditioner(self, state: State) -> FloatArray:
        """Return what the step that led to this state divided by, an entry a parameter; here 1."""
        return np.ones_like(state.first)

    def start(self, point: FloatArray) -> State:
        """Return the state before the first step."""
        return State(0, np.zeros_like(point), np.zeros_like(point))

    @abstractmethod
    def step(
        self, state: State, point: FloatArray, gradient: FloatArray
    ) -> tuple[State, FloatArray]:
        """Return the next state and the next point; neither argument is changed."""


@dataclass(frozen=True)
class SGD(Stepper):
    """Gradient descent, stochastic if `record` is given minibatches: w <- w - lr g.

    >>> SGD(0.5).step(SGD(0.5).start(np.ones(1)), np.ones(1), np.ones(1))[1]
    array([0.5])
    >>> SGD(0.5).stability_threshold
    4.0
    """

    @property
    def stability_threshold(self) -> float:
        """2 / lr."""
        return 2 / self.lr

    def step(
        self, state: State, point: FloatArray, gradient: FloatArray
    ) -> tuple[State, FloatArray]:
        """Return the next state and the next point."""
        return state._replace(t=state.t + 1), point - self.lr * gradient


@dataclass(frozen=True)
class Momentum(Stepper):
    """Heavy ball in the chapter's form: v <- beta v + g; w <- w - lr v.

    At a steady gradient it moves like SGD with lr / (1 - beta): compare it with that.
    """

    beta: float = 0.9

    @property
    def name(self) -> str:
        """The name in captions, as the chapter writes it."""
        return "momentum"

    @property
    def stability_threshold(self) -> float:
        """2 (1 + beta) / lr; it oscillates from (1 - sqrt(beta))^2 / lr on."""
        return 2 * (1 + self.beta) / self.lr

    def step(
        self, state: State, point: FloatArray, gradient: FloatArray
    ) -> tuple[State, FloatArray]:
        """Return the next state and the next point."""
        velocity = self.beta * state.first + gradient
        return state._replace(t=state.t + 1, first=velocity), point - self.lr * velocity


@dataclass(frozen=True)
class Nesterov(Momentum):
    """Nesterov's momentum in PyTorch's form: v <- beta v + g; w <- w - lr (g + beta v)."""

    @property
    def name(self) -> str:
        """The name in captions."""
        return "Nesterov"

    @property
    def stability_threshold(self) -> float:
        """2 (1 + beta) / (lr (1 + 2 beta)): lower than without the look ahead."""
        return super().stability_threshold / (1 + 2 * self.beta)

    def step(
        self, state: State, point: FloatArray, gradient: FloatArray
    ) -> tuple[State, FloatArray]:
        """Return the next state and the next point."""
        velocity = self.beta * state.first + gradient
        moved = point - self.lr * (gradient + self.beta * velocity)
        return state._replace(t=state.t + 1, first=velocity), moved


@dataclass(frozen=True)
class RMSprop(Stepper):
    """s <- decay s + (1 - decay) g^2; w <- w - lr g / (sqrt(s) + eps)."""

    decay: float = 0.99
    eps: float = 1e-8

    @property
    def stability_threshold(self) -> float:
        """2 / lr."""
        return 2 / self.lr

    def preconditioner(self, state: State) -> FloatArray:
        """Return sqrt(s) + eps."""
        return np.sqrt(state.second) + self.eps

    def step(
        self, state: State, point: FloatArray, gradient: FloatArray
    ) -> tuple[State, FloatArray]:
        """Return the next state and the next point."""
        square = self.decay * state.second + (1 - self.decay) * gradient**2
        state = state._replace(t=state.t + 1, second=square)
        return state, point - self.lr * gradient / self.preconditioner(state)


@dataclass(frozen=True)
class Adam(Stepper):
    """Adam with bias correction (Kingma and Ba 2015), in the chapter's form.

    m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2;
    w <- w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    @property
    def stability_threshold(self) -> float:
        """2 (1 + b1) / ((1 - b1) lr), that is 38 / lr at b1 = 0.9 (Cohen et al. 2022)."""
        return 2 * (1 + self.beta1) / ((1 - self.beta1) * self.lr)

    def preconditioner(self, state: State) -> FloatArray:
        """Return (1 - b1^t) (sqrt(v / (1 - b2^t)) + eps), what the running mean m is divided by."""
        root = np.sqrt(state.second / (1 - self.beta2**state.t))
        return (1 - self.beta1**state.t) * (root + self.eps)

    def step(
        self, state: State, point: FloatArray, gradient: FloatArray
    ) -> tuple[State, FloatArray]:
        """Return the next state and the next point."""
        t = state.t + 1
        first = self.beta1 * state.first + (1 - self.beta1) * gradient
        second = self.beta2 * state.second + (1 - self.beta2) * gradient**2
        mean, square = first / (1 - self.beta1**t), second / (1 - self.beta2**t)
        return State(t, first, second), point - self.lr * mean / (np.sqrt(square) + self.eps)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019): first w <- w (1 - lr c)."""

    weight_decay: float = 0.01

    @property
    def stability_threshold(self) -> float:
        """Adam's times (1 - lr c / 2): the decay pulls along with the curvature."""
        return super().stability_threshold * (1 - self.lr * self.weight_decay / 2)

    def step(
        self, state: State, point: FloatArray, gradient: FloatArray
    ) -> tuple[State, FloatArray]:
        """Return the next state and the next point."""
        state, moved = super().step(state, point, gradient)
        return state, moved - self.lr * self.weight_decay * point
