"""Draw optimizers at the edge of stability, and the swing there: OUTFOLDER/stability.png."""

import sys

import numpy as np

from thalweg.datasets import spiral
from thalweg.dynamics.central_flow import central_flow
from thalweg.dynamics.oscillation import oscillation
from thalweg.dynamics.record import record
from thalweg.dynamics.stability import stability_along
from thalweg.dynamics.steppers import SGD, Adam, Nesterov
from thalweg.objectives.activations import Activation
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.plots.mpl_figures import views_figure
from thalweg.plots.mpl_save import save_figure
from thalweg.views.curves import Reference, Series, curves_view
from thalweg.views.trust import trust_lines


def objective(n_points: int, seed: int, activation: Activation) -> MLPObjective:
    """A small network on the spiral."""
    network, data = MLP((2, 16, 1), activation), spiral(n_points, 0.3, seed)
    return MLPObjective(network, *data, start=network.initial_point(seed))


loss = objective(200, 42, Activation.TANH)
ratios = []
for stepper in (SGD(2.0), Nesterov(1.0, 0.5), Adam(0.1)):
    run = record(loss, loss.start, stepper, 2000)
    along = stability_along(loss, run, np.arange(0, 2001, 50))
    ratios.append(Series(stepper.name, along["step"].values, along["stability_ratio"].values))
edge = [Reference(1.0, "edge")]
top = curves_view(ratios, "step", "stability ratio", title="Up to the edge", references=edge)

loss, lr, first, steps = objective(50, 1, Activation.SOFTPLUS), 1.0, 2000, 100
run = record(loss, loss.start, SGD(lr), first + steps + 1)
points = run["point"].values[first - 1 : first + 2]
flow = central_flow(loss, (points[0] + 2 * points[1] + points[2]) / 4, lr, steps)
swing = oscillation(loss, run, range(first, first + steps))
at = np.arange(first, first + steps + 1)
lines = [
    Series("SGD", at, run["loss"].values[at]),
    Series("flow + swing", at, flow["expected_loss"].values, color="#D55E00"),
    Series("central flow", at, flow["loss"].values, color="#4D4D4D"),
]
low = curves_view(lines, "step", "loss", title="There, the mean is predicted")
words = [
    "Each line over its own limit: 2 / lr, Nesterov's, and 38 / lr for Adam's rescaled Hessian.",
    f"Swing measured over swing predicted {swing.attrs['variance_ratio']:.3f}, its loss "
    f"{swing.attrs['gap_ratio']:.3f} (gradient descent, {steps} steps; one unstable direction).",
]
title, strip = "At the edge of stability training swings as predicted", trust_lines(words)
shape = {"columns": 1, "width_mm": 105.0, "flexible_aspect": 0.45}
figure = views_figure([top, low], title=title, trust=strip, **shape)
save_figure(figure, sys.argv[1], "stability", ("png",))
