"""Differences between functions, against answers counted by hand."""

import numpy as np
import pytest

from thalweg.connect.disagreement import Disagreement, disagreement
from thalweg.core.errors import InputError
from thalweg.geometry.symmetry import permuted_twin
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import himmelblau

X = np.array([[-2.0], [-1.0], [1.0], [2.0]])


def line(loss=Loss.BINARY_CROSS_ENTROPY):
    return MLPObjective(MLP((1, 1)), X, (X[:, 0] > 0).astype(float), loss)


def test_one_output_labels_by_its_sign():
    found = disagreement(line(), [1.0, 0.0], [1.0, 1.5])  # x and x + 1.5: at -1 alone
    assert (found.labels, found.examples) == (0.25, 4)
    assert found.summary == "they label 25.0 % of 4 examples differently"
    assert disagreement(line(), [1.0, 0.0], [-1.0, 0.0]).labels == 1


def test_several_outputs_label_by_the_largest():
    three = MLPObjective(MLP((1, 3)), X, [0.0, 1, 2, 0], Loss.SOFTMAX_CROSS_ENTROPY)
    a = [1.0, 0.0, -1.0, 0.0, 0.0, 0.0]  # x, 0, -x: labels 2 2 0 0
    b = [1.0, 0.0, -1.0, 0.0, 1.5, 0.0]  # x, 1.5, -x: labels 2 1 1 0
    assert disagreement(three, a, b).labels == 0.5


def test_numbers_differ_relative_to_their_spread():
    found = disagreement(line(Loss.MEAN_SQUARED_ERROR), [1.0, 0.0], [1.0, 3.0])
    assert found.labels is None
    assert found.outputs == pytest.approx(3 / np.sqrt(2.5))  # the variance of x is 2.5
    assert found.summary.startswith("their outputs on 4 examples differ by 1.9 of the spread")
    opposite = disagreement(line(Loss.MEAN_SQUARED_ERROR), [1.0, 0.0], [-1.0, 0.0])
    assert opposite.outputs == pytest.approx(2.0)


def test_unrelated_outputs_differ_by_the_root_of_two():
    random = np.random.default_rng(0)
    wide = MLPObjective(
        MLP((400, 1)), random.standard_normal((3000, 400)), np.zeros(3000), Loss.MEAN_SQUARED_ERROR
    )
    a, b = np.sign(random.standard_normal((2, 401)))
    b[:200] = a[:200]
    b[200:400] = -a[200:400]  # orthogonal weights: independent outputs
    assert disagreement(wide, a, b).outputs == pytest.approx(2**0.5, rel=0.05)


def test_a_twin_answers_alike_from_afar(tanh):
    a = tanh.ends[0]
    twin = permuted_twin(tanh.objective, a, seed=1)
    for objective in (tanh.objective, tanh.fresh):
        found = disagreement(objective, a, twin)
        assert found.labels == 0
        assert found.outputs < 1e-14
    assert np.linalg.norm(a - twin) > 1


def test_who_decides_what_outputs_mean():
    assert disagreement(line(), [1.0, 0.0], [1.0, 1.5], labels=False).labels is None
    regression = line(Loss.MEAN_SQUARED_ERROR)
    assert disagreement(regression, [1.0, 0.0], [1.0, 1.5], labels=True).labels == 0.25


def test_constant_outputs_are_the_same_or_infinitely_apart():
    assert disagreement(line(), [0.0, 1.0], [0.0, 1.0]).outputs == 0
    assert disagreement(line(), [0.0, 1.0], [0.0, 2.0]).outputs == np.inf


def test_outputs_that_are_not_finite_are_not_compared():
    found = disagreement(line(), [np.inf, 0.0], [1.0, 0.0])
    assert np.isnan([found.labels, found.outputs]).all()
    assert found.summary == "their answers cannot be compared: an output is not finite"
    assert disagreement(line(Loss.MEAN_SQUARED_ERROR), [np.nan, 0], [1, 0]).labels is None


def test_without_examples_or_points_there_is_nothing_to_compare():
    with pytest.raises(InputError, match="mean over examples"):
        disagreement(himmelblau(), np.zeros(2), np.ones(2))
    with pytest.raises(InputError, match="shape"):
        disagreement(line(), [1.0], [1.0, 0.0])


def test_shares_near_nothing_are_not_rounded_away():
    assert Disagreement(0.0004, 0.1, 5000).summary.startswith("they label 0.04 %")


def test_large_outputs_do_not_overflow():
    objective = line()
    near = disagreement(objective, [1.0, 0.0], [1.0, 1.5])
    far = disagreement(objective, [1e200, 0.0], [1e200, 1.5e200])
    assert far.outputs == pytest.approx(near.outputs, rel=1e-12)
