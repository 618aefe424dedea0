"""A child process for test_surface.py: maps a surface into a store and tells each finished tile."""

import sys
import time
from pathlib import Path

import numpy as np

from formulas import Formula, ripples
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.surface.evaluate import evaluate

PLANE = Plane(np.array([0.1, 0.2]), [[1.0, 0.5], [0.0, 2.0]])
GRID = Grid((np.linspace(-1, 1, 24), np.linspace(0, 1, 20)), tile=4)


def slow(points):
    time.sleep(0.002)
    return ripples(points)


if __name__ == "__main__":
    evaluate(
        Formula(slow),
        PLANE,
        GRID,
        store=Path(sys.argv[1]),
        progress=lambda done, total: print(done, flush=True),  # noqa: T201
    )
