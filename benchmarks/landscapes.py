"""Speed of maps of PyTorch models, as ratios against a peer and against the bare forward pass.

Run as `python benchmarks/landscapes.py [rounds] [cases ...]`. The peer is `random_plane` of the
package loss-landscapes; the bare forward pass is the model and its loss alone, as it is, with
channels last, and through torch.compile. All take turns in one process, and the best of the rounds
counts, so that other work on the machine counts as little as possible. A map's time is the whole
of it: choosing a strategy, preparing and evaluating; compiling is told apart.
"""

import copy
import sys
import time
import warnings
from dataclasses import dataclass, field

import loss_landscapes
import numpy as np
import torch
from loss_landscapes.metrics import Loss as PeerLoss
from models import resnet_case, settled, shallow_case, spiral, tanh_case, transformer_case
from torch import nn
from torch.nn import functional

from thalweg.core.grid import Grid
from thalweg.geometry.planes import random_plane
from thalweg.geometry.seeded import seeded_plane
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.strategies.auto import Auto
from thalweg.objectives.torch.strategies.batched import Batched
from thalweg.objectives.torch.strategies.compiled import Compiled
from thalweg.objectives.torch.strategies.fused import Fused
from thalweg.objectives.torch.strategies.in_place import InPlace
from thalweg.objectives.torch.walk import Walk
from thalweg.surface.evaluate import evaluate

THREADS = 2


@dataclass
class Race:
    """Rivals that take turns; the shortest time of each, in seconds a point."""

    rounds: int
    times: dict[str, float] = field(default_factory=dict)

    def run(self, rivals, points):
        """Let each rival run once a round; `points` says how many points a run has."""
        for _ in range(self.rounds):
            for name, rival in rivals.items():
                begin = time.perf_counter()
                rival()
                spent = (time.perf_counter() - begin) / points[name]
                self.times[name] = min(self.times.get(name, np.inf), spent)


def peer(model, loss, x, y, steps):
    """Return the peer's map of steps x steps points, as its users call it."""
    guest = copy.deepcopy(model)
    return lambda: loss_landscapes.random_plane(guest, PeerLoss(loss, x, y), 1, steps, "filter")


def told(what, found, bound, least=True):
    """Print one target with what was found."""
    met = found >= bound if least else found <= bound
    sign = ">=" if least else "<="
    verdict = "met" if met else "MISSED"
    print(f"  {what:<58}{found:8.2f}   target {sign} {bound:<5g} {verdict}")


def small(title, case, side, target, rounds):
    """Map a small network whole: what a user waits for, from the objective to the surface."""
    torch.set_num_threads(THREADS)
    model, loss, x, y = case
    objective = from_torch(model, loss, (x, y))
    plane, grid = random_plane(objective.start, objective.layout, seed=0), Grid.square(0.5, side)

    def whole(strategy):
        def run():
            objective.strategy = strategy()  # a new one: nothing is prepared
            return evaluate(objective, plane, grid)

        return run

    walk = peer(model, loss, x, y, side)

    def on_one():
        torch.set_num_threads(1)
        walk()
        torch.set_num_threads(THREADS)

    rivals = {"peer": walk, "peer, 1 thread": on_one, "map": whole(Auto)}
    rivals |= {"fused": whole(Fused)} if Fused().knows(objective.problem, ("loss",)) else {}
    rivals |= {"batched": whole(Batched), "in place": whole(InPlace)}
    for rival in rivals.values():
        rival()
    race = Race(rounds)
    race.run(rivals, dict.fromkeys(rivals, grid.size))
    rivals["map"]()
    count = sum(p.numel() for p in model.parameters())
    how = objective.strategy.how(objective.problem)
    print(f"{title}: {count:,} parameters, {len(x)} examples, {side} x {side}; {how}")
    for name, seconds in race.times.items():
        print(f"  {name:<28}{seconds * 1e6:10.1f} us a point")
    best = min(race.times["peer"], race.times["peer, 1 thread"])
    told("whole map against the faster peer, ratio", best / race.times["map"], target)


