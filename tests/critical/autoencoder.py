"""A linear autoencoder, 1/2 tr (I - W2 W1) S (I - W2 W1)', written out once more for the tests."""

from functools import partial

import numpy as np

from thalweg.objectives.functions import from_function


def weights(points, n, p):
    """W1 (m, p, n) and W2 (m, n, p) of points (m, 2 n p)."""
    return points[:, : n * p].reshape(-1, p, n), points[:, n * p :].reshape(-1, n, p)


def value(variances, p, points):
    w1, w2 = weights(points, len(variances), p)
    miss = w2 @ w1 - np.eye(len(variances))
    return 0.5 * (miss**2 * variances).sum(axis=(1, 2))


def gradient(variances, p, points):
    w1, w2 = weights(points, len(variances), p)
    slope = (w2 @ w1 - np.eye(len(variances))) * variances
    by_w1, by_w2 = w2.transpose(0, 2, 1) @ slope, slope @ w1.transpose(0, 2, 1)
    return np.concatenate([by_w1.reshape(len(points), -1), by_w2.reshape(len(points), -1)], axis=1)


def hessian(variances, p, point):
    n = len(variances)
    ([w1], [w2]), (v1, v2) = weights(point[None], n, p), weights(np.eye(2 * n * p), n, p)
    slope = (w2 @ w1 - np.eye(n)) * variances
    change = (v2 @ w1 + w2 @ v1) * variances
    by_w1 = v2.transpose(0, 2, 1) @ slope + w2.T @ change
    by_w2 = slope @ v1.transpose(0, 2, 1) + change @ w1.T
    rows = np.concatenate([by_w1.reshape(2 * n * p, -1), by_w2.reshape(2 * n * p, -1)], axis=1)
    return (rows + rows.T) / 2


def autoencoder(variances, p):
    """n-p-n on data whose covariance has these eigenvalues."""
    s = np.array(variances, dtype=float)
    made = [partial(f, s, p) for f in (value, gradient, hessian)]
    return from_function(*made, np.full(2 * s.size * p, 0.1), f"autoencoder {s.size}-{p}")


def balanced(n, p, kept):
    """The balanced critical point that keeps these principal directions."""
    w1, w2 = np.zeros((p, n)), np.zeros((n, p))
    for unit, i in enumerate(kept):
        w1[unit, i] = w2[i, unit] = 1.0
    return np.concatenate([w1.ravel(), w2.ravel()])
