"""Losses on logits, a value an example, with exact derivatives; stable at any logit."""

from enum import Enum

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_softmax, softmax

from thalweg.core.arrays import FloatArray, as_floats, require_finite
from thalweg.core.errors import InputError


class Loss(Enum):
    """How outputs are compared with targets; the objective is the mean over the examples.

    *Binary cross-entropy*: one logit z, targets 0 or 1: log(1 + exp(z)) - y z, computed as
    softplus((1 - 2y) z), which no logit can saturate. *Softmax cross-entropy*: C logits, targets
    0..C-1. *Mean squared error*: the mean over the outputs of (f - y)^2.

    >>> float(Loss.BINARY_CROSS_ENTROPY.values(np.array([[-2000.0]]), np.array([1.0]))[0])
    2000.0
    """

    BINARY_CROSS_ENTROPY = "binary cross-entropy"
    SOFTMAX_CROSS_ENTROPY = "softmax cross-entropy"
    MEAN_SQUARED_ERROR = "mean squared error"

    @property
    def classifies(self) -> bool:
        """True if accuracy makes sense."""
        return self is not Loss.MEAN_SQUARED_ERROR

    def values(self, logits: FloatArray, targets: FloatArray) -> FloatArray:
        """Return the loss (..., N) of each example from logits (..., N, C)."""
        if self is Loss.BINARY_CROSS_ENTROPY:
            return np.logaddexp(0.0, (1.0 - 2.0 * targets) * logits[..., 0])
        if self is Loss.SOFTMAX_CROSS_ENTROPY:
            rows, classes = np.arange(len(targets)), targets.astype(np.intp)
            return -log_softmax(logits, axis=-1)[..., rows, classes]
        return np.square(logits - targets).mean(axis=-1)

    def derivative(self, logits: FloatArray, targets: FloatArray) -> FloatArray:
        """Return d loss / d logits (..., N, C) of each example."""
        if self is Loss.BINARY_CROSS_ENTROPY:
            return expit(logits) - targets[:, None]
        if self is Loss.SOFTMAX_CROSS_ENTROPY:
            return softmax(logits, axis=-1) - np.eye(logits.shape[-1])[targets.astype(np.intp)]
        return 2.0 * (logits - targets) / logits.shape[-1]

    def curvature_times(self, logits: FloatArray, change: FloatArray) -> FloatArray:
        """Return (d2 loss / d logits2) times a change of logits (..., N, C)."""
        if self is Loss.BINARY_CROSS_ENTROPY:
            return expit(logits) * expit(-logits) * change
        if self is Loss.SOFTMAX_CROSS_ENTROPY:
            p = softmax(logits, axis=-1)
            weighted = p * change
            return weighted - p * weighted.sum(axis=-1, keepdims=True)
        return 2.0 * change / logits.shape[-1]

    def correct(self, logits: FloatArray, targets: FloatArray) -> FloatArray:
        """Return whether each example (..., N) is classified rightly; a NaN logit is wrong."""
        if self is Loss.BINARY_CROSS_ENTROPY:
            z = logits[..., 0]
            return ((z > 0) == (targets > 0.5)) & ~np.isnan(z)
        if self is Loss.SOFTMAX_CROSS_ENTROPY:
            known = ~np.isnan(logits).any(axis=-1)
            return (logits.argmax(axis=-1) == targets.astype(np.intp)) & known
        raise InputError("accuracy needs a classification loss", self.value, "ask for the loss")

    def check_targets(self, targets: ArrayLike, n_examples: int, outputs: int) -> FloatArray:
        """Return the targets as float64 in the loss's own shape.

        Raises:
            InputError: a wrong shape, NaN, a label outside the classes, or a number of
                outputs that the loss cannot use.
        """
        mend = "give one target an example"
        if self is Loss.MEAN_SQUARED_ERROR:
            try:
                flat = outputs == 1 and np.ndim(targets) == 1
            except ValueError:  # ragged lists; `as_floats` says so
                flat = False
            array = as_floats(targets, "targets", (n_examples, outputs)[: 2 - flat], mend)
            array = array.reshape(n_examples, outputs)
            return require_finite(array, "targets", "drop the examples without a target")
        array = as_floats(targets, "targets", (n_examples,), mend)
        require_finite(array, "targets", "drop the examples without a label")
        classes = 2 if self is Loss.BINARY_CROSS_ENTROPY else outputs
        if self is Loss.BINARY_CROSS_ENTROPY and outputs != 1:
            wanted = "binary cross-entropy needs 1 output"
            raise InputError(wanted, str(outputs), "end the widths in 1")
        outside = array[(array < 0) | (array >= classes) | (array != np.floor(array))]
        if outside.size:
            wanted = f"labels must be whole numbers from 0 to {classes - 1}"
            raise InputError(wanted, f"{outside[0]:g}", "re-code the classes or widen the output")
        return array
