"""Many searches: copies are counted together, rates come with their starts, penalties lift."""

import numpy as np
import pytest

from cases import Case
from thalweg.core.errors import InputError
from thalweg.core.executor import ThreadExecutor
from thalweg.core.schema import trajectory_dataset
from thalweg.core.units import Nature, Place, UnitLayer
from thalweg.critical.classify import classify
from thalweg.critical.lifted import Lifted
from thalweg.critical.many import alike, find_critical_many, finds_dataset
from thalweg.critical.search import Outcome, find_critical
from thalweg.critical.starts import Starts, starts_along, starts_around
from thalweg.objectives.activations import Activation
from thalweg.objectives.linear_network import LinearNetwork
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import himmelblau, mueller_brown, quadratic
from thalweg.store.folder import load, save
from thalweg.testing.objectives import ObjectiveContract


def test_all_nine_of_himmelblau():
    finds = find_critical_many(himmelblau(), starts_around([0.0, 0.0], 3.0, count=60))
    assert [find.point.index for find in finds.distinct[:4]] == [0] * 4
    indices = [find.point.index for find in finds.distinct]
    assert (indices.count(0), indices.count(1), indices.count(2)) == (4, 4, 1)
    assert sum(find.times for find in finds.distinct) == finds.counts[Outcome.CRITICAL]
    assert sum(finds.counts.values()) == 60
    assert set(finds.counts) == set(Outcome)


def test_all_five_of_mueller_and_brown():
    finds = find_critical_many(mueller_brown(), starts_around([-0.2, 0.7], 0.5, count=60))
    told = [(round(find.point.loss, 2), find.point.index) for find in finds.distinct]
    assert told == [(-146.7, 0), (-108.17, 0), (-80.77, 0), (-72.25, 1), (-40.66, 1)]
    assert finds.counts[Outcome.GRADIENT_FLAT] > 0
    assert f"{finds.counts[Outcome.GRADIENT_FLAT]} gradient-flat" in finds.sentence
    assert "5 distinct" in finds.sentence
    assert "60 Gaussian points of standard deviation 0.5 around a point, seed 0" in finds.sentence


def test_the_table_of_searches_keeps_failures_apart(tmp_path):
    finds = find_critical_many(mueller_brown(), starts_around([-0.2, 0.7], 0.5, count=12))
    table = load(save(finds_dataset(finds), tmp_path / "searches.zarr"))
    assert table.attrs["starts"] == finds.starts.recipe
    for row, search in enumerate(finds.searches):
        here = table.isel(search=row)
        assert str(here["outcome"].values) == search.outcome.name
        np.testing.assert_array_equal(here["end"], search.end)
        assert float(here["gradient_norm"]) == search.gradient_norm
        if search.found is None:
            assert int(here["index"]) == int(here["nullity"]) == -1
            assert np.isnan(here["eigenvalues"].values).all()
        else:
            assert int(here["index"]) == search.found.index
            np.testing.assert_array_equal(here["eigenvalues"], search.found.eigenvalues)
    assert {search.found is None for search in finds.searches} == {True, False}


def test_order_and_executor_change_nothing():
    starts, seen = starts_around([0.0, 0.0], 3.0, count=8, seed=2), []
    plain = find_critical_many(
        himmelblau(), starts, progress=lambda done, total: seen.append((done, total))
    )
    threads = find_critical_many(himmelblau(), starts, executor=ThreadExecutor(2))
    for one, other, start in zip(plain.searches, threads.searches, starts.points, strict=True):
        np.testing.assert_array_equal(one.end, other.end)
        np.testing.assert_array_equal(one.start, start)
    assert seen == [(done, 8) for done in range(1, 9)]


@pytest.fixture(scope="module")
def tanh():
    case = Case((3,), Activation.TANH, Loss.MEAN_SQUARED_ERROR, 0.02)
    return case.objective


def test_renamed_and_flipped_units_are_copies(tanh):
    found = next(
        search.found
        for seed in range(30)
        if (search := find_critical(tanh, tanh.network.initial_point(seed))).found is not None
    )
    w1, b1, w2, b2 = (tanh.layout.unpack(found.point)[n] for n in ("W1", "b1", "W2", "b2"))
    order, signs = [2, 0, 1], np.array([1.0, -1.0, -1.0])
    names = {"W1": w1[:, order] * signs, "b1": b1[order] * signs, "b2": b2}
    names["W2"] = w2[order] * signs[:, None]
    twin = classify(tanh, tanh.layout.pack(names))
    assert np.linalg.norm(twin.point - found.point) > 0.1
    assert alike(found, twin)
    other = classify(quadratic(found.eigenvalues + 1e-3), np.zeros(tanh.layout.size))
    assert not alike(found, other)


def test_equal_losses_make_no_copies():
    points = [classify(quadratic(v), np.zeros(2)) for v in ([1.0, 0.0], [-1.0, 0.0], [1.0, -1.0])]
    assert [alike(a, b) for a in points for b in points] == list(np.eye(3, dtype=bool).ravel())


