"""Memory of a map of a PyTorch model, beside the model and its data, in copies of the parameters.

Run as `python benchmarks/memory.py`. Each case is a fresh process; its peak is what the kernel saw.
"""

import json
import resource
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from models import resnet_case
from torch import nn

from thalweg.core.grid import Grid
from thalweg.geometry.seeded import seeded_plane
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.metrics import accuracy
from thalweg.objectives.torch.strategies.auto import Auto
from thalweg.store.surface import SurfaceStore
from thalweg.surface.evaluate import evaluate

WIDTH, DEPTH, EXAMPLES = 512, 160, 64


def peak():
    """Return the most memory that this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def deep(width=WIDTH, depth=DEPTH):
    """A deep stack of wide layers, 42 million parameters, and its data."""
    torch.manual_seed(0)
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(width, width), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(width, 10)).eval()
    return model, torch.randn(EXAMPLES, width), torch.randint(0, 10, (EXAMPLES,))


def mapped(model, x, y, side):
    """Map a model on side x side points of a seeded plane."""
    objective = from_torch(model, nn.CrossEntropyLoss(), (x, y))
    objective.strategy = Auto()
    evaluate(objective, seeded_plane(objective), Grid.square(0.1, side))


def measured(side):
    """Print the peak before and after a map of side x side points, and bytes of the parameters."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    model, x, y = deep(width=70, depth=1)
    mapped(model, x, y, 1)  # whatever is imported late is imported now
    model, x, y = deep()
    with torch.no_grad():  # what one batch needs belongs to the model
        nn.functional.cross_entropy(model(x), y)
    before = peak()
    mapped(model, x, y, side)
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    print(json.dumps({"before": before, "after": peak(), "size": size}))


def stored():
    """Return the bytes of a stored 201 x 201 surface of ResNet-20, with four fields."""
    model, loss, x, y = resnet_case(64)
    objective = from_torch(model, loss, (x, y), metrics=[accuracy])
    grid = Grid.square(1.0, 201)
    fields = ("loss", "accuracy", "loss_stderr")
    with tempfile.TemporaryDirectory() as folder:
        store = SurfaceStore(folder + "/map", seeded_plane(objective), grid, fields, {})
        random = np.random.default_rng(0)  # noise: nothing compresses worse
        for tile in list(store.pending()):
            found = {name: random.standard_normal(tile.shape) for name in fields}
            store.write(tile, found, np.ones(tile.shape, dtype=np.int8), ())
        return sum(each.stat().st_size for each in Path(folder).rglob("*") if each.is_file())


def verdict(met):
    """Return the word for it."""
    return "met" if met else "MISSED"


def main():
    """Print the table."""
    print(f"peak memory of a map beside model, data and one batch; {DEPTH} layers {WIDTH} wide")
    for side in (1, 3):
        run = [sys.executable, __file__, str(side)]
        found = json.loads(subprocess.run(run, check=True, capture_output=True).stdout)
        extra = (found["after"] - found["before"]) / found["size"]
        line = f"  {side} x {side} points: {found['size'] / 1e6:.0f} MB of parameters"
        print(line + f", {extra:.2f} copies more   target <= 2.00 {verdict(extra <= 2)}")
    size = stored() / 1e6
    line = f"stored 201 x 201 map of ResNet-20, loss, loss_stderr, accuracy, status: {size:.2f} MB"
    print(line + f"   target < 2 {verdict(size < 2)}")


if __name__ == "__main__":
    measured(int(sys.argv[1])) if len(sys.argv) > 1 else main()
