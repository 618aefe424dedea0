"""Time a 50 x 50 slice of the loss: the plain loop against the plane kernels, in the same run.

Run as `python benchmarks/slice.py [repeats]`. The kernel's time includes its preparation; every
time is the best of the repeats, so that other work on the machine counts as little as possible.
"""

import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise

import numpy as np

from thalweg.objectives.kernels import PlaneKernel

SIDE, EXAMPLES = 50, 400


def spiral(count, rng):
    """Two interleaved arms: points (count, 2) and labels 0 or 1."""
    half = count // 2
    t = np.sqrt(rng.uniform(0.05, 1.0, half)) * 3 * np.pi
    arm = np.stack([t * np.cos(t), t * np.sin(t)], axis=1) / (3 * np.pi)
    x = np.vstack([arm, -arm]) + 0.03 * rng.normal(size=(2 * half, 2))
    return x, np.repeat([0.0, 1.0], half)


def plain_shallow(x, y, center, d1, d2, axis, widths, activation):
    """The loop that everybody writes first: one forward pass per cell, with clipped logarithms."""
    d, hidden = widths[:2]
    out = np.empty((len(axis), len(axis)))
    for j, b in enumerate(axis):
        for i, a in enumerate(axis):
            p = center + a * d1 + b * d2
            w1, b1 = p[: d * hidden].reshape(d, hidden), p[d * hidden : (d + 1) * hidden]
            w2, b2 = p[(d + 1) * hidden : -1].reshape(hidden, 1), p[-1:]
            h = np.maximum(x @ w1 + b1, 0)
            q = np.clip(1 / (1 + np.exp(-(h @ w2 + b2).ravel())), 1e-12, 1 - 1e-12)
            out[j, i] = -np.mean(y * np.log(q) + (1 - y) * np.log(1 - q))
    return out


def plain_deep(x, y, center, d1, d2, axis, widths, activation):
    """The same for any depth."""
    out = np.empty((len(axis), len(axis)))
    for j, b in enumerate(axis):
        for i, a in enumerate(axis):
            p, start, h = center + a * d1 + b * d2, 0, x
            for n, (u, v) in enumerate(pairwise(widths)):
                h = h @ p[start : start + u * v].reshape(u, v)
                h = h + p[start + u * v : start + (u + 1) * v]
                start += (u + 1) * v
                if n < len(widths) - 2:
                    h = np.tanh(h) if activation else np.maximum(h, 0)
            q = np.clip(1 / (1 + np.exp(-h.ravel())), 1e-12, 1 - 1e-12)
            out[j, i] = -np.mean(y * np.log(q) + (1 - y) * np.log(1 - q))
    return out


def best(function, repeats):
    """Return the shortest wall time and the last result."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return min(times), result


def cold_compile(widths, activation):
    """Return the seconds that the first call takes with an empty cache, in a fresh process."""
    code = (
        "import time; import numpy as np; from thalweg.objectives.kernels import PlaneKernel\n"
        f"w = {widths}; n = sum((a + 1) * b for a, b in zip(w, w[1:])); z = np.zeros\n"
        f"k = PlaneKernel(w, {activation}, 0, z((9, 2)), z(9), z(n), z((2, n)))\n"
        "t = time.perf_counter(); k(z((3, 2)), 1); print(time.perf_counter() - t)"
    )
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"NUMBA_CACHE_DIR": folder}
        run = [sys.executable, "-c", code]
        return float(subprocess.run(run, env=env, check=True, capture_output=True).stdout)


def compare(widths, activation, x, y, rng, repeats):
    """Print one line of the table."""
    plain = plain_shallow if len(widths) == 3 else plain_deep
    axis = np.linspace(-1.0, 1.0, SIDE)
    coords = np.stack([m.ravel() for m in np.meshgrid(axis, axis)], axis=1)
    # He's scale for the weights, directions of the same size: no logit near the clip.
    scale = np.hstack([np.full((a + 1) * b, 0.5 * (2 / a) ** 0.5) for a, b in pairwise(widths)])
    center, d1, d2 = rng.normal(size=(3, len(scale))) * scale

    def loop():
        return plain(x, y, center, d1, d2, axis, widths, activation)

    def prepare():
        return PlaneKernel(widths, activation, 0, x, y, center, (d1, d2))

    rivals = [
        (loop, 1),
        (lambda: prepare()(coords, 1)[0], 10),
        (lambda: prepare()(coords, 2)[0], 10),
        (prepare, 20),
    ]
    rivals[1][0]()
    times, results = [np.inf] * 4, [None] * 4
    for _ in range(repeats):
        # In turns, so that a busy moment of the machine does not hit one peer alone.
        for i, (function, times_each) in enumerate(rivals):
            shortest, results[i] = best(function, times_each)
            times[i] = min(times[i], shortest)
    name = "-".join(map(str, widths)) + (" tanh" if activation else " relu")
    difference = np.abs(results[2] - results[0].ravel()).max()
    loop_time, one, two, before = np.array(times) * 1e3
    line = f"{name:<18}{loop_time:9.1f}{one:10.2f}{loop_time / one:7.1f}"
    print(line + f"{two:11.2f}{loop_time / two:7.1f}{before:9.3f}{difference:12.1e}")


def main():
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rng = np.random.default_rng(0)
    x, y = spiral(EXAMPLES, rng)
    print(f"{SIDE} x {SIDE} cells, {EXAMPLES} examples, binary cross-entropy; best of {repeats}")
    head = f"{'network':<18}{'loop ms':>9}{'1 thread':>10}{'ratio':>7}{'2 threads':>11}{'ratio':>7}"
    print(head + f"{'prepare':>9}{'difference':>12}")
    for widths in ((2, 16, 1), (2, 16, 16, 1), (2, 32, 32, 32, 1)):
        for activation in (0, 1) if len(widths) > 3 else (0,):
            compare(widths, activation, x, y, rng, repeats)
    print(f"cold compile: one hidden layer {cold_compile((2, 4, 1), 0):.1f} s", end=", ")
    print(f"any depth {cold_compile((2, 4, 4, 1), 0):.1f} s")


if __name__ == "__main__":
    main()
