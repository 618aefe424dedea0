"""Sharpness: by hand on quadratics; the same for rescaled twins in all metrics but the raw one."""

from itertools import pairwise

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.curvature.lanczos import Lanczos
from thalweg.datasets import moons
from thalweg.objectives.activations import Activation
from thalweg.objectives.functions import from_function
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP, FanIn
from thalweg.objectives.zoo import quadratic
from thalweg.sharpness.measure import Metric, sharpness_of

INVARIANT = (Metric.ADAPTIVE, Metric.NEURON, Metric.CANONICAL)


def network(widths, activation=Activation.RELU, l2=0.0):
    objective = MLPObjective(MLP(widths, activation), *moons(20, 0.1, 0), l2=l2)
    random = np.random.default_rng(0)
    point = objective.network.initial_point(1, FanIn())
    return objective, point + 0.3 * random.standard_normal(point.size)


def rescaled(widths, point, seed):
    """The same ReLU function: every hidden unit times its own factor in, divided by it out."""
    random, parts, at = np.random.default_rng(seed), [], 0
    factors = [np.exp(random.uniform(-2, 2, size)) for size in widths[1:-1]]
    factors = [np.ones(widths[0]), *factors, np.ones(widths[-1])]
    for (i, o), (below, above) in zip(pairwise(widths), pairwise(factors), strict=True):
        weights = point[at : at + i * o].reshape(i, o) * above / below[:, None]
        parts += [weights.ravel(), point[at + i * o : at + (i + 1) * o] * above]
        at += (i + 1) * o
    return np.concatenate(parts)


@pytest.mark.parametrize("widths", [(2, 8, 1), (2, 6, 5, 1)], ids=str)
@pytest.mark.parametrize("lanczos", [Lanczos(), Lanczos(1e-9, dense_up_to=1)], ids=["dense", "l"])
def test_rescaled_twins_differ_in_the_raw_metric_only(widths, lanczos):
    objective, point = network(widths)
    here = sharpness_of(objective, point, lanczos)
    for seed in range(3):
        twin = rescaled(widths, point, seed)
        assert objective.value(twin) == pytest.approx(objective.value(point), rel=1e-12)
        there = sharpness_of(objective, twin, lanczos)
        assert abs(np.log(there.raw / here.raw)) > 0.1
        for metric in INVARIANT:
            assert there.by(metric) == pytest.approx(here.by(metric), rel=1e-8)
        assert max(here.invariance_error, there.invariance_error) < 1e-12
        assert here.note == there.note == ""


def test_the_canonical_form_is_measured_where_it_is():
    from thalweg.geometry.canonical import canonical

    objective, point = network((2, 8, 1))
    matrix = objective.hessian(canonical(objective, point).point)
    found = sharpness_of(objective, point)
    assert found.canonical == pytest.approx(np.linalg.eigvalsh(matrix)[-1], rel=1e-12)


def test_a_quadratic_by_hand():
    """diag|w| H diag|w| of [[2, 1], [1, 2]] at (1, -2) is [[2, 2], [2, 8]]: 5 + sqrt 13."""
    matrix = np.array([[2.0, 1.0], [1.0, 2.0]])
    bowl = from_function(
        lambda p: 0.5 * np.einsum("mi,ij,mj->m", p, matrix, p),
        lambda p: p @ matrix,
        lambda x: matrix,
        np.zeros(2),
        "bowl",
    )
    found = sharpness_of(bowl, np.array([1.0, -2.0]))
    assert found.raw == pytest.approx(3.0, rel=1e-14)
    assert found.adaptive == pytest.approx(5 + np.sqrt(13), rel=1e-14)
    assert found.residual < 1e-14


def test_sharpness_is_the_largest_eigenvalue_not_the_largest_in_size():
    found = sharpness_of(quadratic([-5.0, 2.0]), np.ones(2))
    assert found.raw == found.adaptive == 2.0


def test_without_known_units_two_metrics_are_undetermined_and_say_why():
    found = sharpness_of(quadratic([1.0, 2.0]), np.ones(2))
    assert np.isnan([found.neuron, found.canonical, found.invariance_error]).all()
    assert found.note == "neuron, canonical: the objective tells no hidden units"


def test_units_that_cannot_be_told_are_a_note_not_an_error():
    objective, point = network((2, 4, 1))

    class Opaque(MLPObjective):
        def units(self):
            raise InputError("units must be told", "a riddle", "ask again")

    riddle = Opaque(objective.network, objective.inputs, objective.targets)
    found = sharpness_of(riddle, point)
    assert found.raw == sharpness_of(objective, point).raw
    assert np.isnan(found.neuron)
    assert found.note == "neuron, canonical: units must be told, got a riddle; ask again"


def test_a_smooth_network_has_no_scales_so_its_canonical_form_is_as_sharp():
    objective, point = network((2, 6, 1), Activation.TANH)
    found = sharpness_of(objective, point)
    assert found.canonical == pytest.approx(found.raw, rel=1e-10)


def test_what_is_not_finite_is_refused():
    with pytest.raises(InputError, match="point must be finite, got 1 NaN"):
        sharpness_of(quadratic([1.0, 2.0]), np.array([np.nan, 0.0]))
    with pytest.raises(InputError, match="point must have shape"):
        sharpness_of(quadratic([1.0, 2.0]), np.ones(3))
