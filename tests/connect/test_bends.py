"""Families of curves against de Casteljau's construction and plain interpolation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.connect.bends import Bezier, PolyChain
from thalweg.core.errors import InputError

families = st.sampled_from([Bezier, PolyChain])
counts = st.integers(1, 5)
t = np.linspace(0, 1, 41)


@given(family=families, bends=counts)
def test_weights_mix_the_corners(family, bends):
    weights = family(bends=bends).weights(t)
    assert weights.shape == (41, bends + 2)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-14)
    assert (weights[[0, -1]] == np.eye(bends + 2)[[0, -1]]).all()  # the ends, to the bit


@given(bends=counts, seed=st.integers(0, 99))
def test_bezier_is_what_de_casteljau_builds(bends, seed):
    corners = np.random.default_rng(seed).standard_normal((bends + 2, 3))
    for at, weights in zip(t, Bezier(bends=bends).weights(t), strict=True):
        level = corners
        while len(level) > 1:
            level = (1 - at) * level[:-1] + at * level[1:]
        np.testing.assert_allclose(weights @ corners, level[0], atol=1e-13)


@given(bends=counts, seed=st.integers(0, 99))
def test_a_chain_goes_straight_from_corner_to_corner(bends, seed):
    corners = np.random.default_rng(seed).standard_normal(bends + 2)
    expected = np.interp(t, np.linspace(0, 1, bends + 2), corners)
    np.testing.assert_allclose(PolyChain(bends=bends).weights(t) @ corners, expected, atol=1e-13)


@pytest.mark.parametrize(
    "setting", [{"bends": 0}, {"steps": 0}, {"samples": -1}, {"batch": 0}, {"lr": 0.0}]
)
def test_settings_out_of_range_are_refused(setting):
    with pytest.raises(InputError, match=next(iter(setting))):
        Bezier(**setting)
