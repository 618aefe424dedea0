import numpy as np
from matplotlib import colormaps

from thalweg.views.viridis import viridis


def test_the_colors_are_those_of_matplotlib():
    theirs = np.array(colormaps["viridis"].colors)
    ours = viridis(np.linspace(0, 1, 256))
    assert np.abs(ours - theirs).max() < 1 / 255
    assert viridis(np.zeros((2, 3))).shape == (2, 3, 3)
