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
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, require_finite
from thalweg.core.errors import InputError
from thalweg.objectives.kernels_deep import (
    BINARY,
    GELU,
    OPTIONS,
    RELU,
    SOFTMAX,
    SOFTPLUS,
    SQUARED,
    TANH,
    at,
    scale_and_rest,
)
from thalweg.objectives.losses import Loss

BLOCK = 128
"""Examples per block: long enough to hide the ends of the dot products, short enough to cache."""

LANES = 16
"""The last block is filled up to a multiple of this, so that no loop ends in scalar code."""

WORTHWHILE = 1_600_000
"""Multiplications a thread should have to do, about 0.1 ms: waking it up costs a tenth of that."""

# Sums over examples may be reordered into vector lanes. NaN and infinity keep their meaning.
SUMS: dict[str, Any] = {**OPTIONS, "fastmath": {"contract", "reassoc", "nsz"}}


@njit(**OPTIONS)
def _at_least(x, floor):
    """max(x, floor), where NaN stays NaN."""
    return floor if x < floor else x


@njit(**OPTIONS)
def _exp_negative(t):
    """exp(t) for t <= 0, without a branch; 0 below -708, where slow subnormal numbers begin."""
    scale, rest = scale_and_rest(t)
    return 0.0 if t < -708.0 else scale * rest + scale


@njit(**OPTIONS)
def _log1p_unit(e):
    """log(1 + e) for 0 <= e <= 1, without a branch."""
    # log(1 + f) = 2 atanh(f / (2 + f)), with f in [-0.3, 0.42] after taking out log(2).
    large = e > 0.4142135623730951
    f = 0.5 * e - 0.5 if large else e
    s = f / (2.0 + f)
    w = s * s
    p = 0.1479819860511658591 * w + 0.1531383769920937332
    p = p * w + 0.1818357216161805012
    p = p * w + 0.2222219843214978396
    p = p * w + 0.2857142874366239149
    p = p * w + 0.3999999999940941908
    p = p * w + 0.6666666666666735130
    y = 2.0 * s + s * (w * p)
    return y + 0.6931471805599453 if large else y


@njit(**OPTIONS)
def _normal_tail(a, e):
    """P(standard normal > a), a >= 0, where e = exp(-a^2 / 2), without a branch."""
    # erfcx(x) (1 + 2 x) is smooth in (x - k) / (x + k) (Shepherd and Laframboise 1981); this
    # is a Chebyshev fit of degree 22, in two halves that need not wait for each other.
    x = a * 0.7071067811865476
    u = (x - 3.75) / (x + 3.75)
    v = u * u
    odd = -1.8753083840601664e-09 * v + 1.838657552507495e-08
    even = -2.5189327430339028e-09 * v + 3.143469601034076e-08
    odd = odd * v - 4.996859192913264e-08
    even = even * v - 2.4734211436775337e-07
    odd = odd * v - 9.80323693042519e-07
    even = even * v + 1.740412675311292e-06
    odd = odd * v + 2.2388353010451433e-05
    even = even * v - 1.1436799721958649e-05
    odd = odd * v - 0.00029015572139252585
    even = even * v + 5.1645887598485126e-05
    odd = odd * v + 0.0017556262738538694
    even = even * v + 0.0002937145930186584
    odd = odd * v + 0.028362277352733275
    even = even * v - 0.009746579729251267
    odd = odd * v + 0.09230432116620868
    even = even * v - 0.058693398570658535
    odd = odd * v + 0.08227673848990491
    even = even * v - 0.10880393014287201
    odd = odd * v - 0.14024059858554389
    even = even * v + 0.0035854154854917247
    p = even * v + 1.2375126308378281 + odd * u
    return 0.5 * e * p / (1.0 + 2.0 * x)


@njit(**OPTIONS)
def _activate(activation, h, slope, units, width):
    """Apply the activation to h in place; write its derivative to slope. ReLU: see `_mix`."""
    for u in range(units):
        row = at(h, u * BLOCK)
        out = at(slope, u * BLOCK)
        if activation == TANH:
            for j in range(width):
                x = row[j]
                scale, rest = scale_and_rest(-2.0 * abs(x))
                less = scale * rest + (scale - 1.0)
                y = less / (less + 2.0)
                row[j] = y if x < 0.0 else -y
                out[j] = 1.0 - y * y
        elif activation == SOFTPLUS:
            for j in range(width):
                x = row[j]
                e = _exp_negative(-abs(x))
                row[j] = (0.0 if x < 0.0 else x) + _log1p_unit(e)
                out[j] = (e if x < 0.0 else 1.0) / (1.0 + e)
        else:
            for j in range(width):
                # The density vanishes beyond 40, where infinity times 0 would be NaN.
                x = _at_least(row[j], -40.0)
                near = 40.0 if x > 40.0 else x
                e = _exp_negative(-0.5 * near * near)
                tail = _normal_tail(abs(near), e)
                share = tail if x < 0.0 else 1.0 - tail
                row[j] = x * share
                out[j] = share + near * e * 0.3989422804014327


