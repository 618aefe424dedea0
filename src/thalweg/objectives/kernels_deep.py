"""Vectorized building blocks of the loss kernels, and the kernel for networks of any depth.

Everything here runs on raw pointers into flat float64 arrays: without a bounds or wrap-around
test, and with block sizes that the compiler knows, every inner loop becomes vector code. The
shapes are checked once, in `kernels.PlaneKernel`. Nothing uses full fast math: the exponential
relies on an exact rounding trick and NaN has to survive; only fused multiply-add is allowed.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic as untyped_intrinsic

BLOCK = 64
"""Examples per block: the inner loops run over one block, which stays in the first-level cache."""

LANES = 16
"""Independent accumulators per cell and sum; a block is folded into them lane by lane."""

STATE = 3 * LANES
"""Length of a cell's accumulators: product, linear part and count of correct ones, per lane."""

FLUSH = 15
"""Blocks whose product of factors 1 + exp(-|s|), each at most 2, is sure to fit in a double."""

RELU, TANH, SOFTPLUS, GELU = 0, 1, 2, 3
BINARY, SOFTMAX, SQUARED = 0, 1, 2

_FAST = {"contract"}
OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": _FAST}

intrinsic: Any = untyped_intrinsic


@intrinsic
def float_of_bits(typingctx: Any, bits: Any) -> Any:
    """Reinterpret the bits of an int64 as a float64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), codegen


@intrinsic
def bits_of_float(typingctx: Any, value: Any) -> Any:
    """Reinterpret the bits of a float64 as an int64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), codegen


@intrinsic
def at(typingctx: Any, array: Any, offset: Any) -> Any:
    """Pointer to `array[offset]`, or to `offset` entries behind a pointer.

    The array must be an argument of the compiled function: a local one could be freed early.
    """
    if isinstance(array, types.CPointer):

        def move(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.gep(args[0], [args[1]])

        return array(array, types.int64), move

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.gep(data, [args[1]])

    return types.CPointer(array.dtype)(array, types.int64), codegen


@njit(**OPTIONS)
def relu(x):
    """max(x, 0), written so that NaN is kept."""
    return 0.0 if x < 0.0 else x


@njit(**OPTIONS)
def scale_and_rest(t):
    """Split exp(t), t <= 0, into 2^k and exp(r) - 1, with exp(t) = 2^k exp(r), |r| <= log(2) / 2.

    Arguments below -708 count as -708; NaN stays NaN, in the second value.
    """
    t = -708.0 if t < -708.0 else t
    # Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits of the mantissa.
    shifted = t * 1.4426950408889634 + 6755399441055744.0
    r = t - (shifted - 6755399441055744.0) * 0.6931471805599453
    # Interpolates (exp(r) - 1 - r) / r^2 at the Chebyshev nodes of [-log(2) / 2, log(2) / 2];
    # the odd and the even half are independent of each other, which shortens the wait.
    u = r * r
    odd = 2.510038549551032e-08 * u + 2.7557268459997064e-06
    even = 2.7620088445409746e-07 * u + 2.4801521295954376e-05
    odd = odd * u + 0.00019841269863053618
    even = even * u + 0.0013888888917213717
    odd = odd * u + 0.008333333333330062
    even = even * u + 0.04166666666662413
    odd = odd * u + 0.16666666666666669
    even = even * u + 0.5
    scale = float_of_bits((bits_of_float(shifted) << 52) + 0x3FF0000000000000)
    return scale, u * (odd * r + even) + r


@njit(**OPTIONS)
def exp_negative(t):
    """exp(t) for t <= 0 without a branch, so that loops over it vectorize."""
    scale, rest = scale_and_rest(t)
    return scale * rest + scale


@njit(**OPTIONS)
def binary_block(z, target, rest, state):
    """Add the first `rest` examples of a block to a cell's binary cross-entropy accumulators.

    An example costs max(s, 0) + log(1 + exp(-|s|)) with s = sign * z. The accumulators hold, lane
    by lane, prod (1 + exp(-|s|)) - 1 (so that small losses keep their digits), sum max(s, 0) and
    the count of correct examples, those with s < tie. `target` holds BLOCK signs and BLOCK ties.
    """
    if rest < BLOCK:
        for j in range(rest, BLOCK):
            z[j] = -math.inf
        for start in range(0, rest, LANES):
            _binary_lanes(at(z, start), at(target, start), state)
        return
    for i in range(LANES):
        # Four examples side by side hide the latency of the polynomial.
        s0, s1 = target[i] * z[i], target[i + 16] * z[i + 16]
        s2, s3 = target[i + 32] * z[i + 32], target[i + 48] * z[i + 48]
        e0, e1 = exp_negative(-abs(s0)), exp_negative(-abs(s1))
        e2, e3 = exp_negative(-abs(s2)), exp_negative(-abs(s3))
        q = state[i]
        q = q * (1.0 + e0) + e0
        q = q * (1.0 + e1) + e1
        q = q * (1.0 + e2) + e2
        state[i] = q * (1.0 + e3) + e3
        state[i + 16] += (relu(s0) + relu(s1)) + (relu(s2) + relu(s3))
        first = (1.0 if s0 < target[i + 64] else 0.0) + (1.0 if s1 < target[i + 80] else 0.0)
        second = (1.0 if s2 < target[i + 96] else 0.0) + (1.0 if s3 < target[i + 112] else 0.0)
        state[i + 32] += first + second


@njit(**OPTIONS)
def _binary_lanes(z, target, state):
    """Do for one example per lane what `binary_block` does for four."""
    for i in range(LANES):
        s = target[i] * z[i]
        e = exp_negative(-abs(s))
        state[i] = state[i] * (1.0 + e) + e
        state[i + 16] += relu(s)
        state[i + 32] += 1.0 if s < target[i + 64] else 0.0


@njit(**OPTIONS)
def _join(p, q):
    """Return (1 + p) (1 + q) - 1."""
    return p * (1.0 + q) + q


@njit(**OPTIONS)
def fold_product(state):
    """Return log prod (1 + q) over the lanes, and set the lanes back to zero."""
    for i in range(8):
        state[i] = _join(state[i], state[i + 8])
    for i in range(4):
        state[i] = _join(state[i], state[i + 4])
    total = _join(_join(state[0], state[2]), _join(state[1], state[3]))
    for i in range(LANES):
        state[i] = 0.0
    return math.log1p(total)


@njit(**OPTIONS)
def fold_sum(lanes):
    """Return the sum over the lanes, in a fixed order."""
    for i in range(8):
        lanes[i] += lanes[i + 8]
    for i in range(4):
        lanes[i] += lanes[i + 4]
    return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])


