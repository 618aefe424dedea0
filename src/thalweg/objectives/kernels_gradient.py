"""Losses of a multilayer perceptron and their gradients, at many unrelated parameter points.

Fused forward and backward loops over blocks of examples, for training: nothing is shared between
the points, and no array is as large as the data. The loops release the GIL.

The flat order W1, b1, W2, b2, ... makes every layer one matrix of fan-in + 1 rows whose last row
is the bias; every buffer of units ends in a row of ones to match, so that biases need no code.
"""

# Numba passes the first argument of the intrinsics itself, which pyright cannot know.
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, require_finite
from thalweg.core.errors import InputError
from thalweg.objectives.kernels_deep import (
    BINARY,
    OPTIONS,
    RELU,
    SOFTMAX,
    SQUARED,
    at,
)
from thalweg.objectives.kernels_layers import (
    BLOCK,
    LANES,
    SUMS,
    activate,
    apply_slopes,
    exp_negative,
    log1p_unit,
    mix,
    spread,
    weight_gradient,
)
from thalweg.objectives.losses import Loss
from thalweg.objectives.pieces import aligned, check_network, count_parameters, in_pieces

WORTHWHILE = 1_600_000
"""Multiplications a thread should have to do, about 0.1 ms: waking it up costs a tenth of that."""


@njit(**SUMS)
def _binary(z, sign, scale, rest, width, delta):
    """Return the block's binary cross-entropies; delta = scale * d loss / d z."""
    for j in range(rest, width):
        z[j] = -sign[j] * math.inf
    total = 0.0
    for j in range(width):
        s = sign[j] * z[j]
        e = exp_negative(-abs(s))
        total += (0.0 if s < 0.0 else s) + log1p_unit(e)
        delta[j] = (e if s < 0.0 else 1.0) / (1.0 + e) * (sign[j] * scale)
    return total


@njit(**OPTIONS)
def _softmax(z, classes, label, scale, rest, width, delta, spare):
    """Return the block's softmax cross-entropies; delta = scale * d loss / d z."""
    largest = spare
    where = at(spare, BLOCK)
    others = at(spare, 2 * BLOCK)
    for j in range(width):
        largest[j] = z[j]
        where[j] = 0.0
        others[j] = 0.0
    for c in range(1, classes):
        row = at(z, c * BLOCK)
        index = float(c)
        for j in range(width):
            where[j] = index if row[j] > largest[j] else where[j]
            largest[j] = row[j] if row[j] > largest[j] else largest[j]
    for c in range(classes):
        row = at(z, c * BLOCK)
        out = at(delta, c * BLOCK)
        index = float(c)
        for j in range(width):
            e = exp_negative(row[j] - largest[j])
            out[j] = e
            # Without the first largest class, so that small losses keep their digits.
            others[j] += 0.0 if where[j] == index else e
    for c in range(classes):
        out = at(delta, c * BLOCK)
        index = float(c)
        for j in range(width):
            share = out[j] / (1.0 + others[j])
            out[j] = (share - (1.0 if label[j] == index else 0.0)) * scale
        for j in range(rest, width):
            out[j] = 0.0
    product, total = 0.0, 0.0
    for j in range(rest):
        # One logarithm for many examples: product + 1 = prod (1 + others).
        product = product * (1.0 + others[j]) + others[j]
        if product > 1e150:
            total += math.log1p(product)
            product = 0.0
        total += largest[j] - z[int(label[j]) * BLOCK + j]
    return total + math.log1p(product)


@njit(**SUMS)
def _squared(z, outputs, target, scale, rest, width, delta):
    """Return the block's squared errors, summed; delta = scale * d loss / d z."""
    total = 0.0
    for c in range(outputs):
        row = at(z, c * BLOCK)
        aim = at(target, c * BLOCK)
        out = at(delta, c * BLOCK)
        for j in range(rest):
            d = row[j] - aim[j]
            total += d * d
            out[j] = 2.0 * scale * d
        for j in range(rest, width):
            out[j] = 0.0
    return total


