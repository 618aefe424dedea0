"""Persistence diagrams and basins over maps: the numbers that are drawn."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, surface_dataset
from thalweg.objectives.zoo import himmelblau
from thalweg.surface.evaluate import evaluate
from thalweg.topology.noise import StandardErrors
from thalweg.topology.of_surface import topology_of
from thalweg.views.basins import topology_lines, with_basins
from thalweg.views.levels import Scale
from thalweg.views.merge_tree import merge_tree_view
from thalweg.views.persistence import persistence_view
from thalweg.views.surface import MarkKind, surface_view

PLANE = Plane(np.zeros(2), np.eye(2))


def surface(values):
    values = np.asarray(values, dtype=float)
    grid = Grid(tuple(np.arange(float(n)) ** 1.5 for n in values.shape[::-1]))
    status = np.full(values.shape, Cell.DONE, dtype=np.int8)
    return surface_dataset(PLANE, grid, {"loss": values}, status, {})


PITS = np.array([[9.0, 9, 9, 9, 9, 9, 9], [9, 0, 7, 5, 9, 3, 4], [9, 9, 9, 9, 9, 9, 9]])


def test_a_diagram_shows_every_minimum_and_what_noise_could_make():
    view = persistence_view(topology_of(surface(PITS), noise=1.5).dataset())
    assert view.birth.tolist() == [0.0, 3.0, 5.0]
    assert view.persistence.tolist() == [view.top, 6.0, 2.0]
    assert view.forever.tolist() == [True, False, False]
    assert (view.band, view.certain.tolist()) == (3.0, [True, True, False])
    assert view.on_boundary.tolist() == [False, False, False]
    assert view.caption == "2 of 3 certain"
    assert view.limits[0] < 2.0
    assert 6.0 < view.top < view.limits[1]
    assert (view.scale, view.birth_label) == (Scale.LINEAR, "loss at the minimum")


def test_minima_on_the_edge_are_hollow_and_depths_over_decades_are_on_a_log_scale():
    values = PITS.copy()
    values[1, 6] = 2.0
    values[1, 2] = 5.01
    view = persistence_view(topology_of(surface(values)).dataset())
    assert view.on_boundary.tolist() == [False, True, False]
    assert view.caption == "3 minima, 1 on the edge (hollow)"
    assert view.scale is Scale.LOG
    assert 0 < view.limits[0] < 0.01
    lone = persistence_view(topology_of(surface(np.arange(12.0).reshape(3, 4))).dataset())
    assert (lone.persistence.tolist(), lone.forever.all()) == ([lone.top], True)
    assert lone.caption == "1 minimum, 1 on the edge (hollow)"
    low = values.copy()
    low[1, 1] = -np.inf
    assert persistence_view(topology_of(surface(low)).dataset()).birth.tolist() == [2.0, 5.0]


def test_a_map_shows_the_outlines_and_critical_cells_of_its_basins():
    data = surface(PITS)
    view = with_basins(surface_view(data), topology_of(data).dataset(2.5), maxima=True)
    kinds = [mark.kind for mark in view.marks]
    assert kinds.count(MarkKind.MINIMUM) == 2
    assert kinds.count(MarkKind.SADDLE) == 1
    assert kinds.count(MarkKind.MAXIMUM) >= 1
    lowest = view.marks[0]
    assert (lowest.a, lowest.b, lowest.hollow) == (1.0, 1.0, False)
    line = np.concatenate(view.outlines)
    basin = topology_of(data).basins(2.5)
    columns = np.flatnonzero(basin[1, 1:] != basin[1, :-1])  # the only change in the middle row
    middle = (view.a[columns] + view.a[columns + 1]) / 2
    np.testing.assert_allclose(line[line[:, 1] == 1.0, 0], np.repeat(middle, 2))
    assert not with_basins(surface_view(data), topology_of(data).dataset(100.0)).outlines
    values = PITS.copy()
    values[1, 6] = 2.0
    edge = with_basins(surface_view(surface(values)), topology_of(surface(values)).dataset())
    hollow = [(mark.a, mark.hollow) for mark in edge.marks if mark.kind is MarkKind.MINIMUM]
    assert hollow == [(1.0, False), (edge.a[6], True), (edge.a[3], False)]
    plain = with_basins(surface_view(data), topology_of(data).dataset(), saddles=False)
    assert {mark.kind for mark in plain.marks} == {MarkKind.MINIMUM}


def test_a_map_and_its_topology_lie_on_one_grid():
    data = surface(PITS)
    other = evaluate(himmelblau(), PLANE, Grid.square(5.0, 7))
    for wrong in (other, data.assign_coords(a=2 * data.a)):
        with pytest.raises(InputError, match="must lie on the grid"):
            with_basins(surface_view(data), topology_of(wrong).dataset())
    with pytest.raises(InputError, match="wanted a topology"):
        persistence_view(data)


def test_the_strip_says_that_a_slice_minimum_is_none_of_the_objective():
    found = topology_of(surface(PITS), noise=1.5).dataset()
    lines = [(line.text, line.warning) for line in topology_lines(found).lines]
    assert lines == [
        ("2 basins deeper than the noise.", False),
        ("A minimum of the picture need not be a minimum of the objective.", True),
        (
            "Any loss may be off by 1.5: a minimum less than twice that deep may be made by noise.",
            False,
        ),
    ]
    noisy = surface(PITS).assign(loss_stderr=surface(PITS)["loss"] * 0 + 0.1)
    told = topology_lines(topology_of(noisy, noise=StandardErrors()).dataset()).lines[2].text
    assert "(95 % band from the standard errors, about the mean over all examples" in told
    assert "that over these examples is exact): a minimum less than twice that deep" in told
    [_, steep, *_] = topology_lines(found, [0.5, 0.25, np.nan]).lines
    assert "is 0.25 to 0.5: where it is not 0" in steep.text
    assert steep.warning
    [_, level, *_] = topology_lines(found, np.zeros(3)).lines
    assert (level.text[-5:], level.warning) == ("is 0.", False)
    values = PITS.copy()
    values[1, 6] = 2.0
    lines = topology_lines(topology_of(surface(values)).dataset(), [np.nan] * 3).lines
    assert "not finite" in lines[1].text
    assert lines[2].text == "Every loss is taken as exact."
    assert lines[3].text.startswith("Hollow marks touch the edge")
    with pytest.raises(InputError, match="out_of_plane"):
        topology_lines(found, [1.0])


def test_the_branches_of_a_merge_tree_do_not_cross():
    found = topology_of(surface(np.random.default_rng(4).random((12, 13))))
    view = merge_tree_view(found.dataset(0.1))
    count = int((found.minima.persistence > 0.1).sum())
    assert sorted(view.place) == list(range(count))
    assert view.left_out == len(found.minima) - count > 0
    joined = view.elder >= 0
    assert (view.high[joined] <= view.high[view.elder[joined]]).all()
    for branch in np.flatnonzero(joined):
        left, right = view.place[view.elder[branch]], view.place[branch]
        assert left < right
        between = (view.place > left) & (view.place < right)
        assert (view.high[between] <= view.high[branch]).all()  # they end below the line
    assert (view.high[~joined] == view.top).all()
    assert view.caption.startswith(f"{count} basins, {view.left_out} shallower")


def test_a_merge_tree_joins_the_basins_of_himmelblau_where_they_meet():
    found = topology_of(evaluate(himmelblau(), PLANE, Grid.square(5.0, 101)))
    view = merge_tree_view(found.dataset())
    inside = ~found.saddles.on_boundary
    saddles = np.sort(found.saddles.value[inside])[:3]
    np.testing.assert_array_equal(np.sort(view.high[view.elder >= 0]), saddles)
    assert view.scale is Scale.LINEAR  # the lowest minimum is 0
    assert view.caption == "4 basins"
