"""Hidden units of PyTorch models: told from the graph, renamed, found again."""

import numpy as np
import pytest
import torch
from torch import nn

from objectives.torch.guests import FULL, GUESTS, snapshot
from objectives.torch.symmetric import (
    NUMBERS,
    PICTURES,
    TABLE,
    WORDS,
    Attention,
    Images,
    Residual,
    ResidualImages,
    dense,
    listed,
    objective_of,
)
from thalweg.connect.barrier import barrier
from thalweg.core.errors import InputError
from thalweg.core.units import Nature, Place, UnitLayer
from thalweg.geometry.canonical import canonical
from thalweg.geometry.symmetry import aligned_twin, permuted_twin
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.losses import OnBatch
from thalweg.objectives.torch.policies import FixedMasks, Normalisation
from thalweg.objectives.torch.units import found_units

torch.set_num_threads(1)


def some_point(objective, seed=0):
    random = np.random.default_rng(seed)
    return objective.start + 0.3 * random.standard_normal(objective.layout.size)


@pytest.mark.parametrize("name", TABLE)
def test_units_are_told_from_the_graph(name):
    found = found_units(listed(name).problem)
    assert {layer.name: layer.nature.value for layer in found.layers} == TABLE[name][2]
    assert found.left_out == ()


@pytest.mark.parametrize("name", TABLE)
def test_a_planted_twin_is_found_again(name):
    objective = listed(name)
    point = some_point(objective)
    twin = permuted_twin(objective, point, seed=2, scales=True)
    assert np.linalg.norm(twin - point) > 0.5
    here, there = objective.outputs(point), objective.outputs(twin)
    np.testing.assert_allclose(there, here, rtol=0, atol=1e-13 * max(1, np.abs(here).max()))
    found = aligned_twin(objective, twin, point)
    np.testing.assert_allclose(found, point, rtol=0, atol=1e-12)
    assert barrier(objective, point, found, 5).height <= 1e-12
    form = canonical(objective, point)
    assert form.invariance_error <= 1e-13
    np.testing.assert_allclose(canonical(objective, twin).point, form.point, rtol=0, atol=1e-12)


def test_places_of_a_convolutional_network():
    norm = lambda name: (Place(f"{name}.weight", 0), Place(f"{name}.bias", 0))  # noqa: E731
    undone = (Place("a.weight", 0, 1, False), Place("a.bias", 0, 1, False))
    kind = Nature.HOMOGENEOUS
    assert listed("batch norm").units() == (
        UnitLayer("a", 4, (*undone, *norm("norm")), (Place("b.weight", 1),), kind),
        UnitLayer("b", 5, norm("b"), (Place("c.weight", 1, 4),), kind),
        UnitLayer("c", 7, norm("c"), (Place("d.weight", 1),), kind),
    )


def test_streams_that_are_added_share_their_units():
    stem, *_ = listed("residual").units()
    assert [p.block for p in stem.incoming if p.block.endswith("weight")] == [
        "stem.weight",
        "down.0.weight",
        "down.1.weight",
    ]
    assert [p.block for p in stem.outgoing] == ["up.0.weight", "up.1.weight", "head.weight"]


def test_moving_statistics_are_estimated_anew_for_twins():
    model = Images(norm=nn.BatchNorm2d)
    objective = objective_of(model, PICTURES, normalisation=Normalisation.REESTIMATED)
    point = some_point(objective)
    twin = permuted_twin(objective, point, seed=1, scales=True)
    np.testing.assert_allclose(objective.outputs(twin), objective.outputs(point), atol=1e-13)


@pytest.mark.parametrize("name", ["residual", "residual, activation after", "residual tanh"])
def test_residual_networks_are_found_again_from_every_seed(name):
    for seed in range(20 if FULL else 3):
        objective = listed(name, seed)
        twin = permuted_twin(objective, objective.start, seed, scales=True)
        found = aligned_twin(objective, twin, objective.start, seed=seed)
        np.testing.assert_allclose(found, objective.start, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_single_and_half_precision_are_aligned_to_their_rounding(dtype):
    objective = objective_of(dense(nn.ReLU, 4, 6, 5, 3), dtype=dtype)
    point, reference = some_point(objective, 1), some_point(objective, 2)
    found = aligned_twin(objective, point, reference)
    error = np.abs(objective.outputs(found) - objective.outputs(point)).max()
    assert 0 < error < (1e-5 if dtype is torch.float32 else 0.1)
    twin = permuted_twin(objective, reference, seed=1)
    np.testing.assert_allclose(aligned_twin(objective, twin, reference), reference, atol=1e-12)


def test_what_is_not_understood_is_left_out_and_named():
    found = found_units(objective_of(Attention(), WORDS).problem)
    assert [layer.name for layer in found.layers] == ["up"]
    assert "MultiheadAttention is not understood" in found.left_out[0]
    groups = Images(norm=lambda c: nn.GroupNorm(2, c))
    found = found_units(objective_of(groups, PICTURES).problem)
    assert [layer.name for layer in found.layers] == ["b", "c"]
    assert found.left_out == ("a: GroupNorm is not understood",)


class Joined(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Linear(4, 5), nn.Linear(4, 5), nn.Linear(10, 3)

    def forward(self, x):
        return self.head(torch.cat((self.a(x).relu(), self.b(x).relu()), dim=1))


class Deciding(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 3)

    def forward(self, x):
        return self.a(x) if x.sum() > 0 else -self.a(x)


class Hooked(nn.Module):
    """A hook that treats the units unlike, where the graph does not show it."""

    def __init__(self, zero=False):
        super().__init__()
        self.a, self.act, self.head = nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)
        self.act.register_forward_hook(_unlike)
        if zero:
            nn.init.zeros_(self.head.weight)

    def forward(self, x):
        return self.head(self.act(self.a(x)))


def _unlike(module, inputs, outputs):
    return outputs * torch.arange(1, 7, dtype=outputs.dtype)


class Twice(nn.Module):
    """One layer reads the inputs, then its own units: their order is that of the inputs."""

    def __init__(self):
        super().__init__()
        self.a, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.a(self.a(x).relu()).relu())


