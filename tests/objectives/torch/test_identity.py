"""Identity: whatever changes the numbers changes a digest, and nothing else does."""

import copy
import random
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, default_collate

from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.identity import code_digest
from thalweg.objectives.torch.policies import Normalisation

SHARPNESS = 1.0
DATA = torch.randn(12, 6, generator=torch.Generator().manual_seed(1)), torch.zeros(12, 6)


class Scaled(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.layer = nn.Linear(6, 6)
        with torch.no_grad():
            self.layer.weight.fill_(0.1)
            self.layer.bias.fill_(0.2)

    def forward(self, x):
        return self.rescaled(self.layer(x))

    def rescaled(self, x):
        return self.scale * x


def identity(model, loss=None, **options):
    return from_torch(model, loss or nn.MSELoss(), DATA, **options).identity()


def changed(before, after):
    return {part for part in before if before[part] != after[part]}


def test_a_number_that_a_module_holds_is_part_of_the_model():
    assert changed(identity(Scaled(1.0)), identity(Scaled(2.0))) == {"model"}
    assert changed(identity(Scaled(1.0)), identity(Scaled(1.0))) == set()
    assert changed(identity(Scaled(1.0).train()), identity(Scaled(1.0).eval())) == set()


def test_a_method_that_the_forward_pass_calls_is_part_of_the_model(monkeypatch):
    before = identity(Scaled(1.0))
    monkeypatch.setattr(Scaled, "rescaled", lambda self, x: self.scale * x + 1)
    assert changed(before, identity(Scaled(1.0))) == {"model"}


@pytest.mark.parametrize("change", [{"norm_first": True}, {"activation": torch.sigmoid}])
def test_settings_that_the_layers_of_torch_do_not_print_are_part_of_the_model(change):
    layer = nn.TransformerEncoderLayer(6, 2, 8, activation=torch.tanh, batch_first=True)
    other = copy.deepcopy(layer)
    for key, value in change.items():
        setattr(other, key, value)
    data = DATA[0][:, None], DATA[1][:, None]
    before, after = (from_torch(each, nn.MSELoss(), data).identity() for each in (layer, other))
    assert changed(before, after) == {"model"}


def test_a_constant_that_a_loss_reads_is_part_of_the_loss(monkeypatch):
    def inner(outputs, targets):
        return SHARPNESS * (outputs - targets).square().mean()

    before = identity(Scaled(1.0), inner)
    assert changed(before, identity(Scaled(1.0), inner)) == set()
    monkeypatch.setattr(sys.modules[__name__], "SHARPNESS", 2.0)
    assert changed(before, identity(Scaled(1.0), inner)) == {"loss"}


def test_values_that_occur_twice_count_twice():
    assert code_digest((1, 1, 2)) != code_digest((1, 2, 1))
    assert code_digest(((1, 2), 3)) != code_digest((1, (2, 3)))
    assert code_digest({"a": torch.ones(2000)}) != code_digest({"a": torch.ones(2000) + 1e-6})


def test_the_cut_into_batches_is_one_of_the_settings():
    model = nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6))
    inputs, targets = DATA

    def cut(*sizes):
        batches = list(zip(inputs.split(sizes), targets.split(sizes), strict=True))
        options = {"normalisation": Normalisation.BATCH}
        return from_torch(model, nn.MSELoss(), batches, **options)

    one, other = cut(5, 5, 2), cut(5, 2, 5)
    assert one.value(one.start) != other.value(other.start)
    assert changed(one.identity(), other.identity()) == {"settings"}


def test_a_loader_that_shuffles_and_augments_gives_every_run_the_same_data():
    def noisy(rows):
        noise = torch.rand(1) + random.random() + np.random.rand()
        inputs, targets = default_collate(rows)
        return inputs + noise.float(), targets

    def run(seed):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)
        loader = DataLoader(TensorDataset(*DATA), batch_size=5, shuffle=True, collate_fn=noisy)
        return from_torch(Scaled(1.0), nn.MSELoss(), loader).identity()

    assert run(1) == run(2)
