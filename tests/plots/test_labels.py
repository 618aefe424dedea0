import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from thalweg.plots.mpl_labels import map_labels, spread
from thalweg.plots.mpl_style import LIGHT


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


@pytest.mark.parametrize("end", [(0.5, 0.5), (1.4, 0.1), (-3.0, 2.0), (0.0, -9.0)])
def test_a_label_of_a_map_stays_on_it_wherever_its_path_ends(end):
    figure = Figure(figsize=(3, 3))
    canvas, ax = FigureCanvasAgg(figure), figure.add_subplot()
    ax.set(xlim=(-1, 1), ylim=(-1, 1))
    labels = map_labels(ax, LIGHT)
    crowd = np.random.default_rng(0).uniform(-1, 1, (400, 2))
    labels.add("Adam: 5491 steps outside", *end, "black", crowd)
    canvas.draw()
    (text,) = labels.texts
    around, spot = ax.bbox, text.get_window_extent(canvas.get_renderer())
    assert around.x0 <= spot.x0 < spot.x1 <= around.x1
    assert around.y0 <= spot.y0 < spot.y1 <= around.y1
