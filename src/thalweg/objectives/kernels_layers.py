"""One layer on one block of examples, forward and backward: the loops under `kernels_gradient`.

Matrices have fan-in + 1 rows, the last of which is the bias; buffers of units end in a row of ones
to match. Every loop runs over examples, so that it fills vector lanes.
"""

# Numba passes the first argument of the intrinsics itself, which pyright cannot know.
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false

from __future__ import annotations

import math
from typing import Any

from numba import njit

from thalweg.objectives.kernels_deep import (
    OPTIONS,
    RELU,
    SOFTPLUS,
    TANH,
    at,
    scale_and_rest,
)

BLOCK = 128
"""Examples per block: long enough to hide the ends of the dot products, short enough to cache."""

LANES = 16
"""The last block is filled up to a multiple of this, so that no loop ends in scalar code."""

# Sums over examples may be reordered into vector lanes. NaN and infinity keep their meaning.
SUMS: dict[str, Any] = {**OPTIONS, "fastmath": {"contract", "reassoc", "nsz"}}


@njit(**OPTIONS)
def _at_least(x, floor):
    """max(x, floor), where NaN stays NaN."""
    return floor if x < floor else x


@njit(**OPTIONS)
def exp_negative(t):
    """exp(t) for t <= 0, without a branch; 0 below -708, where slow subnormal numbers begin."""
    scale, rest = scale_and_rest(t)
    return 0.0 if t < -708.0 else scale * rest + scale


@njit(**OPTIONS)
def log1p_unit(e):
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
def activate(activation, h, slope, units, width):
    """Apply the activation to h in place; write its derivative to slope. ReLU: see `mix`."""
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
                e = exp_negative(-abs(x))
                row[j] = (0.0 if x < 0.0 else x) + log1p_unit(e)
                out[j] = (e if x < 0.0 else 1.0) / (1.0 + e)
        else:
            for j in range(width):
                # The density vanishes beyond 40, where infinity times 0 would be NaN.
                x = _at_least(row[j], -40.0)
                near = 40.0 if x > 40.0 else x
                e = exp_negative(-0.5 * near * near)
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
def mix(x, rows, weight, step, other, floor, units, out, width):
    """Fill out[u] = max(sum_f weight[f step + u other] x[f], floor) for one block of examples."""
    for u in range(0, units - 1, 2):
        _mix_two(x, rows, at(weight, u * other), step, other, floor, at(out, u * BLOCK), width)
    if units % 2:
        u = units - 1
        _mix_one(x, rows, at(weight, u * other), step, floor, at(out, u * BLOCK), width)


@njit(**SUMS)
def weight_gradient(x, rows, delta, units, gradient, width):
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
def spread(activation, single, weight, h, slope, units, out, width):
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
def apply_slopes(activation, delta, h, slope, units, width):
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
