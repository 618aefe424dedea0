import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.plots.mpl_labels import spread


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8))
def test_spread_labels_do_not_overlap_and_stay_inside(wanted):
    sizes = np.full(len(wanted), 10.0)
    places = spread(np.array(wanted), sizes, 0, 100)
    ordered = np.sort(places)
    assert (np.diff(ordered) >= 10 - 1e-9).all()
    assert ordered[0] >= 5 - 1e-9
    assert ordered[-1] <= 95 + 1e-9


def test_labels_with_room_stay_where_they_are():
    wanted = np.array([50.0, 10.0, 90.0])
    assert spread(wanted, np.full(3, 10.0), 0, 100) == pytest.approx(wanted)
