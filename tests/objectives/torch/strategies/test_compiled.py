"""Compiling: once per problem, the same numbers, and a way back where it does not work."""

import os

import numpy as np
import pytest
import torch

from objectives.torch.strategies.nets import case
from thalweg.core.grid import Grid
from thalweg.geometry.planes import random_plane
from thalweg.objectives.torch.strategies import auto, compiled
from thalweg.objectives.torch.strategies.auto import Auto
from thalweg.objectives.torch.strategies.compiled import Compiled
from thalweg.objectives.torch.strategies.work import Work
from thalweg.objectives.torch.walk import Walk

COORDS = Grid.square(0.5, 3).coords()
NAMES = (
    ["stack", "convolutional", "attention"] if os.environ.get("THALWEG_FULL") == "1" else ["stack"]
)


def use(objective, strategy, coords=COORDS):
    objective.strategy = strategy
    plane = random_plane(objective.start, objective.layout, seed=1)
    return objective.restrict(plane, ("loss", "accuracy"))(coords)


@pytest.mark.skipif(not compiled.has_compiler(), reason="needs a C++ compiler")
@pytest.mark.parametrize("name", NAMES)
def test_compiled_agrees_with_the_walk_and_compiles_once(name):
    _, objective = case(name)
    right = use(objective, Walk())
    strategy = Compiled()
    use(objective, strategy, COORDS[:1])
    with torch.compiler.set_stance("fail_on_recompile"):
        found = use(objective, strategy)
    np.testing.assert_allclose(found["loss"], right["loss"], 2e-6)
    np.testing.assert_allclose(found["accuracy"], right["accuracy"], atol=1.01 / 20)


def test_only_the_largest_batches_are_compiled(monkeypatch):
    fast, slow = [], []

    def counted(function, **options):
        assert options == {"fullgraph": True, "dynamic": False}
        return lambda x: fast.append(len(x)) or function(x)

    monkeypatch.setattr(torch, "compile", counted)
    _, objective = case("stack")
    right = use(objective, Walk())["loss"]
    objective.problem.model.register_forward_hook(lambda m, args, out: slow.append(len(args[0])))
    np.testing.assert_array_equal(use(objective, Compiled(), COORDS)["loss"], right)
    assert fast == [8, 8] * len(COORDS)
    assert sorted(set(slow)) == [4, 8]


def test_each_problem_compiles_code_of_its_own(monkeypatch):
    codes = []
    monkeypatch.setattr(torch, "compile", lambda f, **_: codes.append(f.__code__) or f)
    for _ in range(2):
        use(case("stack")[1], Compiled(), COORDS[:1])
    assert codes[0] is not codes[1]


def test_a_compiler_that_fails_is_not_missed(monkeypatch):
    def broken(function, **options):
        def fails(*args):
            raise RuntimeError("the compiler failed")

        return fails

    work = Work(operations=1, numbers=10**12, flops=0)
    monkeypatch.setattr("thalweg.objectives.torch.strategies.in_place.work_of", lambda _: work)
    monkeypatch.setattr(auto, "has_compiler", lambda: True)
    monkeypatch.setattr(torch, "compile", broken)
    _, objective = case("convolutional")
    right = use(objective, Walk())["loss"]
    np.testing.assert_allclose(use(objective, Auto())["loss"], right, 2e-6)
    assert objective.strategy.how(objective.problem) == "in place"


def test_a_missing_compiler_is_noticed(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(compiled.shutil, "which", lambda name: None)
    assert not compiled.has_compiler()
    monkeypatch.setattr(compiled.shutil, "which", lambda name: name == "clang++" and "/bin/it")
    assert compiled.has_compiler()
