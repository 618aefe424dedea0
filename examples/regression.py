"""Regression on real patients: two optimizers from one start, on the plane that fits both.

Run it with `python examples/regression.py [FOLDER] [--small]`; needs the extras `torch` and
`datasets`. The loss is the mean squared error in units of the target's variance, so 1 is what
predicting the mean would cost.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_diabetes
from torch import nn

import thalweg as tw

SMALL = "--small" in sys.argv
FOLDER = Path(next((a for a in sys.argv[1:] if a[0] != "-"), "figures"))
STEPS, POINTS = (20, 9) if SMALL else (400, 61)

X, y = load_diabetes(return_X_y=True)
inputs = torch.tensor(X / X.std(axis=0), dtype=torch.float32)
targets = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)[:, None]
criterion = nn.MSELoss()


def run(kind, **options):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = kind(model.parameters(), **options)
    with tw.Recorder(model, optimizer, keep=tw.Every(max(1, STEPS // 80))) as recorder:
        for _ in range(STEPS):
            optimizer.zero_grad()
            criterion(model(inputs), targets).backward()
            optimizer.step()
    return model, recorder.trajectory


_, sgd = run(torch.optim.SGD, lr=0.05)
model, adam = run(torch.optim.Adam, lr=0.01)
loss = tw.from_torch(model, criterion, (inputs, targets))
both = np.vstack([sgd.point.values, adam.point.values])
plane = tw.principal_plane(both)
grid = tw.Grid.covering(plane.coordinates(both), points=POINTS)
surface = tw.surface_view(tw.evaluate(loss, plane, grid))
paths = [tw.project(loss, path, plane) for path in (sgd, adam)]
trust = tw.trust_lines(
    f"{path.attrs['optimizer']}: {path.attrs['captured_variance']:.0%} of its variance lies in "
    f"this plane; its drawn loss is off by at most {path.attrs['largest_gap']:.2g}."
    for path in paths
)
views = [tw.path_view(path, surface) for path in paths]
title = "Diabetes: mean squared error over the target's variance"
figure = tw.surfaces_figure([surface], paths=[views], title=title, trust=trust)
tw.save_figure(figure, FOLDER, "regression")
