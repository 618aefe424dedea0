"""Kinks of PyTorch models: the NumPy network's, measured second differences, and refusals."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from thalweg.core.errors import InputError
from thalweg.curvature.scale import curvature_at_scale
from thalweg.datasets import spiral
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.losses import OnBatch
from thalweg.objectives.torch.policies import Normalisation

torch.set_num_threads(1)


class Does(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def plain(inplace=False):
    layers = [nn.Linear(2, 8), nn.ReLU(inplace), nn.Linear(8, 5), nn.ReLU(inplace)]
    return nn.Sequential(*layers, nn.Linear(5, 1), nn.Flatten(0))


def transposed(layout, flat):
    """The same parameters in torch's order: weights (out, in)."""
    return np.concatenate([block.T.ravel() for block in layout.unpack(flat).values()])


@pytest.mark.parametrize("inplace", [False, True])
def test_it_finds_what_the_numpy_network_knows(inplace):
    X, y = spiral(50, 0.3, 42)
    known = MLPObjective(MLP((2, 8, 5, 1)), X, y)
    random = np.random.default_rng(0)
    point = known.start + 0.3 * random.standard_normal(known.layout.size)
    way = random.standard_normal(known.layout.size)
    data = torch.tensor(X), torch.tensor(y, dtype=torch.float64)
    loss = nn.BCEWithLogitsLoss()
    found = from_torch(plain(inplace), loss, data, dtype=torch.float64, batch_size=30)
    there, along = transposed(known.layout, point), transposed(known.layout, way)
    assert found.kink_distance(there) == pytest.approx(known.kink_distance(point), rel=1e-12)
    for wanted, got in zip(sorted_pairs(known, point, way), sorted_pairs(found, there, along)):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-16)


def sorted_pairs(objective, point, way):
    t, jumps = objective.crossings(point, way)
    order = np.argsort(t)
    return t[order], jumps[order]


OPERATIONS = {
    "relu": nn.ReLU(),
    "relu in place": nn.ReLU(inplace=True),
    "relu of a view, in place": Does(lambda x: torch.relu_(x.flatten(1)) * 1.0),
    "relu in place, twice used": Does(lambda x: (y := x * 1.0).relu_() + y.sin()),
    "relu, changed in place": Does(lambda x: F.leaky_relu(x).add_(x.sin())),
    "by keyword": Does(lambda x: F.relu(input=x, inplace=False)),
    "leaky relu": nn.LeakyReLU(0.2),
    "leaky relu in place": nn.LeakyReLU(0.2, inplace=True),
    "prelu": nn.PReLU(6),
    "relu6": Does(lambda x: F.relu6(5 * x)),
    "hardtanh": nn.Hardtanh(-0.3, 0.5),
    "elu": nn.ELU(2.0),
    "selu": nn.SELU(),
    "hardswish": Does(lambda x: F.hardswish(5 * x)),
    "softshrink": nn.Softshrink(0.4),
    "abs": Does(abs),
    "clamp": Does(lambda x: x.clamp(-0.5, 0.7)),
    "clamp in place": Does(lambda x: x.clamp_(max=0.1)),
    "clamp by a tensor": Does(lambda x: torch.clamp(x, max=x.mean())),
    "clamp_min": Does(lambda x: torch.clamp_min(x, 0.1)),
    "maximum": Does(lambda x: torch.maximum(x, -2 * x.flip(-1))),
    "min of two": Does(lambda x: torch.min(x, 0.3 * x.flip(-1))),
    "amax": Does(lambda x: x.amax((1, 2), keepdim=True)),
    "max along": Does(lambda x: x.max(1, keepdim=True).values),
    "min along": Does(lambda x: x.min(dim=3)[0]),
    "pool": nn.MaxPool2d(2),
    "pool, overlapping": nn.MaxPool2d(3, 2, 1),
    "pool, dilated, with indices": Does(
        lambda x: F.max_pool2d(x, 2, 1, 0, 2, return_indices=True)[0]
    ),
    "pool in one dimension": Does(lambda x: F.max_pool1d(x.flatten(2), 3)),
    "adaptive pool": nn.AdaptiveMaxPool2d((2, 3)),
    "relu, then pool": nn.Sequential(nn.ReLU(), nn.MaxPool2d(2)),
    "relu in place, then pool": nn.Sequential(nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)),
    "relu, pooled and passed on": Does(
        lambda x: (r := x.relu()) + F.interpolate(F.max_pool2d(r, 2), scale_factor=2)
    ),
}


def convolutional(operation):
    """A small image classifier around an operation, in float64."""
    torch.manual_seed(0)
    inputs, labels = torch.randn(7, 2, 6, 6).double(), torch.randint(0, 3, (7,))
    net = nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), copy.deepcopy(operation), nn.Flatten())
    net = nn.Sequential(net, nn.LazyLinear(3)).double()
    net(inputs)
    return from_torch(net, nn.CrossEntropyLoss(), (inputs, labels), batch_size=4)


