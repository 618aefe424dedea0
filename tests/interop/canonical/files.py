"""What tomgoldstein/loss-landscape wrote for a small network, and that network once more."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

FOLDER = Path(__file__).parents[2] / "data" / "canonical"
DIRECTIONS = "model_5.t7_weights_xignore=biasbn_xnorm=filter_yignore=biasbn_ynorm=filter.h5"
SURFACE = f"{DIRECTIONS}_[-1.0,1.0,11]x[-1.0,1.0,11].h5"
LSTSQ = f"{DIRECTIONS}_proj_lstsq.h5"
PRINCIPAL = "PCA_weights_ignore=biasbn_save_epoch=1/directions.h5"
COS = f"{PRINCIPAL}_proj_cos.h5"
EPOCHS = 6


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, padding=1, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(48, 10),
    )


@cache
def states() -> list[dict[str, torch.Tensor]]:
    """The state dicts of the six checkpoints."""
    with np.load(FOLDER / "checkpoints.npz") as file:
        found = {name: torch.from_numpy(file[name]) for name in file.files}
    return [
        {name.partition("/")[2]: t for name, t in found.items() if name.startswith(f"{epoch}/")}
        for epoch in range(EPOCHS)
    ]


def trained() -> nn.Module:
    model = network()
    model.load_state_dict(states()[-1])
    return model.eval()


@cache
def checkpoints() -> np.ndarray:
    """The parameters (6, n) of the checkpoints, in the model's order."""
    names = [name for name, _ in network().named_parameters()]
    rows = [np.concatenate([state[name].numpy().ravel() for name in names]) for state in states()]
    return np.stack(rows).astype(np.float64)


@cache
def data() -> tuple[torch.Tensor, torch.Tensor]:
    with np.load(FOLDER / "data.npz") as file:
        return torch.from_numpy(file["X"]), torch.from_numpy(file["Y"])


def loss_and_accuracy(point: np.ndarray) -> tuple[float, float]:
    """The mean cross-entropy, and the share of right answers, at parameters (n,) float32."""
    model, (inputs, targets) = trained(), data()
    nn.utils.vector_to_parameters(torch.from_numpy(point), model.parameters())
    total, right = 0.0, 0
    with torch.no_grad():
        for x, y in zip(inputs.split(128), targets.split(128), strict=True):
            outputs = model(x)
            total += nn.functional.cross_entropy(outputs, y).item() * len(x)
            right += int((outputs.argmax(1) == y).sum())
    return total / len(inputs), right / len(inputs)
