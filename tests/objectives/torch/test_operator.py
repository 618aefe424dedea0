"""The Hessian operator: kept graphs, private state, exact products at any batch size."""

import copy
import importlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from objectives.torch.test_derivatives import MODELS, objective_of
from thalweg.core.errors import InputError
from thalweg.curvature.blocks import block_hessian
from thalweg.curvature.dense import hessian, inertia
from thalweg.curvature.ends import ends
from thalweg.curvature.lanczos import Lanczos
from thalweg.curvature.trace import trace
from thalweg.objectives.linear_network import LinearNetwork
from thalweg.objectives.torch import derivatives
from thalweg.objectives.torch.derivatives import Slopes
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.losses import OnBatch
from thalweg.objectives.torch.operator import TorchOperator
from thalweg.objectives.torch.policies import Normalisation

DRAW = np.random.default_rng(8)
X = torch.from_numpy(DRAW.normal(size=(10, 4)))
Y = torch.from_numpy(DRAW.normal(size=(10, 3)))
ALWAYS = Lanczos(dense_up_to=0, tolerance=1e-9)


def moved(objective):
    return objective.start + 0.1 * np.random.default_rng(0).normal(size=objective.layout.size)


@pytest.mark.parametrize("name", MODELS)
def test_products_are_those_of_the_objective(name):
    objective, _ = objective_of(name)
    point = moved(objective)
    rows = np.random.default_rng(1).normal(size=(3, point.size))
    wanted = objective.hvp(point, rows)
    for memory in (1 << 30, 0):
        operator = TorchOperator(objective.problem, point, memory)
        for _ in range(2):  # a kept graph serves again
            products = operator.times(operator.native(rows))
            assert products.dtype == torch.float64
            np.testing.assert_allclose(operator.numpy(products), wanted, atol=1e-13)
        batches = len(list(objective.problem.batches()))
        assert operator.kept == (batches if memory else 0)


@pytest.mark.parametrize("name", MODELS)
def test_many_products_at_once_are_those_one_at_a_time(name):
    objective, _ = objective_of(name)
    point = moved(objective)
    rows = np.random.default_rng(1).normal(size=(derivatives.PROBE_FROM, point.size))
    alone = np.concatenate([objective.hvp(point, row[None]) for row in rows])
    np.testing.assert_allclose(objective.hvp(point, rows), alone, rtol=1e-10, atol=1e-12)
    operator = objective.operator(point)
    together = operator.numpy(operator.times(operator.native(rows)))
    np.testing.assert_allclose(together, alone, rtol=1e-10, atol=1e-12)


def test_plain_networks_go_together_and_a_wrong_rule_is_seen(monkeypatch):
    objective, _ = objective_of("tanh")
    rows = np.eye(objective.layout.size)
    alone, sizes, products = objective.hvp(objective.start, rows), [], Slopes._products

    def spoilt(slopes, rows, together):
        sizes.append(len(rows) if together else 1)
        found = products(slopes, rows, together)
        return [1.001 * x if together else x for x in found]

    def watched(slopes, rows, together):
        sizes.append(len(rows) if together else 1)
        return products(slopes, rows, together)

    monkeypatch.setattr(Slopes, "_products", spoilt)
    np.testing.assert_array_equal(objective.hvp(objective.start, rows[:5]), alone[:5])
    assert max(sizes) == 1
    np.testing.assert_allclose(objective.hvp(objective.start, rows), alone, atol=1e-13)
    assert sizes.count(2) == len(list(objective.problem.batches()))  # the probes, no more
    assert max(sizes) == 2
    monkeypatch.setattr(Slopes, "_products", watched)
    objective.hvp(objective.start, rows)
    assert max(sizes) == len(rows)


