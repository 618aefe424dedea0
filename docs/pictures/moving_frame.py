"""Draw Adam's run straightened out, the loss around it along: OUTFOLDER/moving-frame.png."""

import sys

from thalweg.datasets import spiral
from thalweg.dynamics.moving_frame import moving_frame
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.plots.mpl_figures import views_figure
from thalweg.plots.mpl_save import save_figure
from thalweg.views.moving_frame import moving_frame_view

network = MLP((2, 16, 1))
loss = MLPObjective(network, *spiral(200, 0.3, seed=42), start=network.initial_point(42))
run = record(loss, loss.start, Adam(0.01), steps=200)
found = moving_frame(loss, run, columns=61)
view = moving_frame_view(found)
start, end = found["curvature"].values[[0, -1]]
title = f"Adam follows a valley whose walls are {end / start:.0f} times as curved at its end"
figure = views_figure([view], title=title, trust=view.trust, width_mm=100)
save_figure(figure, sys.argv[1], "moving-frame", ("png",))