@njit(**OPTIONS)
def _mix_one(x, rows, weight, step, floor, out, width):
    """One unit of one block: out = max(sum_f weight[f step] x[f], floor), NaN stays NaN."""
    first = (rows - 1) % 4 + 1
    x1 = at(x, BLOCK)
    x2 = at(x, 2 * BLOCK)
    w0 = weight[0]
    bound = floor if rows == first else -math.inf
    if first == 1:
        for j in range(width):
            out[j] = _at_least(w0 * x[j], bound)
    elif first == 2:
        w1 = weight[step]
        for j in range(width):
            out[j] = _at_least(w0 * x[j] + w1 * x1[j], bound)
    else:
        w1 = weight[step]
        w2 = weight[2 * step]
        if first == 3:
            for j in range(width):
                out[j] = _at_least(w0 * x[j] + w1 * x1[j] + w2 * x2[j], bound)
        else:
            w3 = weight[3 * step]
            x3 = at(x, 3 * BLOCK)
            for j in range(width):
                out[j] = _at_least((w0 * x[j] + w1 * x1[j]) + (w2 * x2[j] + w3 * x3[j]), bound)
    for f in range(first, rows, 4):
        bound = floor if f + 4 == rows else -math.inf
        w = at(weight, f * step)
        w0 = w[0]
        w1 = w[step]
        w2 = w[2 * step]
        w3 = w[3 * step]
        x0 = at(x, f * BLOCK)
        x1 = at(x, (f + 1) * BLOCK)
        x2 = at(x, (f + 2) * BLOCK)
        x3 = at(x, (f + 3) * BLOCK)
        for j in range(width):
            y = out[j] + ((w0 * x0[j] + w1 * x1[j]) + (w2 * x2[j] + w3 * x3[j]))
            out[j] = _at_least(y, bound)


@njit(**OPTIONS)
def _mix_two(x, rows, weight, step, other, floor, out, width):
    """Do what `_mix_one` does for two units, whose weights lie `other` apart."""
    first = (rows - 1) % 4 + 1
    top = at(weight, other)
    low = at(out, BLOCK)
    x1 = at(x, BLOCK)
    x2 = at(x, 2 * BLOCK)
    w0, v0 = weight[0], top[0]
    bound = floor if rows == first else -math.inf
    if first == 1:
        for j in range(width):
            out[j] = _at_least(w0 * x[j], bound)
            low[j] = _at_least(v0 * x[j], bound)
    elif first == 2:
        w1, v1 = weight[step], top[step]
        for j in range(width):
            out[j] = _at_least(w0 * x[j] + w1 * x1[j], bound)
            low[j] = _at_least(v0 * x[j] + v1 * x1[j], bound)
    else:
        w1, v1 = weight[step], top[step]
        w2, v2 = weight[2 * step], top[2 * step]
        if first == 3:
            for j in range(width):
                out[j] = _at_least(w0 * x[j] + w1 * x1[j] + w2 * x2[j], bound)
                low[j] = _at_least(v0 * x[j] + v1 * x1[j] + v2 * x2[j], bound)
        else:
            w3, v3 = weight[3 * step], top[3 * step]
            x3 = at(x, 3 * BLOCK)
            for j in range(width):
                out[j] = _at_least((w0 * x[j] + w1 * x1[j]) + (w2 * x2[j] + w3 * x3[j]), bound)
                low[j] = _at_least((v0 * x[j] + v1 * x1[j]) + (v2 * x2[j] + v3 * x3[j]), bound)
    for f in range(first, rows, 4):
        bound = floor if f + 4 == rows else -math.inf
        w = at(weight, f * step)
        v = at(top, f * step)
        w0, w1, w2, w3 = w[0], w[step], w[2 * step], w[3 * step]
        v0, v1, v2, v3 = v[0], v[step], v[2 * step], v[3 * step]
        x0 = at(x, f * BLOCK)
        x1 = at(x, (f + 1) * BLOCK)
        x2 = at(x, (f + 2) * BLOCK)
        x3 = at(x, (f + 3) * BLOCK)
        for j in range(width):
            a = out[j]
            b = low[j]
            a += w0 * x0[j]
            b += v0 * x0[j]
            a += w1 * x1[j]
            b += v1 * x1[j]
            a += w2 * x2[j]
            b += v2 * x2[j]
            out[j] = _at_least(a + w3 * x3[j], bound)
            low[j] = _at_least(b + v3 * x3[j], bound)