@pytest.mark.parametrize("name", OPERATIONS)
def test_hessian_and_kinks_are_what_is_measured(name):
    objective = convolutional(OPERATIONS[name])
    point, found = objective.start, []
    for seed in range(6):
        way = np.random.default_rng(seed).standard_normal(point.size)
        found.append(curvature_at_scale(objective, point, way, 1e-3))
    measured, total, smooth = (
        np.array([getattr(each, n) for each in found]) for n in ("measured", "total", "smooth")
    )
    lacking = np.linalg.norm(measured - smooth)
    assert lacking > 0.1 * np.linalg.norm(measured)
    assert np.linalg.norm(measured - total) < 0.06 * lacking
    assert 0 < objective.kink_distance(point) < 0.05


@pytest.mark.parametrize("operation", [nn.Tanh(), nn.GELU(), nn.CELU(2.0), nn.ELU(), nn.SiLU()])
def test_smooth_models_have_no_kinks(operation):
    objective = convolutional(operation)
    assert objective.kink_distance(objective.start) == np.inf
    assert objective.crossings(objective.start, np.ones(objective.start.size))[0].size == 0


def test_a_roof_by_hand():
    """|3 w| and max(v, 2 v, -v): jumps 6 and 3 on the way through 0."""

    class Roof(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.tensor([2.0, 4.0], dtype=torch.float64))

        def forward(self, x):
            fan = torch.stack([self.w[1], 2 * self.w[1], -self.w[1]]).max()
            return x.sum() * ((3 * self.w[0]).abs() + fan)

    loss = OnBatch(lambda model, batch: model(batch[0]))
    objective = from_torch(Roof(), loss, (torch.ones(1, 1).double(),))
    t, jumps = sorted_pairs(objective, [2.0, 4.0], [1.0, 1.0])
    np.testing.assert_allclose(t, [-4.0, -2.0])
    np.testing.assert_allclose(jumps, [3.0, 6.0])
    assert objective.kink_distance([2.0, 4.0]) == 4.0
    for at, h in (((2.0, 4.0), 5.0), ((0.0, 0.0), 0.1), ((0.3, -0.5), 1.0)):
        found = curvature_at_scale(objective, np.array(at), np.ones(2), h)
        assert found.total == pytest.approx(found.measured, rel=1e-12)


def test_a_loss_may_have_kinks_too():
    """L = mean |w x - y|: the second difference is the kinks alone."""
    net = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    x = torch.tensor([[1.0], [2.0], [-1.0]]).double()
    y = torch.tensor([[1.0], [0.5], [0.25]]).double()
    for loss in (nn.L1Loss(), OnBatch(lambda model, batch: F.l1_loss(model(batch[0]), batch[1]))):
        objective = from_torch(net, loss, (x, y), batch_size=2)
        t, jumps = sorted_pairs(objective, [0.0], [1.0])
        np.testing.assert_allclose(t, [-0.25, 0.25, 1.0])
        np.testing.assert_allclose(jumps, [2 / 3, 4 / 3, 2 / 3])


def test_the_guest_and_later_evaluations_are_untouched():
    objective = convolutional(nn.ReLU(inplace=True))
    state, point = torch.get_rng_state(), objective.start
    before = objective.values(point[None]), objective.gradient(point)
    objective.kink_distance(point + 1)
    objective.crossings(point + 1, point)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(objective.values(point[None]), before[0])
    np.testing.assert_array_equal(objective.gradient(point), before[1])


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (nn.Hardshrink(), "hardshrink"),
        (Does(lambda x: x.sort(1).values), "sort"),
        (nn.MaxPool2d(4, ceil_mode=True), "ceil_mode"),
        (nn.AdaptiveMaxPool2d(4), "windows of unlike sizes"),
    ],
)
def test_operations_that_are_not_followed_are_named(operation, said):
    objective = convolutional(operation)
    with pytest.raises(InputError, match=f"operations that are followed.*got .*{said}"):
        objective.crossings(objective.start, objective.start)
    assert np.isnan(objective.kink_distance(objective.start))


def test_what_does_not_depend_on_the_parameters_has_no_kinks_of_theirs():
    net = nn.Sequential(Does(lambda x: x.sort(1).values.relu()), nn.Linear(3, 1))
    data = torch.randn(4, 3), torch.randn(4, 1)
    objective = from_torch(net, nn.MSELoss(), data, dtype=torch.float64)
    assert objective.kink_distance(objective.start) == np.inf
    assert objective.crossings(objective.start, np.ones(4))[0].size == 0


def test_what_is_not_finite_is_refused():
    objective = convolutional(nn.ReLU())
    hole = np.full(objective.start.size, np.nan)
    with pytest.raises(InputError, match="inputs of units must be finite"):
        objective.crossings(hole, objective.start)
    with pytest.raises(InputError, match="direction must have shape"):
        objective.crossings(objective.start, np.ones(3))
    assert np.isnan(objective.kink_distance(hole))


def test_estimated_statistics_have_distances_but_no_derivatives():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))
    data = torch.randn(8, 3), torch.randn(8, 1)
    policy = Normalisation.REESTIMATED
    objective = from_torch(net, nn.MSELoss(), data, dtype=torch.float64, normalisation=policy)
    assert 0 < objective.kink_distance(objective.start) < 1
    with pytest.raises(InputError, match="derivatives need statistics"):
        objective.crossings(objective.start, objective.start)
