"""Losses of a multilayer perceptron at many points of a plane through its parameter space.

The parameters at coordinates c are origin + sum_i c_i d_i, hence the pre-activations of the first
layer are A_0 + sum_i c_i A_i with A_i = X W1_i + b1_i: k + 1 matrix products serve the whole
plane, whatever the number of inputs. What remains is done per cell in fused loops over blocks of
examples, which release the GIL.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats
from thalweg.core.errors import InputError
from thalweg.objectives.kernels_deep import (
    BINARY,
    BLOCK,
    FLUSH,
    LANES,
    OPTIONS,
    RELU,
    SQUARED,
    STATE,
    at,
    binary_block,
    combine,
    deep_kernel,
    fold_product,
    fold_sum,
    relu,
)
from thalweg.objectives.pieces import aligned, check_network, count_parameters, in_pieces

RUN = 64
"""Cells that are handled together: they share the part of layer 1 that the first axis leaves."""


@njit(**OPTIONS)
def _hidden_four(base, slope, hidden, weight, coords, z, width):
    """Logits of one block of examples at four cells that differ in their first coordinate.

    z_c = b_c + sum_h max(base_h + t_c slope_h, 0) w_ch. `weight` holds, per cell, `hidden` (a
    multiple of 4) output weights and the bias; `z` is (4, BLOCK).
    """
    t0, t1, t2, t3 = coords[0], coords[1], coords[2], coords[3]
    v0 = weight
    v1 = at(weight, hidden + 1)
    v2 = at(weight, 2 * (hidden + 1))
    v3 = at(weight, 3 * (hidden + 1))
    for j in range(width):
        z[j] = v0[hidden]
        z[j + 64] = v1[hidden]
        z[j + 128] = v2[hidden]
        z[j + 192] = v3[hidden]
    for h in range(0, hidden, 4):
        b = at(base, h * BLOCK)
        s = at(slope, h * BLOCK)
        w00, w01, w02, w03 = v0[h], v0[h + 1], v0[h + 2], v0[h + 3]
        w10, w11, w12, w13 = v1[h], v1[h + 1], v1[h + 2], v1[h + 3]
        w20, w21, w22, w23 = v2[h], v2[h + 1], v2[h + 2], v2[h + 3]
        w30, w31, w32, w33 = v3[h], v3[h + 1], v3[h + 2], v3[h + 3]
        for j in range(width):
            z0, z1, z2, z3 = z[j], z[j + 64], z[j + 128], z[j + 192]
            z0 += relu(b[j] + t0 * s[j]) * w00
            z1 += relu(b[j] + t1 * s[j]) * w10
            z2 += relu(b[j] + t2 * s[j]) * w20
            z3 += relu(b[j] + t3 * s[j]) * w30
            z0 += relu(b[j + 64] + t0 * s[j + 64]) * w01
            z1 += relu(b[j + 64] + t1 * s[j + 64]) * w11
            z2 += relu(b[j + 64] + t2 * s[j + 64]) * w21
            z3 += relu(b[j + 64] + t3 * s[j + 64]) * w31
            z0 += relu(b[j + 128] + t0 * s[j + 128]) * w02
            z1 += relu(b[j + 128] + t1 * s[j + 128]) * w12
            z2 += relu(b[j + 128] + t2 * s[j + 128]) * w22
            z3 += relu(b[j + 128] + t3 * s[j + 128]) * w32
            z0 += relu(b[j + 192] + t0 * s[j + 192]) * w03
            z1 += relu(b[j + 192] + t1 * s[j + 192]) * w13
            z2 += relu(b[j + 192] + t2 * s[j + 192]) * w23
            z3 += relu(b[j + 192] + t3 * s[j + 192]) * w33
            z[j], z[j + 64], z[j + 128], z[j + 192] = z0, z1, z2, z3


@njit(**OPTIONS)
def _hidden_one(base, slope, hidden, weight, t, z, width):
    """Do for one cell what `_hidden_four` does for four, in the same order of operations."""
    for j in range(width):
        z[j] = weight[hidden]
    for h in range(0, hidden, 4):
        b = at(base, h * BLOCK)
        s = at(slope, h * BLOCK)
        w0, w1, w2, w3 = weight[h], weight[h + 1], weight[h + 2], weight[h + 3]
        for j in range(width):
            y = z[j]
            y += relu(b[j] + t * s[j]) * w0
            y += relu(b[j + 64] + t * s[j + 64]) * w1
            y += relu(b[j + 128] + t * s[j + 128]) * w2
            z[j] = y + relu(b[j + 192] + t * s[j + 192]) * w3


@njit(**OPTIONS)
def _shallow_kernel(hidden, first, rest_of, target, count, coords, scratch, loss, hit):
    """Binary cross-entropy and accuracy of a one-hidden-layer ReLU network at rows of `coords`.

    first: (k + 1, blocks, hidden, BLOCK) pre-activations, flat; hidden is a multiple of 4.
    rest_of: (k + 1, hidden + 1) output weights and bias.
    target: (blocks, 2, BLOCK) signs and ties.
    scratch: base of the run, four logits, and per cell of a run the accumulators, weights and so
    on; (hidden + 4) * BLOCK + (RUN + 3) * (hidden + 2) + RUN * (STATE + 1) numbers.
    """
    m, k = coords.shape
    blocks = (count + BLOCK - 1) // BLOCK
    step = hidden * BLOCK
    wide = hidden + 1
    base = at(scratch, 0)
    z = at(scratch, step)
    state = at(z, 4 * BLOCK)
    weight = at(state, RUN * STATE)
    logs = at(weight, (RUN + 3) * wide)
    t = at(logs, RUN)
    begin = 0
    while begin < m:
        run = 1
        while run < RUN and begin + run < m:
            same = True
            for i in range(1, k):
                same = same and coords[begin + run, i] == coords[begin, i]
            if not same:
                break
            run += 1
        for i in range(run * STATE):
            state[i] = 0.0
        for p in range(run + 3):
            # Three copies of the last cell fill the last group of four.
            cell = begin + min(p, run - 1)
            t[p] = coords[cell, 0]
            combine(rest_of, wide, 0, wide, at(coords, cell * k), 0, k, at(weight, p * wide))
            logs[min(p, run - 1)] = 0.0
        for b in range(blocks):
            rest = min(BLOCK, count - b * BLOCK)
            # Whole vectors only, so that no scalar tail is run.
            width = (rest + LANES - 1) // LANES * LANES
            combine(first, step, b * step, blocks * step, at(coords, begin * k), 1, k, base)
            slope, aim = at(first, (blocks + b) * step), at(target, b * 2 * BLOCK)
            for p in range(0, run, 4):
                if p + 1 == run:
                    _hidden_one(base, slope, hidden, at(weight, p * wide), t[p], z, width)
                else:
                    _hidden_four(base, slope, hidden, at(weight, p * wide), at(t, p), z, width)
                for q in range(min(4, run - p)):
                    binary_block(at(z, q * BLOCK), aim, rest, at(state, (p + q) * STATE))
            if (b + 1) % FLUSH == 0:
                for p in range(run):
                    logs[p] += fold_product(at(state, p * STATE))
        for p in range(run):
            own = at(state, p * STATE)
            total = logs[p] + fold_product(own)
            loss[begin + p] = (total + fold_sum(at(own, LANES))) / count
            hit[begin + p] = fold_sum(at(own, 2 * LANES)) / count
        begin += run


def _padded(size: int, step: int) -> int:
    """Return the smallest multiple of `step` that is not below `size`."""
    return -(-size // step) * step


class PlaneKernel:
    """Loss and accuracy of a multilayer perceptron on a plane, prepared once, asked many times.

    parameters(c) = origin + sum_i c_i directions_i, flat as W1, b1, W2, b2, ... with W_l of shape
    (fan_in, fan_out); h_0 = X, z_l = h_(l-1) W_l + b_l, h_l = activation(z_l), f = z_L.

    Losses, each a mean over the N examples: 0, binary cross-entropy on one logit, labels 0 or 1,
    log(1 + exp(-f)) or log(1 + exp(f)); 1, softmax cross-entropy, log sum_c exp(f_c) - f_y; 2,
    squared error (f - y)^2, the mean taken over the outputs as well. All are stable at any logit.

    A NaN logit makes the loss NaN and counts as a wrong answer; a result depends on nothing but
    its own coordinates, bit by bit, whatever the number of threads.

    Attributes:
        widths: sizes of the layers, inputs first, (L + 1,).
        dimension: number of parameters, n.
        axes: number of directions, k.
        count: number of examples, N.
        shallow: whether the kernel for one hidden ReLU layer and one logit applies.

    >>> kernel = PlaneKernel((1, 1), 0, 2, [[1.0]], [[3.0]], [0.0, 0.0], [[1.0, 0.0]])
    >>> kernel([[1.0], [3.0]])[0]
    array([4., 0.])
    """

    def __init__(
        self,
        widths: Sequence[int],
        activation: int,
        loss: int,
        inputs: ArrayLike,
        targets: ArrayLike,
        origin: ArrayLike,
        directions: ArrayLike,
    ) -> None:
        """Check the shapes and compute the first layer's k + 1 matrix products.

        Args:
            widths: layer sizes (d, ..., C).
            activation: of the hidden layers: 0 ReLU, 1 tanh, 2 softplus, 3 GELU (exact erf).
            loss: 0 binary cross-entropy, 1 softmax cross-entropy, 2 squared error.
            inputs: X, (N, d).
            targets: (N,) labels for losses 0 and 1, (N, C) values for loss 2.
            origin: (n,).
            directions: (k, n), k >= 1.

        Raises:
            InputError: a shape or a label does not fit, or a code is unknown.
        """
        self.widths = check_network(widths, activation, loss)
        self.dimension = count_parameters(self.widths)
        flat = "flatten W1, b1, W2, b2, ..."
        x = as_floats(inputs, "inputs", (None, self.widths[0]), "give one row per example")
        start = as_floats(origin, "origin", (self.dimension,), flat)
        along = as_floats(directions, "directions", (None, self.dimension), flat)
        if len(x) == 0 or len(along) == 0:
            raise InputError("there must be an example and a direction", "none", "add one")
        if loss == BINARY and self.widths[-1] != 1:
            raise InputError("loss 0 needs one output", str(self.widths[-1]), "use loss 1")
        p = np.concatenate([start[None], along])
        self.axes, self.count, self._blocks = len(along), len(x), -(-len(x) // BLOCK)
        self.shallow = loss == BINARY and activation == RELU and len(self.widths) == 3
        self._codes = int(activation), int(loss)
        steps = [4] * (len(self.widths) - 2) + [1 if self.shallow else 2]
        self._sizes = np.array([_padded(w, s) for w, s in zip(self.widths[1:], steps, strict=True)])
        self._first = self._first_layer(x, p)
        self._rest = self._other_layers(p)
        self._target = self._block_targets(targets)

    def _first_layer(self, x: FloatArray, p: FloatArray) -> FloatArray:
        """Return A_i = X W1_i + b1_i as (k + 1, blocks, units, BLOCK), flat, zero-padded."""
        d, units = self.widths[0], self.widths[1]
        rows = np.zeros((self._blocks * BLOCK, d))
        rows[: self.count] = x
        # A column of ones makes the bias one more weight.
        columns = np.ones((self._blocks, d + 1, BLOCK))
        columns[:, :d] = rows.reshape(self._blocks, BLOCK, d).swapaxes(1, 2)
        weight = p[:, : (d + 1) * units].reshape(-1, 1, d + 1, units).swapaxes(2, 3)
        shape = len(p), self._blocks, int(self._sizes[0]), BLOCK
        blocked = aligned(math.prod(shape)).reshape(shape)
        blocked[:, :, units:] = 0.0
        # Parameters that are not finite are the caller's affair: they show in the losses.
        with np.errstate(all="ignore"):
            np.matmul(weight, columns, out=blocked[:, :, :units])
        return blocked.reshape(-1)

    def _other_layers(self, p: FloatArray) -> FloatArray:
        """Return the parameters behind layer 1, every layer zero-padded, (k + 1, entries)."""
        start, parts = (self.widths[0] + 1) * self.widths[1], [np.empty((len(p), 0))]
        for i in range(1, len(self._sizes)):
            a, b = self.widths[i], self.widths[i + 1]
            weight = np.zeros((len(p), int(self._sizes[i - 1]) + 1, int(self._sizes[i])))
            weight[:, :a, :b] = p[:, start : start + a * b].reshape(-1, a, b)
            weight[:, -1, :b] = p[:, start + a * b : start + (a + 1) * b]
            parts.append(weight.reshape(len(p), -1))
            start += (a + 1) * b
        return np.ascontiguousarray(np.hstack(parts))

    def _block_targets(self, targets: ArrayLike) -> FloatArray:
        """Return the targets as (blocks, rows, BLOCK), flat; what the rows hold is the loss's."""
        loss, outputs = self._codes[1], self.widths[-1]
        shape = (self.count, outputs) if loss == SQUARED else (self.count,)
        y = as_floats(targets, "targets", shape, "give one row or label per example")
        rows = np.atleast_2d(y.T)
        if loss != SQUARED:
            top = 1 if loss == BINARY else outputs - 1
            if not ((y >= 0) & (y <= top) & (y == np.floor(y))).all():
                raise InputError(f"labels must be in 0..{top}", "others", "re-code the classes")
        if loss == BINARY:
            # Correct: 1-labels with s < 0, 0-labels with s <= 0 (z = 0 says class 0).
            rows = np.array([1.0 - 2.0 * y, np.where(y == 1, 0.0, np.nextafter(0.0, 1.0))])
        padded = np.zeros((len(rows), self._blocks * BLOCK))
        if loss == BINARY:
            # The kernels set the logits behind the last example to -inf: no loss, and no hit.
            padded[:] = [[1.0], [-np.inf]]
        padded[:, : self.count] = rows
        blocked = aligned(padded.size)
        blocked[:] = padded.reshape(len(rows), self._blocks, BLOCK).swapaxes(0, 1).ravel()
        return blocked

    def _evaluate(self, coords: FloatArray, loss: FloatArray, hit: FloatArray) -> None:
        """Fill loss and accuracy of some cells, in this thread."""
        tables = self._first, self._rest, self._target, self.count, coords
        if self.shallow:
            hidden = int(self._sizes[0])
            room = (hidden + 4) * BLOCK + (RUN + 3) * (hidden + 2) + RUN * (STATE + 1)
            _shallow_kernel(hidden, *tables, aligned(room), loss, hit)
        else:
            room = STATE + (3 + 2 * int(self._sizes.max())) * BLOCK + self._rest.shape[1]
            codes = *self._codes, self.widths[-1]
            deep_kernel(self._sizes, *codes, *tables, aligned(room), loss, hit)

    def __call__(
        self, coords: ArrayLike, threads: int | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Evaluate the loss and the accuracy at every coordinate.

        Args:
            coords: (m, k); quickest when runs of rows differ in the first coordinate only.
            threads: threads to use; None takes the machine's, but no more than m / 64.

        Returns:
            Loss (m,) and share of correct answers (m,): (f > 0) == (y == 1) for loss 0, the
            largest output's index for loss 1, NaN for loss 2.

        Raises:
            InputError: the coordinates are not (m, k), or threads is below 1.
        """
        c = as_floats(coords, "coords", (None, self.axes), "give one row per point")
        # A copy of its own: a read-only or strided array would compile the kernels once more.
        c = np.array(c, order="C")
        if threads is None:
            threads = max(1, min(os.cpu_count() or 1, len(c) // 64))
        loss, hit = np.empty(len(c)), np.empty(len(c))

        def evaluate(start: int, end: int) -> None:
            self._evaluate(c[start:end], loss[start:end], hit[start:end])

        in_pieces(evaluate, len(c), threads)
        return loss, hit


def plane_loss(
    widths: Sequence[int],
    activation: int,
    loss: int,
    inputs: ArrayLike,
    targets: ArrayLike,
    origin: ArrayLike,
    directions: ArrayLike,
    coords: ArrayLike,
    threads: int = 1,
) -> tuple[FloatArray, FloatArray]:
    """Evaluate loss and accuracy at points of a plane once; to ask again, keep a kernel.

    The arguments are those of `PlaneKernel` and of its call, and so are errors and results: loss
    (m,) and share of correct answers (m,) at coords (m, k).

    >>> plane_loss((1, 1), 0, 0, [[0.0]], [1], [0.0, 0.0], [[0.0, 1.0]], [[0.0]])[0].round(4)
    array([0.6931])
    """
    kernel = PlaneKernel(widths, activation, loss, inputs, targets, origin, directions)
    return kernel(coords, threads)
