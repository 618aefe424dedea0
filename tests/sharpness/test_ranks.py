"""Ranks: a planted flip is found and named, ties are none, unknown metrics are left out."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.sharpness.measure import Metric, Sharpness
from thalweg.sharpness.ranks import ranks

NAN = float("nan")


def made(raw, adaptive=1.0, neuron=1.0, canonical=1.0):
    return Sharpness(raw, adaptive, neuron, canonical, 0.0, 0.0)


def test_a_planted_flip_is_found():
    found = ranks({"a": made(9.0, 1.0, 1.0, 2.0), "b": made(3.0, 4.0, 5.0, 2.0)})
    assert found.orders[Metric.RAW] == ("a", "b")
    assert found.orders[Metric.ADAPTIVE] == ("b", "a")
    [flip] = found.flips
    assert flip.pair == ("a", "b")
    assert flip.first_sharper == (Metric.RAW,)
    assert flip.second_sharper == (Metric.ADAPTIVE, Metric.NEURON)
    assert str(flip) == ("rank flip: a is sharper than b in raw, flatter in adaptive and neuron")


def test_networks_that_all_metrics_order_alike_do_not_flip():
    found = ranks({"a": made(1, 2, 3, 4), "b": made(2, 4, 6, 8), "c": made(0.5, 1, 1, 1)})
    assert found.flips == ()
    assert set(found.orders.values()) == {("b", "a", "c")}


def test_only_the_pairs_that_flip_are_named():
    found = ranks({"a": made(1, 1, 1, 1), "b": made(2, 2, 2, 2), "c": made(3, 1.5, 3, 3)})
    assert [flip.pair for flip in found.flips] == [("b", "c")]


def test_a_difference_within_the_tie_is_no_flip():
    close = {"a": made(2.0, 1.0), "b": made(1.0, 1.009)}
    assert ranks(close).flips == ()
    assert len(ranks(close, tie=0.001).flips) == 1
    below = {"a": made(-1.0, -1.009), "b": made(-1.009, -1.0)}
    assert ranks(below).flips == ()


def test_metrics_that_are_not_known_for_all_are_left_out():
    found = ranks({"a": made(1.0, 1.0, NAN, NAN), "b": made(2.0, 1.0, 0.5, 0.5)})
    assert set(found.orders) == {Metric.RAW, Metric.ADAPTIVE}
    assert found.flips == ()


def test_one_network_has_no_rank():
    with pytest.raises(InputError, match="at least two"):
        ranks({"a": made(np.pi)})
