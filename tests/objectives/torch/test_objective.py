"""TorchObjective against closed forms, a naive loop of copies, and our own network."""

import pickle
import sys

import cloudpickle
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader, TensorDataset

from objectives.torch.guests import FULL, GUESTS, naive_losses
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.layout import Role
from thalweg.core.objective import SampledObjective
from thalweg.core.plane import Plane
from thalweg.geometry.planes import random_plane
from thalweg.geometry.scaling import FilterNorm, LayerNorm, Unscaled
from thalweg.geometry.seeded import seeded_plane
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.metrics import accuracy
from thalweg.objectives.torch.policies import FixedMasks, Normalisation, Residence
from thalweg.objectives.torch.walk import Walk
from thalweg.surface.evaluate import evaluate

COORDS = np.random.default_rng(4).normal(size=(5, 2)) * 0.4


def cross_entropy(outputs, targets):
    return F.cross_entropy(outputs.float(), targets)


def objective_of(guest, **options):
    return from_torch(guest.model(), nn.CrossEntropyLoss(), guest.data, **options)


def some_plane(objective, k=2, seed=0):
    directions = np.random.default_rng(seed).normal(size=(k, objective.layout.size))
    return Plane(objective.start, 0.3 * directions)


@pytest.mark.parametrize("guest", GUESTS, ids=str)
def test_a_plane_is_what_a_loop_of_fresh_copies_gives(guest):
    objective = objective_of(guest, metrics=[accuracy], batch_size=8)
    plane = some_plane(objective)
    found = objective.restrict(plane, ("accuracy", "loss", "loss_stderr"))(COORDS)
    inner = getattr(guest.model(), "_orig_mod", guest.model())
    inner = inner.module if isinstance(inner, nn.DataParallel) else inner
    points = plane.points(COORDS)
    half = objective.problem.base[0].dtype is torch.bfloat16
    wanted = naive_losses(inner, cross_entropy, guest.data, points, objective.layout)
    np.testing.assert_allclose(found["loss"], wanted, rtol=2e-2 if half else 2e-6)
    every = naive_losses(
        inner,
        lambda o, t: F.cross_entropy(o.float(), t, reduction="none").std() / len(t) ** 0.5,
        *(guest.data, points, objective.layout),
    )
    np.testing.assert_allclose(found["loss_stderr"], every, rtol=2e-2 if half else 2e-5)
    hits = naive_losses(
        inner,
        lambda o, t: (o.argmax(1) == t).double().mean(),
        *(guest.data, points, objective.layout),
    )
    np.testing.assert_allclose(found["accuracy"], hits, atol=0.1 if half else 1e-12)
    assert list(found) == ["accuracy", "loss", "loss_stderr"]


@pytest.mark.parametrize("guest", GUESTS, ids=str)
def test_a_plane_its_points_and_its_seeded_twin_agree_to_the_bit(guest):
    objective = objective_of(guest, strategy=Walk())
    seeded = seeded_plane(objective, seed=2, k=3, scaling=Unscaled())
    coords = np.random.default_rng(1).normal(size=(4, 3)) * 0.1
    dense = seeded.dense(objective.start)
    first = objective.restrict(dense, objective.fields)(coords)
    second = objective.restrict(seeded, objective.fields)(coords)
    for field in objective.fields:
        np.testing.assert_array_equal(first[field], second[field])
        alone = objective.restrict(dense, [field])(coords[2:3])[field]
        assert alone[0] == first[field][2]
    np.testing.assert_array_equal(first["loss"], objective.values(dense.points(coords)))