def test_points_of_one_family_are_copies_though_their_spectra_differ():
    network = LinearNetwork.from_singular_values([3.0, 2.0, 1.0], (3, 3), 2, seed=5)
    known = network.critical_point([1])
    w1, w2 = known.point[:6].reshape(2, 3), known.point[6:].reshape(3, 2)
    moved = classify(network, np.concatenate([(2 * w1).ravel(), (w2 / 2).ravel()]))
    there = classify(network, known.point)
    assert np.abs(moved.eigenvalues - there.eigenvalues).max() > 0.1
    assert alike(moved, there)
    assert not alike(there, classify(network, network.critical_point([0]).point))


def test_the_penalty_lifts_what_a_network_leaves_flat():
    case = Case((3,), Activation.TANH, Loss.MEAN_SQUARED_ERROR, 0.0)
    plain, lifted = case.objective, Lifted(case.objective, 0.02)
    starts = starts_around(np.zeros(case.network.layout.size), 0.7, count=8)
    finds = find_critical_many(lifted, starts)
    assert [find.point.nullity for find in finds.distinct] == [0] * len(finds.distinct)
    assert len(finds.distinct) > 1
    point = finds.distinct[0].point.point
    same = MLPObjective(MLP(case.network.widths, Activation.TANH), *case.data, case.loss, l2=0.02)
    assert lifted.value(point) == pytest.approx(same.value(point), rel=1e-14)
    np.testing.assert_allclose(lifted.hessian(point), same.hessian(point), atol=1e-14)
    np.testing.assert_allclose(
        lifted.hessian(point) - plain.hessian(point), 0.02 * np.eye(len(point)), atol=1e-15
    )


class TestLiftedKeepsTheContract(ObjectiveContract):
    def make(self):
        return Lifted(LinearNetwork([[3.0, 0.0], [0.0, 1.0]], hidden=2), 0.1)

    def make_other(self):
        return Lifted(LinearNetwork([[3.0, 0.0], [0.0, 1.0]], hidden=2), 0.2)


def test_lifted_speaks_of_its_objective():
    relu = Case((4,), Activation.RELU, Loss.MEAN_SQUARED_ERROR, 0.0).objective
    lifted = Lifted(relu, 1e-3)
    point = relu.network.initial_point(3)
    assert lifted.kink_distance(point) == relu.kink_distance(point)
    for one, other in zip(
        lifted.crossings(point, point[::-1]), relu.crossings(point, point[::-1]), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert lifted.digest() != relu.digest() != Lifted(relu, 2e-3).digest() != lifted.digest()
    assert "L2 0.001" in lifted.name
    with pytest.raises(InputError, match="l2 must be"):
        Lifted(relu, 0.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Nature.HOMOGENEOUS, Nature.PLAIN),
        (Nature.LINEAR, Nature.ODD),
        (Nature.ODD, Nature.ODD),
        (Nature.PLAIN, Nature.PLAIN),
    ],
)
def test_under_a_penalty_units_cannot_be_scaled(before, after, monkeypatch):
    layer = UnitLayer("hidden", 2, (Place("W1", 0),), (Place("W2", 1),), before)
    network = LinearNetwork([[3.0, 0.0], [0.0, 1.0]], hidden=2)
    monkeypatch.setattr(type(network), "units", lambda self: (layer,))
    assert Lifted(network, 0.1).units()[0].nature is after


def test_starts_say_how_they_were_drawn():
    points = np.arange(12.0).reshape(6, 2)
    zeros = np.zeros(6)
    run = trajectory_dataset(range(6), points, zeros, zeros, {"stepper": "SGD(lr=0.1)"})
    drawn = starts_along(run, count=40, spread=0.0, seed=1)
    assert {tuple(p) for p in drawn.points} <= {tuple(p) for p in points}
    assert drawn.recipe == "40 random points on SGD(lr=0.1), seed 1"
    noisy = starts_along(run, count=4000, spread=0.25, seed=1)
    off = noisy.points - points[np.abs(noisy.points[:, None] - points).sum(axis=2).argmin(axis=1)]
    assert off.std() == pytest.approx(0.25, rel=0.05)
    assert "plus Gaussian noise of standard deviation 0.25" in noisy.recipe
    around = starts_around([5.0, 0.0], 2.0, count=4000, seed=3)
    np.testing.assert_allclose(around.points.mean(axis=0), [5, 0], atol=0.1)
    assert around.points.std(axis=0) == pytest.approx([2, 2], rel=0.05)
    with pytest.raises(InputError, match="need a recipe"):
        Starts(points, " ")
    with pytest.raises(InputError, match="at least 1 point"):
        Starts(np.empty((0, 2)), "none")
    with pytest.raises(InputError, match="starts must be finite"):
        Starts(points * np.nan, "broken")
    with pytest.raises(InputError, match="spread must be 0 or a positive number"):
        starts_around([0.0, 0.0], -1.0, count=3)
    with pytest.raises(InputError, match="count must be at least 1"):
        starts_around([0.0], 1.0, count=0)
