"""Critical cells of surfaces whose critical points are known; noise, axes, and what is unknown."""

import json

import numpy as np
import pytest

from formulas import Formula
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, provenance, surface_dataset
from thalweg.objectives.zoo import (
    himmelblau,
    himmelblau_critical_points,
    monkey_saddle,
    quadratic,
)
from thalweg.store.folder import load, save
from thalweg.surface.evaluate import evaluate
from thalweg.topology.connectivity import Connectivity
from thalweg.topology.noise import StandardErrors
from thalweg.topology.of_surface import topology_of


def plane(k=2):
    return Plane(np.zeros(k), np.eye(k))


def surface(values, stderr=None, status=None):
    """A surface with these values (b, a)."""
    values = np.asarray(values, dtype=float)
    grid = Grid(tuple(np.arange(float(n)) for n in values.shape[::-1]))
    codes = np.where(np.isfinite(values), Cell.DONE, Cell.NONFINITE).astype(np.int8)
    fields = {"loss": values} | ({} if stderr is None else {"loss_stderr": stderr})
    status = codes if status is None else status
    return surface_dataset(plane(values.ndim), grid, fields, status, {})


@pytest.mark.parametrize(("points", "uneven"), [(41, False), (60, False), (101, True)])
def test_himmelblau_has_its_critical_points(points, uneven):
    axis = np.linspace(-5, 5, points)
    if uneven:
        axis = axis + 0.04 * np.sin(3 * axis)
    step = np.diff(axis).max()
    found = topology_of(evaluate(himmelblau(), plane(), Grid((axis, axis))))
    known = himmelblau_critical_points()
    assert (found.euler_characteristic, found.summary) == (1, "4 basins")
    tables = ((found.minima, 0, 4), (found.saddles, 1, 4), (found.maxima, 2, 1))
    for places, index, count in tables:
        inside = ~places.on_boundary
        exact = np.array([p.point for p in known if p.index == index])
        assert inside.sum() == len(exact) == count
        away = np.abs(places.coords[inside][:, None] - exact[None]).max(axis=2)
        assert away.min(axis=0).max() <= 1.5 * step  # each known one has its cell
        assert (places.index == index).all()
    exact = sorted(p.value for p in known if p.index == 1)
    np.testing.assert_allclose(sorted(found.saddles.value), exact, rtol=0.02, atol=40 * step**2)
    strong = found.minima.persistence[1:]  # a slow route: lift each minimum's own saddle
    np.testing.assert_array_equal(strong, found.lakes.death[1:4] - found.minima.value[1:])


@pytest.mark.parametrize("points", [20, 21, 61])
def test_a_monkey_saddle_counts_twice(points):
    found = topology_of(evaluate(monkey_saddle(), plane(), Grid.square(1.0, points)))
    inner = ~found.saddles.on_boundary
    assert found.saddles.multiplicity[inner].sum() == 2  # one of 2, or 2 beside each other
    if points % 2:
        assert found.saddles.multiplicity[inner].tolist() == [2]
        np.testing.assert_allclose(found.saddles.coords[inner], 0, atol=1e-15)
    assert found.minima.on_boundary.all()
    assert found.summary == "3 basins; 3 minima lie on the edge of the window"


def test_critical_cells_of_a_line_and_of_a_volume():
    line = topology_of(
        evaluate(Formula(lambda p: np.cos(p[:, 0]), 1), plane(1), Grid.square(7, 99, 1))
    )
    assert (len(line.minima), len(line.saddles), len(line.maxima)) == (4, 0, 3)
    inner = np.sort(line.minima.coords[~line.minima.on_boundary, 0])
    np.testing.assert_allclose(inner, [-np.pi, np.pi], atol=0.1)
    assert not line.maxima.on_boundary.any()
    for signs, index in (((1, 1, -1), 1), ((1, -1, -1), 2)):
        form = quadratic(np.array(signs, dtype=float))
        found = topology_of(evaluate(form, plane(3), Grid.square(1.0, 7, 3)))
        inner = ~found.saddles.on_boundary
        assert (inner.sum(), found.saddles.index[inner].tolist()) == (1, [index])
        np.testing.assert_array_equal(found.saddles.coords[inner], [[0, 0, 0]])
    waves = Formula(lambda p: np.cos(p).sum(axis=1), 3)
    found = topology_of(evaluate(waves, plane(3), Grid.square(4.5, 19, 3)))
    counts = [int((~found.minima.on_boundary).sum()), int((~found.maxima.on_boundary).sum())]
    inner = ~found.saddles.on_boundary
    counts += [
        int(found.saddles.multiplicity[inner & (found.saddles.index == i)].sum()) for i in (1, 2)
    ]
    assert counts == [8, 1, 12, 6]  # corners, center, edges and faces of a cube
    assert found.euler_characteristic == 1