@pytest.fixture
def regression():
    """Linear regression: loss, gradient and Hessian in closed form."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(9, 4)), random.normal(size=(9, 2))
    model = nn.Linear(4, 2).double()
    return model, torch.from_numpy(x), torch.from_numpy(y)


def test_linear_regression_is_exact(regression):
    model, x, y = regression
    objective = from_torch(model, nn.MSELoss(), (x, y), batch_size=4)
    full = np.hstack([x.numpy(), np.ones((9, 1))])
    point = np.random.default_rng(1).normal(size=10)
    w, b = point[:8].reshape(2, 4), point[8:]
    residual = x.numpy() @ w.T + b - y.numpy()
    gradient = 2 / 18 * residual.T @ full
    value, found = objective.value_and_gradient(point)
    assert value == pytest.approx((residual**2).mean(), rel=1e-14)
    wanted = np.concatenate([gradient[:, :4].ravel(), gradient[:, 4]])
    np.testing.assert_allclose(found, wanted, rtol=1e-13)
    gram = 2 / 18 * full.T @ full
    order = [i * 5 + j for i in range(2) for j in range(4)] + [4, 9]
    hessian = np.kron(np.eye(2), gram)[np.ix_(order, order)]
    np.testing.assert_allclose(objective.hessian(point), hessian, atol=1e-14)
    each = (residual**2).mean(1)
    found = objective.restrict(Plane(point, np.eye(10)[:1]), ("loss_stderr", "gradient_norm"))
    at = found(np.zeros((1, 1)))
    assert at["loss_stderr"][0] == pytest.approx(each.std(ddof=1) / 3, rel=1e-12)
    assert at["gradient_norm"][0] == pytest.approx(np.linalg.norm(wanted), rel=1e-12)


@pytest.mark.parametrize("loss", Loss)
@pytest.mark.parametrize(
    ("activation", "module"),
    [(Activation.TANH, nn.Tanh), (Activation.RELU, nn.ReLU), (Activation.GELU, nn.GELU)],
)
def test_the_same_network_in_numpy(loss, activation, module):
    width = {Loss.BINARY_CROSS_ENTROPY: 1, Loss.SOFTMAX_CROSS_ENTROPY: 3}.get(loss, 2)
    network = MLP((2, 5, 4, width), activation)
    random = np.random.default_rng(7)
    inputs = random.standard_normal((11, 2))
    labels = random.integers(0, max(width, 2), 11).astype(float)
    targets = random.standard_normal((11, 2)) if loss is Loss.MEAN_SQUARED_ERROR else labels
    ours = MLPObjective(network, inputs, targets, loss)
    model = nn.Sequential(
        *(nn.Linear(2, 5), module(), nn.Linear(5, 4), module(), nn.Linear(4, width))
    ).double()
    forms = {
        Loss.BINARY_CROSS_ENTROPY: (nn.BCEWithLogitsLoss(), torch.from_numpy(labels)[:, None]),
        Loss.SOFTMAX_CROSS_ENTROPY: (nn.CrossEntropyLoss(), torch.from_numpy(labels).long()),
        Loss.MEAN_SQUARED_ERROR: (nn.MSELoss(), torch.from_numpy(targets)),
    }
    kernel, wanted = forms[loss]
    metrics = [accuracy] if loss.classifies else []
    data = torch.from_numpy(inputs), wanted
    theirs = from_torch(model, kernel, data, metrics=metrics, batch_size=4)
    points = random.standard_normal((3, ours.layout.size))
    turned = np.stack([transposed(point, ours.layout) for point in points])
    values, gradients = theirs.value_and_gradients(turned)
    np.testing.assert_allclose(values, ours.values(points), rtol=1e-12)
    wanted = [transposed(g, ours.layout) for g in ours.value_and_gradients(points)[1]]
    np.testing.assert_allclose(gradients, wanted, rtol=1e-11, atol=1e-13)
    direction = random.standard_normal(ours.layout.size)
    product = theirs.hvp(turned[0], transposed(direction, ours.layout))
    wanted = transposed(ours.hvp(points[0], direction), ours.layout)
    np.testing.assert_allclose(product, wanted, rtol=1e-9, atol=1e-12)
    if metrics:
        plane = Plane(turned[0], turned[1:] - turned[0])
        corners = np.array([[0.0, 0], [1, 0], [0, 1]])
        found = theirs.restrict(plane, ["accuracy"])(corners)["accuracy"]
        np.testing.assert_allclose(found, ours.accuracies(points), rtol=1e-12)


def transposed(point, layout):
    """A point of our layout in torch's: weights (out, in) instead of (in, out)."""
    return np.concatenate([np.ravel(b.T) for b in layout.unpack(point).values()])


@pytest.mark.parametrize(("dtype", "drift"), [(torch.float32, 1e-6), (torch.float64, 1e-13)])
def test_the_batch_split_leaves_no_trace(dtype, drift):
    for guest in (g for g in GUESTS if g.dtype is torch.float32):
        whole = objective_of(guest, dtype=dtype, batch_size=22)
        point = whole.start + 0.1 * np.random.default_rng(0).normal(size=whole.layout.size)
        value, gradient = whole.value_and_gradient(point)
        for size in (1, 2, 5, 8, 21) if FULL else (5, 21):
            split = objective_of(guest, dtype=dtype, batch_size=size)
            other, slopes = split.value_and_gradient(point)
            assert abs(other - value) <= drift * abs(value), (guest.name, size)
            worst = np.abs(slopes - gradient).max()
            assert worst <= 10 * drift * np.abs(gradient).max(), (guest.name, size)


