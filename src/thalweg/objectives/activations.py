"""Activations with exact first and second derivatives."""

from collections.abc import Callable
from enum import Enum

import numpy as np
from scipy.special import expit, ndtr

from thalweg.core.arrays import FloatArray
from thalweg.core.units import Nature


class Activation(Enum):
    """What a hidden unit does to its input. ReLU's derivative at the kink is 0, as in the chapter.

    >>> [float(Activation.RELU.value_at(np.array(x))) for x in (-1.0, 2.0)]
    [0.0, 2.0]
    """

    RELU = "relu"
    TANH = "tanh"
    SOFTPLUS = "softplus"
    GELU = "gelu"

    def value_at(self, z: FloatArray) -> FloatArray:
        """Return act(z), elementwise; NaN stays NaN."""
        return _VALUE[self](z)

    def derivatives_at(self, z: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Return act'(z) and act''(z); the second is None where it is zero everywhere."""
        return _DERIVATIVES[self](z)

    @property
    def is_smooth(self) -> bool:
        """False where second derivatives are one-sided at kinks."""
        return self is not Activation.RELU

    @property
    def nature(self) -> Nature:
        """What a unit allows besides renaming: ReLU scales, tanh flips, the others nothing."""
        return _NATURE.get(self, Nature.PLAIN)


def _softplus(z: FloatArray) -> FloatArray:
    return np.logaddexp(0.0, z)


def _gelu(z: FloatArray) -> FloatArray:
    # At z = -inf the product would be -inf * 0; the limit is 0.
    return np.where(np.isneginf(z), 0.0, z) * ndtr(z)


def _relu_derivatives(z: FloatArray) -> tuple[FloatArray, None]:
    return (z > 0).astype(np.float64), None


def _tanh_derivatives(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    h = np.tanh(z)
    slope = 1.0 - h * h
    return slope, -2.0 * h * slope


def _softplus_derivatives(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    p = expit(z)
    return p, p * expit(-z)


def _gelu_derivatives(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    near = np.clip(z, -40.0, 40.0)  # the density vanishes beyond, and z * z would overflow
    density = np.exp(-0.5 * near * near) / np.sqrt(2 * np.pi)
    return ndtr(z) + near * density, (2.0 - near * near) * density


_VALUE: dict[Activation, Callable[[FloatArray], FloatArray]] = {
    Activation.RELU: lambda z: np.maximum(z, 0.0),
    Activation.TANH: np.tanh,
    Activation.SOFTPLUS: _softplus,
    Activation.GELU: _gelu,
}
_DERIVATIVES: dict[Activation, Callable[[FloatArray], tuple[FloatArray, FloatArray | None]]] = {
    Activation.RELU: _relu_derivatives,
    Activation.TANH: _tanh_derivatives,
    Activation.SOFTPLUS: _softplus_derivatives,
    Activation.GELU: _gelu_derivatives,
}
_NATURE = {Activation.RELU: Nature.HOMOGENEOUS, Activation.TANH: Nature.ODD}
