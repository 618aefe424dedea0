"""Every strategy against the plain walk, on planes, seeded planes and single points."""

import numpy as np
import pytest
import torch
from torch import nn

from objectives.torch.strategies.nets import NETS, STACKED, case, stack
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.geometry.planes import random_plane
from thalweg.geometry.seeded import seeded_plane
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.metrics import accuracy
from thalweg.objectives.torch.strategies import mover
from thalweg.objectives.torch.strategies.auto import Auto
from thalweg.objectives.torch.strategies.batched import Batched
from thalweg.objectives.torch.strategies.fused import Fused
from thalweg.objectives.torch.strategies.in_place import InPlace
from thalweg.objectives.torch.walk import Walk

FIELDS = ("loss", "loss_stderr", "accuracy")
COORDS = Grid.square(0.7, 5).coords()  # no coordinate is a power of two
ROUNDING = {torch.float32: 2e-6, torch.float64: 1e-13}


def on_plane(objective, strategy, plane=None, fields=FIELDS):
    objective.strategy = strategy
    plane = plane or random_plane(objective.start, objective.layout, seed=1)
    return objective.restrict(plane, fields)


def assert_same(found, right, bound=0.0):
    for name in right:
        np.testing.assert_allclose(found[name], right[name], rtol=bound, atol=bound)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", NETS)
def test_in_place_has_the_bits_of_the_walk(name, dtype):
    _, objective = case(name, dtype=dtype)
    right = on_plane(objective, Walk())(COORDS)
    # A convolution with channels last adds up in another order.
    bound = ROUNDING[dtype] if name == "convolutional" else 0.0
    assert_same(on_plane(objective, InPlace())(COORDS), right, bound)


@pytest.mark.parametrize("most", [0, mover.KEPT])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_in_place_follows_every_course_to_the_bit(k, most, monkeypatch):
    monkeypatch.setattr(mover, "KEPT", most)
    _, objective = case("attention")
    coords = Grid.square(0.3, 3, k).coords()
    plane = seeded_plane(objective, seed=2, k=k)
    right = on_plane(objective, Walk(), plane)(coords)
    assert_same(on_plane(objective, InPlace(), plane)(coords), right)
    dense = plane.dense(objective.start)
    assert_same(on_plane(objective, InPlace(), dense)(coords), right)
    points = dense.points(coords)
    np.testing.assert_array_equal(objective.values(points), right["loss"])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", STACKED)
def test_batched_agrees_with_the_walk(name, dtype):
    _, objective = case(name, dtype=dtype)
    right = on_plane(objective, Walk())(COORDS)
    assert_same(on_plane(objective, Batched())(COORDS), right, ROUNDING[dtype])
    objective.strategy = Batched()
    points = random_plane(objective.start, objective.layout, seed=1).points(COORDS)
    np.testing.assert_allclose(objective.values(points), right["loss"], ROUNDING[dtype])


def test_batched_counts_weights_sums_and_lone_rows_as_the_walk_does():
    torch.manual_seed(0)
    x, y = torch.randn(9, 4), torch.tensor([0, 1, 2, 0, 1, 2, -100, 0, 1])
    weighted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))
    for loss, fields in (
        (weighted, FIELDS),
        (nn.CrossEntropyLoss(reduction="sum"), ("loss", "accuracy")),
        (lambda outputs, targets: nn.functional.cross_entropy(outputs, targets), ("loss",)),
    ):
        objective = from_torch(stack(), loss, (x, y), metrics=[accuracy], batch_size=4)
        right = on_plane(objective, Walk(), fields=fields)(COORDS)
        found = on_plane(objective, Batched(), fields=fields)(COORDS)
        assert_same(found, right, 2e-6)


LOSSES = {
    "binary": (nn.BCEWithLogitsLoss(), 1, lambda n: torch.randint(0, 2, (n, 1)).float()),
    "classes": (nn.functional.cross_entropy, 3, lambda n: torch.randint(0, 3, (n,))),
    "squares": (nn.MSELoss(), 2, lambda n: torch.randn(n, 2)),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.GELU])
@pytest.mark.parametrize("kind", LOSSES)
def test_fused_agrees_with_the_walk(kind, activation, dtype):
    torch.manual_seed(4)
    loss, outputs, draw = LOSSES[kind]
    objective = from_torch(
        stack(activation, outputs), loss, (torch.randn(30, 4), draw(30)), dtype=dtype,
        metrics=[] if kind == "squares" else [accuracy],
    )  # fmt: skip
    fields = tuple({"loss", "accuracy"} & set(objective.fields))
    right = on_plane(objective, Walk(), fields=fields)(COORDS)
    found = on_plane(objective, Fused(), fields=fields)(COORDS)
    np.testing.assert_allclose(found["loss"], right["loss"], ROUNDING[dtype])
    for name in fields:
        np.testing.assert_allclose(found[name], right[name], atol=1.01 / 30)


