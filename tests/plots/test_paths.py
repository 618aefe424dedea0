"""Paths as drawn: pale and railed where the gap is large; and a run in its moving frame."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from plots.drawn import path, surface
from plots.test_figures import check_layout
from thalweg.dynamics.moving_frame import moving_frame
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.objectives.zoo import rosenbrock
from thalweg.plots.mpl_figures import views_figure
from thalweg.plots.mpl_path import STRENGTHS, draw_path, paled, runs
from thalweg.plots.mpl_style import luminance
from thalweg.views.moving_frame import moving_frame_view
from thalweg.views.path import GAP_BANDS


def lines_of(view):
    ax = Figure().add_subplot()
    draw_path(ax, view, label=False)
    return [line for line in ax.lines if line.get_linestyle() != "None"]


def test_a_true_path_has_one_color_and_an_untrue_one_pales_on_rails():
    ground = surface()
    true = lines_of(path(ground, "Adam"))
    assert [to_hex(line.get_color()) for line in true[1:]] == ["#009e73"]
    view = path(ground, "Adam", gap=40.0)
    drawn = lines_of(view)[1:]
    colors = [to_hex(line.get_color()) for line in drawn]
    assert paled("#009E73", int(view.bands.max())) in colors
    rails = [line for line in drawn if line.is_dashed()]
    pieces = [band for _, band in runs(np.zeros((50, 2)), view.bands)]
    assert len(rails) == sum(band > 2 for band in pieces) > 0
    assert {to_hex(line.get_color()) for line in rails} == {"#009e73"}


@pytest.mark.parametrize("color", ["#0072B2", "#E69F00", "#009E73"])
def test_every_band_is_lighter_than_the_one_before_also_in_gray(color):
    assert len(STRENGTHS) == len(GAP_BANDS) + 1
    shades = [luminance(tuple(int(paled(color, b)[i : i + 2], 16) / 255 for i in (1, 3, 5)))
              for b in range(len(STRENGTHS))]  # fmt: skip
    assert (np.diff(shades) > 0.03).all()
    assert paled(color, 0) == color.lower()


@pytest.mark.parametrize("width", [85, 130])
def test_a_run_in_its_moving_frame_is_the_middle_line(width):
    valley = rosenbrock()
    found = moving_frame(valley, record(valley, valley.start, Adam(0.02), 60), columns=20)
    view = moving_frame_view(found, title="A bent valley, straightened")
    figure = views_figure([view], title="The run", trust=view.trust, width_mm=width)
    check_layout(figure)
    path_line = figure.axes[0].lines
    straight = [line for line in path_line if to_hex(line.get_color()) == "#009e73"]
    assert all((np.asarray(line.get_ydata()) == 0).all() for line in straight)
    assert max(np.asarray(line.get_xdata()).max() for line in straight) == view.steps[-1]
