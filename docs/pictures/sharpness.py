"""Draw four sharpnesses of one function in many scales, and of trained ones: sharpness.png."""

import sys

import numpy as np

from thalweg.core.renaming import rename
from thalweg.datasets import spiral
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.plots.mpl_figures import views_figure
from thalweg.plots.mpl_save import save_figure
from thalweg.sharpness.measure import Metric, sharpness_of
from thalweg.sharpness.ranks import ranks
from thalweg.views.dots import dots_view
from thalweg.views.levels import Scale
from thalweg.views.trust import trust_lines

objective = MLPObjective(MLP((2, 16, 1)), *spiral(200, 0.3, 42))
layout, [hidden] = objective.layout, objective.units()
begins = [objective.network.initial_point(seed) for seed in range(8)]


def twin(point, seed):
    """The same function: each hidden unit scaled by its own factor, 1/10 to 10."""
    factors = 10 ** np.random.default_rng(seed).uniform(-1, 1, hidden.size)
    return layout.pack(rename(layout.unpack(point), hidden, factors=factors))


ends = [record(objective, begin, Adam(0.05), 300)["point"].values[-1] for begin in begins]
found = {f"seed {i}": sharpness_of(objective, end) for i, end in enumerate(ends)}
first = found["seed 0"]
twins = [sharpness_of(objective, twin(ends[0], seed)) for seed in range(12)]
folds = {m.value: [each.by(m) / first.by(m) for each in twins] for m in Metric}
every = {m: np.array([each.by(m) for each in found.values()]) for m in Metric}
spread = {m.value: values / np.exp(np.log(values).mean()) for m, values in every.items()}
flips = len(ranks(found).flips)
views = [
    dots_view(folds, "÷ original", scale=Scale.LOG,
              title="One function, 12 scalings"),
    dots_view(spread, "÷ mean of the 8", scale=Scale.LOG, paired=True,
              title="8 trained networks"),
]  # fmt: skip
drift = max(np.abs(np.log(values)).max() for name, values in folds.items() if name != "raw")
figure = views_figure(
    views,
    width_mm=125,
    title="Raw sharpness follows the units' scales, three others do not",
    trust=trust_lines(
        [
            f"Left: raw changes up to {max(folds['raw']):.0f}-fold, the others by {drift:.0e}.",
            f"Right: where lines cross, ranks flip; beyond 1 %: {flips} of 28 pairs.",
            "2-16-1 ReLU networks on the spiral, Adam 0.05, 300 steps. Flatter is not better.",
        ]
    ),
)
save_figure(figure, sys.argv[1], "sharpness", ("png",))
