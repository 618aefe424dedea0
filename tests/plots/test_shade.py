import numpy as np
import pytest

from plots.drawn import awkward, broken, surface
from thalweg.plots.shade import bilinear, filled, fraction, lit, raster


def test_fraction_runs_from_0_to_1_in_the_scale_of_the_view():
    view = surface()
    low, high = view.limits
    middle = np.sqrt(low * high)  # a log view
    assert fraction(np.array([low, middle, high, high * 9]), view) == pytest.approx([0, 0.5, 1, 1])


def test_bilinear_hits_the_nodes_and_the_middle():
    values = np.array([[0.0, 2.0], [4.0, 6.0]])
    assert bilinear(values, np.array([0, 0.5, 1]), np.array([0.0, 0.5])).tolist() == [
        [0, 1],
        [2, 3],
        [4, 5],
    ]


def test_pixels_of_missing_cells_are_unknown_and_of_known_cells_known():
    view = broken()
    pixels = raster(view, 25 * 8)
    share = 1 - np.isfinite(view.values).mean()
    assert 1 - pixels.known.mean() == pytest.approx(share, abs=0.03)
    assert pixels.known[100, 60]


def test_light_comes_from_the_upper_left():
    falls_right = raster(surface(lambda a, b: 2 - a)).light
    rises_right = raster(surface(lambda a, b: 2 + a)).light
    falls_up = raster(surface(lambda a, b: 2 - b)).light
    assert rises_right.mean() > 0 > falls_right.mean()
    assert falls_up.mean() > 0


def test_level_ground_keeps_its_color():
    pixels = raster(surface(lambda a, b: 0 * a + 1))
    assert np.abs(pixels.light).max() < 1e-12
    colors = np.full((3, 3, 3), 0.4)
    assert np.array_equal(lit(colors, np.zeros((3, 3))), colors)


@pytest.mark.parametrize("name", sorted(awkward()))
def test_every_surface_has_finite_pixels(name):
    pixels = raster(awkward()[name], 60)
    assert np.isfinite(pixels.height).all()
    assert np.isfinite(pixels.light).all()
    assert np.abs(pixels.light).max() <= 1


def test_holes_are_filled_from_their_neighbors():
    assert filled(np.array([[1.0, np.nan, 3.0]])).tolist() == [[1, 2, 3]]
    assert filled(np.full((2, 2), np.nan)).tolist() == [[0, 0], [0, 0]]
