"""Speed of 200 Adam steps with the fused gradient kernel, as ratios against two peers.

Same data, same start, same update, trajectory and losses recorded in every run; the peers take
turns, and the best of several rounds counts. Peers: a plain loop in the style of the chapter
(parameters in a dictionary, one NumPy expression a line) and `MLP.backpropagate`.
"""

import time

import numpy as np

from thalweg.datasets import spiral
from thalweg.objectives.kernels_gradient import GradientKernel
from thalweg.objectives.losses import Loss
from thalweg.objectives.network import MLP

STEPS = 200
RATE = 0.01
ROUNDS = 15


def plain_loop(start, widths, x, y):
    """Train as the chapter does: forward, loss, backward, update key by key, record."""
    d, hidden, _ = widths
    params, at = {}, 0
    shapes = {"W1": (d, hidden), "b1": (hidden,), "W2": (hidden, 1), "b2": (1,)}
    for key, shape in shapes.items():
        size = int(np.prod(shape))
        params[key] = start[at : at + size].reshape(shape).copy()
        at += size

    def flat():
        return np.concatenate([values.ravel() for values in params.values()])

    first = {key: np.zeros_like(values) for key, values in params.items()}
    second = {key: np.zeros_like(values) for key, values in params.items()}
    points, losses = [flat()], []
    for t in range(1, STEPS + 1):
        z1 = x @ params["W1"] + params["b1"]
        h1 = np.maximum(0, z1)
        z2 = h1 @ params["W2"] + params["b2"]
        p = 1.0 / (1.0 + np.exp(-z2.ravel()))
        safe = np.clip(p, 1e-12, 1 - 1e-12)
        losses.append(-np.mean(y * np.log(safe) + (1 - y) * np.log(1 - safe)))
        dz2 = (p - y).reshape(-1, 1) / len(y)
        dz1 = (dz2 @ params["W2"].T) * (z1 > 0)
        gradients = {
            "W1": x.T @ dz1,
            "b1": np.sum(dz1, axis=0),
            "W2": h1.T @ dz2,
            "b2": np.sum(dz2, axis=0),
        }
        for key, g in gradients.items():
            first[key] = 0.9 * first[key] + 0.1 * g
            second[key] = 0.999 * second[key] + 0.001 * g**2
            mean, square = first[key] / (1 - 0.9**t), second[key] / (1 - 0.999**t)
            params[key] -= RATE * mean / (np.sqrt(square) + 1e-8)
        points.append(flat())
    return np.array(points), np.array(losses)


def driven_by(value_and_gradients, start):
    """Train with the same update on flat points (1, n)."""
    points, losses = np.empty((STEPS + 1, start.size)), np.empty(STEPS)
    point, first, second = start[None].copy(), 0.0, 0.0
    points[0] = start
    for t in range(1, STEPS + 1):
        loss, g = value_and_gradients(point)
        losses[t - 1] = loss[0]
        first = 0.9 * first + 0.1 * g
        second = 0.999 * second + 0.001 * g**2
        mean, square = first / (1 - 0.9**t), second / (1 - 0.999**t)
        point = point - RATE * mean / (np.sqrt(square) + 1e-8)
        points[t] = point[0]
    return points, losses


def seconds(run):
    """Return the time of one call."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def main():
    """Print one line per network."""
    x, y = spiral()
    for widths in ((2, 16, 1), (2, 64, 1)):
        network = MLP(widths)
        start = network.initial_point(42)
        kernel = GradientKernel(widths, 0, 0, x, y)

        def in_numpy(point, network=network):
            return network.backpropagate(point, x, y, Loss.BINARY_CROSS_ENTROPY)

        def plain(start=start, widths=widths):
            return plain_loop(start, widths, x, y)

        def by_kernel(start=start, kernel=kernel):
            return driven_by(kernel, start)

        def by_numpy(start=start, in_numpy=in_numpy):
            return driven_by(in_numpy, start)

        def gradients_only(point=start[None], kernel=kernel):
            for _ in range(STEPS):
                kernel(point)

        runs = plain, by_numpy, by_kernel, gradients_only
        wanted = plain()
        for run in (by_numpy, by_kernel):
            for found, right in zip(run(), wanted, strict=True):
                np.testing.assert_allclose(found, right, rtol=0, atol=1e-9)
        best = np.min([[seconds(run) for run in runs] for _ in range(ROUNDS)], axis=0)
        loop, backpropagation, fused, calls = best / STEPS * 1e6
        print(
            f"{'-'.join(map(str, widths))}: a step of {STEPS} takes {fused:.1f} us with the kernel"
            f" ({calls:.1f} us of them in it), {loop:.1f} us in the plain loop"
            f" ({loop / fused:.1f} times), {backpropagation:.1f} us with MLP.backpropagate"
            f" ({backpropagation / fused:.1f} times)"
        )


if __name__ == "__main__":
    main()