def test_a_large_graph_takes_few_rows_at_once():
    assert derivatives.rows_together(0) == derivatives.TOGETHER
    assert derivatives.rows_together(derivatives.TOGETHER_BYTES // 5) == 5
    assert derivatives.rows_together(1 << 40) == 1


def test_graphs_are_kept_as_far_as_the_memory_goes():
    objective, _ = objective_of("tanh")  # batches of 4, 4 and 2
    point = moved(objective)
    whole = TorchOperator(objective.problem, point, 1 << 30)
    some = TorchOperator(objective.problem, point, 2 * whole._size)
    assert (whole.kept, some.kept) == (3, 2)
    rows = np.random.default_rng(1).normal(size=(2, point.size))
    for operator in (whole, some):
        products = operator.numpy(operator.times(operator.native(rows)))
        np.testing.assert_allclose(products, objective.hvp(point, rows), atol=1e-13)


def test_a_model_that_writes_its_buffers_keeps_no_graph_of_several_batches():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(4, 3)
            self.register_buffer("gain", torch.ones(1))

        def forward(self, x):
            self.gain.mul_(1.5)  # the first batch with 1.5, the next with 2.25, ...
            return torch.tanh(self.inner(x)) * self.gain

    for size, kept in ((4, 0), (10, 1)):
        objective = from_torch(Counting().double(), nn.MSELoss(), (X, Y), batch_size=size)
        point = moved(objective)
        rows = np.random.default_rng(1).normal(size=(2, point.size))
        operator = objective.operator(point)
        assert operator.kept == kept
        for _ in range(2):
            products = operator.numpy(operator.times(operator.native(rows)))
            np.testing.assert_allclose(products, objective.hvp(point, rows), atol=1e-13)


def test_graphs_that_do_not_fit_after_all_are_let_go(monkeypatch):
    objective, _ = objective_of("tanh")
    point, made = moved(objective), []

    class Full(Slopes):
        def __init__(self, problem, number, batch):
            made.append(number)
            if len(made) == 2:
                raise torch.OutOfMemoryError("CUDA out of memory")
            super().__init__(problem, number, batch)

    monkeypatch.setattr("thalweg.objectives.torch.operator.Slopes", Full)
    operator = objective.operator(point)
    assert (operator.kept, made) == (0, [0, 1])
    row = np.ones((1, point.size))
    products = operator.numpy(operator.times(operator.native(row)))
    np.testing.assert_allclose(products, objective.hvp(point, row), atol=1e-13)


def test_the_objective_may_move_on():
    objective, _ = objective_of("frozen batch norm")
    point, row = moved(objective), np.ones((1, objective.layout.size))
    wanted = objective.hvp(point, row)
    first, second = objective.operator(point), objective.operator(objective.start)
    objective.value(point + 1)
    objective.gradient(point - 1)
    np.testing.assert_allclose(first.numpy(first.times(first.native(row))), wanted, atol=1e-14)
    there = second.numpy(second.times(second.native(row)))
    np.testing.assert_allclose(there, objective.hvp(objective.start, row), atol=1e-14)
    assert not np.allclose(there, wanted)


def test_nothing_of_the_caller_is_touched():
    """Two operators, repeated calls and leftover gradients change nothing: no doubled Hessian."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3)).double()
    F.mse_loss(model(X), Y).backward(create_graph=False)
    model.train()
    model[1].eval()
    before = copy.deepcopy(model.state_dict())
    slopes = [p.grad.clone() for p in model.parameters()]
    objective = from_torch(model, nn.MSELoss(), (X, Y))
    seen = torch.get_rng_state()
    found = [ends(objective, objective.start, 2, 2, lanczos=ALWAYS) for _ in range(3)]
    dense = ends(objective, objective.start, 2, 2)
    for each in found:
        np.testing.assert_array_equal(each.eigenvalues, found[0].eigenvalues)
    np.testing.assert_allclose(found[0].eigenvalues, dense.eigenvalues, atol=1e-9)
    assert torch.equal(torch.get_rng_state(), seen)
    assert [m.training for m in model] == [True, False, True, True]
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), slopes, strict=True))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_uneven_batches_are_the_full_batch():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()
    whole = from_torch(model, nn.MSELoss(), (X, Y))
    wanted = hessian(whole, whole.start)
    values = np.linalg.eigvalsh(wanted)
    for cuts in ([9, 1], [1, 2, 7], [4, 4, 2]):
        batches = list(zip(X.split(cuts), Y.split(cuts), strict=True))
        objective = from_torch(model, nn.MSELoss(), batches)
        np.testing.assert_allclose(hessian(objective, objective.start), wanted, atol=1e-14)
        found = ends(objective, objective.start, 2, 3, lanczos=ALWAYS)
        np.testing.assert_allclose(found.eigenvalues, values[[0, 1, -3, -2, -1]], atol=1e-9)
        estimate = trace(objective, objective.start, 60, dense_up_to=0)
        assert abs(estimate.value - np.trace(wanted)) <= 5 * estimate.stderr + 1e-9


def test_linear_regression_has_the_textbook_hessian():
    """Sum of squares: H = 2 I kron X'X, each eigenvalue as often as there are outputs."""
    model = nn.Linear(4, 3, bias=False).double()
    objective = from_torch(model, nn.MSELoss(reduction="sum"), (X, Y), batch_size=3)
    gram = (X.T @ X).numpy()
    wanted = 2 * np.kron(np.eye(3), gram)
    np.testing.assert_allclose(hessian(objective, objective.start), wanted, rtol=1e-12)
    weight = block_hessian(objective, objective.start, "weight")
    np.testing.assert_allclose(weight, wanted, rtol=1e-12)
    values = np.repeat(2 * np.linalg.eigvalsh(gram), 3)
    found = ends(objective, objective.start, 5, 4, lanczos=ALWAYS)
    np.testing.assert_allclose(found.eigenvalues, np.r_[values[:5], values[-4:]], rtol=1e-9)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_scalar_chains(depth):
    """1/2 (product - 1)^2: at ones a single eigenvalue `depth`; at zero none, from depth 3 on."""
    layers = [nn.Linear(1, 1, bias=False) for _ in range(depth)]
    model = nn.Sequential(*layers).double()
    one = torch.ones(1, 1, dtype=torch.float64)
    loss = OnBatch(lambda call, batch: 0.5 * (call(batch[0]) - batch[1]).square().sum())
    objective = from_torch(model, loss, (one, one))
    at_zero = [-1.0, 1.0] if depth == 2 else [0.0] * depth
    for point, values in ((np.ones(depth), [0.0] * (depth - 1) + [depth]), (0.0, at_zero)):
        point = np.zeros(depth) + point
        np.testing.assert_allclose(
            np.linalg.eigvalsh(hessian(objective, point)), values, atol=1e-13
        )
        found = ends(objective, point, 1, depth - 1, lanczos=ALWAYS)
        np.testing.assert_allclose(found.eigenvalues, values, atol=1e-12)
    if depth > 2:  # inconclusive at second order
        counts = inertia(found.eigenvalues)
        assert (counts.negative, counts.zero) == (0, depth)


def test_a_linear_network_has_the_spectra_of_baldi_and_hornik():
    known = LinearNetwork.from_singular_values([3.0, 2.0, 1.0], (3, 4), hidden=2, seed=0)
    target = torch.from_numpy(np.array(known.target))
    model = nn.Sequential(nn.Linear(4, 2, bias=False), nn.Linear(2, 3, bias=False)).double()
    loss = OnBatch(lambda call, batch: 0.5 * (call(batch[0]) - batch[1]).square().sum())
    data = torch.eye(4, dtype=torch.float64), target.T.contiguous()
    objective = from_torch(model, loss, data)
    for kept in ((), (1,), (0, 2), (0, 1)):
        critical = known.critical_point(kept)
        dense = np.linalg.eigvalsh(hessian(objective, critical.point))
        np.testing.assert_allclose(dense, critical.spectrum, atol=1e-12)
        found = ends(objective, critical.point, 7, 7, lanczos=ALWAYS)
        np.testing.assert_allclose(found.eigenvalues, critical.spectrum, atol=1e-9)


def residual_net():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = (nn.Conv2d(4, 4, 3, padding=1, bias=False) for _ in "12")
            self.norm1, self.norm2 = nn.BatchNorm2d(4), nn.BatchNorm2d(4)

        def forward(self, x):
            h = torch.tanh(self.norm1(self.conv1(x)))
            return torch.tanh(x + self.norm2(self.conv2(h)))

    stem = nn.Conv2d(1, 4, 3, padding=1)
    return nn.Sequential(stem, Block(), nn.AvgPool2d(3), nn.Flatten(), nn.Linear(16, 3))


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(3)
    model = residual_net().double()
    x, y = torch.randn(12, 1, 6, 6, dtype=torch.float64), torch.arange(12) % 3
    for _ in range(3):
        model.train()(x)
    return model.eval(), x, y


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what it imports
def test_the_dense_spectrum_is_that_of_curvlinops(images):
    curvlinops = importlib.import_module("curvlinops")
    model, x, y = images
    objective = from_torch(model, nn.CrossEntropyLoss(), (x, y), batch_size=5)
    parameters = [p for p in model.parameters() if p.requires_grad]
    operator = curvlinops.HessianLinearOperator(
        model, nn.CrossEntropyLoss(), parameters, [(x, y)], check_deterministic=False
    )
    n = objective.layout.size
    matrix = (operator @ torch.eye(n, dtype=torch.float64)).detach().numpy()
    found = hessian(objective, objective.start)
    np.testing.assert_allclose(found, matrix, atol=1e-12)
    np.testing.assert_allclose(np.linalg.eigvalsh(found), np.linalg.eigvalsh(matrix), atol=1e-10)


def test_lanczos_finds_the_ends_of_a_convolutional_network(images):
    model, x, y = images
    objective = from_torch(model, nn.CrossEntropyLoss(), (x, y), batch_size=5)
    dense = ends(objective, objective.start, 3, 5)
    found = ends(objective, objective.start, 3, 5, lanczos=Lanczos(dense_up_to=0))
    size = np.abs(dense.eigenvalues).max()
    np.testing.assert_allclose(found.eigenvalues, dense.eigenvalues, atol=1e-8 * size)
    overlap = np.abs((found.eigenvectors * dense.eigenvectors).sum(axis=1))
    np.testing.assert_allclose(overlap, 1, atol=1e-6)
    assert found.products < objective.layout.size / 3


def test_single_precision_stops_at_its_rounding_and_says_so(images):
    model, x, y = images
    exact = from_torch(model, nn.CrossEntropyLoss(), (x, y))
    single = from_torch(model, nn.CrossEntropyLoss(), (x, y), dtype=torch.float32)
    wanted = ends(exact, exact.start, 1, 3)
    settings = Lanczos(dense_up_to=0, tolerance=1e-12)
    found = ends(single, single.start, 1, 3, lanczos=settings)
    assert found.how.endswith("the residuals stay at the rounding of the products")
    assert found.products < 200
    size = np.abs(wanted.eigenvalues).max()
    np.testing.assert_allclose(found.eigenvalues, wanted.eigenvalues, atol=1e-5 * size)
    assert 1e-9 * size < found.residuals.max() < 1e-5 * size


def test_statistics_estimated_anew_are_refused():
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)).double()
    objective = from_torch(
        model, nn.MSELoss(), (X, Y), normalisation=Normalisation.REESTIMATED, batch_size=5
    )
    with pytest.raises(InputError, match="derivatives need statistics that stay"):
        objective.operator(objective.start)
    with pytest.raises(InputError, match="point must have shape"):
        objective_of("tanh")[0].operator(np.zeros(3))