@njit(**OPTIONS)
def _mix(x, rows, weight, step, other, floor, units, out, width):
    """Fill out[u] = max(sum_f weight[f step + u other] x[f], floor) for one block of examples."""
    for u in range(0, units - 1, 2):
        _mix_two(x, rows, at(weight, u * other), step, other, floor, at(out, u * BLOCK), width)
    if units % 2:
        u = units - 1
        _mix_one(x, rows, at(weight, u * other), step, floor, at(out, u * BLOCK), width)


@njit(**SUMS)
def _weight_gradient(x, rows, delta, units, gradient, width):
    """Add to gradient[f, u] sum_j x[f, j] delta[u, j] of one block of examples."""
    fours = rows - rows % 4
    three = rows % 4 == 3
    for u in range(0, units - 1, 2):
        d = at(delta, u * BLOCK)
        e = at(delta, (u + 1) * BLOCK)
        for f in range(0, fours, 4):
            x0 = at(x, f * BLOCK)
            x1 = at(x, (f + 1) * BLOCK)
            x2 = at(x, (f + 2) * BLOCK)
            x3 = at(x, (f + 3) * BLOCK)
            d0 = d1 = d2 = d3 = e0 = e1 = e2 = e3 = 0.0
            for j in range(width):
                d0 += x0[j] * d[j]
                e0 += x0[j] * e[j]
                d1 += x1[j] * d[j]
                e1 += x1[j] * e[j]
                d2 += x2[j] * d[j]
                e2 += x2[j] * e[j]
                d3 += x3[j] * d[j]
                e3 += x3[j] * e[j]
            g = at(gradient, f * units + u)
            g[0] += d0
            g[1] += e0
            g[units] += d1
            g[units + 1] += e1
            g[2 * units] += d2
            g[2 * units + 1] += e2
            g[3 * units] += d3
            g[3 * units + 1] += e3
        if three:
            x0 = at(x, fours * BLOCK)
            x1 = at(x, (fours + 1) * BLOCK)
            x2 = at(x, (fours + 2) * BLOCK)
            d0 = d1 = d2 = e0 = e1 = e2 = 0.0
            for j in range(width):
                d0 += x0[j] * d[j]
                e0 += x0[j] * e[j]
                d1 += x1[j] * d[j]
                e1 += x1[j] * e[j]
                d2 += x2[j] * d[j]
                e2 += x2[j] * e[j]
            g = at(gradient, fours * units + u)
            g[0] += d0
            g[1] += e0
            g[units] += d1
            g[units + 1] += e1
            g[2 * units] += d2
            g[2 * units + 1] += e2
        else:
            for f in range(fours, rows):
                x0 = at(x, f * BLOCK)
                d0 = e0 = 0.0
                for j in range(width):
                    d0 += x0[j] * d[j]
                    e0 += x0[j] * e[j]
                g = at(gradient, f * units + u)
                g[0] += d0
                g[1] += e0
    if units % 2:
        u = units - 1
        d = at(delta, u * BLOCK)
        for f in range(0, fours, 4):
            x0 = at(x, f * BLOCK)
            x1 = at(x, (f + 1) * BLOCK)
            x2 = at(x, (f + 2) * BLOCK)
            x3 = at(x, (f + 3) * BLOCK)
            d0 = d1 = d2 = d3 = 0.0
            for j in range(width):
                d0 += x0[j] * d[j]
                d1 += x1[j] * d[j]
                d2 += x2[j] * d[j]
                d3 += x3[j] * d[j]
            g = at(gradient, f * units + u)
            g[0] += d0
            g[units] += d1
            g[2 * units] += d2
            g[3 * units] += d3
        for f in range(fours, rows):
            x0 = at(x, f * BLOCK)
            d0 = 0.0
            for j in range(width):
                d0 += x0[j] * d[j]
            gradient[f * units + u] += d0


