"""BatchNorm and dropout policies against loops written out, and the choice of parameters."""

import copy
import pickle

import cloudpickle
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from objectives.torch.guests import GUESTS, LowRank
from thalweg.core.errors import InputError
from thalweg.core.layout import Role
from thalweg.geometry.scaling import FilterNorm
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.policies import FixedMasks, Normalisation
from thalweg.objectives.torch.selection import select

DRAW = torch.Generator().manual_seed(1)
X, Y = torch.randn(23, 4, generator=DRAW), torch.randint(0, 3, (23,), generator=DRAW)
BATCHES = [(X[i : i + 9], Y[i : i + 9]) for i in range(0, 23, 9)]


def normed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            *(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.5)),
            *(nn.Linear(6, 5), nn.BatchNorm1d(5, momentum=None), nn.Linear(5, 3)),
        )
        model(X), model(X + 1)
        return model


def moved(model, objective, point):
    own = copy.deepcopy(model).eval()
    blocks = objective.layout.unpack(point)
    own.load_state_dict({k: torch.as_tensor(v) for k, v in blocks.items()}, strict=False)
    return own


def mean_loss(model):
    with torch.no_grad():
        total = sum(float(F.cross_entropy(model(x), y)) * len(y) for x, y in BATCHES)
    return total / 23


def frozen(model):
    return mean_loss(model)


def batch(model):
    for module in model.modules():
        module.train(isinstance(module, nn.BatchNorm1d))
    return mean_loss(model)


def reestimated(model):
    """As Garipov and others do: cumulative averages over all batches, then a second pass."""
    layers = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]
    for layer in layers:
        layer.running_mean = torch.zeros_like(layer.running_mean)
        layer.running_var = torch.ones_like(layer.running_var)
        layer.train()
    n = 0
    with torch.no_grad():
        for x, _ in BATCHES:
            for layer in layers:
                layer.momentum = len(x) / (n + len(x))
            model(x)
            n += len(x)
    model.eval()
    return mean_loss(model)


LITERAL = {
    Normalisation.FROZEN: frozen,
    Normalisation.BATCH: batch,
    Normalisation.REESTIMATED: reestimated,
}


@pytest.mark.parametrize("policy", Normalisation)
def test_policies_against_the_loop_written_out(policy):
    model = normed()
    objective = from_torch(model, nn.CrossEntropyLoss(), BATCHES, normalisation=policy)
    random = np.random.default_rng(0)
    points = objective.start + 0.2 * random.normal(size=(4, objective.layout.size))
    points[1] = objective.start
    wanted = [LITERAL[policy](moved(model, objective, point)) for point in points]
    np.testing.assert_allclose(objective.values(points), wanted, rtol=2e-6)
    # Each point by itself, so that no statistics leak from one to the next.
    alone = [objective.value(point) for point in points[::-1]]
    np.testing.assert_array_equal(alone[::-1], objective.values(points))


def test_a_subset_made_after_a_map_starts_from_the_same_model():
    model = normed()
    policy = {"normalisation": Normalisation.REESTIMATED}
    objective = from_torch(model, nn.CrossEntropyLoss(), (X, Y), **policy)
    objective.value(objective.start + 0.5)
    rows = np.arange(11)
    part = objective.subset(rows)
    alone = from_torch(model, nn.CrossEntropyLoss(), (X[:11], Y[:11]), **policy)
    assert part.value(part.start) == alone.value(alone.start)
    assert part.identity() == {**alone.identity(), "settings": part.identity()["settings"]}
    untouched = from_torch(model, nn.CrossEntropyLoss(), (X, Y))
    assert objective.identity()["model"] == untouched.identity()["model"]


def test_a_buffer_that_the_model_writes_to_is_put_back_for_every_point():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(4, 3)
            self.register_buffer("calls", torch.zeros(()))
            self.register_buffer("last", torch.zeros(3))

        def forward(self, x):
            self.calls += 1  # in place
            self.last = self.last + 1  # replaced
            return self.inner(x) * self.calls + self.last

    objective = from_torch(Counting(), nn.CrossEntropyLoss(), (X, Y), batch_size=9)
    values = objective.values(np.stack([objective.start] * 3))
    assert len(set(values)) == 1
    assert objective.value_and_gradient(objective.start)[0] == values[0]
    twin = pickle.loads(cloudpickle.dumps(objective))  # with the buffers in their last state
    assert twin.identity() == objective.identity()
    assert twin.value(twin.start) == values[0]


def test_batch_statistics_write_no_buffers():
    policy = {"normalisation": Normalisation.BATCH}
    objective = from_torch(normed(), nn.CrossEntropyLoss(), BATCHES, **policy)
    buffers = list(objective.problem.model.buffers())
    versions = [buffer._version for buffer in buffers]
    objective.value_and_gradient(objective.start)
    assert [buffer._version for buffer in objective.problem.model.buffers()] == versions
    assert len(versions) == 6


def test_the_policies_differ():
    model = normed()
    values = set()
    for policy in Normalisation:
        objective = from_torch(model, nn.CrossEntropyLoss(), BATCHES, normalisation=policy)
        values.add(objective.value(objective.start))
    assert len(values) == 3


