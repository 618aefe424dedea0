"""Two seeds, the ways between them, and the map of the plane of one: connections.png."""

import sys
from pathlib import Path

import numpy as np

from thalweg.connect.connection import connection
from thalweg.core.grid import Grid
from thalweg.datasets import moons
from thalweg.dynamics.record import record_many
from thalweg.dynamics.steppers import Adam
from thalweg.objectives.activations import Activation
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP, FanIn
from thalweg.plots.mpl_figures import panel
from thalweg.plots.mpl_page import figure_with_trust
from thalweg.plots.mpl_save import save_figure
from thalweg.surface.evaluate import evaluate
from thalweg.views.connection import connection_view
from thalweg.views.path import path_view
from thalweg.views.prose import number, percent
from thalweg.views.surface import surface_view
from thalweg.views.trust import trust_lines


def main(folder: Path) -> None:
    """Train two seeds, join them in every way, and draw what lies between."""
    network = MLP((2, 8, 8, 1), Activation.TANH)
    objective = MLPObjective(network, *moons(100, 0.1, seed=0))
    starts = [network.initial_point(seed, FanIn(1.0)) for seed in (0, 1)]
    runs = record_many(objective, starts, Adam(0.02), 400, every=400)
    a, b = (run["point"].values[-1] for run in runs)
    found = connection(objective, a, b)
    curve = found.curve
    plane = curve.plane(("A", "B"))
    far = 1.2 * float(np.abs(curve.path(objective, plane)["b"]).max())
    grid = Grid((np.linspace(-0.25, 1.25, 61), np.linspace(-0.2, far, 41)))
    map_view = surface_view(evaluate(objective, plane, grid), title="the curve on its plane")
    path = path_view(curve.path(objective, plane), map_view, name="curve", color="#D55E00")
    names = {"straight": "two seeds", "curve": "curve", "straight, units renamed": "renamed to fit"}
    ways = {short: found.lines[long] for long, short in names.items()}
    lines = connection_view(ways, found.copies, title="the loss on each way")
    heights = found.straight.height, found.null.heights.mean(), found.aligned.barrier.height
    straight, copies, renamed = (number(float(height), 2) for height in heights)
    above = f"Heights over the chord: straight {straight}, renamed copies {copies} on average, "
    above += f"renamed to fit {renamed}, curve {number(curve.barrier.height, 2)}."
    below = f"Gray band: {len(found.copies)} copies with other names for the same units. They are "
    below += "the same function, so such a barrier says nothing about two solutions."
    figure = figure_with_trust(
        [[panel(map_view, paths=[path])], [panel(lines)]],
        title=f"{percent(found.explained)} of the barrier is only names",
        trust=trust_lines([above, below]),
        width_mm=90,
    )
    save_figure(figure, folder, "connections", ("png",))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
