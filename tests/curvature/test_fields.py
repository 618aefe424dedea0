"""Curvature as fields: exact spectra cell by cell, NaN kept, the contract, and the penalty."""

import numpy as np
import pytest

from cases import Case
from thalweg.core.errors import StoreError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell
from thalweg.curvature.ends import ends
from thalweg.curvature.fields import EIGENVALUES, curved
from thalweg.curvature.lanczos import Lanczos
from thalweg.geometry.planes import random_plane
from thalweg.objectives.activations import Activation
from thalweg.objectives.functions import from_function
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.zoo import quadratic
from thalweg.surface.evaluate import evaluate
from thalweg.testing.objectives import ObjectiveContract
from thalweg.views.surface import surface_view

SHALLOW = Case((5,), Activation.TANH, Loss.SOFTMAX_CROSS_ENTROPY, 0.3)
DEEP = Case((4, 3), Activation.GELU, Loss.MEAN_SQUARED_ERROR, 0.0)
BY_LANCZOS = Lanczos(dense_up_to=1, tolerance=1e-9)


class TestCurved(ObjectiveContract):
    def make(self):
        return curved(SHALLOW.objective)

    def make_other(self):
        return curved(SHALLOW.objective, BY_LANCZOS)


@pytest.mark.parametrize("case", [SHALLOW, DEEP], ids=str)
@pytest.mark.parametrize("lanczos", [None, BY_LANCZOS], ids=["dense", "lanczos"])
def test_a_map_is_the_spectrum_at_every_cell(case, lanczos):
    objective = curved(case.objective, lanczos) if lanczos else curved(case.objective)
    plane, grid = random_plane(case.point, case.objective.layout), Grid.square(1.0, 4)
    surface = evaluate(objective, plane, grid, objective.fields)
    for b, a in np.ndindex(4, 4):
        at = plane.origin + grid.axes[0][a] * plane.directions[0]
        at = at + grid.axes[1][b] * plane.directions[1]
        matrix = case.objective.hvp(at, np.eye(at.size))
        values = np.linalg.eigvalsh((matrix + matrix.T) / 2)
        cell = {name: float(surface[name][b, a]) for name in objective.fields}
        assert cell["top_eigenvalue"] == pytest.approx(values[-1], rel=1e-9)
        assert cell["lowest_eigenvalue"] == pytest.approx(values[0], rel=1e-7)
        assert cell["eigenvalue_ratio"] == pytest.approx(abs(values[0]) / values[-1], rel=1e-7)
        assert cell["loss"] == pytest.approx(case.objective.value(at), rel=1e-12)
        gradient = case.objective.gradient(at)
        assert cell["gradient_norm"] == pytest.approx(np.linalg.norm(gradient), rel=1e-9)


def test_the_other_fields_are_the_objectives_own_to_the_bit():
    plane, grid = random_plane(SHALLOW.point, SHALLOW.objective.layout), Grid.square(1.0, 5)
    names = ("loss", "accuracy", "gradient_norm")
    plain = evaluate(SHALLOW.objective, plane, grid, names)
    found = evaluate(curved(SHALLOW.objective), plane, grid, (*names, "lowest_eigenvalue"))
    for name in names:
        np.testing.assert_array_equal(found[name], plain[name])


def test_everything_else_is_the_objectives_own():
    case = Case((5,), Activation.RELU, Loss.BINARY_CROSS_ENTROPY, 0.0)
    own, wrapped, way = case.objective, curved(case.objective), np.ones(case.point.size)
    assert wrapped.kink_distance(case.point) == own.kink_distance(case.point) < np.inf
    np.testing.assert_array_equal(
        wrapped.crossings(case.point, way), own.crossings(case.point, way)
    )
    assert wrapped.units() == own.units() != ()
    np.testing.assert_array_equal(wrapped.hessian(case.point), own.hessian(case.point))
    product = wrapped.operator(case.point).times(way[None])
    np.testing.assert_allclose(product, own.hvp(case.point, way[None]))


