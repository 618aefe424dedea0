"""A landscape to show in tests: a bowl, with a path over it that is true to it."""

import numpy as np

from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.dynamics.project import project
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Adam, Momentum
from thalweg.objectives.zoo import quadratic
from thalweg.surface.evaluate import evaluate

BOWL = quadratic([1.0, 3.0, 2.0])
PLANE = Plane(np.zeros(3), np.eye(3)[:2], ("first", "<second>"))
OPTIMIZERS = (SGD(0.01), Momentum(0.01), Adam(0.01))


def surface(points=9):
    return evaluate(BOWL, PLANE, Grid.square(2.0, points))


def path(optimizer=OPTIMIZERS[0], steps=20):
    return project(BOWL, record(BOWL, np.array([1.5, -1.0, 0.5]), optimizer, steps), PLANE)
