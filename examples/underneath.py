"""What lies underneath a plateau: a saddle, drawn as a bowl and as what it is.

Run it with `python examples/underneath.py [FOLDER] [--small]`. A small network starts near zero and
stands still for a while. Its gradient never vanishes there, but close by it does: the search finds
the saddle behind each plateau, counts its ways down, and says how long it takes to leave.
"""

import sys
from pathlib import Path

import thalweg as tw

SMALL = "--small" in sys.argv
FOLDER = Path(next((a for a in sys.argv[1:] if a[0] != "-"), "figures"))
STEPS, POINTS = (400, 15) if SMALL else (1200, 81)
RATE = 2.0

network = tw.MLP((2, 8, 1), tw.Activation.TANH)
start = network.initial_point(0, tw.Gaussian(0.02))
data = tw.spiral(100, noise=0.3, seed=0)
loss = tw.MLPObjective(network, *data, l2=1e-3, start=start)  # the penalty leaves nothing flat
run = tw.record(loss, start, tw.SGD(RATE), STEPS)

passed = tw.saddles_behind(loss, run, lr=RATE)  # wherever the gradient dips
for each in passed:
    print(each.sentence)
saddles = [each.search.found for each in passed if each.search.found is not None]
saddle = saddles[0]
spectrum = tw.spectrum(loss, saddle.point)
ends = spectrum.isel(eigenvalue=[0, -2])  # the steepest way down, and one about as steep up
own = tw.eigen_plane(saddle.point, ends.eigenvalues.values, ends.eigenvectors.values)

# One point on two planes; the report is about the first.
planes = (tw.random_plane(saddle.point, loss.layout, seed=0), own)
surfaces = [tw.evaluate(loss, plane, tw.Grid.square(0.5, POINTS)) for plane in planes]
report = tw.trust(surfaces[0], objective=loss)

levels = [tw.Reference(found.loss, f"index {found.index}") for found in saddles[:2]]
went = tw.Series("loss", run.step.values, run.loss.values)
views = [
    tw.surface_view(surfaces[0], title="a random plane"),
    tw.surface_view(surfaces[1], title="its own eigenvectors"),
    tw.spectrum_view(spectrum, tolerance=spectrum.attrs["tolerance"], title="its spectrum"),
    tw.curves_view([went], "step", "loss", title="the plateaus of the run", references=levels),
]
strip = tw.trust_lines(report.lines())
title = f"A random plane draws a {saddle.words} as a minimum"
tw.save_figure(tw.views_figure(views, columns=2, title=title, trust=strip), FOLDER, "underneath")