def test_dropout_with_fixed_masks():
    model = normed()
    off = from_torch(model, nn.CrossEntropyLoss(), BATCHES)
    fixed = [
        from_torch(model, nn.CrossEntropyLoss(), BATCHES, dropout=FixedMasks(seed))
        for seed in (0, 0, 1)
    ]
    values = [one.value(one.start) for one in (off, *fixed)]
    assert values[1] == values[2]
    assert len(set(values)) == 3
    torch.manual_seed(99)
    assert fixed[0].value(fixed[0].start) == values[1]
    # The masks stay, so the loss is a smooth function: check along a line through a kink-free net.
    by_book = copy.deepcopy(model).train()
    for module in by_book.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.eval()
    total = 0.0
    with torch.no_grad(), torch.random.fork_rng():
        for number, (x, y) in enumerate(BATCHES):
            torch.manual_seed(number)
            total += float(F.cross_entropy(by_book(x), y)) * len(y)
    assert values[1] == pytest.approx(total / 23, rel=1e-6)


def named(model, patterns=None):
    return [block.name for block in select(model, patterns).layout.blocks]


def test_parameters_by_default_and_by_pattern():
    model = nn.Sequential(LowRank(nn.Linear(4, 5)), nn.GELU(), nn.Linear(5, 3))
    assert named(model) == ["0.lora_a", "0.lora_b", "2.weight", "2.bias"]
    assert named(model, "*.lora_*") == ["0.lora_a", "0.lora_b"]
    assert named(model, ["2.*", "0.inner.bias"]) == ["0.inner.bias", "2.weight", "2.bias"]
    assert len(named(model, "*")) == 6
    with pytest.raises(InputError, match="each pattern must match a parameter, got 'fc"):
        select(model, ["*", "fc.*"])
    with pytest.raises(InputError, match="got none; pass parameters='\\*'"):
        select(model.requires_grad_(False), None)


def test_only_the_chosen_parameters_move():
    model = nn.Sequential(LowRank(nn.Linear(4, 5)), nn.GELU(), nn.Linear(5, 3))
    objective = from_torch(model, nn.CrossEntropyLoss(), (X, Y), parameters="*.lora_*")
    assert objective.layout.size == 2 * 4 + 5 * 2
    value = objective.value(np.zeros(18))
    with torch.no_grad():
        assert value == pytest.approx(float(F.cross_entropy(model(X), Y)), rel=1e-6)
    assert objective.gradient(objective.start).shape == (18,)


def test_tied_weights_are_one_block_and_move_together():
    guest = next(g for g in GUESTS if g.name == "tied")
    model = guest.model()
    names = named(model)
    assert names == ["table.weight", "inner.weight", "inner.bias"]
    assert named(model, "out.*") == ["table.weight"]
    objective = from_torch(model, nn.CrossEntropyLoss(), guest.data)
    point = objective.start + 0.3
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3)
        model.eval()
        wanted = float(F.cross_entropy(model(guest.data[0]), guest.data[1]))
    assert objective.value(point) == pytest.approx(wanted, rel=1e-5)


def test_roles_and_filter_axes():
    class Root(nn.Module):
        """A norm of one's own, known by its name."""

        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter(torch.ones(3))

    class RMSNormLike(Root):
        pass

    class Conv1D(nn.Module):
        """As in GPT-2: a linear layer with its weights the other way round."""

        def __init__(self):
            super().__init__()
            self.nf, self.weight = 3, nn.Parameter(torch.ones(4, 3))

    model = nn.ModuleDict(
        {
            "linear": nn.Linear(4, 3),
            "conv": nn.Conv2d(1, 2, 3),
            "up": nn.ConvTranspose2d(2, 4, 3),
            "table": nn.Embedding(5, 3),
            "rnn": nn.LSTM(3, 2),
            "batch": nn.BatchNorm2d(2),
            "layer": nn.LayerNorm(3),
            "group": nn.GroupNorm(1, 2),
            "own": RMSNormLike(),
            "gpt": Conv1D(),
            "slope": nn.PReLU(),
        }
    )
    blocks = {b.name: (b.role, b.filter_axis) for b in select(model, None).layout.blocks}
    norm, bias = (Role.NORM, None), (Role.BIAS, None)
    first, second = (Role.WEIGHT, 0), (Role.WEIGHT, 1)
    assert blocks == {
        **{"linear.weight": first, "linear.bias": bias, "conv.weight": first, "conv.bias": bias},
        **{"up.weight": second, "up.bias": bias, "table.weight": first},
        **{"rnn.weight_ih_l0": first, "rnn.weight_hh_l0": first},
        **{"rnn.bias_ih_l0": bias, "rnn.bias_hh_l0": bias},
        **{f"{n}.{p}": norm for n in ("batch", "layer", "group") for p in ("weight", "bias")},
        **{"own.gain": norm, "gpt.weight": second, "slope.weight": bias},
    }


def test_filters_of_a_transposed_convolution_are_its_outputs():
    up = nn.Unflatten(1, (4, 1)), nn.ConvTranspose1d(4, 3, 2)
    model = nn.Sequential(*up, nn.Flatten(), nn.Linear(6, 3))
    objective = from_torch(model, nn.CrossEntropyLoss(), (X, Y))
    draw = np.random.default_rng(0).normal(size=(1, objective.layout.size))
    direction = FilterNorm().apply(draw, objective.start, objective.layout)[0]
    found = objective.layout.unpack(direction)["1.weight"]
    weights = model[1].weight.detach().double().numpy()
    norms = np.sqrt((found**2).sum((0, 2)))
    np.testing.assert_allclose(norms, np.sqrt((weights**2).sum((0, 2))), rtol=1e-9)
