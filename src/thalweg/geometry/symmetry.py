"""Symmetry: different parameters, one function. The hidden units of a layer can be renamed at will.

For fully connected layouts W1 (fan-in, fan-out), b1, W2, b2, ... as `MLP` has them.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from thalweg.core.arrays import FloatArray, IndexArray, as_floats
from thalweg.core.errors import InputError
from thalweg.core.layout import Layout, Role


def permuted_twin(point: ArrayLike, layout: Layout, seed: int = 0) -> FloatArray:
    """Return the same network (n,) with the units of every hidden layer in another, random order.

    The function and so the loss are unchanged, to rounding; the distance is not zero. A barrier
    between a network and its twin is the null against which barriers between seeds are read.

    >>> from thalweg.core.layout import Block
    >>> layout = Layout((Block("W1", (1, 2)), Block("b1", (2,), Role.BIAS),
    ...     Block("W2", (2, 1)), Block("b2", (1,), Role.BIAS)))
    >>> permuted_twin([1.0, 2, 3, 4, 5, 6, 7], layout, seed=3)
    array([2., 1., 4., 3., 6., 5., 7.])
    """
    layers = _layers(point, layout)
    random = np.random.default_rng(seed)
    orders = [random.permutation(weights.shape[1]) for weights, _ in layers[:-1]]
    return _reorder(layers, orders)


def aligned_twin(point: ArrayLike, reference: ArrayLike, layout: Layout) -> FloatArray:
    """Return the renaming of `point` (n,) that lies close to `reference` (n,).

    Weight matching by coordinate descent over the hidden layers, each step an exact linear
    assignment (Ainsworth, Hayase and Srinivasa 2022, "Git Re-Basin"); with one hidden layer the
    result is the nearest twin, with more it is a local optimum.
    """
    layers, target = _layers(point, layout), _layers(reference, layout)
    orders = [np.arange(weights.shape[1]) for weights, _ in layers[:-1]]
    for _ in range(50):
        before = [order.copy() for order in orders]
        for level in range(len(orders)):
            weights, bias = layers[level]
            below = orders[level - 1] if level else np.arange(weights.shape[0])
            incoming, outgoing = weights[below], layers[level + 1][0]
            if level + 1 < len(orders):
                outgoing = outgoing[:, orders[level + 1]]
            gain = incoming.T @ target[level][0] + np.outer(bias, target[level][1])
            gain += outgoing @ target[level + 1][0].T
            chosen, places = linear_sum_assignment(gain, maximize=True)
            orders[level][places] = chosen
        if all((a == b).all() for a, b in zip(before, orders, strict=True)):
            break
    return _reorder(layers, orders)


def _layers(point: ArrayLike, layout: Layout) -> list[tuple[FloatArray, FloatArray]]:
    blocks = layout.blocks
    chained = len(blocks) % 2 == 0 and all(
        len(w.shape) == 2 and b.role is Role.BIAS and b.shape == w.shape[1:]
        for w, b in zip(blocks[::2], blocks[1::2], strict=True)
    )
    if not chained:
        names = ", ".join(block.name for block in blocks)
        raise InputError("the layout must be W1, b1, W2, b2, ...", names, "pass an MLP's layout")
    flat = as_floats(point, "point", (layout.size,), "pass parameters of this layout")
    arrays = list(layout.unpack(flat).values())
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def _reorder(layers: list[tuple[FloatArray, FloatArray]], orders: list[IndexArray]) -> FloatArray:
    parts, below = [], np.arange(layers[0][0].shape[0])
    for (weights, bias), order in zip(
        layers, [*orders, np.arange(layers[-1][1].size)], strict=True
    ):
        parts += [weights[below][:, order].ravel(), bias[order]]
        below = order
    return np.concatenate(parts)
