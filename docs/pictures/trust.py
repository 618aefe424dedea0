"""The picture of docs/concepts/trust.md: a saddle drawn as a bowl, and how often that happens."""

import sys

import numpy as np

from thalweg.core.grid import Grid
from thalweg.curvature.chance import chance_of_minimum
from thalweg.geometry.planes import random_plane
from thalweg.objectives.zoo import quadratic
from thalweg.plots.mpl_figures import views_figure
from thalweg.plots.mpl_save import save_figure
from thalweg.surface.evaluate import evaluate
from thalweg.trust_report.trust import trust
from thalweg.views.curves import Series, curves_view
from thalweg.views.levels import Scale
from thalweg.views.surface import surface_view
from thalweg.views.trust import trust_lines

UP, DOWN = 49, 16
STEEPNESS = np.linspace(0.2, 6.0, 59)

saddle = quadratic(np.repeat([1.0, -1.0], [UP, DOWN]), seed=0)
plane = random_plane(np.zeros(UP + DOWN), saddle.layout, seed=0)
surface = evaluate(saddle, plane, Grid.square(1.0, 61))
report = trust(surface, objective=saddle)

chances = {
    f"a {name}": [
        chance_of_minimum(np.repeat([1.0, -b], [UP, DOWN]), k).probability for b in STEEPNESS
    ]
    for k, name in {1: "line", 2: "plane"}.items()
}
law = curves_view(
    [Series(name, STEEPNESS, np.array(shares)) for name, shares in chances.items()],
    "steepness, down over up",
    "chance of a minimum",
    title="all draws",
    y_scale=Scale.LINEAR,
)
seen = surface_view(surface, title="a random plane")
figure = views_figure(
    [seen, law],
    title=f"{DOWN} of {UP + DOWN} directions lead down, and the picture is a bowl",
    trust=trust_lines(report.lines()),
    width_mm=130.0,
)
save_figure(figure, sys.argv[1], "trust", ("png",))