@njit(**OPTIONS)
def _spread(activation, single, weight, h, slope, units, out, width):
    """Fill out[u] = weight[u] * single * derivative[u]: one output passed back."""
    for u in range(units):
        w = weight[u]
        d = at(out, u * BLOCK)
        if activation == RELU:
            row = at(h, u * BLOCK)
            for j in range(width):
                # A product, not a choice: NaN times 0 has to be NaN.
                d[j] = (w if row[j] > 0.0 else 0.0) * single[j]
        else:
            row = at(slope, u * BLOCK)
            for j in range(width):
                d[j] = w * single[j] * row[j]


@njit(**OPTIONS)
def _slopes(activation, delta, h, slope, units, width):
    """Multiply delta by the activation's derivative."""
    for u in range(units):
        d = at(delta, u * BLOCK)
        if activation == RELU:
            row = at(h, u * BLOCK)
            for j in range(width):
                # A product, not a choice: NaN times 0 has to be NaN.
                d[j] *= 1.0 if row[j] > 0.0 else 0.0
        else:
            row = at(slope, u * BLOCK)
            for j in range(width):
                d[j] *= row[j]


@njit(**SUMS)
def _binary(z, sign, scale, rest, width, delta):
    """Return the block's binary cross-entropies; delta = scale * d loss / d z."""
    for j in range(rest, width):
        z[j] = -sign[j] * math.inf
    total = 0.0
    for j in range(width):
        s = sign[j] * z[j]
        e = _exp_negative(-abs(s))
        total += (0.0 if s < 0.0 else s) + _log1p_unit(e)
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
            e = _exp_negative(row[j] - largest[j])
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
    # A literal would have `_mix` compiled twice.
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
                _mix(below, fan_in + 1, at(points, start), units, one, floor, units, h, width)
                if level < last:
                    slope = at(scratch, slopes + place)
                    if activation != RELU:
                        _activate(activation, h, slope, units, width)
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
                _weight_gradient(below, fan_in + 1, delta, units, at(gradients, start), width)
                if level > 1:
                    weight = at(points, start)
                    slope = at(scratch, slopes + place)
                    if units == 1:
                        _spread(activation, delta, weight, below, slope, fan_in, free, width)
                    else:
                        _mix(delta, units, weight, one, units, -math.inf, fan_in, free, width)
                        _slopes(activation, free, below, slope, fan_in, width)
                    swap = delta
                    delta = free
                    free = swap
                    start -= (widths[level - 2] + 1) * fan_in
        losses[p] = total * scale


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the helpers of all gradient kernels; they are started when first needed."""
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="thalweg-gradient")


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
        self.widths = tuple(int(width) for width in widths)
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise InputError("widths must be two or more sizes >= 1", str(widths), "add layers")
        if not (RELU <= activation <= GELU and BINARY <= loss <= SQUARED):
            codes = f"{activation} and {loss}"
            raise InputError("activation must be 0..3 and loss 0..2", codes, "see GradientKernel")
        x = as_floats(inputs, "inputs", (None, self.widths[0]), "give one row an example")
        if not len(x):
            raise InputError("inputs must hold at least 1 example", "none", "load the data first")
        require_finite(x, "inputs", "drop or fill the incomplete examples")
        y = tuple(Loss)[loss].check_targets(targets, len(x), self.widths[-1])
        self.count = len(x)
        self.dimension = sum((a + 1) * b for a, b in pairwise(self.widths))
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
        if threads == 1:
            self._evaluate(x, losses, gradients)
            return losses, gradients
        if threads < 1:
            raise InputError("threads must be at least 1", str(threads), "leave the default")
        # Several pieces per thread: one that is held up does not make the others wait.
        edges = np.linspace(0, m, min(m, 4 * threads) + 1).astype(int)
        todo = deque(pairwise(edges.tolist()))

        def work() -> None:
            while True:
                try:
                    a, b = todo.popleft()
                except IndexError:
                    return
                self._evaluate(x[a:b], losses[a:b], gradients[a:b])

        helpers = [_pool().submit(work) for _ in range(threads - 1)]
        work()
        for helper in helpers:
            helper.result()
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
    # Aligned with the cache lines, like the scratch.
    room = np.empty(cut.size + 8)
    skip = -(room.ctypes.data // 8) % 8
    room[skip : skip + cut.size] = cut
    return room[skip : skip + cut.size]


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


__all__: list[str] = ["GradientKernel", "value_and_gradients"]
