"""Scales: by hand on a small network, and growing with the parameters as units are rescaled."""

import numpy as np

from thalweg.core.layout import Block, Layout
from thalweg.core.units import Place, UnitLayer
from thalweg.objectives.network import MLP
from thalweg.sharpness.scales import adaptive_scale, neuron_scale


def test_adaptive_is_the_size_of_each_parameter():
    np.testing.assert_array_equal(adaptive_scale(np.array([-2.0, 0.0, 3.0])), [2.0, 0.0, 3.0])


def test_neuron_by_hand():
    net = MLP((2, 2, 1))
    #                W1              b1         W2          b2
    point = np.array([3.0, 1.0, 4.0, 2.0, 12.0, -2.0, -7.0, 0.5, -9.0])
    wanted = [13.0, 3.0, 13.0, 3.0, 13.0, 3.0, 7.0, 0.5, 9.0]
    np.testing.assert_allclose(neuron_scale(net.layout, net.units, point), wanted)


def test_weights_between_hidden_layers_count_one_by_one():
    net = MLP((1, 1, 2, 1))
    #                 W1   b1   W2         b2         W3         b3
    point = np.array([3.0, 4.0, -5.0, 6.0, 0.0, -2.0, 1.0, -1.0, 2.0])
    wanted = [5.0, 5.0, 5.0, 6.0, 0.0, 2.0, 1.0, 1.0, 2.0]
    np.testing.assert_allclose(neuron_scale(net.layout, net.units, point), wanted)


def test_weights_before_a_normalization_are_a_filter_of_their_own():
    layout = Layout((Block("W", (2, 2)), Block("gain", (2,)), Block("shift", (2,))))
    places = (Place("W", 0, scaled=False), Place("gain", 0), Place("shift", 0))
    layer = UnitLayer("hidden", 2, places, ())
    point = np.array([3.0, 4.0, 6.0, 8.0, 5.0, 0.0, -12.0, 2.0])
    wanted = [5.0, 5.0, 10.0, 10.0, 13.0, 2.0, 13.0, 2.0]
    np.testing.assert_allclose(neuron_scale(layout, (layer,), point), wanted)


def test_channels_that_are_flattened_repeat_their_norm():
    layout = Layout((Block("W", (4, 1)),))
    layer = UnitLayer("hidden", 2, (Place("W", 0, repeat=2),), ())
    found = neuron_scale(layout, (layer,), np.array([3.0, 4.0, 0.0, 2.0]))
    np.testing.assert_allclose(found, [5.0, 5.0, 2.0, 2.0])
