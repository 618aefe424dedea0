"""A program that maps slowly on a Ray of its own, to be killed: store, then signs of life."""

import sys
import time
from pathlib import Path

import numpy as np

from formulas import Formula, ripples
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.ray.executor import RayExecutor
from thalweg.surface.evaluate import evaluate

PLANE, GRID = Plane(np.zeros(2), np.eye(2)), Grid.square(1.0, 12, tile=2)


def slow_ripples(points):
    time.sleep(0.1)
    return ripples(points)


def plain():
    return Formula(slow_ripples)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    from ray_driver import plain as importable  # so that workers find it too

    def tell(done, total):
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()

    evaluate(
        importable(), PLANE, GRID, executor=RayExecutor(workers=2), store=folder, progress=tell
    )