@njit(**OPTIONS)
def _tanh(x):
    """tanh(x) = -m / (m + 2) for x > 0, with m = exp(-2 x) - 1 taken without cancellation."""
    scale, rest = scale_and_rest(-2.0 * abs(x))
    m = scale * rest + (scale - 1.0)
    y = m / (m + 2.0)
    return y if x < 0.0 else -y


@njit(**OPTIONS)
def _softplus(x):
    """log(1 + exp(x)) = max(x, 0) + log(1 + e), e = exp(-|x|)."""
    e = exp_negative(-abs(x))
    # log(1 + e) = 2 atanh(f / (2 + f)) [+ log 2], with 1 + f between 0.7 and 1.42; the
    # coefficients are the classical ones of fdlibm.
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
    return relu(x) + (y + 0.6931471805599453 if large else y)


@njit(**OPTIONS)
def _activate(activation, z, units, h, width):
    """Set h = activation(z) for `width` examples of every unit.

    Out of place: in place, the compiler turns ReLU into masked stores, which are slow.
    """
    for u in range(units):
        x = at(z, u * BLOCK)
        y = at(h, u * BLOCK)
        if activation == RELU:
            for j in range(width):
                y[j] = relu(x[j])
        elif activation == TANH and width == BLOCK:
            # The known length lets the compiler work on several vectors side by side.
            for j in range(BLOCK):
                y[j] = _tanh(x[j])
        elif activation == TANH:
            for j in range(width):
                y[j] = _tanh(x[j])
        elif activation == SOFTPLUS:
            for j in range(width):
                y[j] = _softplus(x[j])
        else:
            for j in range(width):
                y[j] = 0.5 * x[j] * (1.0 + math.erf(x[j] * 0.7071067811865476))


@njit(**OPTIONS)
def combine(table, size, at_zero, stride, weights, start, stop, out):
    """Set out = T_0 + sum_i w_i T_(i + 1), i from `start` to `stop`, for `size` entries each.

    T_i begins at entry at_zero + i * stride of the table. Two terms at a time spare passes.
    """
    a = at(table, at_zero)
    if start == stop:
        for j in range(size):
            out[j] = a[j]
        return
    b = at(a, (start + 1) * stride)
    u = weights[start]
    if stop - start == 1:
        for j in range(size):
            out[j] = a[j] + u * b[j]
        return
    c = at(b, stride)
    v = weights[start + 1]
    for j in range(size):
        out[j] = a[j] + u * b[j] + v * c[j]
    for i in range(start + 2, stop):
        c = at(a, (i + 1) * stride)
        v = weights[i]
        for j in range(size):
            out[j] += v * c[j]


@njit(**OPTIONS)
def _four_inputs(y, x, j, w0, w1, w2, w3):
    """Add the share of four inputs to one unit at example j."""
    y += x[j] * w0
    y += x[j + 64] * w1
    y += x[j + 128] * w2
    return y + x[j + 192] * w3