def test_fused_moves_only_what_is_mapped_and_knows_layers_without_a_bias():
    torch.manual_seed(5)
    model = nn.Sequential(nn.Linear(4, 6, bias=False), nn.Tanh(), nn.Linear(6, 3))
    data = torch.randn(30, 4), torch.randint(0, 3, (30,))
    for chosen in ("2.*", "0.weight", "*"):
        objective = from_torch(model, nn.CrossEntropyLoss(), data, parameters=chosen)
        right = on_plane(objective, Walk(), fields=("loss",))(COORDS)
        assert np.ptp(right["loss"]) > 0.02
        assert_same(on_plane(objective, Fused(), fields=("loss",))(COORDS), right, 2e-6)


def unfit(model, loss, x, y, **options):
    return from_torch(model, loss, (x, y), **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda x, c: (stack(nn.Sigmoid), nn.CrossEntropyLoss(), x, c),
        lambda x, c: (stack(), nn.CrossEntropyLoss(label_smoothing=0.1), x, c),
        lambda x, c: (stack(), nn.CrossEntropyLoss(weight=torch.ones(3)), x, c),
        lambda x, c: (stack(), nn.CrossEntropyLoss(ignore_index=1), x, c),
        lambda x, c: (stack(), nn.CrossEntropyLoss(reduction="sum"), x, c),
        lambda x, c: (stack(), nn.CrossEntropyLoss(), x, c.where(c > 0, -100)),
        lambda x, c: (stack(outputs=2), nn.BCEWithLogitsLoss(), x, torch.rand(20, 2)),
        lambda x, c: (stack(outputs=1), nn.BCEWithLogitsLoss(), x, torch.rand(20, 1)),
        lambda x, c: (stack(outputs=1), nn.MSELoss(reduction="sum"), x, torch.rand(20, 1)),
        lambda x, c: (stack().bfloat16(), nn.CrossEntropyLoss(), x.bfloat16(), c),
        lambda x, c: (
            nn.Sequential(nn.Linear(4, 65), nn.Linear(65, 3)),
            nn.CrossEntropyLoss(),
            x,
            c,
        ),
    ],
)
def test_fused_refuses_whatever_is_not_the_same_function(make):
    objective = unfit(*make(torch.randn(20, 4), torch.randint(0, 3, (20,))))
    with pytest.raises(InputError, match="Fused needs a plain stack"):
        on_plane(objective, Fused(), fields=("loss",))(COORDS)
    right = on_plane(objective, Walk(), fields=("loss",))(COORDS)
    bound = 0.03 if objective.problem.base[0].dtype == torch.bfloat16 else 2e-6
    assert_same(on_plane(objective, Auto(), fields=("loss",))(COORDS), right, bound)


@pytest.mark.parametrize("strategy", [InPlace, Batched, Fused, Auto])
@pytest.mark.parametrize("name", ["stack", "convolutional"])
def test_a_cell_has_the_same_bits_in_any_company(name, strategy):
    if name != "stack" and strategy is Fused:
        return
    _, objective = case(name)
    f = on_plane(objective, strategy(), fields=("loss", "accuracy"))
    coords = Grid.square(1.0, 9).coords()
    right = f(coords)
    order = np.random.default_rng(0).permutation(len(coords))
    assert_same({k: v[np.argsort(order)] for k, v in f(coords[order]).items()}, right)
    for size in (1, 7, 50):
        for start in range(0, len(coords), size)[:4]:
            part = slice(start, start + size)
            assert_same(f(coords[part]), {k: v[part] for k, v in right.items()})


@pytest.mark.parametrize("strategy", [InPlace, Batched, Fused, Auto])
def test_cells_that_are_not_finite_survive_where_they_are(strategy):
    _, objective = case("stack")
    coords = COORDS.copy()
    coords[3], coords[7], coords[11] = [1e39, 0.0], [0.0, 1e30], [1e20, -1e20]
    fields = ("loss", "accuracy")
    right = on_plane(objective, Walk(), fields=fields)(coords)["loss"]
    found = on_plane(objective, strategy(), fields=fields)(coords)["loss"]
    assert not np.isfinite(right).all()
    np.testing.assert_array_equal(np.isnan(found), np.isnan(right))
    np.testing.assert_array_equal(np.isinf(found), np.isinf(right))
    np.testing.assert_allclose(found, right, 2e-6)
