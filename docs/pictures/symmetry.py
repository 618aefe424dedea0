"""Draw the slice of two twins before and after canonical form: symmetry.png."""

import sys
from dataclasses import replace

import numpy as np

from thalweg.core.grid import Grid
from thalweg.datasets import spiral
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.geometry.canonical import canonical
from thalweg.geometry.planes import random_plane
from thalweg.geometry.scaling import FilterNorm
from thalweg.geometry.symmetry import permuted_twin
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.plots.mpl_figures import surfaces_figure
from thalweg.plots.mpl_save import save_figure
from thalweg.surface.evaluate import evaluate
from thalweg.views.surface import shared_scale, surface_view
from thalweg.views.trust import trust_lines

objective = MLPObjective(MLP((2, 16, 1)), *spiral(200, 0.1, 42))
end = record(objective, objective.network.initial_point(1), Adam(0.03), 400)["point"].values[-1]
twin = permuted_twin(objective, end, seed=2, scales=True)
forms = canonical(objective, end), canonical(objective, twin)
points = {"a network": end, "its twin": twin, "canonical form": forms[0].point}
grid, axes = Grid.square(1.0, 61), ("direction 1", "direction 2")


def slice_at(point):
    """The loss on the filter-normalized plane of one and the same draw."""
    plane = random_plane(point, objective.layout, seed=5, scaling=FilterNorm())
    return evaluate(objective, replace(plane, labels=axes), grid)


maps = [slice_at(point) for point in points.values()]
views = [surface_view(m, title=title) for m, title in zip(maps, points, strict=True)]
first, second, form, other = (m["loss"].values for m in (*maps, slice_at(forms[1].point)))
before, after = np.abs(first - second).max(), np.abs(form - other).max()
change = max(each.outputs_error for each in forms)
figure = surfaces_figure(
    shared_scale(views),
    width_mm=130,
    title="One function, two slices; one canonical form",
    trust=trust_lines(
        [
            f"The slices of network and twin differ by up to {before:.2g} in loss, those of their "
            f"canonical forms by {after:.0e}.",
            f"Canonical form changed the outputs by {change:.0e} at most.",
            "Twin: the 16 ReLU units in another order, with other scales. 2-16-1 network, spiral, "
            "Adam. Directions filter-normalized, one seed for all.",
        ]
    ),
)
save_figure(figure, sys.argv[1], "symmetry", ("png",))
