"""Objectives from plain functions: light to import, count their calls, stop when told."""

import numpy as np

from thalweg.core.layout import Layout
from thalweg.core.objective import Objective


class Formula(Objective):
    """A loss from a callable on points (m, n); counts its calls, and can stop in the midst."""

    fields = ("loss",)

    def __init__(self, function, n=2, name="formula", stop_after=None, fault=KeyboardInterrupt):
        self.function, self.layout, self.name = function, Layout.plain(n), name
        self.start, self.calls, self.cells = np.zeros(n), 0, 0
        self.stop_after, self.fault = stop_after, fault

    def values(self, points):
        return self.function(points)

    def restrict(self, plane, fields=("loss",)):
        self.check_request(plane, fields)

        def evaluate(coords):
            if self.calls == self.stop_after:
                raise self.fault
            self.calls, self.cells = self.calls + 1, self.cells + len(coords)
            return {"loss": self.values(plane.points(coords))}

        return evaluate

    def digest(self):
        return f"{self.name:0<16}"


def ripples(points):
    """A loss without symmetry, so that no two cells of a grid agree."""
    x, y = points[:, 0], points[:, 1]
    return np.sin(3 * x) + 0.3 * x + y**2 + 0.1 * np.cos(5 * x * y)
