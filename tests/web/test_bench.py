"""Bench: the default is the chapter's, to the bit; every choice makes an objective."""

import sys

import numpy as np
import pytest

from thalweg.core.errors import MissingExtraError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.objectives.losses import Loss
from thalweg.surface.evaluate import evaluate
from thalweg.web import bench
from thalweg.web.bench import choices, lay, stepper
from thalweg.web.messages import Bench, OptimizerSpec


def test_the_default_bench_is_the_chapters(reference):
    laid = lay(Bench())
    assert np.array_equal(laid.inputs, reference["spiral_X"])
    assert np.array_equal(laid.labels, reference["spiral_y"])
    assert np.array_equal(laid.objective.start, reference["initial_point"])
    gradient = laid.objective.gradient(laid.objective.start)
    assert np.allclose(gradient, reference["initial_gradient"], rtol=1e-12, atol=1e-16)


def test_the_chapters_own_slice_comes_out_of_the_default_bench(reference):
    directions = [reference["slice_direction1"], reference["slice_direction2"]]
    plane = Plane(reference["slice_center"], directions)
    grid = Grid((reference["slice_alphas"], reference["slice_betas"]))
    found = evaluate(lay(Bench()).objective, plane, grid)["loss"].values
    assert np.allclose(found, reference["slice_loss_grid"], rtol=1e-11)


@pytest.mark.parametrize("data", choices()["data"])
@pytest.mark.parametrize("activation", choices()["activations"])
def test_every_choice_makes_an_objective(data, activation):
    asked = Bench(data=data, points=20, depth=2, width=5, activation=activation, l2=0.1, seed=3)
    laid = lay(asked)
    n, classes = laid.objective, int(laid.labels.max()) + 1
    assert n.network.widths == (2, 5, 5, 1 if classes == 2 else classes)
    assert n.loss is (Loss.BINARY_CROSS_ENTROPY if classes == 2 else Loss.SOFTMAX_CROSS_ENTROPY)
    assert len(laid.inputs) == 20 * classes
    penalty = 0.05 * float(np.square(n.start).sum())  # l2 / 2 times the squared length
    without = lay(Bench(data, 20, depth=2, width=5, activation=activation, seed=3)).objective
    assert n.value(n.start) - without.value(n.start) == pytest.approx(penalty, rel=1e-9)


def test_initial_weights_scale():
    small, large = (lay(Bench(scale=scale)).objective.start for scale in (0.1, 0.4))
    assert np.allclose(4 * small, large, rtol=1e-14)


def test_data_that_scikit_learn_makes_are_not_offered_without_it(monkeypatch):
    monkeypatch.setattr(bench, "find_spec", lambda name: None)
    assert choices()["data"] == ["spiral", "xor"]
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        lay(Bench(data="moons"))


def test_each_optimizer_offered_can_be_made_and_has_a_color_of_its_own():
    offered = choices()["optimizers"]
    for entry in offered:
        made = stepper(OptimizerSpec(entry["name"], entry["lr"]))
        assert (made.name, made.lr) == (entry["name"], entry["lr"])
    assert len({entry["color"] for entry in offered}) == 6
