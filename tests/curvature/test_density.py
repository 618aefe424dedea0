"""The density against spectra that are known."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.core.schema import require_kind
from thalweg.curvature.density import Quadrature, density
from thalweg.objectives.zoo import quadratic

DRAW = np.random.default_rng(0)
VALUES = np.r_[DRAW.uniform(-1, 1, 150), np.full(50, 6.0)]
OBJECTIVE = quadratic(VALUES, seed=0)


def smoothed(grid, width):
    bells = np.exp(-0.5 * ((grid[:, None] - VALUES) / width) ** 2)
    return bells.mean(axis=1) / (width * np.sqrt(2 * np.pi))


@pytest.mark.parametrize("width", [0.003, 0.05, 1.0])
def test_it_is_a_density_and_that_of_the_smoothed_spectrum(width):
    found = density(OBJECTIVE, OBJECTIVE.start, Quadrature(12, 50, width))
    assert require_kind(found, "density").density.dims == ("eigenvalue",)
    assert float(found.density.integrate("eigenvalue")) == pytest.approx(1, abs=1e-9)
    grid = found["eigenvalue"].values
    assert found.attrs["width"] == pytest.approx(width * (6 - VALUES.min()), rel=1e-3)
    assert found.attrs["lowest"] == pytest.approx(VALUES.min(), abs=1e-2)
    assert found.attrs["highest"] == pytest.approx(6, abs=1e-9)
    if width > 0.01:  # a narrower kernel resolves more than 50 steps tell
        away = found.density.values - smoothed(grid, found.attrs["width"])
        spread = np.sqrt((found.stderr.values**2).mean())
        assert 0.05 * spread < np.sqrt((away**2).mean()) < 3 * spread


def test_the_standard_error_is_that_of_other_seeds():
    def one(seed):
        found = density(OBJECTIVE, OBJECTIVE.start, Quadrature(4, 12, 0.05, seed))
        middle = found.interp(eigenvalue=6.0)
        return float(middle.density), float(middle.stderr)

    values, errors = np.array([one(seed) for seed in range(30)]).T
    assert np.sqrt((errors**2).mean()) == pytest.approx(values.std(ddof=1), rel=0.4)
    assert one(3) == one(3)


def test_enough_steps_find_every_eigenvalue_by_its_share():
    objective = quadratic(np.r_[np.zeros(30), np.ones(10)], seed=1)
    found = density(objective, objective.start, Quadrature(200, 10, 0.01))
    share = float(found.density.sel(eigenvalue=slice(0.5, 2)).integrate("eigenvalue"))
    assert share == pytest.approx(0.25, abs=0.03)
    assert found.attrs["products"] <= 200 * 3  # two steps exhaust each start


def test_it_says_that_it_cannot_give_an_index():
    objective = quadratic([*np.full(50, 0.01), 1.0], seed=0)
    found = density(objective, objective.start, Quadrature(width=0.1))
    below = float(found.density.sel(eigenvalue=slice(None, 0)).integrate("eigenvalue"))
    assert below > 0.3  # though no eigenvalue is negative
    assert "cannot give an index" in found.attrs["limits"]


def test_a_hessian_of_zeros_is_one_bell():
    found = density(quadratic(np.zeros(5)), np.zeros(5))
    assert float(found.density.integrate("eigenvalue")) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"draws": 1}, "2 draws and 1 step at least, got 1 and 60"),
        ({"steps": 0}, "2 draws and 1 step at least"),
        ({"width": 0.0}, "width must be from 1e-5 to 1"),
        ({"width": 2.0}, "width must be from 1e-5 to 1"),
    ],
)
def test_settings_out_of_range(settings, said):
    with pytest.raises(InputError, match=said):
        Quadrature(**settings)
