"""The chapter's case study, told through Thalweg's public API.

Run it with `python examples/case_study.py [FOLDER]`; it writes five figures into FOLDER.
Everything the chapter computes is here: the data, the network, a slice of its loss, three
optimizers, their paths; and what the chapter's pictures leave out.
"""

import sys
from pathlib import Path

import numpy as np

import thalweg as tw

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "case-study-figures")

# Part 1: the spiral, and what can be learned from it at all.
X, y = tw.spiral(n_points=200, noise=0.3, seed=42)
limit = tw.attainable_accuracy(tw.spiral_arms(200), noise=0.3)
print(f"No classifier can be right on more than {limit:.1%} of fresh points.")
data = tw.scatter_view(X, y, title=f"noise 0.3: at most {limit:.1%} attainable")
tw.save_figure(tw.views_figure([data], width_mm=85), FOLDER, "1-data")

# Part 2: a network with 2 inputs, 16 ReLU units and 1 output; its loss is a function of R^65.
network = tw.MLP((2, 16, 1))
loss = tw.MLPObjective(network, X, y, start=network.initial_point(seed=42))
print(f"{loss.layout.size} parameters; the loss starts at {loss.value(loss.start):.4f}.")

# Part 4 before part 3, since the slice is centered on a trained network: three optimizers.
optimizers = [tw.SGD(0.01), tw.Momentum(0.01), tw.Adam(0.01)]
runs = {o.name: tw.record(loss, loss.start, o, steps=200) for o in optimizers}
for name, run in runs.items():
    accuracy = loss.accuracies(run.point.values[-1:])[0]
    print(f"{name:9} ends at loss {float(run.loss[-1]):.4f}, accuracy {accuracy:.1%}")
curves = [tw.Series(name, run.step.values, run.loss.values) for name, run in runs.items()]
view = tw.curves_view(curves, "step", "training loss", y_scale=tw.Scale.LINEAR)
tw.save_figure(tw.views_figure([view], title="Almost nothing is learned"), FOLDER, "2-losses")

# Part 3: the loss on a plane of two random directions through Adam's end, plain and normalized.
end = runs["Adam"].point.values[-1]
grid = tw.Grid.square(radius=1.0, points=51)
plain = tw.random_plane(end, loss.layout, seed=0)
normalized = tw.random_plane(end, loss.layout, seed=0, scaling=tw.FilterNorm())
slices = [
    tw.surface_view(tw.evaluate(loss, plain, grid), title="directions of length 1"),
    tw.surface_view(tw.evaluate(loss, normalized, grid), title="filter-normalized"),
]
tw.save_figure(tw.surfaces_figure(slices), FOLDER, "3-slices")

# What the slice hides: the whole Hessian at its center.
there = tw.spectrum(loss, end)
chance = tw.chance_of_minimum(there.eigenvalues.values)
print(
    f"{there.attrs['negative']} of {there.sizes['eigenvalue']} eigenvalues are negative there, "
    f"yet {chance.probability:.1%} of random planes curve upward."
)

# Part 4 again: the three paths on the plane that lies closest to them, with what it leaves out.
plane = tw.principal_plane(np.concatenate([run.point.values for run in runs.values()]))
paths = {name: tw.project(loss, run, plane) for name, run in runs.items()}
window = tw.Grid.covering(
    plane.coordinates(np.concatenate([r.point.values for r in runs.values()]))
)
surface = tw.surface_view(tw.evaluate(loss, plane, window))
lines = [
    f"{name}: {path.attrs['captured_variance']:.0%} of its variance in this plane, "
    f"largest gap {path.attrs['largest_gap']:.2g}"
    for name, path in paths.items()
]
figure = tw.surfaces_figure(
    [surface],
    paths=[[tw.path_view(path, surface) for path in paths.values()]],
    trust=tw.trust_lines(lines),
)
tw.save_figure(figure, FOLDER, "4-paths")

# Part 5.3: two seeds. Is the barrier between them more than a renaming of the hidden units?
twin = tw.permuted_twin(loss, end, seed=1)
other = tw.record(loss, network.initial_point(seed=7), tw.Adam(0.01), steps=200).point.values[-1]
matched = tw.aligned_twin(loss, other, end)
print(
    f"Barrier to another seed {tw.barrier(loss, end, other).height:.3f}, "
    f"to the same network with its units renamed {tw.barrier(loss, end, twin).height:.3f}, "
    f"to the other seed once units are matched {tw.barrier(loss, end, matched).height:.3f}."
)

# Further exploration: a penalty adds its weight to every eigenvalue, and nothing else.
ridge = tw.MLPObjective(network, X, y, l2=0.01)
change = tw.hessian(ridge, end) - tw.hessian(loss, end)
error = np.abs(change - 0.01 * np.eye(65)).max()
print(f"An L2 penalty of 0.01 changes the Hessian by 0.01 I, within {error:.1g}.")

# And a saddle: the point and its extreme eigenvectors, instead of a random plane.
extreme = there.eigenvectors.values[[0, -1]]
saddle = tw.eigen_plane(end, there.eigenvalues.values[[0, -1]], extreme)
closer = tw.surface_view(tw.evaluate(loss, saddle, grid), title="extreme eigenvectors")
tw.save_figure(tw.surfaces_figure([slices[0], closer]), FOLDER, "5-eigenvectors")
print(f"Figures are in {FOLDER}/")