def half_line():
    """ln x: NaN on the left of zero."""
    return from_function(
        lambda p: np.log(p).sum(1),
        lambda p: 1 / p * np.where(p < 0, np.nan, 1),
        lambda x: np.diag(-1 / x**2) * np.where(x < 0, np.nan, 1),
        [1.0, 1.0],
        "logarithm",
    )


@pytest.mark.parametrize("lanczos", [Lanczos(), BY_LANCZOS], ids=["dense", "lanczos"])
def test_cells_without_curvature_are_nan_and_told_apart(lanczos):
    plane = Plane(np.zeros(2), np.eye(2))
    grid = Grid(([-2.0, 1.0, 2.0], [1.0, 4.0]))
    surface = evaluate(curved(half_line(), lanczos), plane, grid, ("lowest_eigenvalue",))
    wanted = [[np.nan, -1.0, -1.0], [np.nan, -1.0, -0.25]]
    np.testing.assert_allclose(surface["lowest_eigenvalue"], wanted)
    status = surface["status"].values
    assert (status[:, 0] == Cell.NONFINITE).all()
    assert (status[:, 1:] == Cell.DONE).all()


def test_eigenvalues_that_are_not_found_are_nan():
    stiff = curved(quadratic(np.geomspace(1.0, 1e6, 40)), Lanczos(dense_up_to=1, products=4))
    found = stiff.restrict(Plane(np.zeros(40), np.eye(40)[:1]), EIGENVALUES)(np.zeros((1, 1)))
    assert all(np.isnan(values).all() for values in found.values())


def test_a_store_knows_how_curvature_was_found(tmp_path):
    plane, grid = random_plane(SHALLOW.point, SHALLOW.objective.layout), Grid.square(1.0, 3)
    fields = ("loss", "lowest_eigenvalue")
    kept = evaluate(curved(SHALLOW.objective), plane, grid, fields, store=tmp_path / "map")
    assert "dense spectra" in str(kept.attrs)
    again = evaluate(curved(SHALLOW.objective), plane, grid, fields, store=tmp_path / "map")
    np.testing.assert_array_equal(again["lowest_eigenvalue"], kept["lowest_eigenvalue"])
    with pytest.raises(StoreError, match="curvature"):
        evaluate(curved(SHALLOW.objective, BY_LANCZOS), plane, grid, fields, store=tmp_path / "map")


def test_a_map_says_in_words_what_it_shows():
    plane, grid = Plane(np.zeros(2), np.eye(2)), Grid.square(1.0, 3)
    surface = evaluate(curved(quadratic([4.0, -1.0])), plane, grid, EIGENVALUES)
    said = [surface_view(surface, name).field_label for name in EIGENVALUES]
    assert said == [
        "largest Hessian eigenvalue",
        "lowest Hessian eigenvalue",
        "|lowest / largest| Hessian eigenvalue",
    ]
    method = curved(quadratic([4.0, -1.0]), Lanczos(dense_up_to=1, tolerance=1e-4)).method()
    assert method == "spectra by Lanczos to 0.0001 of the largest |eigenvalue|"


def test_a_penalty_adds_its_weight_to_every_eigenvalue_and_a_paraboloid_to_any_slice():
    c, case = 0.7, Case((5,), Activation.RELU, Loss.BINARY_CROSS_ENTROPY, 0.0)
    inputs, targets = case.data
    heavier = MLPObjective(case.network, inputs, targets, case.loss, c)
    n = case.point.size
    before = ends(case.objective, case.point, n, 0).eigenvalues
    after = ends(heavier, case.point, n, 0).eigenvalues
    np.testing.assert_allclose(after - before, c, rtol=0, atol=1e-12)
    plane, grid = random_plane(case.point, case.objective.layout, seed=3), Grid.square(1.0, 9)
    slices = [evaluate(each, plane, grid)["loss"].values for each in (case.objective, heavier)]
    b, a = np.meshgrid(*grid.axes[::-1], indexing="ij")
    points = plane.points(np.column_stack([a.ravel(), b.ravel()]))
    paraboloid = c / 2 * np.square(points).sum(1).reshape(9, 9)
    np.testing.assert_allclose(slices[1] - slices[0], paraboloid, rtol=0, atol=1e-12)
