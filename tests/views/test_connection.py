"""The picture of a connection: ways as they were sampled, copies as mean and range."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.views.connection import connection_view
from thalweg.views.levels import Scale

T = np.array([0.0, 0.25, 1.0])


def test_ways_are_drawn_as_sampled_over_the_band_of_the_copies():
    copies = [(T, T), (np.array([0.0, 1.0]), np.array([2.0, 4.0]))]
    view = connection_view({"straight": (T, T**2)}, copies, title="found")
    band, straight = view.series
    assert (band.name, band.dashed, straight.name, view.title) == (
        "renamed copies",
        True,
        "straight",
        "found",
    )
    np.testing.assert_allclose(band.low, band.x)
    np.testing.assert_allclose(band.high, 2 + 2 * band.x)
    np.testing.assert_allclose(band.y, 1 + 1.5 * band.x)
    assert (straight.x == T).all()
    assert (straight.y == T**2).all()


def test_losses_over_decades_get_a_log_scale_unless_asked_otherwise():
    ways = {"straight": (T, np.array([1e-4, 1.0, 1e-4]))}
    assert connection_view(ways).y_scale is Scale.LOG
    assert connection_view(ways, scale=Scale.LINEAR).y_scale is Scale.LINEAR
    assert len(connection_view(ways).series) == 1


def test_nothing_to_draw_is_refused():
    with pytest.raises(InputError, match="at least 1 series"):
        connection_view({})
    with pytest.raises(InputError, match="straight"):
        connection_view({"straight": (T, T[:2])})
