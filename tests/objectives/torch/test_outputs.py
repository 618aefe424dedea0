"""Outputs of PyTorch models: a row an example, whatever the batches; refused in words."""

import numpy as np
import pytest
import torch
from torch import nn

from objectives.torch.symmetric import TABLE, data_of, objective_of
from thalweg.core.errors import InputError
from thalweg.core.objective import SampledObjective
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.losses import OnBatch, PerExample
from thalweg.objectives.torch.policies import Normalisation
from thalweg.testing.objectives import ObjectiveContract

torch.set_num_threads(1)


class TestTorch(ObjectiveContract):
    step = 1e-4

    def make(self):
        return self.of(1.0)

    def make_other(self):
        return self.of(1.1)

    def of(self, scale):
        with torch.random.fork_rng():
            torch.manual_seed(2)
            model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()
        inputs, labels = data_of("numbers")
        return from_torch(model, nn.CrossEntropyLoss(), (scale * inputs.double(), labels))


@pytest.mark.parametrize("name", ["relu 2", "images", "residual", "tied words"])
@pytest.mark.parametrize("batch_size", [12, 5])
def test_outputs_are_what_the_model_answers(name, batch_size):
    make, kind, _ = TABLE[name]
    model, (inputs, _) = make().double().eval(), data_of(kind)
    frozen = Normalisation.FROZEN
    objective = objective_of(model, kind, batch_size=batch_size, normalisation=frozen)
    assert isinstance(objective, SampledObjective)
    place = inputs.double() if inputs.is_floating_point() else inputs
    with torch.no_grad():
        wanted = model(place).numpy()
    np.testing.assert_allclose(objective.outputs(objective.start), wanted, rtol=0, atol=1e-14)
    moved = objective.outputs(objective.start + 0.1)
    assert np.abs(moved - wanted).max() > 1e-3
    value = objective.value(objective.start)
    assert not objective.problem.model._forward_hooks
    assert value == objective_of(model, kind, batch_size=batch_size, normalisation=frozen).value(
        objective.start
    )


def test_further_axes_are_flattened_and_a_single_one_is_a_column():
    inputs, _ = data_of("numbers")

    def made(*layers):
        loss = PerExample(lambda outputs, targets: outputs.square().reshape(12, -1).sum(1))
        return from_torch(nn.Sequential(*layers), loss, (inputs, inputs))

    wide = made(nn.Linear(4, 6), nn.Unflatten(1, (2, 3)))
    assert wide.outputs(wide.start).shape == (12, 6)
    narrow = made(nn.Linear(4, 1), nn.Flatten(0))
    assert narrow.outputs(narrow.start).shape == (12, 1)
    assert narrow.outputs(narrow.start).dtype == np.float64


class Several(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 3)

    def forward(self, x):
        return {"logits": self.a(x)}


class Mean(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 3)

    def forward(self, x):
        return self.a(x).mean(0)


@pytest.mark.parametrize(
    ("model", "loss", "words"),
    [
        (Several, lambda o, t: o["logits"].square().mean(), "one tensor, got dict"),
        (Mean, lambda o, t: o.square().mean(), r"each of 12 examples, got shape \(3,\)"),
        (
            lambda: nn.Linear(4, 3),
            OnBatch(lambda model, batch: (model(batch[0]) - model(-batch[0])).square().mean()),
            "one call of the model a batch, got 2",
        ),
    ],
)
def test_a_model_without_a_row_an_example_is_refused(model, loss, words):
    objective = from_torch(model(), loss, data_of("numbers"))
    assert isinstance(objective, SampledObjective)
    with pytest.raises(InputError, match=words):
        objective.outputs(objective.start)