def test_minima_inside_the_window_are_counted_as_places():
    def inside(values):
        return topology_of(surface(values), connectivity=Connectivity.ALL).minima.inside

    for points in (20, 21):  # a minimum between four equal cells is one place
        bowl = evaluate(quadratic([1.0, 1.0]), plane(), Grid.square(1.0, points)).loss.values
        assert (inside(bowl), inside(-bowl)) == (1, 0)
    assert inside(np.zeros((9, 9))) == 0  # flat to the rim
    step = np.array([[9.0] * 5, [9, 2, 2, 2, 9], [9, 2, 2, 1, 9], [9] * 5])
    assert inside(step) == 1  # the shelf at 2 is none
    assert inside(-step) == 0
    corner = np.where(np.arange(25).reshape(5, 5) % 6 == 0, 0.0, 9.0)  # a diagonal to the rim
    assert inside(corner) == 0


def test_the_axes_are_not_swapped():
    valley = Formula(lambda p: (p[:, 0] - 0.5) ** 2 + 0 * p[:, 1])
    grid = Grid((np.linspace(-1, 1, 9), np.linspace(-2, 2, 5)))
    found = topology_of(evaluate(valley, plane(), grid))
    assert found.minima.coords.tolist() == [[0.5, -2.0]]  # a level valley: its first cell
    assert found.minima.on_boundary.all()
    bowl = Formula(lambda p: (p[:, 0] - 0.5) ** 2 + (p[:, 1] - 1) ** 2)
    found = topology_of(evaluate(bowl, plane(), grid))
    assert found.minima.coords.tolist() == [[0.5, 1.0]]
    data = found.dataset()
    assert (data.minimum_a.item(), data.minimum_b.item()) == (0.5, 1.0)
    assert data.basin.dims == ("b", "a")
    transposed = evaluate(bowl, plane(), grid).transpose("a", "b", ...)
    assert topology_of(transposed).minima.coords.tolist() == [[0.5, 1.0]]


def test_nothing_unknown_is_part_of_the_domain():
    values = np.add.outer((np.arange(7.0) - 3) ** 2, (np.arange(9.0) - 4) ** 2)
    values[0, 0], values[6, 8], values[0, 8] = np.nan, np.inf, -5.0
    before = surface(values)
    codes = before.status.values.copy()
    codes[3, 4], codes[0, 8] = Cell.FAILED, Cell.PENDING  # whatever values they hold
    found = topology_of(surface(values, status=codes))
    assert (found.unknown, found.walls) == (3, 1)
    assert found.euler_characteristic == 0  # a hole in the middle, a bite off three corners
    assert (found.basins()[codes == Cell.FAILED] == -1).all()
    assert found.minima.on_boundary.all()
    assert found.summary.endswith(
        "on the edge of the window or of a hole; 3 unknown cells and 1 infinite cell"
    )
    assert topology_of(before).minima.value.tolist() == [-5.0, 0.0]
    one = topology_of(surface([[0.0, 1.0], [2.0, 3.0]]))
    assert one.summary == "1 basin; its minimum lies on the edge of the window"
    nothing = topology_of(surface(np.full((3, 3), np.nan)))
    assert (nothing.summary, len(nothing.minima)) == ("no cell has a finite value", 0)
    assert json.dumps(nothing.facts(), allow_nan=False)


def test_noise_decides_what_is_certain():
    values = np.array([[9.0, 9, 9, 9, 9], [9, 0, 3, 2.5, 9], [9, 9, 9, 9, 9]])
    found = [topology_of(surface(values), noise=eps) for eps in (None, 0.2, 0.25, 0.3)]
    assert [int(t.certain.sum()) for t in found] == [2, 2, 1, 1]
    assert [len(t.minima) for t in found] == [2, 2, 2, 2]
    assert [t.summary for t in found[1:3]] == [
        "2 basins deeper than the noise",
        "1 basin deeper than the noise",
    ]
    assert set(found[2].basins().ravel()) == {0}
    assert set(found[2].basins(0.0).ravel()) == {0, 1}
    errors = np.full(values.shape, 0.05)
    errors[0, 0] = 0.1
    told = topology_of(surface(values, errors), noise=StandardErrors())
    assert told.noise == pytest.approx(0.1 * StandardErrors().quantile(15))
    assert told.noise_words.startswith("95 % band from the standard errors, about the mean over")
    assert told.facts()["noise_words"] == told.dataset().attrs["noise_words"] == told.noise_words
    assert found[1].noise_words == ""
    codes = np.full(values.shape, Cell.DONE, dtype=np.int8)
    codes[0, 0] = Cell.FAILED
    errors[0, 0] = np.nan  # unknown cells have no say
    told = topology_of(surface(values, errors, codes), noise=StandardErrors(0.5))
    assert told.noise == pytest.approx(0.05 * StandardErrors(0.5).quantile(14))

    shallow = [5.0, 0.0, 5.0, 4.9]  # a dent at the edge that noise could make is not told
    assert topology_of(surface(shallow), noise=0.2).summary == "1 basin deeper than the noise"
    assert "1 minimum lies on the edge" in topology_of(surface(shallow)).summary


