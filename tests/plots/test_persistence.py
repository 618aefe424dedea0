"""Persistence diagrams and basins draw, whatever the surface."""

import numpy as np
import pytest

from plots.drawn import trust
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, surface_dataset
from thalweg.plots.mpl_figures import views_figure
from thalweg.plots.mpl_save import png_bytes
from thalweg.plots.mpl_style import DARK
from thalweg.topology.of_surface import topology_of
from thalweg.views.basins import with_basins
from thalweg.views.merge_tree import merge_tree_view
from thalweg.views.persistence import persistence_view
from thalweg.views.surface import surface_view


def surface(values):
    values = np.asarray(values, dtype=float)
    grid = Grid(tuple(np.arange(float(n)) for n in values.shape[::-1]))
    status = np.full(values.shape, Cell.DONE, dtype=np.int8)
    return surface_dataset(Plane(np.zeros(2), np.eye(2)), grid, {"loss": values}, status, {})


NOISE = np.random.default_rng(0).standard_normal((9, 11))
BROKEN = NOISE.copy()
BROKEN[2:4, 3], BROKEN[6, 6] = np.nan, np.inf
VALUES = {
    "noise": NOISE,
    "broken": BROKEN,
    "one_cell": np.zeros((1, 1)),
    "one_row": NOISE[:1],
    "all_nan": np.full((3, 3), np.nan),
    "very_low": np.where(NOISE < -1, -np.inf, NOISE),
}


@pytest.mark.parametrize("name", VALUES)
def test_every_surface_draws_with_its_basins(name):
    data = surface(VALUES[name])
    found = topology_of(data, noise=0.3 if name in ("noise", "one_row") else None).dataset(0.5)
    view = with_basins(surface_view(data, title=name), found, maxima=True)
    diagram = persistence_view(found, title="Depths")
    views = [view, diagram, merge_tree_view(found, title="Tree")]
    figure = views_figure(views, theme=DARK, title="A title", trust=trust(), columns=2)
    png_bytes(figure, 60)


def test_hollow_marks_differ_from_full_ones():
    found = topology_of(surface(NOISE)).dataset()
    view = persistence_view(found)
    assert 0 < view.on_boundary.sum() < view.birth.size
    [ax] = views_figure([view]).axes
    hollow = [line for line in ax.get_lines() if line.get_markerfacecolor() == "#FFFFFF"]
    assert sum(len(np.asarray(line.get_xdata())) for line in hollow) == view.on_boundary.sum()
