"""Which strategy a problem gets, that nothing is left behind, and that all of it is repeatable."""

import pickle

import numpy as np
import pytest
import torch
from torch import nn

from objectives.torch.strategies.nets import case
from thalweg.core.grid import Grid
from thalweg.geometry.planes import random_plane
from thalweg.geometry.seeded import seeded_plane
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.policies import FixedMasks, Normalisation
from thalweg.objectives.torch.strategies import auto
from thalweg.objectives.torch.strategies.auto import Auto
from thalweg.objectives.torch.strategies.batched import Batched
from thalweg.objectives.torch.strategies.compiled import Compiled
from thalweg.objectives.torch.strategies.fused import Fused
from thalweg.objectives.torch.strategies.in_place import InPlace
from thalweg.objectives.torch.strategies.work import Work, _Counter
from thalweg.objectives.torch.walk import Walk
from thalweg.surface.evaluate import evaluate

COORDS = Grid.square(1.0, 4).coords()
HEAVY = Work(operations=100, numbers=10**8, flops=10**10)
LIGHT = Work(operations=100, numbers=10**3, flops=10**3)


def chosen(objective, fields=("loss",), coords=COORDS):
    strategy = Auto()
    objective.strategy = strategy
    course = objective._course(random_plane(objective.start, objective.layout, seed=1))
    return type(strategy.choice(objective.problem, course, coords, fields))


def use(objective, strategy, fields=("loss",), coords=COORDS):
    objective.strategy = strategy
    plane = random_plane(objective.start, objective.layout, seed=1)
    return objective.restrict(plane, fields)(coords)


@pytest.mark.parametrize(
    ("name", "fields", "wanted"),
    [
        ("stack", ("loss", "accuracy"), Fused),
        ("stack", ("loss", "loss_stderr"), Batched),
        ("attention", ("loss",), Batched),
        ("convolutional", ("loss", "accuracy"), Batched),
        ("recurrent", ("loss",), InPlace),
        ("deciding", ("loss",), InPlace),
    ],
)
def test_small_problems(name, fields, wanted):
    _, objective = case(name)
    assert chosen(objective, fields) is wanted


@pytest.mark.parametrize(
    ("work", "cells", "compiler", "wanted"),
    [
        (HEAVY, 10, True, InPlace),
        (HEAVY, 1000, True, Compiled),
        (HEAVY, 1000, False, InPlace),
        (LIGHT, 1000, True, Batched),
        (None, 1000, True, InPlace),
    ],
)
def test_the_counted_work_decides(work, cells, compiler, wanted, monkeypatch):
    monkeypatch.setattr("thalweg.objectives.torch.strategies.in_place.work_of", lambda _: work)
    monkeypatch.setattr(auto, "has_compiler", lambda: compiler)
    monkeypatch.setattr(auto, "agrees", lambda *_: True)
    _, objective = case("convolutional")
    assert chosen(objective, coords=np.zeros((cells, 2))) is wanted
    _, other = case("recurrent")  # no convolutions: compiling does not pay
    assert chosen(other, coords=np.zeros((cells, 2))) is (InPlace if work is not LIGHT else Batched)


def test_the_whole_map_counts_not_the_tile(monkeypatch):
    monkeypatch.setattr("thalweg.objectives.torch.strategies.in_place.work_of", lambda _: HEAVY)
    monkeypatch.setattr(auto, "has_compiler", lambda: True)
    monkeypatch.setattr(auto, "agrees", lambda *_: True)
    used = []
    monkeypatch.setattr(Compiled, "__call__", lambda self, *_: used.append(self) or {"loss": [0.0]})
    _, objective = case("convolutional")
    plane = random_plane(objective.start, objective.layout, seed=1)
    objective.restrict_for_map(plane, ("loss",), 10**6)(np.zeros((1, 2)))
    assert len(used) == 1
    objective.restrict(plane)(np.zeros((1, 2)))
    assert len(used) == 1


