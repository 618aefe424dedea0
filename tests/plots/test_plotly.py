import numpy as np
import pytest

from plots.drawn import awkward, path, surface
from thalweg.plots.plotly_surface import surface_figure, surface_html


@pytest.mark.parametrize("name", sorted(awkward()))
def test_every_surface_makes_an_interactive_figure(name):
    view = awkward()[name]
    for steps in (1, 50):
        surface_figure(view, [path(view, steps=steps)]).to_json()


def test_heights_are_fractions_and_hover_tells_the_values():
    view = surface()
    trace = surface_figure(view).data[0]
    assert trace.z.dtype == np.float32
    assert trace.z.min() == 0
    assert trace.z.max() == 1
    assert np.allclose(trace.customdata, view.values)


def test_paths_have_their_color_and_their_true_loss():
    view = surface()
    one = path(view, gap=0.5)
    traces = surface_figure(view, [one]).data
    line = next(trace for trace in traces if trace.name == one.label)
    assert line.line.color == one.color
    assert np.allclose(line.customdata[:, 1], one.loss)


def test_the_fragment_is_small_and_the_same_each_time():
    view = surface(nb=51, na=51)
    one, two = (surface_html(view, [path(view)], include_plotlyjs=False) for _ in range(2))
    assert one == two
    assert len(one) < 200_000
    assert "<html" not in one
