"""The whole Hessians of a network with one hidden layer, by matrix products, many at a time.

H = mean over examples of J' C J + sum_c g_c (second derivative of output c), with J the Jacobian
of the outputs, C and g the second and first derivative of the loss in the outputs. The second
derivatives of an output couple only the parameters of one hidden unit: what comes into it with
what leaves it (slope), and what comes into it with itself (bend, zero for ReLU).
"""

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.objectives.losses import Loss
from thalweg.objectives.network import MLP


def shallow_hessians(
    network: MLP, points: FloatArray, inputs: FloatArray, targets: FloatArray, loss: Loss
) -> FloatArray:
    """Return the Hessians (m, n, n) of the mean loss at points (m, n); one hidden layer.

    A point's matrix has the same bits alone and among others.

    Args:
        network: of widths (d, h, C).
        points: (m, n), in the layout's order; their Jacobians (m, n, N, C) must fit.
        inputs: (N, d).
        targets: (N,) or (N, C).
        loss: how outputs are compared with targets.
    """
    (m, n), n_examples, (units, outputs) = points.shape, len(inputs), network.widths[1:]
    extended = np.column_stack([inputs, np.ones(n_examples)])  # the bias is a weight on 1
    fan_in = extended.shape[1]
    cut = fan_in * units
    first = points[:, :cut].reshape(m, fan_in, units)
    second = points[:, cut:-outputs].reshape(m, units, outputs)
    z = extended @ first
    h = network.activation.value_at(z)
    slope, bend = network.activation.derivatives_at(z)
    logits = h @ second + points[:, None, -outputs:]
    pull = loss.derivative(logits, targets) / n_examples

    jacobian = np.zeros((m, n, n_examples, outputs))
    into = jacobian[:, :cut].reshape(m, fan_in, units, n_examples, outputs)
    passed = np.swapaxes(slope, 1, 2)[..., None] * second[:, :, None, :]
    np.multiply(extended.T[:, None, :, None], passed[:, None], out=into)
    leaving = jacobian[:, cut:-outputs].reshape(m, units, outputs, n_examples, outputs)
    for c in range(outputs):
        leaving[:, :, c, :, c] = np.swapaxes(h, 1, 2)
        jacobian[:, n - outputs + c, :, c] = 1.0
    bent = loss.curvature_times(logits[:, None], jacobian)
    flat, wide = (each.reshape(m, n, -1) for each in (jacobian, bent))
    hessians = flat @ np.swapaxes(wide, 1, 2) / n_examples

    rows = np.arange(fan_in)[:, None] * units + np.arange(units)  # of first, (fan_in, units)
    for c in range(outputs):
        coupling = extended.T @ (pull[:, :, c, None] * slope)  # (m, fan_in, units)
        out = cut + np.arange(units) * outputs + c
        hessians[:, rows, out] += coupling
        hessians[:, out, rows] += coupling
    if bend is not None:
        weight = (pull @ np.swapaxes(second, 1, 2)) * bend  # (m, N, units)
        pairs = (extended[:, :, None] * extended[:, None, :]).reshape(n_examples, -1)
        own = (pairs.T @ weight).reshape(m, fan_in, fan_in, units)
        hessians[:, rows[:, None, :], rows[None, :, :]] += own
    return (hessians + np.swapaxes(hessians, 1, 2)) / 2