@njit(**OPTIONS)
def _kernel(plan, inputs, targets, points, scratch, losses, gradients):
    """Fill losses (m,) and gradients (m, n) at points (m, n).

    plan: activation, loss, N, then the widths. inputs: (blocks, d + 1, BLOCK), a row of ones
    last. targets: (blocks, rows, BLOCK); scratch: see `GradientKernel`.
    """
    activation, loss, count = plan[0], plan[1], plan[2]
    widths = plan[3:]
    last = widths.size - 1
    m, n = points.shape
    outputs = widths[last]
    rows = outputs if loss == SQUARED else 1
    # A vector load that straddles two cache lines takes twice as long.
    skip = (-(scratch.ctypes.data // 8)) % 8
    widest = 0
    room = 0
    for level in range(1, last + 1):
        widest = max(widest, widths[level])
        for j in range(BLOCK):
            # The row of ones behind the units of this level.
            scratch[skip + (room + widths[level]) * BLOCK + j] = 1.0
        room += widths[level] + 1
    slopes = skip + room * BLOCK
    left = at(scratch, slopes + room * BLOCK)
    right = at(left, widest * BLOCK)
    spare = at(right, widest * BLOCK)
    # A literal would have `mix` compiled twice.
    one = np.int64(1)
    scale = 1.0 / (count * rows)
    for p in range(m):
        total = 0.0
        for i in range(n):
            gradients[p, i] = 0.0
        for begin in range(0, count, BLOCK):
            rest = min(BLOCK, count - begin)
            width = (rest + LANES - 1) // LANES * LANES
            below = at(inputs, begin * (widths[0] + 1))
            place = 0
            start = p * n
            for level in range(1, last + 1):
                fan_in, units = widths[level - 1], widths[level]
                h = at(scratch, skip + place)
                floor = 0.0 if activation == RELU and level < last else -math.inf
                mix(below, fan_in + 1, at(points, start), units, one, floor, units, h, width)
                if level < last:
                    slope = at(scratch, slopes + place)
                    if activation != RELU:
                        activate(activation, h, slope, units, width)
                    place += (units + 1) * BLOCK
                    start += (fan_in + 1) * units
                    below = h
            z = at(scratch, skip + place)
            aim = at(targets, begin * rows)
            delta = left
            free = right
            if loss == BINARY:
                total += _binary(z, aim, scale, rest, width, delta)
            elif loss == SOFTMAX:
                total += _softmax(z, outputs, aim, scale, rest, width, delta, spare)
            else:
                total += _squared(z, outputs, aim, scale, rest, width, delta)
            for level in range(last, 0, -1):
                fan_in, units = widths[level - 1], widths[level]
                if level > 1:
                    place -= (fan_in + 1) * BLOCK
                    below = at(scratch, skip + place)
                else:
                    below = at(inputs, begin * (fan_in + 1))
                weight_gradient(below, fan_in + 1, delta, units, at(gradients, start), width)
                if level > 1:
                    weight = at(points, start)
                    slope = at(scratch, slopes + place)
                    if units == 1:
                        spread(activation, delta, weight, below, slope, fan_in, free, width)
                    else:
                        mix(delta, units, weight, one, units, -math.inf, fan_in, free, width)
                        apply_slopes(activation, free, below, slope, fan_in, width)
                    swap = delta
                    delta = free
                    free = swap
                    start -= (widths[level - 2] + 1) * fan_in
        losses[p] = total * scale


class GradientKernel:
    """Mean loss of a multilayer perceptron and its gradient, prepared once, asked many times.

    h_0 = X, z_l = h_(l-1) W_l + b_l, h_l = activation(z_l), f = z_L; a point holds W1, b1, W2,
    b2, ..., flat, with W_l of shape (fan_in, fan_out).

    Losses, each a mean over the N examples: 0, binary cross-entropy on one logit, labels 0 or 1,
    log(1 + exp(f)) - y f; 1, softmax cross-entropy, log sum_c exp(f_c) - f_y; 2, squared error
    (f - y)^2, the mean taken over the outputs as well. All are stable at any logit. The
    derivative of ReLU at 0 is 0.

    A result depends on nothing but its own point, bit by bit: not on the other points, their
    number, the number of threads, or calls that run at the same time. NaN stays in its row.

    Attributes:
        widths: sizes of the layers, inputs first, (L + 1,).
        dimension: number of parameters, n.
        count: number of examples, N.

    >>> kernel = GradientKernel((1, 1), 0, 2, [[2.0]], [3.0])
    >>> kernel([[1.0, 0.0], [1.5, 0.0]])
    (array([1., 0.]), array([[-4., -2.],
           [ 0.,  0.]]))
    """

    def __init__(
        self,
        widths: Sequence[int],
        activation: int,
        loss: int,
        inputs: ArrayLike,
        targets: ArrayLike,
    ) -> None:
        """Check the data and cut them into blocks of examples.

        Args:
            widths: layer sizes (d, ..., C).
            activation: of the hidden layers: 0 ReLU, 1 tanh, 2 softplus, 3 GELU (exact erf).
            loss: 0 binary cross-entropy, 1 softmax cross-entropy, 2 squared error.
            inputs: X, (N, d).
            targets: (N,) labels for losses 0 and 1, (N, C) values for loss 2.

        Raises:
            InputError: a shape or a label does not fit, a value is not finite, or a code is
                unknown.
        """
        self.widths = check_network(widths, activation, loss)
        x = as_floats(inputs, "inputs", (None, self.widths[0]), "give one row an example")
        if not len(x):
            raise InputError("inputs must hold at least 1 example", "none", "load the data first")
        require_finite(x, "inputs", "drop or fill the incomplete examples")
        y = tuple(Loss)[loss].check_targets(targets, len(x), self.widths[-1])
        self.count = len(x)
        self.dimension = count_parameters(self.widths)
        self._plan = np.array([activation, loss, self.count, *self.widths])
        self._inputs = _blocked(np.column_stack([x, np.ones(len(x))]))
        # A sign for each label: the loss of a logit z is log(1 + exp(sign z)).
        self._targets = _blocked((1.0 - 2.0 * y if loss == BINARY else y).reshape(len(x), -1))
        units = sum(self.widths[1:]) + len(self.widths) - 1
        self._room = 8 + (2 * units + 2 * max(self.widths[1:]) + 3) * BLOCK
        self._work = 3 * self.dimension * self.count

    def __call__(
        self, points: ArrayLike, threads: int | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Evaluate the loss and its gradient at every point.

        Args:
            points: (m, n).
            threads: threads to use; None takes the machine's, but only for much work.

        Returns:
            Losses (m,) and gradients (m, n), both without any penalty.

        Raises:
            InputError: the points are not (m, n), or threads is below 1.
        """
        x = np.ascontiguousarray(points, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.dimension:
            wanted = f"points must have shape (m, {self.dimension})"
            raise InputError(wanted, str(x.shape), "flatten W1, b1, W2, b2, ...")
        if not x.flags.carray:
            # Read-only or unaligned: another type for numba, which would compile it all once more.
            x = x.copy()
        m = len(x)
        if threads is None:
            threads = max(1, min(m, m * self._work // WORTHWHILE))
            if threads > 1:  # `cpu_count` costs as much as a small network's gradient
                threads = min(threads, os.cpu_count() or 1)
        losses, gradients = np.empty(m), np.empty(x.shape)
        if threads == 1:  # spelled out, since a small network's gradient takes microseconds
            self._evaluate(x, losses, gradients)
            return losses, gradients

        def evaluate(start: int, end: int) -> None:
            self._evaluate(x[start:end], losses[start:end], gradients[start:end])

        in_pieces(evaluate, m, threads)
        return losses, gradients

    def _evaluate(self, points: FloatArray, losses: FloatArray, gradients: FloatArray) -> None:
        """Fill losses and gradients of some points, in this thread, with its own scratch."""
        scratch = np.empty(self._room)
        _kernel(self._plan, self._inputs, self._targets, points, scratch, losses, gradients)


def _blocked(rows: FloatArray) -> FloatArray:
    """Return (N, r) as (blocks, r, BLOCK), flat; the last block repeats the last example."""
    blocks = -(-len(rows) // BLOCK)
    index = np.minimum(np.arange(blocks * BLOCK), len(rows) - 1)
    cut = rows[index].reshape(blocks, BLOCK, -1).swapaxes(1, 2).ravel()
    room = aligned(cut.size)
    room[:] = cut
    return room


def value_and_gradients(
    widths: Sequence[int],
    activation: int,
    loss: int,
    inputs: ArrayLike,
    targets: ArrayLike,
    points: ArrayLike,
    threads: int = 1,
) -> tuple[FloatArray, FloatArray]:
    """Return losses (m,) and gradients (m, n) at `points` (m, n): `GradientKernel`, used once.

    Raises:
        InputError: see `GradientKernel`.

    >>> value_and_gradients((1, 1), 0, 0, [[2.0]], [1], [[0.0, 0.0]])[1]
    array([[-1. , -0.5]])
    """
    return GradientKernel(widths, activation, loss, inputs, targets)(points, threads)
