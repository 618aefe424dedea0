"""Families of curves between two fixed points: Bezier curves and chains of straight segments."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import comb

import numpy as np

from thalweg.core.arrays import FloatArray, require_positive
from thalweg.core.errors import InputError


@dataclass(frozen=True)
class Bends(ABC):
    """A curve bent by points of its own, and how these are trained.

    Attributes:
        bends: number of trained points, 1 or more.
        steps: of Adam.
        lr: its first learning rate, in units of the root mean square difference of the two ends'
            parameters; it falls to 0 along a cosine.
        samples: t drawn a step, one in each of so many equal parts of [0, 1].
        batch: examples a step, for objectives that are a mean over examples; None: all.
        seed: of all draws.

    Raises:
        InputError: a count below 1, or a learning rate that is not positive.
    """

    bends: int = 1
    steps: int = 400
    lr: float = 0.1
    samples: int = 8
    batch: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("bends", "steps", "samples", "batch"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} must be at least 1", str(value), "leave the default")
        require_positive(self.lr, "lr", "try 0.1")

    @abstractmethod
    def weights(self, t: FloatArray) -> FloatArray:
        """Return how much of start, bends and end is in the points at t (m,): (m, bends + 2)."""


@dataclass(frozen=True)
class Bezier(Bends):
    """A Bezier curve: with one bend (1 - t)^2 A + 2 t (1 - t) C + t^2 B (Garipov et al. 2018).

    >>> Bezier().weights(np.array([0.0, 0.5]))
    array([[1.  , 0.  , 0.  ],
           [0.25, 0.5 , 0.25]])
    """

    def weights(self, t: FloatArray) -> FloatArray:
        """Return the Bernstein polynomials (m, bends + 2) at t (m,)."""
        degree = self.bends + 1
        at = t[:, None]
        powers = np.arange(degree + 1)
        binomials = np.array([comb(degree, j) for j in powers], dtype=np.float64)
        return binomials * at**powers * (1 - at) ** (degree - powers)


@dataclass(frozen=True)
class PolyChain(Bends):
    """Straight segments through the bends, each for an equal part of t (Garipov et al. 2018).

    >>> PolyChain().weights(np.array([0.25, 1.0]))
    array([[0.5, 0.5, 0. ],
           [0. , 0. , 1. ]])
    """

    def weights(self, t: FloatArray) -> FloatArray:
        """Return the hat functions (m, bends + 2) at t (m,)."""
        knots = np.arange(self.bends + 2)
        return np.maximum(0.0, 1 - np.abs(t[:, None] * (self.bends + 1) - knots))
