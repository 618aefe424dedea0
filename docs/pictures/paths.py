"""Draw a run that looks well captured and is not: OUTFOLDER/paths.png."""

import sys

import numpy as np

from thalweg.core.grid import Grid
from thalweg.datasets import spiral
from thalweg.dynamics.nulls import cosine_content, walk_null
from thalweg.dynamics.project import project
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.geometry.planes import principal_plane
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.plots.mpl_figures import panel
from thalweg.plots.mpl_page import figure_with_trust
from thalweg.plots.mpl_save import save_figure
from thalweg.surface.evaluate import evaluate
from thalweg.views.curves import Series, curves_view
from thalweg.views.path import gap_shares, path_view
from thalweg.views.surface import surface_view
from thalweg.views.trust import trust_lines


def component(points: np.ndarray) -> np.ndarray:
    """The first principal component over time, in units of its own size, falling."""
    scores = principal_plane(points).coordinates(points)[:, 0]
    return scores / scores.std() * np.sign(scores[0])


network = MLP((2, 16, 1))
loss = MLPObjective(network, *spiral(100, 0.3, seed=42), start=network.initial_point(42))
run = record(loss, loss.start, SGD(5.0), steps=300)
points = run["point"].values
plane = principal_plane(points)
coords = plane.coordinates(points)
view = surface_view(evaluate(loss, plane, Grid.covering(coords, 61, least=0.6)))
path = path_view(project(loss, run, plane), view, name="SGD")
gap = gap_shares(path.loss, path.plane_loss, view).max()
steps = np.arange(301.0)
walk = np.random.default_rng(0).standard_normal(points.shape).cumsum(axis=0)
lines = [
    Series("SGD", steps, component(points)),
    Series("random walk", steps, component(walk), color="#4D4D4D", dashed=True),
]
curves = curves_view(lines, "step", "first component", title="A random walk moves alike")
null = walk_null(301, loss.layout.size)
captured = f"{100 * path.captured:.0f} %"
lines_below = [
    f"Pale and railed where the gap is above 10 % of the range; at most it is {100 * gap:.0f} %.",
    f"A random walk has {100 * null.mean:.0f} % ({100 * null.low:.0f}–{100 * null.high:.0f}) in "
    f"its plane, a straight line 100 %; cosine content {cosine_content(coords)[0]:.2f}.",
]
trust = trust_lines([(lines_below[0], True), lines_below[1]])
title = f"{captured} of the run's variance, and still not its loss"
rows = [[panel(view, paths=[path])], [panel(curves)]]
figure = figure_with_trust(rows, title=title, trust=trust, width_mm=100, flexible_aspect=0.3)
save_figure(figure, sys.argv[1], "paths", ("png",))
