"""evaluate: the right number in the right cell, whoever computes it and however often it stops."""

import numpy as np
import pytest
import xarray as xr

from cases import Case
from formulas import Formula, ripples
from thalweg.core.errors import InputError
from thalweg.core.executor import SerialExecutor, ThreadExecutor
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, plane_of
from thalweg.geometry.planes import random_plane
from thalweg.geometry.scaling import FilterNorm
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.surface.evaluate import estimate, evaluate

CASE = Case((5,), Activation.RELU, Loss.BINARY_CROSS_ENTROPY, 0.3)
FLAT = Plane(np.zeros(2), np.eye(2))
ODD = Grid((np.linspace(-1, 2, 7), np.linspace(0, 0.5, 4)), tile=3)


def test_ten_lines_that_six_rival_tools_fail():
    # Distinct step, count and window on each axis, an oblique plane, and a valley at a known place.
    plane = Plane(np.array([1.0, 1.0, 0.0]), [[2.0, 0.0, 0.0], [1.0, 3.0, 0.0]])
    a, b = np.linspace(-2.0, 3.0, 11), np.linspace(-1.0, 0.5, 7)
    for axis, column, where in (("a", 0, 1.5), ("b", 1, -0.25)):
        bowl = Formula(lambda p, i=column, at=where: (plane.coordinates(p)[:, i] - at) ** 2, n=3)
        surface = evaluate(bowl, plane, Grid((a, b)))
        assert surface.loss.dims == ("b", "a")
        assert surface.loss.shape == (7, 11)
        lowest = surface.loss.isel(surface.loss.argmin(("b", "a")))
        assert lowest[axis] == where
        assert float(lowest) < 1e-25
        spread = surface.loss.std("a" if axis == "b" else "b")
        assert float(spread.max()) < 1e-14  # it depends on that one axis only
    everywhere = evaluate(Formula(lambda p: p @ [1.0, 10.0, 100.0], n=3), plane, Grid((a, b)))
    wanted = 11.0 + 2.0 * everywhere.a + 31.0 * everywhere.b
    np.testing.assert_allclose(everywhere.loss, wanted.transpose("b", "a"), atol=1e-13)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_lines_planes_and_volumes_hold_the_objective_at_their_labels(k):
    axes = (np.linspace(-1, 1, 5), np.linspace(0, 0.3, 4), np.array([-2.0, 0.1, 0.2]))[:k]
    plane = random_plane(CASE.point, CASE.network.layout, seed=1, k=k, scaling=FilterNorm())
    surface = evaluate(CASE.objective, plane, Grid(axes, tile=2), CASE.objective.fields)
    assert surface.loss.dims == ("c", "b", "a")[3 - k :]
    for cell in np.ndindex(surface.loss.shape):
        here = surface.isel(dict(zip(surface.loss.dims, cell, strict=True)))
        point = plane.origin + sum(
            float(here[name]) * d for name, d in zip("abc", plane.directions, strict=False)
        )
        loss, gradient = CASE.objective.value_and_gradient(point)
        assert here.loss.item() == pytest.approx(loss, rel=1e-12)
        assert here.gradient_norm.item() == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
        assert here.accuracy.item() == CASE.objective.accuracies(point[None])[0]
        assert here.data_loss.item() + here.penalty.item() == pytest.approx(loss, rel=1e-12)
    assert (surface.status == Cell.DONE).all()


def test_a_surface_tells_where_it_comes_from():
    surface = evaluate(CASE.objective, plane := random_plane(CASE.point, CASE.network.layout), ODD)
    assert plane_of(surface).digest() == plane.digest()
    assert surface.attrs["objective_digest"] == CASE.objective.digest()
    assert surface.attrs["fields"] == ["loss"]
    assert surface.attrs["recipe"] == plane.recipe
    assert surface.attrs["grid_digest"] == ODD.digest()


@pytest.mark.parametrize("tile", [1, 2, 3, 64])
@pytest.mark.parametrize("executor", [SerialExecutor(), ThreadExecutor(3)], ids=str)
def test_tiles_threads_and_stores_change_no_bit(tile, executor, tmp_path):
    plane = random_plane(CASE.point, CASE.network.layout, scaling=FilterNorm())
    grid = Grid(ODD.axes, tile)
    fields = CASE.objective.fields
    whole = evaluate(CASE.objective, plane, Grid(ODD.axes), fields)
    here = evaluate(CASE.objective, plane, grid, fields, executor)
    kept = evaluate(CASE.objective, plane, grid, fields, executor, tmp_path / "s")
    xr.testing.assert_identical(kept, here)
    for field in (*fields, "status"):
        assert here[field].values.tobytes() == whole[field].values.tobytes()
    plain = xr.open_zarr(tmp_path / "s", consolidated=False).load()
    assert plain.attrs.pop("store_format") == 1
    xr.testing.assert_identical(plain, here)


def test_progress_counts_cells():
    seen = []
    evaluate(Formula(ripples), FLAT, ODD, progress=lambda *at: seen.append(at))
    assert seen[-1] == (28, 28)
    assert [done for done, _ in seen] == [9, 18, 21, 24, 27, 28]


def test_cells_without_a_finite_loss_say_so():
    def broken(points):
        values = ripples(points)
        values[points[:, 0] > 1.2] = np.nan
        values[points[:, 1] > 0.4] = np.inf
        values[points[:, 0] < -0.9] = -np.inf
        return values

    surface = evaluate(Formula(broken), FLAT, ODD)
    a, b = np.meshgrid(*ODD.axes)
    wanted = broken(np.column_stack([a.ravel(), b.ravel()])).reshape(4, 7)
    np.testing.assert_array_equal(surface.loss, wanted)
    finite = np.isfinite(wanted)
    assert 0 < finite.sum() < finite.size
    assert np.isnan(wanted).any()
    np.testing.assert_array_equal(surface.status, np.where(finite, Cell.DONE, Cell.NONFINITE))


def test_the_estimate_knows_the_size():
    found = estimate(CASE.objective, random_plane(CASE.point, CASE.network.layout), ODD)
    assert (found.cells, found.bytes) == (28, 224)
    assert found.seconds > 0
    assert str(found).startswith("28 cells, about ")


@pytest.mark.parametrize(
    ("plane", "grid", "fields", "message"),
    [
        (FLAT, Grid.square(1.0, 3, k=1), ("loss",), "must have 2 axes, one a direction, got 1"),
        (FLAT, Grid.square(1.0, 3, k=3), ("loss",), "must have 2 axes, one a direction, got 3"),
        (Plane(np.zeros(3), np.eye(3)[:2]), ODD, ("loss",), r"must lie in R\^2, got R\^3"),
        (FLAT, ODD, ("accuracy",), "fields must be among loss, got accuracy"),
        (FLAT, ODD, (), "got none"),
    ],
)
def test_requests_that_do_not_fit_are_refused(plane, grid, fields, message, tmp_path):
    with pytest.raises(InputError, match=message):
        evaluate(Formula(ripples), plane, grid, fields, store=tmp_path / "s")
    assert not (tmp_path / "s").exists()