REFUSED = [
    (Twice, NUMBERS, {}, "a.weight is used elsewhere too"),
    (ResidualImages, PICTURES, {"normalisation": Normalisation.FROZEN}, "frozen statistics"),
    (Joined, NUMBERS, {}, "cat is not understood"),
    (Deciding, NUMBERS, {}, "that torch.fx can trace"),
    (Hooked, NUMBERS, {}, "its twins differ"),
    (lambda: Hooked(zero=True), NUMBERS, {}, "twins differ"),
    (
        lambda: nn.Sequential(nn.Linear(4, 6), nn.Dropout(), nn.ReLU(), nn.Linear(6, 3)),
        NUMBERS,
        {"dropout": FixedMasks(1)},
        "Dropout has fixed masks",
    ),
    (
        lambda: dense(nn.ReLU, 4, 6, 3),
        NUMBERS,
        {"parameters": "2.*"},
        "0.bias is not mapped, 0.weight is not mapped",
    ),
    (
        lambda: nn.Sequential(
            nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 4, 3)),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(144, 3),
        ),
        PICTURES,
        {},
        "ParametrizedConv2d is not understood",
    ),
]


@pytest.mark.parametrize(("make", "kind", "options", "words"), REFUSED)
def test_a_model_without_known_units_is_refused_in_words(make, kind, options, words):
    objective = objective_of(make(), kind, **options)
    with pytest.raises(InputError, match=words):
        objective.units()


def test_a_layer_whose_twins_differ_is_left_out_alone():
    model = dense(nn.ReLU, 4, 5, 6, 3)
    model[3].register_forward_hook(_unlike)
    found = found_units(objective_of(model).problem)
    assert [layer.name for layer in found.layers] == ["0"]
    assert found.left_out == ("2: its twins differ",)


def test_units_are_only_those_whose_places_are_all_mapped():
    model = dense(nn.ReLU, 4, 6, 5, 3)
    objective = objective_of(model, parameters=("2.*", "4.*"))
    assert [layer.name for layer in objective.units()] == ["2"]
    point = some_point(objective)
    twin = permuted_twin(objective, point, seed=1, scales=True)
    np.testing.assert_allclose(objective.outputs(twin), objective.outputs(point), atol=1e-13)


def test_a_model_without_hidden_layers_tells_none():
    assert objective_of(nn.Linear(4, 3)).units() == ()


def test_a_loss_that_never_calls_the_model_is_refused():
    loss = OnBatch(lambda model, batch: model.weight.square().sum())
    objective = from_torch(nn.Linear(4, 3), loss, [torch.ones(5, 4)])
    with pytest.raises(InputError, match="a loss that calls the model"):
        objective.units()


@pytest.mark.parametrize("guest", GUESTS, ids=str)
def test_looking_for_units_changes_nothing(guest):
    model = guest.model()
    objective = from_torch(model, nn.functional.cross_entropy, guest.data)
    before, value = snapshot(model), objective.value(objective.start)
    try:
        units = objective.units()
    except InputError:
        units = ()
    assert snapshot(model) == before
    assert objective.value(objective.start) == value
    for layer in units:
        for place in layer.incoming + layer.outgoing:
            shape = next(b.shape for b in objective.layout.blocks if b.name == place.block)
            assert shape[place.axis] == layer.size * place.repeat


def test_arguments_that_are_no_tensors_are_kept():
    class Choosing(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.head = nn.Linear(4, 6), nn.Linear(6, 3)

        def forward(self, x, power=1, squash=None):
            h = self.a(x).relu() * power
            return self.head(h if squash is None else torch.tanh(h))

    [layer] = objective_of(Choosing()).units()
    assert layer.nature is Nature.HOMOGENEOUS


def test_depth_of_a_residual_network_is_no_obstacle():
    objective = objective_of(Residual(blocks=6, width=8))
    assert len(objective.units()) == 7
    twin = permuted_twin(objective, objective.start, seed=3, scales=True)
    found = aligned_twin(objective, twin, objective.start, restarts=0)
    np.testing.assert_allclose(found, objective.start, rtol=0, atol=1e-12)
