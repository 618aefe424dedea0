"""A spectrum of which only the ends are known is drawn as such."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from thalweg.curvature.dense import spectrum
from thalweg.curvature.density import Quadrature, density
from thalweg.curvature.ends import ends, ends_dataset
from thalweg.objectives.zoo import quadratic
from thalweg.plots.mpl_spectrum import draw_spectrum
from thalweg.views.density import FLOOR, density_view
from thalweg.views.levels import Scale
from thalweg.views.spectrum import spectrum_view

OBJECTIVE = quadratic(np.r_[-3.0, -2.0, np.linspace(0.1, 1, 1000), 7.0, 9.0])


def view_of(lowest, highest):
    found = ends(OBJECTIVE, OBJECTIVE.start, lowest, highest)
    return spectrum_view(ends_dataset(OBJECTIVE, OBJECTIVE.start, found))


def test_what_is_left_out_is_told():
    view = view_of(3, 2)
    np.testing.assert_allclose(view.values, [9, 7, 0.1, -2, -3], atol=1e-12)
    assert (view.left_out, view.upper) == (999, 2)
    assert view.caption == "2 negative of the 5 computed"
    whole = spectrum_view(spectrum(quadratic([1.0, -1.0]), np.zeros(2)))
    assert whole.left_out == 0
    assert whole.caption == "1 negative of 2"


@pytest.mark.parametrize(
    ("lowest", "highest", "ranks"),
    [
        (3, 2, {1: "1", 2: "2", 6: "1,002", 8: "1,004"}),
        (0, 3, {1: "1", 3: "3"}),
        (1, 0, {4: "1,004"}),
    ],
)
def test_ranks_count_what_is_left_out(lowest, highest, ranks):
    ax = Figure().add_subplot()
    draw_spectrum(ax, view_of(lowest, highest))
    shown = [tick.get_text() for tick in ax.get_xticklabels()]
    assert dict(zip(ax.get_xticks().tolist(), shown, strict=True)) == ranks
    drawn = [line.get_xdata() for line in ax.lines if line.get_marker() in "oD"]
    assert np.concatenate(drawn).max() == max(ranks)
    left_out = 1004 - lowest - highest
    assert f"{left_out:,} not computed" in [text.get_text() for text in ax.texts]


def test_a_density_has_its_band_and_no_tails():
    found = density(OBJECTIVE, OBJECTIVE.start, Quadrature(3, 8, 0.02))
    view = density_view(found, name="Hessian", title="shape")
    (line,) = view.series
    values = found.density.values
    np.testing.assert_array_equal(np.isnan(line.y), values < FLOOR * values.max())
    shown = ~np.isnan(line.y)
    np.testing.assert_array_equal(line.y[shown], values[shown])
    np.testing.assert_allclose(line.high[shown] - values[shown], found.stderr.values[shown])
    assert (line.low[shown] > 0).all()
    assert view.y_scale is Scale.LOG
    assert "0.02 of the range" in view.y_label
