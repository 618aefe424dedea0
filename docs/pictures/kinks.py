"""Draw curvature against the scale it is seen at, for a ReLU and a tanh network: kinks.png."""

import sys

import numpy as np

from thalweg.curvature.scale import curvature_at_scale
from thalweg.datasets import spiral
from thalweg.objectives.activations import Activation
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.plots.mpl_figures import views_figure
from thalweg.plots.mpl_save import save_figure
from thalweg.views.colors import NEGATIVE, NEUTRAL, POSITIVE
from thalweg.views.curves import Reference, Series, curves_view
from thalweg.views.levels import Scale
from thalweg.views.trust import trust_lines

SCALES, DIRECTIONS = np.geomspace(1e-3, 1.0, 13), 40
NAMES = {"measured": "measured", "total": "Hessian + kinks", "smooth": "Hessian"}


def seen(activation):
    """Return the mean of each number over the directions, at each scale."""
    objective = MLPObjective(MLP((2, 16, 1), activation), *spiral(200, 0.3, 42))
    point = objective.network.initial_point(42)
    ways = np.random.default_rng(0).standard_normal((DIRECTIONS, point.size))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    found = [[curvature_at_scale(objective, point, d, h) for d in ways] for h in SCALES]
    return {n: np.array([np.mean([getattr(c, n) for c in row]) for row in found]) for n in NAMES}


relu, tanh = seen(Activation.RELU), seen(Activation.TANH)
lines = [
    Series(name, SCALES, relu[n], color=color, dashed=n == "total")
    for (n, name), color in zip(NAMES.items(), (NEUTRAL, POSITIVE, NEGATIVE), strict=True)
]
shares = [
    Series("ReLU", SCALES, relu["smooth"] / relu["measured"], color=NEGATIVE),
    Series("tanh", SCALES, tanh["smooth"] / tanh["measured"], color="#009E73"),
]
axes = {"x_scale": Scale.LOG, "y_scale": Scale.LINEAR, "references": [Reference(0.0, "")]}
views = [
    curves_view(lines, "step h", "curvature", title="ReLU network", **axes),
    curves_view(shares, "step h", "share of measured", title="Hessian alone", **axes),
]
at = np.abs(SCALES - 0.01).argmin()
alone, both = (100 * relu[n][at] / relu["measured"][at] for n in ("smooth", "total"))
words = [
    f"ReLU, h = {SCALES[at]:.2g}: Hessian alone {alone:.0f} %, with kinks {both:.1f} %.",
    "Measured: [L(h) − 2 L(0) + L(−h)] / h². Kinks are followed to first order in h.",
    f"2-16-1 networks at initial point 42, spiral; mean of {DIRECTIONS} directions.",
]
title = "Where a ReLU network bends, the Hessian does not look"
figure = views_figure(views, width_mm=125, title=title, trust=trust_lines(words))
save_figure(figure, sys.argv[1], "kinks", ("png",))