def test_steps_inside_a_level_place_are_no_critical_cells():
    values = np.add.outer((np.arange(9.0) - 4) ** 2, 1.1 * (np.arange(9.0) - 4.1) ** 2)
    for level in (-1.0, -np.inf):
        values[4, 4] = values[3, 5] = values[5, 3] = values[4, 3] = values[3, 4] = level
        values[3, 3] = 3.0  # the bottom is a hook with two ends that are the first of their kind
        found = topology_of(surface(values))
        assert len(found.lakes.birth) > 1
        assert found.minima.value.tolist() == [level]
        assert (len(found.saddles), found.maxima.inside) == (0, 0)
        assert not np.isnan(found.lakes.persistence).any()


def test_simultaneous_errors_are_covered_as_often_as_promised():
    rng, z = np.random.default_rng(0), StandardErrors(0.9).quantile(200)
    inside = np.abs(rng.standard_normal((2000, 200))).max(axis=1) < z
    assert 0.88 < inside.mean() < 0.93  # promised 0.9; hardly more for independent cells


def test_mistakes_are_told():
    good = surface(np.zeros((3, 3)))
    with pytest.raises(InputError, match="field must be among loss, got accuracy"):
        topology_of(good, "accuracy")
    with pytest.raises(InputError, match="must hold loss_stderr"):
        topology_of(good, noise=StandardErrors())
    with pytest.raises(InputError, match="noise must be"):
        topology_of(good, noise=-1.0)
    with pytest.raises(InputError, match="confidence"):
        StandardErrors(1.0)
    with pytest.raises(InputError, match="standard errors must be finite"):
        topology_of(surface(np.zeros((3, 3)), np.full((3, 3), np.nan)), noise=StandardErrors())
    with pytest.raises(InputError, match="wanted a surface"):
        topology_of(good.assign_attrs(provenance("path", {})))


def test_a_finer_grid_moves_birth_and_death_by_what_it_sees_more():
    def persistent(points):
        found = topology_of(evaluate(himmelblau(), plane(), Grid.square(5.0, points)))
        return found.minima.persistence[1:4]

    coarse, fine, finest = (persistent(n) for n in (51, 201, 801))
    assert np.abs(fine - finest).max() < np.abs(coarse - finest).max() / 3
    assert np.abs(fine - finest).max() < 0.2


def test_an_oblique_valley_shows_the_diagonal_of_the_grid():
    """Against the diagonal a coarse grid sees beads in a smooth valley; ALL sees none."""

    def valley(sign):
        return Formula(lambda p: 50 * (p[:, 0] + sign * p[:, 1]) ** 2 + (p**2).sum(axis=1) / 10)

    counts = {
        (sign, way): len(
            topology_of(
                evaluate(valley(sign), plane(), Grid.square(1, 21)), connectivity=way
            ).minima
        )
        for sign in (1, -1)
        for way in Connectivity
    }
    assert counts[-1, Connectivity.FREUDENTHAL] == counts[1, Connectivity.ALL] == 1
    assert counts[1, Connectivity.FREUDENTHAL] == counts[1, Connectivity.FACES] == 21


def test_a_topology_is_kept_and_exported(tmp_path):
    found = topology_of(evaluate(himmelblau(), plane(), Grid.square(5.0, 21)), noise=0.5)
    data = found.dataset()
    assert load(save(data, tmp_path / "t")).identical(data)
    assert data.attrs["objective"] == "himmelblau"
    facts = json.loads(json.dumps(found.facts(), allow_nan=False))
    assert facts["minimum_persistence"][0] is None
    assert facts["minimum_a"] == found.minima.coords[:, 0].tolist()
    assert (facts["summary"], facts["noise"]) == ("4 basins deeper than the noise", 0.5)
    assert "basin" not in facts