def test_a_subset_is_the_objective_on_those_examples():
    guest = GUESTS[1]
    objective = objective_of(guest)
    assert isinstance(objective, SampledObjective)
    assert objective.n_examples == 22
    rows = [3, 3, 0, 17, -1]
    alone = from_torch(guest.model(), nn.CrossEntropyLoss(), tuple(t[rows] for t in guest.data))
    part = objective.subset(np.array(rows))
    assert part.value(part.start) == alone.value(alone.start)
    assert part.identity() == {**objective.identity(), "data": part.identity()["data"]}
    assert part.n_examples == 5
    assert part.identity()["data"] == alone.identity()["data"] != objective.identity()["data"]
    for wrong in ([], [22], [-23], [[1]]):
        with pytest.raises(InputError, match="rows must be integers below 22, at least one"):
            objective.subset(np.array(wrong, dtype=int))


@pytest.mark.parametrize("guest", GUESTS, ids=str)
def test_pickled_whole(guest):
    objective = objective_of(guest, metrics=[accuracy])
    plane = some_plane(objective)
    wanted = objective.restrict(plane, objective.fields)(COORDS)  # leaves the double elsewhere
    twin = pickle.loads(cloudpickle.dumps(objective))
    assert twin.identity() == objective.identity()
    assert twin.digest() == objective.digest()
    np.testing.assert_array_equal(twin.start, objective.start)
    found = twin.restrict(plane, twin.fields)(COORDS)
    for field in objective.fields:
        np.testing.assert_array_equal(found[field], wanted[field])


def test_a_surface_of_a_seeded_plane():
    objective = objective_of(GUESTS[1], metrics=[accuracy])
    plane = seeded_plane(objective, seed=1)
    surface = evaluate(objective, plane, Grid.square(0.5, 5), ("loss", "accuracy"))
    middle = surface["loss"].values[2, 2]
    assert middle == objective.value(objective.start)
    for part in ("model", "data", "loss", "settings"):
        assert surface.attrs[f"{part}_digest"] == objective.identity()[part]


def test_a_seeded_plane_of_other_weights_is_refused():
    plane = seeded_plane(objective_of(GUESTS[1]), seed=1)
    model = GUESTS[1].model()
    with torch.no_grad():
        next(model.parameters()).add_(1.0)
    other = from_torch(model, nn.CrossEntropyLoss(), GUESTS[1].data)
    with pytest.raises(InputError, match="the plane needs the parameters it was made for"):
        other.restrict(plane)


