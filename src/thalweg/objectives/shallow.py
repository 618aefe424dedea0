"""The whole Hessian of a network with one hidden layer, by matrix products.

H = mean over examples of J' C J + sum_c g_c (second derivative of output c), with J the Jacobian
of the outputs, C and g the second and first derivative of the loss in the outputs. The second
derivatives of an output couple only the parameters of one hidden unit: what comes into it with
what leaves it (slope), and what comes into it with itself (bend, zero for ReLU).
"""

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.objectives.losses import Loss
from thalweg.objectives.network import MLP


def shallow_hessian(
    network: MLP, point: FloatArray, inputs: FloatArray, targets: FloatArray, loss: Loss
) -> FloatArray:
    """Return the Hessian (n, n) of the mean loss at point (n,); one hidden layer, any width.

    Args:
        network: of widths (d, h, C).
        point: (n,), in the layout's order.
        inputs: (N, d).
        targets: (N,) or (N, C).
        loss: how outputs are compared with targets.
    """
    n_examples, (units, outputs) = len(inputs), network.widths[1:]
    extended = np.column_stack([inputs, np.ones(n_examples)])  # the bias is a weight on 1
    fan_in = extended.shape[1]
    first = point[: fan_in * units].reshape(fan_in, units)
    second = point[fan_in * units : -outputs].reshape(units, outputs)
    z = extended @ first
    h = network.activation.value_at(z)
    slope, bend = network.activation.derivatives_at(z)
    logits = h @ second + point[-outputs:]
    pull = loss.derivative(logits, targets) / n_examples

    jacobian = np.zeros((n_examples, outputs, point.size))
    into = jacobian[:, :, : first.size].reshape(n_examples, outputs, fan_in, units)
    np.multiply(extended[:, None, :, None], (slope[:, None, :] * second.T)[:, :, None, :], out=into)
    leaving = jacobian[:, :, first.size : -outputs].reshape(n_examples, outputs, units, outputs)
    for c in range(outputs):
        leaving[:, c, :, c] = h
        jacobian[:, c, point.size - outputs + c] = 1.0
    jacobian[:, :, : first.size] = into.reshape(n_examples, outputs, -1)
    jacobian[:, :, first.size : -outputs] = leaving.reshape(n_examples, outputs, -1)
    columns = np.moveaxis(jacobian, 1, -1)  # (N, n, C): the loss acts on the last axis
    bent = np.moveaxis(loss.curvature_times(logits, np.moveaxis(columns, 1, 0)), 0, 1)
    flat = jacobian.reshape(-1, point.size)
    hessian = flat.T @ np.moveaxis(bent, -1, 1).reshape(flat.shape) / n_examples

    rows = np.arange(fan_in)[:, None] * units + np.arange(units)  # of first, (fan_in, units)
    for c in range(outputs):
        coupling = extended.T @ (pull[:, c, None] * slope)  # (fan_in, units)
        out = first.size + np.arange(units) * outputs + c
        hessian[rows, out] += coupling
        hessian[out, rows] += coupling
    if bend is not None:
        weight = (pull @ second.T) * bend  # (N, units)
        own = np.einsum("ni,nj,nu->iju", extended, extended, weight, optimize=True)
        hessian[rows[:, None, :], rows[None, :, :]] += own
    return (hessian + hessian.T) / 2
