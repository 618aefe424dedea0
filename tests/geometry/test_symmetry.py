"""Renaming hidden units: the same function elsewhere, and the way back."""

import numpy as np
import pytest

from cases import CASES, Case
from thalweg.core.errors import InputError
from thalweg.core.layout import Layout
from thalweg.geometry.symmetry import aligned_twin, permuted_twin
from thalweg.objectives.network import MLP


@pytest.mark.parametrize("case", [c for c in CASES if c.hidden], ids=str)
def test_a_twin_is_the_same_function_at_another_point(case: Case):
    twin = permuted_twin(case.point, case.network.layout, seed=1)
    assert np.linalg.norm(twin - case.point) > 0.1
    here, there = case.network.logits(np.stack([case.point, twin]), case.data[0])
    np.testing.assert_allclose(here, there, atol=1e-13)
    assert case.objective.value(twin) == pytest.approx(case.objective.value(case.point), rel=1e-13)
    aligned = aligned_twin(twin, case.point, case.network.layout)
    assert case.objective.value(aligned) == pytest.approx(case.objective.value(twin), rel=1e-13)


@pytest.mark.parametrize("widths", [(2, 16, 1), (3, 9, 2), (2, 4, 3, 1)])
@pytest.mark.parametrize("seed", range(5))
def test_aligning_a_twin_comes_back_to_the_bit(widths, seed):
    network = MLP(widths)
    point = network.initial_point(seed) + 0.01
    twin = permuted_twin(point, network.layout, seed)
    if len(widths) == 3:  # with more hidden layers weight matching may stop in a local optimum
        np.testing.assert_array_equal(aligned_twin(twin, point, network.layout), point)
    found = aligned_twin(twin, point, network.layout)
    assert np.linalg.norm(found - point) <= np.linalg.norm(twin - point)


def test_another_layout_is_refused():
    with pytest.raises(InputError, match="W1, b1, W2, b2"):
        permuted_twin(np.zeros(3), Layout.plain(3))
    with pytest.raises(InputError, match="point must have shape"):
        permuted_twin(np.zeros(3), MLP((2, 2, 1)).layout)
