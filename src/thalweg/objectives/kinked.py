"""Kinks of an MLP: how near they are, and where a line crosses them.

A ReLU network is piecewise smooth. Where the input of a unit changes sign the slope of the loss
jumps, and no second derivative knows of it: minima like to sit there (Laurent and von Brecht
2018, "The multilinear structure of ReLU networks").
"""

import numpy as np

from thalweg.core.arrays import FloatArray, require_finite
from thalweg.objectives.losses import Loss
from thalweg.objectives.network import MLP

MEND = "choose a point and a direction where the network is finite"


def nearest_kink(network: MLP, point: FloatArray, inputs: FloatArray) -> float:
    """Return the smallest |input| of a hidden unit over units and examples; inf if all are smooth.

    Args:
        network: of any depth.
        point: (n,), in the layout's order.
        inputs: (N, d).
    """
    if network.activation.is_smooth:
        return np.inf
    nearest, h = [np.inf], inputs
    for weights, bias in network.layers(point[None])[:-1]:
        z = h @ weights + bias
        nearest.append(np.abs(z).min())
        h = network.activation.value_at(z)
    return float(np.min(nearest))  # a NaN stays one


def kinks_crossed(
    network: MLP,
    point: FloatArray,
    direction: FloatArray,
    inputs: FloatArray,
    targets: FloatArray,
    loss: Loss,
) -> tuple[FloatArray, FloatArray]:
    """Return where the line point + t direction crosses kinks, (m,), and the jumps (m,) of dL/dt.

    Exact for the first layer; to first order in t for deeper ones, whose inputs bend. A unit and
    example whose input stays as it is crosses nothing and is left out.

    Args:
        network: of any depth.
        point: (n,), in the layout's order.
        direction: (n,).
        inputs: (N, d).
        targets: (N,) or (N, C).
        loss: how outputs are compared with targets; its mean is what jumps.

    Raises:
        InputError: the inputs of the units overflow.
    """
    if network.activation.is_smooth:
        return np.empty(0), np.empty(0)
    layers, moves = network.layers(point[None]), network.layers(direction[None])
    h, dh = inputs, np.zeros((len(inputs), network.widths[0]))
    heights, changes = [], []
    for (weights, bias), (dweights, dbias) in zip(layers, moves, strict=True):
        z, dz = h @ weights + bias, h @ dweights + dbias + dh @ weights
        require_finite(z, "inputs of units", MEND)
        require_finite(dz, "changes of units", MEND)
        heights.append(z)
        changes.append(dz)
        h, dh = network.activation.value_at(z), network.activation.derivatives_at(z)[0] * dz
    pull = loss.derivative(heights[-1], targets) / len(inputs)
    at, jumps = [], []
    for level in range(len(layers) - 1, 0, -1):
        pull = pull @ np.swapaxes(layers[level][0], 1, 2)  # d loss / d output of the units below
        z, dz = heights[level - 1], changes[level - 1]
        with np.errstate(all="ignore"):
            t = -z / dz
        moving = np.isfinite(t)
        at.append(t[moving])
        jumps.append((pull * np.abs(dz))[moving])
        pull = pull * network.activation.derivatives_at(z)[0]
    return np.concatenate([np.empty(0), *at]), np.concatenate([np.empty(0), *jumps])