@njit(**OPTIONS)
def _layer(h, fan_in, weight, fan_out, z, width):
    """Set z = W^T h + b for one block; fan_in is a multiple of 4, fan_out of 2, b follows W."""
    bias = at(weight, fan_in * fan_out)
    for u in range(0, fan_out, 2):
        y = at(z, u * BLOCK)
        b0, b1 = bias[u], bias[u + 1]
        for f in range(0, fan_in, 4):
            x = at(h, f * BLOCK)
            w = at(weight, f * fan_out + u)
            v = at(w, 2 * fan_out)
            w00, w01, w10, w11 = w[0], w[1], w[fan_out], w[fan_out + 1]
            w20, w21, w30, w31 = v[0], v[1], v[fan_out], v[fan_out + 1]
            if f == 0:
                for j in range(width):
                    y[j] = _four_inputs(b0, x, j, w00, w10, w20, w30)
                    y[j + 64] = _four_inputs(b1, x, j, w01, w11, w21, w31)
            else:
                for j in range(width):
                    y0 = _four_inputs(y[j], x, j, w00, w10, w20, w30)
                    y1 = _four_inputs(y[j + 64], x, j, w01, w11, w21, w31)
                    y[j] = y0
                    y[j + 64] = y1


@njit(**OPTIONS)
def _softmax_block(z, classes, label, rest, scratch, state):
    """Add one block of softmax cross-entropies, log(1 + others) + largest - z_label.

    `others` sums exp(z_c - largest) over all classes but the first largest one, so that small
    losses keep their digits.
    """
    largest = scratch
    where = at(scratch, BLOCK)
    others = at(scratch, 2 * BLOCK)
    for j in range(BLOCK):
        largest[j] = z[j]
        where[j] = 0.0
        others[j] = 0.0
    for c in range(1, classes):
        row = at(z, c * BLOCK)
        index = float(c)
        for j in range(BLOCK):
            where[j] = index if row[j] > largest[j] else where[j]
            largest[j] = row[j] if row[j] > largest[j] else largest[j]
    for c in range(classes):
        row = at(z, c * BLOCK)
        index = float(c)
        for j in range(BLOCK):
            e = exp_negative(row[j] - largest[j])
            others[j] += 0.0 if where[j] == index else e
    for j in range(rest):
        e = others[j]
        state[0] = state[0] * (1.0 + e) + e
        if state[0] > 1e150:
            state[1] += math.log1p(state[0])
            state[0] = 0.0
        state[16] += largest[j] - z[int(label[j]) * BLOCK + j]
        # A NaN among the logits shows in `others`, or in `largest` if there is one class only.
        state[32] += 1.0 if where[j] == label[j] and e >= 0.0 and largest[j] == largest[j] else 0.0


@njit(**OPTIONS)
def deep_kernel(
    sizes, activation, loss_kind, outputs, first, rest_of, target, count, coords, scratch, loss, hit
):
    """Loss and accuracy of a network of any depth at every row of `coords`.

    sizes: widths of the layers after the input, padded to even numbers (hidden ones to fours).
    first: (k + 1, blocks, sizes[0], BLOCK) pre-activations of layer 1, flat.
    rest_of: (k + 1, p) padded parameters of layers 2, 3, ...; each as W (fan_in, fan_out), b.
    target: (blocks, rows, BLOCK); scratch: STATE + (3 + 2 max(sizes)) * BLOCK + p.
    """
    m, k = coords.shape
    p = rest_of.shape[1]
    widest = sizes.max()
    blocks = (count + BLOCK - 1) // BLOCK
    rows, step = target.size // (blocks * BLOCK), sizes[0] * BLOCK
    state = at(scratch, 0)
    spare = at(state, STATE)
    z = at(spare, 3 * BLOCK)
    h = at(z, widest * BLOCK)
    weight = at(h, widest * BLOCK)
    for cell in range(m):
        here = at(coords, cell * k)
        combine(rest_of, p, 0, p, here, 0, k, weight)
        logs = 0.0
        for i in range(STATE):
            state[i] = 0.0
        for b in range(blocks):
            rest = min(BLOCK, count - b * BLOCK)
            # Whole vectors only, so that no scalar tail is run.
            width = (rest + LANES - 1) // LANES * LANES
            combine(first, step, b * step, blocks * step, here, 0, k, z)
            w = weight
            for i in range(1, sizes.size):
                _activate(activation, z, sizes[i - 1], h, width)
                _layer(h, sizes[i - 1], w, sizes[i], z, width)
                w = at(w, (sizes[i - 1] + 1) * sizes[i])
            aim = at(target, b * rows * BLOCK)
            if loss_kind == BINARY:
                binary_block(z, aim, rest, state)
                if (b + 1) % FLUSH == 0:
                    logs += fold_product(state)
            elif loss_kind == SOFTMAX:
                _softmax_block(z, outputs, aim, rest, spare, state)
            else:
                for i in range(outputs):
                    for j in range(rest):
                        d = z[i * BLOCK + j] - aim[i * BLOCK + j]
                        state[j % LANES] += d * d
        if loss_kind == BINARY:
            logs += fold_product(state)
            loss[cell] = (logs + fold_sum(at(state, LANES))) / count
            hit[cell] = fold_sum(at(state, 2 * LANES)) / count
        elif loss_kind == SOFTMAX:
            loss[cell] = (math.log1p(state[0]) + state[1] + state[16]) / count
            hit[cell] = state[32] / count
        else:
            loss[cell], hit[cell] = fold_sum(state) / (count * outputs), math.nan