@pytest.mark.parametrize(
    "options", [{"normalisation": Normalisation.REESTIMATED}, {"dropout": FixedMasks(1)}]
)
def test_policies_that_change_from_batch_to_batch_go_in_place(options):
    _, objective = case("convolutional", **options)
    assert chosen(objective) is InPlace
    right = use(objective, Walk())["loss"]
    np.testing.assert_allclose(use(objective, Auto())["loss"], right, 2e-6)


def test_a_strategy_that_disagrees_with_the_walk_is_dropped(monkeypatch):
    _, objective = case("stack")
    right = use(objective, Walk())["loss"]

    def wrong(self, problem, course, coords, fields):
        return {"loss": np.ones(len(coords))}

    monkeypatch.setattr(Fused, "__call__", wrong)
    monkeypatch.setattr(Batched, "__call__", wrong)
    assert chosen(objective) is InPlace
    np.testing.assert_array_equal(use(objective, Auto())["loss"], right)


def test_a_strategy_that_fails_midway_is_replaced(monkeypatch):
    _, objective = case("stack")
    right = use(objective, Walk())["loss"]
    sound = Fused.__call__

    def fails(self, problem, course, coords, fields):
        if len(coords) > len(auto.PROBES):
            raise RuntimeError("midway")
        return sound(self, problem, course, coords, fields)

    monkeypatch.setattr(Fused, "__call__", fails)
    np.testing.assert_array_equal(use(objective, Auto())["loss"], right)
    assert objective.strategy.how(objective.problem) == "in place"


def test_what_the_user_raises_is_raised():
    class Fussy(nn.Linear):
        def forward(self, x):
            if self.weight.abs().max() > 50:
                raise ValueError("too large for me")
            return super().forward(x)

    objective = from_torch(Fussy(2, 1), nn.MSELoss(), (torch.ones(4, 2), torch.ones(4, 1)))
    with pytest.raises(ValueError, match="too large for me"):
        use(objective, Auto(), coords=np.array([[0.0, 0.0], [100.0, 0.0]]))


@pytest.mark.parametrize("strategy", [Auto, InPlace])
@pytest.mark.parametrize("name", ["stack", "convolutional", "deciding"])
def test_nothing_is_left_behind(name, strategy):
    model, objective = case(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    random, threads = torch.get_rng_state(), torch.get_num_threads()
    start = objective.start.copy()
    first = use(objective, strategy())["loss"]
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())
    assert threads == torch.get_num_threads()
    double = objective.problem.model
    assert all(p.is_contiguous() for p in double.parameters())
    np.testing.assert_array_equal(objective.start, start)
    np.testing.assert_array_equal(use(objective, strategy())["loss"], first)


@pytest.mark.parametrize("name", ["stack", "attention", "recurrent"])
def test_another_process_finds_the_same_bits(name):
    _, objective = case(name)
    right = use(objective, Auto(), ("loss", "accuracy"))
    other = pickle.loads(pickle.dumps(objective))
    found = use(other, other.strategy, ("loss", "accuracy"))
    for field in right:
        np.testing.assert_array_equal(found[field], right[field])


def test_what_was_done_is_said():
    _, objective = case("stack")
    use(objective, Auto())
    assert objective.strategy.how(objective.problem) == "fused, in float64"
    use(objective, objective.strategy, ("loss", "loss_stderr"))
    said = objective.strategy.how(objective.problem)
    assert said.startswith("fused, in float64; batched, ")
    assert said.endswith("points at a time")


def test_a_map_says_how_its_points_were_evaluated():
    data = torch.ones(4, 2), torch.ones(4, 1)
    objective = from_torch(nn.Linear(2, 1), nn.MSELoss(), data)
    surface = evaluate(objective, seeded_plane(objective), Grid.square(1.0, 3))
    assert surface.attrs["methods"] == [objective.method()]
    assert "batched" in objective.method()


def test_counting_does_not_wake_the_compiler():
    # Torch wraps the method of such a class, and the wrapper imports its compiler: seconds.
    assert not hasattr(_Counter.__torch_dispatch__, "__wrapped__")
