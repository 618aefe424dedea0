"""Fine-tuning a few low-rank weights: the map of the subset that moves, and of nothing else.

Run it with `python examples/lora.py [FOLDER] [--small]`; needs the extras `torch` and `datasets`.
A digit classifier is trained, frozen, and taught mirrored digits through rank-2 adapters
(Hu et al. 2021).
"""

import sys
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import nn

import thalweg as tw

SMALL = "--small" in sys.argv
FOLDER = Path(next((a for a in sys.argv[1:] if a[0] != "-"), "figures"))
STEPS, POINTS = (20, 7) if SMALL else (300, 51)

digits = load_digits()
X, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
mirrored = X.reshape(-1, 8, 8).flip(2).reshape(-1, 64)


class Adapted(nn.Module):
    """A frozen layer plus a trainable product of two thin matrices."""

    def __init__(self, layer, rank=2):
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.lora_down = nn.Parameter(torch.randn(rank, layer.in_features) / 8)
        self.lora_up = nn.Parameter(torch.zeros(layer.out_features, rank))

    def forward(self, x):
        return self.layer(x) + x @ self.lora_down.T @ self.lora_up.T


def train(model, inputs, rate):
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=rate)
    with tw.Recorder(model, optimizer, keep=tw.Every(max(1, STEPS // 60))) as run:
        for _ in range(STEPS):
            rows = torch.randint(0, len(y), (128,))
            optimizer.zero_grad()
            criterion(model(inputs[rows]), y[rows]).backward()
            optimizer.step()
    return run.trajectory


torch.manual_seed(0)
criterion = nn.CrossEntropyLoss()
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
train(model, X, 3e-3)
model = nn.Sequential(*(Adapted(m) if isinstance(m, nn.Linear) else m for m in model))
path = train(model, mirrored, 1e-2)
loss = tw.from_torch(model, criterion, (mirrored, y), parameters="*lora_*", metrics=[tw.accuracy])
seen = tw.follow(loss, path, points=POINTS)
title = f"{loss.layout.size} adapter weights learn mirrored digits"
tw.save_figure(seen.figure(title), FOLDER, "lora")
