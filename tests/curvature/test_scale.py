"""Curvature at a scale: roofs whose second difference is known, and the chapter's network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.core.errors import InputError
from thalweg.core.layout import Layout
from thalweg.core.objective import SmoothObjective
from thalweg.curvature.scale import curvature_at_scale
from thalweg.datasets import spiral
from thalweg.objectives.activations import Activation
from thalweg.objectives.functions import restrict_smooth
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import quadratic


class Roof(SmoothObjective):
    """L = sum of slope_i |x_i| + bowl_i x_i^2 / 2: all about it is known."""

    def __init__(self, slopes, bowls):
        self.slopes, self.bowls = np.array(slopes), np.array(bowls)
        self.layout, self.name, self.fields = Layout.plain(len(slopes)), "roof", ("loss",)
        self.start = np.ones(len(slopes))

    def values(self, points):
        return np.abs(points) @ self.slopes + np.square(points) @ self.bowls / 2

    def value_and_gradients(self, points):
        return self.values(points), np.sign(points) * self.slopes + points * self.bowls

    def hvp(self, point, directions):
        return directions * self.bowls

    def crossings(self, point, direction):
        moving = direction != 0
        jumps = 2 * self.slopes * np.abs(direction)
        return -point[moving] / direction[moving], jumps[moving]

    def restrict(self, plane, fields=("loss",)):
        return restrict_smooth(self, plane, fields)

    def digest(self):
        return "0" * 16


numbers = st.floats(-2, 2).map(lambda x: round(x, 3))
triples = st.lists(numbers, min_size=3, max_size=3).map(np.array)


@given(triples, triples, triples, triples, st.sampled_from([0.5, 0.05, 3.0]))
def test_a_roof_is_seen_exactly_at_every_scale(slopes, bowls, point, direction, h):
    found = curvature_at_scale(Roof(slopes, bowls), point, direction, h)
    assert found.total == pytest.approx(found.measured, abs=found.rounding + 1e-10)
    assert found.total == found.smooth + found.kink
    assert 0 <= found.share <= 1


def test_the_corner_of_a_roof_by_hand():
    found = curvature_at_scale(Roof([3.0], [2.0]), np.zeros(1), np.ones(1), 0.5)
    assert (found.smooth, found.kink, found.total, found.measured) == (2.0, 12.0, 14.0, 14.0)
    assert found.share == 12 / 14
    assert found.warning == (
        "piecewise linear: pointwise Hessian incomplete, kinks make 86% of the curvature"
    )
    away = curvature_at_scale(Roof([3.0], [2.0]), np.ones(1), np.ones(1), 0.5)
    assert (away.kink, away.share, away.warning) == (0.0, 0.0, "")


def means(activation, h, widths=(2, 16, 1)):
    """Hessian alone and total, as shares of what is measured; means over directions."""
    objective = MLPObjective(MLP(widths, activation), *spiral(200, 0.3, 42))
    point = objective.network.initial_point(42)
    random, found = np.random.default_rng(0), []
    for _ in range(30):
        direction = random.standard_normal(point.size)
        direction /= np.linalg.norm(direction)
        found.append(curvature_at_scale(objective, point, direction, h))
    measured = np.mean([each.measured for each in found])
    smooth, total = (np.mean([getattr(e, n) for e in found]) for n in ("smooth", "total"))
    return smooth / measured, total / measured, found


@pytest.mark.parametrize("h", [0.001, 0.01, 0.05])
def test_on_the_chapters_network_kinks_make_up_what_the_hessian_lacks(h):
    smooth, total, found = means(Activation.RELU, h)
    assert total == pytest.approx(1.0, abs=0.01)
    assert smooth < 0.85
    assert sum("Hessian incomplete" in each.warning for each in found) > 20


def test_deeper_networks_are_followed_to_first_order():
    _, total, _ = means(Activation.RELU, 0.001, (2, 16, 16, 1))
    assert total == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("activation", [Activation.TANH, Activation.SOFTPLUS, Activation.GELU])
def test_smooth_networks_need_no_kinks(activation):
    smooth, total, found = means(activation, 0.01)
    assert total == smooth == pytest.approx(1.0, abs=5e-4)
    assert all((each.share, each.kink, each.warning) == (0.0, 0.0, "") for each in found)


def test_a_quadratic_has_one_curvature_at_every_scale():
    for h in (1e-2, 1.0, 100.0):
        found = curvature_at_scale(quadratic([3.0, -1.0]), np.ones(2), np.array([0.0, 2.0]), h)
        assert found.total == -4.0
        assert abs(found.measured + 4.0) <= found.rounding


def test_steps_that_square_to_nothing_are_all_rounding():
    found = curvature_at_scale(quadratic([3.0, 1.0]), np.ones(2), np.array([1.0, 0.0]), 1e-200)
    assert found.total == 3.0
    assert found.rounding == np.inf


def test_what_is_not_finite_is_refused_in_words():
    bowl, one = quadratic([1.0, 2.0]), np.ones(2)
    with pytest.raises(InputError, match="point must be finite, got 1 NaN"):
        curvature_at_scale(bowl, np.array([np.nan, 0.0]), one, 0.1)
    with pytest.raises(InputError, match="direction must be finite, got 0 NaN and 2 infinite"):
        curvature_at_scale(bowl, one, np.full(2, np.inf), 0.1)
    for h in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(InputError, match="h must be a finite number above 0"):
            curvature_at_scale(bowl, one, one, h)
    with pytest.raises(InputError, match="the losses at -h, 0 and h must be finite"):
        curvature_at_scale(bowl, one * 1e154, one * 1e154, 1.0)
    with pytest.raises(InputError, match="direction must have shape"):
        curvature_at_scale(bowl, one, np.ones(3), 0.1)
