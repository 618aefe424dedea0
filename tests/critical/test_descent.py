"""Down both sides of a saddle: the minima it joins are the known ones."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.critical.classify import classify
from thalweg.critical.descent import descend_both_ways
from thalweg.critical.point import Kind
from thalweg.objectives.functions import from_function
from thalweg.objectives.linear_network import LinearNetwork
from thalweg.objectives.zoo import (
    himmelblau,
    himmelblau_critical_points,
    mueller_brown,
    mueller_brown_critical_points,
    quadratic,
)


def ends(both):
    return [way.end.point for way in both.ways]


def test_a_double_well_joins_two_copies():
    well = from_function(
        lambda p: (p[:, 0] ** 2 - 1) ** 2 + 50 * p[:, 1] ** 2,
        lambda p: np.stack([4 * p[:, 0] * (p[:, 0] ** 2 - 1), 100 * p[:, 1]], axis=1),
        lambda x: np.diag([12 * x[0] ** 2 - 4, 100]),
        [0.5, 0.1],
        "double well",
    )
    both = descend_both_ways(well, classify(well, np.zeros(2)))
    assert sorted(np.round([p[0] for p in ends(both)], 9)) == [-1, 1]
    assert both.same is True
    assert both.apart == pytest.approx(2)
    assert "joins minimum at loss 0 and minimum at loss 0" in both.sentence
    for way in both.ways:
        assert (np.diff(way.losses) < 0).all()
        np.testing.assert_allclose(well.values(way.path), way.losses)
        assert np.linalg.norm(way.path[0]) == pytest.approx(way.nudge)


def test_mueller_and_browns_saddles_join_neighbors():
    deep, right, middle, low, high = mueller_brown_critical_points()
    for saddle, joined in ((high, (deep, middle)), (low, (right, middle))):
        both = descend_both_ways(mueller_brown(), classify(mueller_brown(), saddle.point))
        assert both.same is False
        losses = sorted(way.end.loss for way in both.ways)
        assert losses == pytest.approx(sorted(known.value for known in joined), abs=1e-9)
        assert [way.end.words for way in both.ways] == ["minimum", "minimum"]


def test_himmelblaus_saddles_form_a_ring_of_minima():
    known = himmelblau_critical_points()
    minima, saddles = np.array([k.point for k in known[:4]]), known[4:8]
    joined = set()
    for saddle in saddles:
        both = descend_both_ways(himmelblau(), classify(himmelblau(), saddle.point))
        pair = [int(np.linalg.norm(minima - p, axis=1).argmin()) for p in ends(both)]
        for p, i in zip(ends(both), pair, strict=True):
            np.testing.assert_allclose(p, minima[i], atol=1e-9)
        joined.add(frozenset(pair))
    # By their places in the plane: neighbors around the maximum, each pair once.
    assert joined == {frozenset(pair) for pair in ((0, 1), (1, 2), (2, 3), (3, 0))}


def test_each_unstable_direction_has_its_own_ways():
    maximum = classify(himmelblau(), himmelblau_critical_points()[8].point)
    assert maximum.index == 2
    pairs = [descend_both_ways(himmelblau(), maximum, direction) for direction in (0, 1)]
    places = {tuple(np.round(p, 6)) for both in pairs for p in ends(both)}
    assert len(places) >= 3
    for direction, both in enumerate(pairs):
        moved = both.ways[1].path[0] - maximum.point
        np.testing.assert_allclose(moved, both.ways[1].nudge * maximum.downward[direction])


def test_a_flow_that_symmetry_holds_ends_at_the_next_saddle():
    s = np.array([3.0, 2.0, 1.0])
    network = LinearNetwork.from_singular_values(s, (3, 3), 2, seed=5)
    saddle = classify(network, network.critical_point([0]).point)
    assert saddle.index == 2
    both = descend_both_ways(network, saddle)
    for way in both.ways:  # the second mode is learned; what is left is the third
        assert way.end.loss == pytest.approx(0.5, rel=1e-9)
        assert (way.end.index, way.end.nullity) == (0, 4)
    assert both.same is True
    top = classify(network, network.critical_point([]).point)
    for way in descend_both_ways(network, top).ways:
        assert way.end.words == "saddle of index 2"
        assert way.end.loss == pytest.approx(0.5 * (s[1:] ** 2).sum(), rel=1e-9)


def test_a_tilt_sets_the_flow_free():
    # x^4 / 4 - x^2 / 2 in each of two variables: four minima, four saddles, one maximum. From the
    # maximum the flow along an axis ends at a saddle, for the other variable stays zero.
    wells = from_function(
        lambda p: (p**4 / 4 - p**2 * [0.7, 0.5]).sum(axis=1),
        lambda p: p**3 - p * [1.4, 1.0],
        lambda x: np.diag(3 * x**2 - [1.4, 1.0]),
        [0.5, 0.5],
        "four wells",
    )
    top = classify(wells, np.zeros(2))
    for way, sign in zip(descend_both_ways(wells, top).ways, (-1, 1), strict=True):
        assert way.end.words == "saddle of index 1"
        side = sign * np.sign(top.downward[0, 0])
        np.testing.assert_allclose(way.end.point, [side * np.sqrt(1.4), 0], atol=1e-9)
    free = descend_both_ways(wells, top, tilt=1e-2)
    corners = np.abs(ends(free))
    np.testing.assert_allclose(corners, [[np.sqrt(1.4), 1]] * 2, atol=1e-9)
    assert free.same is True
    slow = descend_both_ways(wells, top, tilt=1e-5)  # lingers at the saddle, but does not stay
    assert [way.end.words for way in slow.ways] == ["minimum", "minimum"]
    again = descend_both_ways(wells, top, tilt=1e-2, steps=5)
    np.testing.assert_array_equal(free.ways[0].path[:6], again.ways[0].path)
    others = [descend_both_ways(wells, top, tilt=0.1, seed=seed, steps=1) for seed in (1, 2)]
    assert np.abs(others[0].ways[0].path[0] - others[1].ways[0].path[0]).max() > 1e-6


def test_a_nudge_below_the_rounding_of_the_loss_is_refused():
    high = from_function(
        lambda p: 1e3 + p[:, 1] ** 2 / 2 - p[:, 0] ** 2 / 2 + p[:, 0] ** 4 / 4,
        lambda p: np.stack([p[:, 0] ** 3 - p[:, 0], p[:, 1]], axis=1),
        lambda p: np.diag([3 * p[0] ** 2 - 1, 1.0]),
        [0.0, 0.0],
        "high double well",
    )
    saddle = classify(high, np.zeros(2))
    with pytest.raises(InputError, match="take a larger nudge"):
        descend_both_ways(high, saddle, nudge=1e-9)
    assert [way.end.kind for way in descend_both_ways(high, saddle).ways] == [Kind.MINIMUM] * 2


def test_a_slope_without_end_has_none():
    endless = quadratic([-1.0, 1.0])
    both = descend_both_ways(endless, classify(endless, np.zeros(2)), steps=40)
    assert both.same is None
    assert [way.end for way in both.ways] == [None, None]
    assert "still falling" in both.ways[0].sentence
    assert "joins an unknown end" in both.sentence


def test_what_does_not_fit_is_refused():
    minimum = classify(himmelblau(), [3.0, 2.0])
    with pytest.raises(InputError, match="a way down is needed"):
        descend_both_ways(himmelblau(), minimum)
    saddle = classify(himmelblau(), himmelblau_critical_points()[4].point)
    with pytest.raises(InputError, match="direction must lie between 0 and 0, got 1"):
        descend_both_ways(himmelblau(), saddle, 1)
    with pytest.raises(InputError, match="nudge must be"):
        descend_both_ways(himmelblau(), saddle, nudge=0.0)
    with pytest.raises(InputError, match="tilt must be 0 or"):
        descend_both_ways(himmelblau(), saddle, tilt=-1.0)
    with pytest.raises(InputError, match="steps must be at least 1"):
        descend_both_ways(himmelblau(), saddle, steps=0)
