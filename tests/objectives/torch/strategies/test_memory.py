"""Out of memory, injected above a given batch: halved, told once, same result; or a clear end."""

import logging

import numpy as np
import pytest
import torch
from torch import nn

from objectives.torch.strategies.nets import case
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.geometry.planes import random_plane
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.metrics import accuracy
from thalweg.objectives.torch.policies import FixedMasks, Normalisation
from thalweg.objectives.torch.strategies.auto import Auto
from thalweg.objectives.torch.strategies.batched import Batched
from thalweg.objectives.torch.strategies.in_place import InPlace

COORDS = Grid.square(1.0, 3).coords()
FAULTS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    MemoryError("std::bad_alloc"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8589934592 bytes."),
]


class Limited(nn.Module):
    """Runs out of memory above `most` examples, once `most` is set."""

    def __init__(self, fault, most):
        super().__init__()
        self.layer, self.fault, self.most = nn.Linear(4, 3), fault, most
        self.seen = []

    def forward(self, x):
        if len(x) > self.most:
            raise self.fault
        self.seen.append(len(x))
        return self.layer(x).tanh()


def limited(fault, most, strategy, loss=None, batch_size=100, **options):
    torch.manual_seed(1)
    model = Limited(fault, 10**9)
    data = torch.randn(150, 4), torch.randint(0, 3, (150,))
    loss = loss or nn.CrossEntropyLoss()
    objective = from_torch(model, loss, data, batch_size=batch_size, metrics=[accuracy], **options)
    plane = random_plane(objective.start, objective.layout, seed=0)
    objective.strategy = strategy
    fields = "loss", "accuracy"
    right = objective.restrict(plane, fields)(COORDS)
    objective.problem.model.most = most
    objective.problem.model.seen.clear()
    return objective, objective.restrict(plane, fields), right


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("most", [64, 16, 1])
def test_batches_are_halved_until_they_fit(most, fault, caplog):
    with caplog.at_level(logging.WARNING, "thalweg"):
        objective, f, right = limited(fault, most, InPlace())
        found = f(COORDS)
    size = {64: 50, 16: 12, 1: 1}[most]
    assert max(objective.problem.model.seen) == size
    assert objective.strategy.how(objective.problem) == f"in place, {size} examples at a time"
    assert sum(objective.problem.model.seen) == 150 * len(COORDS)
    np.testing.assert_allclose(found["loss"], right["loss"], 1e-6)
    np.testing.assert_array_equal(found["accuracy"], right["accuracy"])
    assert [record.message for record in caplog.records] == [
        f"batches of 100 examples do not fit in memory; going on with {size} at a time"
    ]


@pytest.mark.parametrize("strategy", [InPlace, Auto])
def test_a_single_example_that_does_not_fit_is_said_in_one_line(strategy):
    _, f, _ = limited(FAULTS[0], 0, strategy())
    with pytest.raises(InputError, match=r"a batch of 1 example must fit .*CUDA out"):
        f(COORDS)


def test_other_errors_pass_as_they_are():
    fault = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    objective, f, _ = limited(fault, 64, InPlace())
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        f(COORDS)
    assert objective.strategy.how(objective.problem) == "in place"


def test_points_that_do_not_fit_together_go_one_after_the_other():
    objective, f, right = limited(MemoryError(), 50, Batched())
    found = f(COORDS)
    np.testing.assert_allclose(found["loss"], right["loss"], 1e-6)
    assert max(objective.problem.model.seen) == 50


def test_what_cannot_be_divided_is_not():
    fault = MemoryError("no room")
    options = {"dropout": FixedMasks(1)}, {"normalisation": Normalisation.BATCH}
    for option, word in zip(options, ("dropout masks", "batch statistics"), strict=True):
        _, f, _ = limited(fault, 64, InPlace(), **option)
        with pytest.raises(InputError, match=f"batches with {word} must fit in memory whole"):
            f(COORDS)


def test_a_mean_that_is_not_over_examples_is_not_divided():
    def counted(outputs, targets):  # as language models do: by the targets that count
        return nn.functional.cross_entropy(outputs, targets, ignore_index=0)

    objective, f, right = limited(MemoryError("no room"), 64, InPlace(), loss=counted)
    with pytest.raises(InputError, match=r"no mean of examples must fit .*smaller batch_size"):
        f(COORDS)
    objective.problem.model.most = 10**9
    np.testing.assert_array_equal(f(COORDS)["loss"], right["loss"])


def test_the_size_that_fitted_is_kept_for_later_calls():
    objective, f, _ = limited(MemoryError(), 30, InPlace())
    f(COORDS[:1])
    objective.problem.model.seen.clear()
    objective.problem.model.most = 10**9
    f(COORDS[:1])
    assert objective.problem.model.seen == [25] * 6


def test_a_model_that_fits_is_never_divided():
    _, objective = case("stack")
    objective.strategy = InPlace()
    objective.values(objective.start[None])
    assert objective.strategy.portions(objective.problem).size is None
