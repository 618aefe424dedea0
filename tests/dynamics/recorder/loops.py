"""Training loops for the tests of this folder: small, seeded, in float64 unless told otherwise."""

import numpy as np
import torch
from torch import nn


def made(kind=torch.optim.SGD, dtype=torch.float64, **settings):
    """A small model, an optimizer of its parameters, inputs and targets; always the same."""
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).to(dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=random) / 2)
    inputs = torch.randn(40, 3, generator=random).to(dtype)
    targets = torch.sin(3 * inputs[:, :1]) + inputs[:, 1:2]
    settings = {"lr": 0.1, **settings}
    return model, kind(model.parameters(), **settings), inputs, targets


def step(model, optimizer, inputs, targets, t=0, size=None):
    """One step; on the batch number t of that size, or on all."""
    if size is not None:
        at = torch.arange(t * size, (t + 1) * size) % len(inputs)
        inputs, targets = inputs[at], targets[at]
    optimizer.zero_grad()
    loss = (model(inputs) - targets).square().mean()
    loss.backward()
    optimizer.step()
    return loss


def flat(model):
    """All parameters of a model, as they are now."""
    return np.concatenate([p.detach().double().numpy().ravel() for p in model.parameters()])


def by_hand(steps, size=None, clip=None, **settings):
    """What a loop sees that copies everything itself: points, losses, gradient norms."""
    model, optimizer, *data = made(**settings)
    points, losses, norms = [flat(model)], [], []
    for t in range(steps):
        losses.append(step(model, optimizer, *data, t=t, size=size).item())
        parts = [p.grad.double().numpy().ravel() for p in model.parameters()]
        norms.append(np.linalg.norm(np.concatenate(parts)))
        points.append(flat(model))
    return np.array(points), np.array(losses), np.array(norms)
