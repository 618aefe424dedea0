"""A deep network with and without skip connections, on real digits (Li et al. 2018, figure 1).

Run it with `python examples/skip_connections.py [FOLDER] [--small]`; needs the extras `torch` and
`datasets`. One recipe for both planes, one scale for both maps.
"""

import sys
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import nn

import thalweg as tw

SMALL = "--small" in sys.argv
FOLDER = Path(next((a for a in sys.argv[1:] if a[0] != "-"), "figures"))
BLOCKS, EPOCHS, POINTS, EXAMPLES = (2, 2, 7, 128) if SMALL else (12, 10, 41, 256)

digits = load_digits()
X = torch.tensor(digits.images[:, None] / 16, dtype=torch.float32)
y = torch.tensor(digits.target)


class Block(nn.Module):
    def __init__(self, c, skip):
        super().__init__()
        first, last = ((nn.Conv2d(c, c, 3, padding=1), nn.BatchNorm2d(c)) for _ in range(2))
        self.body, self.skip = nn.Sequential(*first, nn.ReLU(), *last), skip

    def forward(self, x):
        return torch.relu(self.body(x) + x if self.skip else self.body(x))


def trained(skip, c=16):
    torch.manual_seed(0)
    stem = [nn.Conv2d(1, c, 3, padding=1), nn.BatchNorm2d(c), nn.ReLU()]
    head = [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * c, 10)]
    model = nn.Sequential(*stem, *(Block(c, skip) for _ in range(BLOCKS)), *head)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * 8)
    for _ in range(EPOCHS):
        for rows in torch.randperm(1024).split(128):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[rows]), y[rows]).backward()
            optimizer.step()
            schedule.step()
    return model.eval()


views = []
for skip, name in [(True, "with skips"), (False, "without")]:
    model = trained(skip)
    right = (model(X[1024:]).argmax(1) == y[1024:]).float().mean()
    loss = tw.from_torch(model, nn.CrossEntropyLoss(), (X[:EXAMPLES], y[:EXAMPLES]), name=name)
    surface = tw.evaluate(loss, tw.seeded_plane(loss, seed=1), tw.Grid.square(1.0, POINTS))
    views.append(tw.surface_view(surface, title=f"{name}: test accuracy {right:.0%}"))
trust = tw.trust_lines([f"Random plane, seed 1; {EXAMPLES} images; BatchNorm statistics frozen."])
figure = tw.surfaces_figure(tw.shared_scale(views), title="Skips keep the way open", trust=trust)
tw.save_figure(figure, FOLDER, "skip-connections")