def large(title, case, target, rounds, image):
    """Map a larger network: seconds a point against the bare forward pass and the peer."""
    torch.set_num_threads(THREADS)
    model, loss, x, y = case
    count = sum(p.numel() for p in model.parameters())
    bare = copy.deepcopy(model)
    objective = from_torch(model, loss, (x, y))
    plane = random_plane(objective.start, objective.layout, seed=0)
    seeded = seeded_plane(objective)
    strategies = {"in place": InPlace(), "compiled": Compiled()}
    coords = Grid.square(0.5, 2).coords()

    def mapped(strategy, where):
        objective.strategy = strategy
        restriction = objective.restrict(where)

        def run():
            objective.strategy = strategy
            return restriction(coords)

        return run

    def forward(function, inputs):
        def run():
            with torch.no_grad():
                for _ in coords:
                    function(inputs, y).item()

        return run

    rivals = {"peer": peer(model, loss, x, y, 2)}
    plain = copy.deepcopy(bare)
    rivals["bare, eager"] = forward(lambda a, b: loss(plain(a), b), x)
    if image:
        bare = bare.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
        rivals["bare, channels last"] = forward(lambda a, b: loss(bare(a), b), x)
    fast = torch.compile(lambda a, b: loss(bare(a), b), fullgraph=True, dynamic=False)
    rivals["bare, compiled"] = forward(fast, x)
    for name, strategy in strategies.items():
        rivals[name] = mapped(strategy, plane)
        rivals[f"{name}, seeded"] = mapped(strategy, seeded)
    began = time.perf_counter()
    rivals["compiled"]()
    compiling = time.perf_counter() - began
    for rival in rivals.values():
        rival()
    race = Race(rounds)
    race.run(rivals, dict.fromkeys(rivals, len(coords)))
    course = objective._course(plane)
    auto = Auto()
    chosen = type(auto.choice(objective.problem, course, Grid.square(0.5).coords(), ("loss",)))
    name = {InPlace: "in place", Compiled: "compiled"}[chosen]
    print(f"{title}: {count:,} parameters, {len(x)} examples; a 51 x 51 map is made {name}")
    for rival, seconds in race.times.items():
        print(f"  {rival:<28}{seconds * 1e3:10.1f} ms a point")
    print(f"  first call of the compiled map: {compiling:.0f} s")
    for kind in (name, f"{name}, seeded"):
        told(f"{kind} against the peer, ratio", race.times["peer"] / race.times[kind], target)
        over = race.times[kind] / race.times["bare, compiled"]
        told(f"{kind}: time over the bare compiled forward pass", over, 1.10, least=False)


def rounding():
    """Print how far float32 and bfloat16 are from float64, for each network and strategy."""
    print("largest error of the loss against float64, relative; 5 x 5 cells")
    cases = {
        "2-16-1": shallow_case(),
        "2-16-16-1 tanh": tanh_case(),
        "conv + norm": (*convolutional_case(),),
        "transformer": transformer_case(4),
    }
    for title, (model, loss, x, y) in cases.items():
        line = f"  {title:<16}"
        exact = from_torch(model, loss, (x, y), dtype=torch.float64)
        plane = random_plane(exact.start, exact.layout, seed=0)
        coords = Grid.square(0.5, 5).coords()
        exact.strategy = Walk()
        right = exact.restrict(plane)(coords)["loss"]
        for dtype in (torch.float32, torch.bfloat16):
            for strategy in (InPlace(), Batched(), Fused()):
                objective = from_torch(model, loss, (x, y), dtype=dtype)
                objective.strategy = strategy
                try:
                    found = objective.restrict(plane)(coords)["loss"]
                except Exception:  # not every strategy takes every network
                    continue
                error = np.max(np.abs(found - right) / np.abs(right))
                kind = f"{str(dtype).removeprefix('torch.')} {type(strategy).__name__}"
                line += f"  {kind} {error:.0e}"
        print(line)


def convolutional_case():
    """A small convolutional network with batch normalization, 64 images of 8 x 8."""
    torch.manual_seed(0)
    x, y = torch.randn(64, 1, 8, 8), torch.randint(0, 4, (64,))
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4)
    return settled(nn.Sequential(*layers), x), functional.cross_entropy, x, y


def wrapped_case():
    """The same tanh network, written such that it is no plain stack: a scaled output."""

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = tanh_case()[0]

        def forward(self, x):
            return 1.5 * self.inner(x)

    return Scaled(), functional.binary_cross_entropy_with_logits, *spiral()


def main():
    """Print the tables."""
    warnings.simplefilter("ignore")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    version = torch.__version__
    print(f"torch {version}, {THREADS} threads, loss-landscapes 3.0.6; best of {rounds} rounds")
    cases = {
        "shallow": lambda: small("2-16-1 ReLU", shallow_case(), 50, 20, rounds),
        "tanh": lambda: small("2-16-16-1 tanh", tanh_case(), 50, 10, rounds),
        "scaled": lambda: small("2-16-16-1 tanh, no stack", wrapped_case(), 50, 1, rounds),
        "conv": lambda: small("conv + norm", convolutional_case(), 20, 1, rounds),
        "resnet": lambda: large("ResNet-20, 3 x 32 x 32", resnet_case(), 2, rounds, True),
        "transformer": lambda: large("transformer", transformer_case(), 1, rounds, False),
        "rounding": rounding,
    }
    for name in sys.argv[2:] or cases:
        cases[name]()


if __name__ == "__main__":
    main()
