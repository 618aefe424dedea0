"""Connections: planted ones come out exactly, real ones as the literature has them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from connect.surfaces import pierced
from formulas import Formula, ripples
from thalweg.connect.bends import Bezier
from thalweg.connect.connection import connection
from thalweg.core.errors import InputError
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.geometry.planes import plane_through
from thalweg.geometry.symmetry import permuted_twin
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.metrics import accuracy
from thalweg.objectives.zoo import himmelblau, himmelblau_critical_points, quadratic

SHORT = Bezier(steps=40)


@pytest.mark.parametrize("kind", ["tanh", "relu"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_planted_twin_is_all_renaming(kind, seed, request):
    nets = request.getfixturevalue(kind)
    a = nets.ends[0]
    twin = permuted_twin(nets.objective, a, seed=20 + seed, scales=kind == "relu")
    found = connection(nets.objective, a, twin, method=None, seed=seed, others={"f": nets.fresh})
    assert found.straight.height > 0.1
    assert 0 <= found.aligned.barrier.height < 1e-12
    assert found.aligned.distance < 1e-12 * found.distance
    assert found.explained == pytest.approx(1, abs=1e-12)
    assert found.null.heights.min() > 0.05
    assert found.null.found_back.max() < 1e-12
    assert found.null.distances.min() > 1
    assert {name: each.labels for name, each in found.disagreements.items()} == {
        "training": 0,
        "f": 0,
    }
    assert found.curve is found.aligned.curve is None
    assert found.missing == ()


@pytest.mark.parametrize("kind", ["tanh", "relu"])
def test_two_seeds_are_joined_by_renaming_and_bending(kind, request):
    nets = request.getfixturevalue(kind)
    a, b = nets.ends[:2]
    found = connection(nets.objective, a, b)
    straight = found.straight.height
    assert straight > 0.1
    assert found.null.heights.mean() > 0.2 * straight
    assert found.aligned.barrier.height < 0.8 * straight
    assert found.curve.barrier.height < 0.1 * straight
    assert found.aligned.curve.barrier.height < 0.1 * straight
    assert (found.curve.end == b).all()
    assert (found.aligned.curve.end == found.aligned.point).all()
    assert found.aligned.distance < found.distance or kind == "relu"  # scales may stretch it
    assert nets.objective.value(found.aligned.point) == pytest.approx(nets.objective.value(b))
    assert len(found.null.barriers) == len(found.copies) == 6
    assert list(found.lines) == [
        "straight",
        "straight, units renamed",
        "curve",
        "curve, units renamed",
    ]
    assert (found.lines["curve"][1] == found.curve.barrier.loss).all()


def test_the_sentences_give_each_number_with_its_null(tanh):
    found = connection(tanh.objective, *tanh.ends[:2], method=SHORT, twins=1)
    text = "\n".join(found.summary)
    for words in (
        "On the straight line between the two the loss rises by",
        "a renamed copy of itself, which is the same function, it rises by",
        "2 copies)",
        "% of the barrier between these two is explained by renaming.",
        "Along a curve (Bezier with 1 bend, ",
        "Along a curve to the renamed one (",
        "after renaming (renamed copies: ",
        "On the training examples they label",
    ):
        assert words in text
    assert "no barrier" not in text
    assert "nan" not in text


def test_the_null_speaks_up_where_it_is_as_high_or_not_undone(tanh):
    found = connection(tanh.objective, *tanh.ends[:2], method=None, twins=1)

    def sentence(height, left):
        copy = replace(found.straight, height=height)
        null = replace(found.null, barriers=(copy,), found_back=np.array([left]))
        return replace(found, null=null).summary[1]

    high = found.straight.height
    assert "does not show two different solutions" in sentence(high, 0.0)
    assert "does not show two different solutions" not in sentence(0.9 * high, 0.0)
    assert "alignment did not undo 1 of these renamings" in sentence(high, 0.1 * high)
    assert "undo" not in sentence(high, 1e-12)


def small(hidden):
    """A ReLU network with few units, and two points."""
    inputs = np.random.default_rng(0).normal(size=(20, 2))
    network = MLP((2, hidden, 1))
    objective = MLPObjective(network, inputs, (inputs[:, 0] > 0).astype(float))
    return objective, network.initial_point(1) + 0.1, network.initial_point(2)


def test_a_null_is_of_copies_that_lie_elsewhere_or_there_is_none():
    objective, a, b = small(2)
    for seed in range(6):
        found = connection(objective, a, b, method=None, seed=seed)
        assert found.null.distances.min() > 0.1
        assert found.null.heights.min() > 1e-6
    objective, a, b = small(1)
    found = connection(objective, a, b, method=None)
    assert found.null is None
    assert found.copies == []
    assert found.missing[0].startswith("No renamed copies: no other order")
    assert "(renamed copies:" not in " ".join(found.summary)
    assert "after renaming." in found.summary[-3]


def test_rounding_is_no_rise():
    objective, a, _ = small(3)
    flat = connection(objective, np.zeros_like(a), np.ones_like(a), method=None)
    assert flat.null is None
    found = connection(objective, a, a, method=None)
    assert found.summary[0].endswith("does not rise.")
    assert found.summary[2] == "After renaming units it does not rise."
    null = replace(found.null, barriers=(found.straight,), found_back=np.array([1e-17]))
    assert replace(found, null=null).summary[1].endswith("same function, it does not rise.")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_no_mean(tanh, value):
    found = connection(tanh.objective, *tanh.ends[:2], method=None, twins=1)
    loss = found.straight.loss.copy()
    loss[3] = value
    hole = replace(found.straight, loss=loss, height=value)
    null = replace(found.null, barriers=(hole, *found.null.barriers[1:]))
    aligned = replace(found.aligned, barrier=hole)
    told = replace(found, null=null, aligned=aligned).summary
    assert told[1].endswith("NaN or infinite on the way for 1 of 2 copies.")
    assert told[2].startswith("After renaming units the loss is NaN or infinite at 1 of ")


def test_an_alignment_that_raises_the_barrier_is_said_to(tanh):
    found = connection(tanh.objective, *tanh.ends[:2], method=None, twins=1)
    for factor in (1.0, 1.5):
        higher = replace(found.straight, height=factor * found.straight.height)
        told = replace(found, aligned=replace(found.aligned, barrier=higher)).summary[2]
        assert told.endswith("no less than before: renaming explains nothing of it.")


def torch_twin(nets, kind):
    """The same network, loss and data, built of modules; and where its seeds ended."""
    activation = {"tanh": nn.Tanh, "relu": nn.ReLU}[kind]
    widths = nets.objective.network.widths
    layers = [m for i, o in pairwise(widths) for m in (nn.Linear(i, o), activation())]
    model = nn.Sequential(*layers[:-1]).double()
    data = torch.tensor(nets.objective.inputs), torch.tensor(nets.objective.targets)

    def loss(outputs, targets):
        return nn.functional.binary_cross_entropy_with_logits(outputs[:, 0], targets)

    points = []
    for end in nets.ends:
        blocks = nets.objective.layout.unpack(end)
        points.append(
            np.concatenate(
                [
                    part
                    for i in range(1, len(widths))
                    for part in (blocks[f"W{i}"].T.ravel(), blocks[f"b{i}"])
                ]
            )
        )
    return from_torch(model, loss, data), np.stack(points)


@pytest.mark.parametrize("kind", ["tanh", "relu"])
def test_pytorch_and_numpy_find_the_same_connection(kind, request):
    nets = request.getfixturevalue(kind)
    torch.set_num_threads(1)
    theirs, ends = torch_twin(nets, kind)
    ours = connection(nets.objective, *nets.ends[:2], method=None)
    found = connection(theirs, *ends[:2], method=Bezier(steps=3), points=11, twins=1, labels=True)
    assert found.straight.height == pytest.approx(ours.straight.height, rel=1e-3)
    assert found.aligned.barrier.height == pytest.approx(ours.aligned.barrier.height, rel=1e-3)
    assert found.distance == pytest.approx(ours.distance, rel=1e-12)
    assert found.aligned.distance == pytest.approx(ours.aligned.distance, rel=1e-9)
    same, other = ours.disagreements["training"], found.disagreements["training"]
    assert (same.labels, same.examples) == (other.labels, other.examples)
    assert other.outputs == pytest.approx(same.outputs, rel=1e-9)
    assert found.curve.barrier.height <= found.straight.height * (1 + 1e-3)


def test_a_convolutional_network_is_connected_like_any_other():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 3)
    ).double()
    data = torch.randn(12, 1, 6, 6, dtype=torch.float64), torch.arange(12) % 3
    net = from_torch(model, nn.CrossEntropyLoss(), data, metrics=[accuracy])
    a = record(net, net.start, Adam(0.05), 150, every=150)["point"].values[-1]
    twin = permuted_twin(net, a, seed=5)
    found = connection(net, a, twin, method=Bezier(steps=10, samples=4), points=11, twins=1)
    assert found.straight.height > 1e-3
    assert abs(found.aligned.barrier.height) < 1e-12
    assert found.disagreements["training"].labels == 0
    assert (found.curve.points(np.array([0.0, 1.0])) == [a, twin]).all()
    assert found.curve.barrier.height <= found.straight.height * (1 + 1e-6)


def test_what_an_objective_does_not_tell_is_none_and_said():
    minima = himmelblau_critical_points()
    found = connection(himmelblau(), minima[0].point, minima[1].point, method=SHORT)
    assert found.null is found.aligned is found.explained is None
    assert found.disagreements == {}
    assert found.copies == []
    assert found.curve.barrier.height >= 67.719
    assert len(found.missing) == 2
    assert found.summary[-2].startswith("No renaming of units: ")
    assert found.summary[-1].startswith("No comparison of answers (training examples): ")

    plain = connection(Formula(ripples), np.zeros(2), np.ones(2))
    assert plain.curve is None
    assert "No curve: formula has no gradients." in plain.missing


def test_without_a_barrier_nothing_is_explained():
    found = connection(quadratic([1.0, 1.0]), np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert (found.straight.height, found.curve.barrier.height, found.explained) == (0, 0, None)
    assert not found.has_barrier
    assert found.summary[0] == "On the straight line between the two the loss does not rise."


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_line_that_is_not_finite_is_a_barrier_and_said(value):
    a, b = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
    found = connection(pierced(0.999, value), a, b, method=SHORT)
    assert found.has_barrier
    assert "is NaN or infinite at" in found.summary[0]
    assert "rises" not in found.summary[1]  # the curve found no way and bounds nothing


def test_progress_counts_the_steps_of_both_curves(tanh):
    told = []
    method = Bezier(steps=3)
    found = connection(
        tanh.objective, *tanh.ends[:2], method=method, twins=1, progress=lambda *x: told.append(x)
    )
    assert found.curve is not None
    assert told == [(i, 6) for i in range(1, 7)]


def test_the_same_seed_gives_the_same_copies(tanh):
    one, same, other = (
        connection(tanh.objective, *tanh.ends[:2], method=None, twins=1, seed=s) for s in (2, 2, 3)
    )
    assert (one.null.heights == same.null.heights).all()
    assert (one.null.heights != other.null.heights).all()


def test_inputs_that_do_not_fit_are_refused(tanh):
    a, b = tanh.ends[:2]
    with pytest.raises(InputError, match="twins must be at least 1"):
        connection(tanh.objective, a, b, twins=0)
    with pytest.raises(InputError, match="end must have shape"):
        connection(tanh.objective, a, b[:3])
    with pytest.raises(InputError, match="start must be finite"):
        connection(tanh.objective, np.nan * a, b)


def test_the_plane_through_three_solutions_shows_each_where_it_is(tanh):
    plane = plane_through(tanh.ends, ("one", "two", "three"))
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    losses = tanh.objective.restrict(plane)(corners)["loss"]
    np.testing.assert_allclose(losses, tanh.objective.values(tanh.ends), rtol=1e-9)
    np.testing.assert_allclose(plane.coordinates(tanh.ends), corners, atol=1e-12)
