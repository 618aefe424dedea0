"""Draw docs/images/topology.png: a map with noise, its basins, and its persistence diagram."""

import sys

import numpy as np

from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.objectives.zoo import himmelblau
from thalweg.plots.mpl_figures import views_figure
from thalweg.plots.mpl_save import save_figure
from thalweg.surface.evaluate import evaluate
from thalweg.topology.of_surface import topology_of
from thalweg.views.basins import topology_lines, with_basins
from thalweg.views.persistence import persistence_view
from thalweg.views.surface import surface_view

NOISE = 4.0  # no loss is off by more

plane, grid = Plane(np.zeros(2), np.eye(2)), Grid.square(5.0, 61)
surface = evaluate(himmelblau(), plane, grid)
error = np.random.default_rng(0).uniform(-NOISE, NOISE, surface.loss.shape)
surface = surface.assign(loss=surface.loss + error)

found = topology_of(surface, noise=NOISE)
topology = found.dataset()
left = with_basins(surface_view(surface, title="a map with noise"), topology)
right = persistence_view(topology, title="all its minima")
sure = found.certain.sum()
figure = views_figure(
    [left, right],
    title=f"{len(found.minima)} minima in the picture; {sure} that noise could not make",
    trust=topology_lines(topology),
    width_mm=130,
)
save_figure(figure, sys.argv[1], "topology", ("png",))
