"""Gradients and Hessian products against differences, torch.func and each other."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, hessian

from objectives.torch.guests import GUESTS
from thalweg.core.errors import InputError
from thalweg.core.plane import Plane
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.losses import OnBatch
from thalweg.objectives.torch.policies import FixedMasks, Normalisation

DRAW = np.random.default_rng(8)
X = torch.from_numpy(DRAW.normal(size=(10, 4)))
Y = torch.from_numpy(DRAW.normal(size=(10, 3)))
WORDS = torch.from_numpy(DRAW.integers(0, 7, (10, 3)))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(7, 8)
        self.inner = nn.TransformerEncoderLayer(8, 2, 10, dropout=0.0, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, words):
        return self.head(self.inner(self.table(words)).mean(1))


def net(*middle, width=5):
    return nn.Sequential(nn.Linear(4, width), *middle, nn.Tanh(), nn.Linear(width, 3))


def zero_bias():
    model = net()
    for module in (model[0], model[2]):
        nn.init.zeros_(module.bias)
    return model


def tied_by_guest(name):
    return next(g for g in GUESTS if g.name == name).make


MODELS = {
    "tanh": (net, X, {}),
    "zero bias": (zero_bias, X, {}),
    "softplus": (lambda: net(nn.Softplus()), X, {}),
    "frozen batch norm": (lambda: net(nn.BatchNorm1d(5)), X, {}),
    "batch statistics": (
        lambda: net(nn.BatchNorm1d(5)),
        X,
        {"normalisation": Normalisation.BATCH, "batch_size": 5},
    ),
    "layer norm": (lambda: net(nn.LayerNorm(5)), X, {}),
    "fixed masks": (lambda: net(nn.Dropout(0.4)), X, {"dropout": FixedMasks(3)}),
    "convolution": (
        lambda: nn.Sequential(
            *(nn.Unflatten(1, (1, 4)), nn.Conv1d(1, 2, 3), nn.GELU()),
            *(nn.Flatten(), nn.Linear(4, 3)),
        ),
        X,
        {},
    ),
    "recurrent": (lambda: Sequence(), X, {}),
    "tied": (lambda: nn.Sequential(tied_by_guest("tied")(), nn.Linear(7, 3)), WORDS, {}),
    "sparse": (tied_by_guest("sparse"), WORDS, {}),
    "attention": (Attention, WORDS, {}),
}


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTM(2, 3, batch_first=True)
        self.head = nn.Linear(3, 3)

    def forward(self, x):
        return self.head(self.cell(x.reshape(len(x), 2, 2))[0][:, -1])


def objective_of(name, loss=None, **more):
    make, inputs, options = MODELS[name]
    torch.manual_seed(2)
    loss = nn.MSELoss() if loss is None else loss
    model = make().double()
    return from_torch(model, loss, (inputs, Y), **{"batch_size": 4, **options, **more}), model


@pytest.mark.parametrize("name", MODELS)
def test_gradient_against_central_differences(name):
    objective, _ = objective_of(name)
    random = np.random.default_rng(0)
    point = objective.start + 0.1 * random.normal(size=objective.layout.size)
    value, gradient = objective.value_and_gradient(point)
    assert value == pytest.approx(objective.value(point), rel=1e-13)
    for _ in range(3):
        d = random.normal(size=point.size)
        d /= np.linalg.norm(d)
        h = 1e-5
        ahead, behind = objective.values(np.stack([point + h * d, point - h * d]))
        assert abs((ahead - behind) / (2 * h) - gradient @ d) <= 1e-8


@pytest.mark.parametrize("name", MODELS)
def test_products_against_differences_of_gradients(name):
    objective, _ = objective_of(name)
    random = np.random.default_rng(0)
    point = objective.start + 0.1 * random.normal(size=objective.layout.size)
    directions = random.normal(size=(3, point.size))
    products = objective.hvp(point, directions)
    h = 1e-4
    for d, product in zip(directions, products, strict=True):
        unit = d / np.linalg.norm(d)
        ahead, behind = objective.value_and_gradients(
            np.stack([point + h * unit, point - h * unit])
        )[1]
        near = (ahead - behind) / (2 * h) * np.linalg.norm(d)
        assert np.abs(near - product).max() <= 1e-8 * max(1.0, np.abs(product).max()) * 10
    symmetric = directions @ products.T
    np.testing.assert_allclose(symmetric, symmetric.T, atol=1e-11)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # of torch.func itself
@pytest.mark.parametrize("name", ["tanh", "softplus", "zero bias", "convolution"])
def test_hessian_against_torch_func(name):
    objective, model = objective_of(name)
    model.eval()
    names = [block.name for block in objective.layout.blocks]
    inputs = MODELS[name][1]

    def loss(flat):
        parts = {
            block.name: flat[at].reshape(block.shape) for block, at in objective.layout.slices()
        }
        # written out: forward over reverse fails on F.mse_loss
        return ((functional_call(model, parts, (inputs,)) - Y) ** 2).mean()

    flat = torch.cat([model.get_parameter(n).detach().ravel() for n in names])
    wanted = hessian(loss)(flat).detach().numpy()
    np.testing.assert_allclose(objective.hessian(objective.start), wanted, atol=1e-11)


def test_hessian_through_a_layer_norm_against_its_closed_form():
    """LayerNorm of (t, 0) times (1, 2) sums to -t / sqrt(1 + t^2) if eps is 1/4."""

    class One(nn.Module):
        def __init__(self):
            super().__init__()
            self.t = nn.Parameter(torch.tensor([0.7], dtype=torch.float64))

        def forward(self, x):
            pair = torch.cat([self.t, torch.zeros(1)]).expand(len(x), 2)
            gain = torch.tensor([1.0, 2.0], dtype=torch.float64)
            return F.layer_norm(pair, (2,), gain, torch.zeros_like(gain), 0.25).sum(1)

    objective = from_torch(One(), OnBatch(lambda m, b: m(b[0]).mean()), (X, Y))
    value, gradient = objective.value_and_gradient(np.array([0.7]))
    assert value == pytest.approx(-0.7 * 1.49**-0.5, rel=1e-12)
    assert gradient[0] == pytest.approx(-(1.49**-1.5), rel=1e-12)
    assert objective.hessian(np.array([0.7]))[0, 0] == pytest.approx(3 * 0.7 * 1.49**-2.5)


def test_a_loss_that_is_linear_in_some_parameters_has_zero_curvature_there():
    model = nn.Linear(4, 3, bias=False).double()
    objective = from_torch(model, OnBatch(lambda m, batch: m(batch[0]).mean()), (X, Y))
    eye = np.eye(objective.layout.size)
    np.testing.assert_array_equal(objective.hvp(objective.start, eye), np.zeros_like(eye))
    assert objective.gradient(objective.start).any()


def test_parameters_that_the_loss_does_not_see_have_zero_slope():
    model = nn.ModuleDict({"used": nn.Linear(4, 3), "idle": nn.Linear(2, 2)}).double()
    loss = OnBatch(lambda m, batch: F.mse_loss(m["used"](batch[0]), batch[1]))
    objective = from_torch(model, loss, (X, Y))
    gradient = objective.layout.unpack(objective.gradient(objective.start))
    assert not gradient["idle.weight"].any()
    assert gradient["used.weight"].any()


def test_a_sum_over_examples_has_the_slopes_of_a_sum():
    mean, _ = objective_of("tanh")
    total, _ = objective_of("tanh", nn.MSELoss(reduction="sum"))
    assert total.value(total.start) == pytest.approx(30 * mean.value(mean.start), rel=1e-13)
    np.testing.assert_allclose(
        total.gradient(total.start), 30 * mean.gradient(mean.start), rtol=1e-12
    )
    d = np.ones(mean.layout.size)
    np.testing.assert_allclose(
        total.hvp(total.start, d), 30 * mean.hvp(mean.start, d), rtol=1e-10, atol=1e-12
    )
    assert "loss_stderr" not in total.fields
    assert not hasattr(total, "subset")


def test_gradient_norm_is_a_field_where_there_are_gradients():
    objective, _ = objective_of("frozen batch norm")
    plane = Plane(objective.start, np.random.default_rng(1).normal(size=(2, objective.layout.size)))
    coords = np.array([[0.1, 0.2], [0.0, 0.0]])
    found = objective.restrict(plane, ["gradient_norm"])(coords)["gradient_norm"]
    wanted = [np.linalg.norm(objective.gradient(p)) for p in plane.points(coords)]
    np.testing.assert_array_equal(found, wanted)


def test_no_derivatives_through_statistics_that_are_estimated_anew():
    objective, _ = objective_of("frozen batch norm", normalisation=Normalisation.REESTIMATED)
    assert "gradient_norm" not in objective.fields
    for call in (objective.gradient, lambda p: objective.hvp(p, p)):
        with pytest.raises(InputError, match="statistics that stay or come from each batch"):
            call(objective.start)
    plain, _ = objective_of("tanh", normalisation=Normalisation.REESTIMATED)
    assert plain.gradient(plain.start).any()


def test_a_loss_without_a_graph_is_named():
    objective, _ = objective_of("tanh", lambda o, t: F.mse_loss(o.detach(), t))
    assert objective.value(objective.start) > 0
    with pytest.raises(InputError, match="must depend on the parameters, got one without a graph"):
        objective.gradient(objective.start)


def test_an_operation_without_second_derivative_is_named():
    bag = nn.Sequential(nn.EmbeddingBag(7, 3), nn.Linear(3, 3))
    objective = from_torch(bag, nn.MSELoss(), (WORDS, Y.float()))
    with pytest.raises(InputError, match=r"needs second derivatives, got .*embedding_bag"):
        objective.hvp(objective.start, objective.start)
