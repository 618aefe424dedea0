"""Draw a run of gradient descent with the saddles that it passes: OUTFOLDER/critical-points.png."""

import sys

import numpy as np

from thalweg.critical.behind import saddles_behind
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.linear_network import LinearNetwork
from thalweg.plots.mpl_figures import stacked_figure
from thalweg.plots.mpl_save import save_figure
from thalweg.views.curves import Reference, Series, curves_view
from thalweg.views.levels import Scale
from thalweg.views.trust import trust_lines

RATE = 0.02
network = LinearNetwork.from_singular_values([4, 2.5, 1.5, 0.7, 0.3], (5, 5), hidden=3)
start = 1e-4 * np.random.default_rng(0).standard_normal(network.layout.size)
run = record(network, start, SGD(RATE), 500)
passed = saddles_behind(network, run, lr=RATE)
saddles = [one for one in passed if one.search.found.index]

steps = run["step"].values * 1.0
levels = [Reference(one.search.loss, f"index {one.search.found.index}") for one in saddles]
dips = np.full(len(steps), np.nan)
for one in saddles:
    dips[one.dip.row] = one.dip.gradient_norm
loss = curves_view(
    [Series("loss", steps, run["loss"].values)], "step", "loss", y_scale=Scale.LINEAR,
    references=levels,
)  # fmt: skip
norm = curves_view(
    [
        Series("gradient norm", steps, run["gradient_norm"].values),
        Series("dips", steps, dips),
    ],
    "step",
    "gradient norm",
)
told = ", ".join(
    f"{one.search.found.index} ({one.negative_on_path} on the path)" for one in saddles
)
left = ", ".join(f"{one.observed:.0f} ({one.predicted:.0f})" for one in saddles)
worst = max(one.search.gradient_norm for one in saddles)
figure = stacked_figure(
    [loss, norm],
    title="Each dip of the gradient is a saddle passed",
    trust=trust_lines(
        [
            f"Index after polishing, to |gradient| {worst:.0e}: {told}.",
            f"Steps to leave, in brackets ln(r/a) / ln(1 + lr |λ_min|): {left}.",
            "Linear network 5-3-5, gradient descent at rate 0.02; flat directions 0, 5 and 8.",
        ]
    ),
)
save_figure(figure, sys.argv[1], "critical-points", ("png",))