class Largest(TorchDispatchMode):
    """Remembers the largest tensor that any operation made, in bytes."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if isinstance(tensor, torch.Tensor):
                self.bytes = max(self.bytes, tensor.untyped_storage().nbytes())
        return out


def test_a_seeded_plane_needs_memory_for_one_block_only():
    model = nn.Sequential(*(nn.Linear(100, 100, bias=False) for _ in range(30)), nn.Linear(100, 2))
    data = torch.randn(4, 100), torch.zeros(4, dtype=torch.long)
    objective = from_torch(model, nn.CrossEntropyLoss(), data, strategy=Walk())
    plane = seeded_plane(objective, seed=0)
    with Largest() as largest:
        objective.restrict(plane)(COORDS)
    assert largest.bytes <= 3 * 8 * 100 * 100  # the parameters themselves take 40 times as much
    held = sum(b.nbytes for b in objective.problem.base)
    held += sum(p.nbytes for p in objective.problem.model.parameters())
    assert held == 2 * sum(p.nbytes for p in model.parameters())


def test_nothing_drifts_along_a_map():
    objective = objective_of(GUESTS[0], strategy=Walk())
    f = objective.restrict(some_plane(objective))
    first = f(np.zeros((1, 2)))["loss"][0]
    assert first == objective.value(objective.start)
    f(np.random.default_rng(0).normal(size=(300, 2)))
    assert objective.identity() == objective_of(GUESTS[0], strategy=Walk()).identity()
    assert f(np.zeros((1, 2)))["loss"][0] == first


def test_two_objectives_and_two_restrictions_do_not_disturb_each_other():
    one, two = (objective_of(GUESTS[1], strategy=Walk()) for _ in range(2))
    f, g = one.restrict(some_plane(one)), one.restrict(some_plane(one, seed=9))
    h = two.restrict(some_plane(two, k=1))
    wanted = [f(COORDS)["loss"], g(COORDS)["loss"], h(COORDS[:, :1])["loss"]]
    for i in range(5):
        assert f(COORDS[i : i + 1])["loss"][0] == wanted[0][i]
        assert g(COORDS[i : i + 1])["loss"][0] == wanted[1][i]
        assert h(COORDS[i : i + 1, :1])["loss"][0] == wanted[2][i]


def test_identity_names_what_changed():
    guest = GUESTS[2]
    model, data = guest.model(), guest.data
    loss = nn.CrossEntropyLoss()
    base = from_torch(model, loss, data).identity()
    assert from_torch(model, nn.CrossEntropyLoss(), data).identity() == base

    def changed(*arguments, **options):
        new = from_torch(*arguments, **options).identity()
        return {part for part in base if new[part] != base[part]}

    other = guest.model()
    with torch.no_grad():
        other[0].weight[0, 0] += 1e-6
    assert changed(other, loss, data) == {"model"}
    assert changed(model, loss, (data[0] * 1.1, data[1])) == {"data"}
    assert changed(model, nn.CrossEntropyLoss(label_smoothing=0.1), data) == {"loss"}
    assert changed(model, nn.CrossEntropyLoss(weight=torch.ones(3)), data) == {"loss"}
    assert changed(model, loss, data, dropout=FixedMasks(1)) == {"settings"}
    assert changed(model, loss, data, batch_size=7) == {"settings"}
    assert changed(model, loss, data, parameters="3.*") == {"settings"}
    normed = GUESTS[1].model()
    base = from_torch(normed, loss, data).identity()
    for policy in (Normalisation.BATCH, Normalisation.REESTIMATED):
        assert changed(normed, loss, data, normalisation=policy) == {"settings"}
    scale = 2.0
    scaled = changed(normed, lambda o, t: F.cross_entropy(o * scale, t), data)
    scale = 3.0
    assert scaled == {"loss"}


def test_the_digest_of_a_function_sees_its_code_and_its_values():
    guest = GUESTS[0]

    def named(loss):
        return from_torch(guest.model(), loss, guest.data).identity()["loss"]

    def scaled(factor):
        return lambda o, t: factor * F.cross_entropy(o, t)

    assert named(scaled(2.0)) == named(scaled(2.0)) != named(scaled(3.0))
    assert named(lambda o, t: F.mse_loss(o, o)) != named(lambda o, t: F.mse_loss(o, o) + 1)


def test_streamed_data_give_the_same_map():
    guest = GUESTS[1]
    loader = DataLoader(TensorDataset(*guest.data), 8)
    kept = from_torch(guest.model(), nn.CrossEntropyLoss(), loader, strategy=Walk())
    for where in (Residence.STREAM, Residence.HOST):
        other = from_torch(
            guest.model(), nn.CrossEntropyLoss(), loader, resident=where, strategy=Walk()
        )
        assert isinstance(other, SampledObjective) is (where is Residence.HOST)
        np.testing.assert_array_equal(
            other.restrict(some_plane(other))(COORDS)["loss"],
            kept.restrict(some_plane(kept))(COORDS)["loss"],
        )
        assert other.identity()["model"] == kept.identity()["model"]


def test_filter_normalized_planes_with_fresh_and_zero_filters():
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3))
    with torch.no_grad():
        model[0].weight[2] = 0.0
    objective = from_torch(model, nn.CrossEntropyLoss(), GUESTS[0].data)
    for scaling in (FilterNorm(), LayerNorm()):
        plane = random_plane(objective.start, objective.layout, seed=0, scaling=scaling)
        twin = seeded_plane(objective, seed=0, scaling=scaling).dense(objective.start)
        np.testing.assert_array_equal(plane.directions, twin.directions)
    weights = objective.layout.unpack(objective.start)["0.weight"]
    plane = random_plane(objective.start, objective.layout, seed=0, scaling=FilterNorm())
    for direction in plane.directions:
        blocks = objective.layout.unpack(direction)
        norms = np.linalg.norm(blocks["0.weight"], axis=1)
        np.testing.assert_allclose(norms, np.linalg.norm(weights, axis=1), rtol=1e-6)
        assert norms[2] == 0
        for name in ("0.bias", "1.weight", "1.bias", "3.bias"):
            assert not blocks[name].any()
    roles = {b.name: b.role for b in objective.layout.blocks}
    assert roles["1.weight"] is roles["1.bias"] is Role.NORM


def test_without_torch_the_mend_is_an_install_line(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("thalweg.objectives.torch")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"needs torch, got not installed; pip install"):
        import thalweg.objectives.torch  # noqa: F401
