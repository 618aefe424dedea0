"""Critical points of linear networks: every loss, index and nullity is known."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from critical.autoencoder import autoencoder, balanced
from thalweg.critical.behind import behind_dataset, saddles_behind
from thalweg.critical.classify import classify
from thalweg.critical.escape_time import amplitudes, efold_steps
from thalweg.critical.many import find_critical_many
from thalweg.critical.point import Kind
from thalweg.critical.search import find_critical
from thalweg.critical.starts import starts_along
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.functions import from_function
from thalweg.objectives.linear_network import LinearNetwork
from thalweg.store.folder import load, save

S = (4.0, 2.5, 1.5, 0.7, 0.3)


def subsets(m, h):
    return [kept for r in range(min(h, m) + 1) for kept in combinations(range(m), r)]


def index_of(s, h, kept):
    """#{i kept, j not: s_j > s_i} + (h - r)(m - r), from Baldi and Hornik's analysis."""
    out = [j for j in range(len(s)) if j not in kept]
    overtaken = sum(s[j] > s[i] for i in kept for j in out)
    return overtaken + (h - len(kept)) * (len(s) - len(kept))


def test_all_16_critical_points_of_the_autoencoder():
    s = (5.0, 4.0, 3.0, 2.0, 1.0)
    objective, found = autoencoder(s, 2), {}
    for kept in subsets(5, 2):
        point = classify(objective, balanced(5, 2, kept))
        left = sum(s[j] for j in range(5) if j not in kept)
        assert point.loss == pytest.approx(left / 2, rel=1e-14)
        assert point.index == index_of(s, 2, kept)
        found[kept] = point
    assert len(found) == 16
    assert [kept for kept, point in found.items() if not point.index] == [(0, 1)]
    kinds = {point.kind for kept, point in found.items() if kept != (0, 1)}
    assert kinds == {Kind.SADDLE}
    assert found[0, 1].kind is Kind.INCONCLUSIVE  # flat along the orbit of GL(2)


@pytest.mark.parametrize(("shape", "h"), [((5, 5), 3), ((3, 4), 2), ((4, 2), 2), ((3, 3), 1)])
def test_index_and_nullity_at_every_balanced_point(shape, h):
    s = np.array(S[: min(shape)])
    network = LinearNetwork.from_singular_values(s, shape, h, seed=1)
    for kept in subsets(s.size, h):
        known = network.critical_point(kept)
        found = classify(network, known.point)
        assert found.index == known.index == index_of(s, h, kept)
        assert found.nullity == known.nullity
        assert found.coindex == network.layout.size - known.index - known.nullity
        np.testing.assert_allclose(found.eigenvalues, known.spectrum, atol=1e-13)
        np.testing.assert_allclose(
            found.downward @ found.downward.T, np.eye(known.index), atol=1e-12
        )
        low = found.downward @ network.hessian(known.point)
        np.testing.assert_allclose(
            low, found.eigenvalues[: known.index, None] * found.downward, atol=1e-12
        )


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from(subsets(3, 2)))
def test_the_orbit_of_gl_keeps_loss_index_and_nullity(seed, kept):
    network = LinearNetwork.from_singular_values([3.0, 2.0, 1.0], (3, 3), 2, seed=5)
    known = network.critical_point(kept)
    w1, w2 = known.point[:6].reshape(2, 3), known.point[6:].reshape(3, 2)
    random = np.random.default_rng(seed)
    change = random.standard_normal((2, 2))
    change += np.sign(np.linalg.det(change)) * 0.5 * np.eye(2)
    if np.linalg.cond(change) > 20:
        change = np.eye(2)
    moved = np.concatenate([(change @ w1).ravel(), (w2 @ np.linalg.inv(change)).ravel()])
    found = classify(network, moved)
    assert (found.index, found.nullity) == (known.index, known.nullity)
    assert found.loss == pytest.approx(known.value, rel=1e-12)


def chain(depth):
    """1/2 (w1 ... wd - 1)^2."""

    def others(w, *out):
        return np.prod(np.delete(w, out))

    def gradient(points):
        return np.array([[(np.prod(w) - 1) * others(w, i) for i in range(depth)] for w in points])

    def hessian(w):
        rows = [
            [
                others(w, i) * others(w, j) + (np.prod(w) - 1) * (i != j) * others(w, i, j)
                for j in range(depth)
            ]
            for i in range(depth)
        ]
        return np.array(rows)

    return from_function(
        lambda points: 0.5 * (points.prod(axis=1) - 1) ** 2,
        gradient,
        hessian,
        np.ones(depth),
        "chain",
    )


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_scalar_chains(depth):
    top = classify(chain(depth), np.ones(depth))
    np.testing.assert_allclose(top.eigenvalues, [*[0] * (depth - 1), depth], atol=1e-14)
    assert (top.index, top.nullity, top.kind) == (0, depth - 1, Kind.INCONCLUSIVE)
    zero = classify(chain(depth), np.zeros(depth))
    if depth == 2:
        np.testing.assert_allclose(zero.eigenvalues, [-1, 1], atol=1e-15)
        assert zero.words == "saddle of index 1"
    else:
        assert (zero.index, zero.nullity, zero.coindex) == (0, depth, 0)
        assert zero.words == "inconclusive at second order"


@pytest.mark.parametrize("r", [0, 1, 2])
def test_gradient_descent_leaves_a_saddle_at_the_known_rate(r):
    eta = 0.02
    network = LinearNetwork.from_singular_values(S, (5, 5), 3, seed=2)
    saddle = classify(network, network.critical_point(range(r)).point)
    assert saddle.lambda_min == pytest.approx(-S[r], rel=1e-12)
    lowest = saddle.eigenvalues <= saddle.lambda_min * (1 - 1e-6)
    assert lowest.sum() == 3 - r  # one a dead unit
    noise = 1e-9 * np.random.default_rng(3).standard_normal(network.layout.size)
    run = record(network, saddle.point + noise, SGD(eta), 160)
    away = amplitudes(saddle, run["point"].values)
    growth = (away[-1] / away[-81]) ** (1 / 80)
    assert growth - 1 == pytest.approx(eta * S[r], rel=1e-3)
    assert efold_steps(saddle.lambda_min, eta) == pytest.approx(1 / np.log(growth), rel=1e-3)


@pytest.fixture(scope="module")
def descent():
    network = LinearNetwork.from_singular_values(S, (5, 5), 3, seed=0)
    start = 1e-4 * np.random.default_rng(0).standard_normal(30)
    return network, record(network, start, SGD(0.02), 600)


def test_the_plateaus_of_a_run_are_its_saddles(descent, tmp_path):
    network, run = descent
    passed = saddles_behind(network, run, lr=0.02)
    found = [one.search.found for one in passed]
    assert [point.index for point in found] == [15, 8, 3, 0]
    assert [point.nullity for point in found] == [0, 5, 8, 9]
    for r, point in enumerate(found):
        assert point.loss == pytest.approx(0.5 * sum(x * x for x in S[r:]), rel=1e-12)
        assert point.gradient_norm**2 < 1e-20
    for one in passed[1:3]:  # flat directions are lifted on the path: too many to be an index
        assert one.negative_on_path > one.search.found.index
    for one in passed[:3]:
        assert one.observed == pytest.approx(one.predicted, abs=2)
        assert one.predicted > 25
        assert one.step_in_negative == pytest.approx(one.gradient_in_negative, abs=1e-9)
        assert one.negative_null == one.negative_on_path / 30
        assert one.top_null == 2 / 30
        assert "predicted" in one.sentence
    points = run["point"].values
    rows = [one.dip.row for one in passed]
    reach = np.linalg.norm(points[rows[0] : rows[2] + 1] - points[rows[1]], axis=1).max()
    assert passed[1].stretch == pytest.approx(reach)
    assert all(one.near for one in passed)
    assert np.isnan(passed[3].predicted)
    assert rows[0] == 0
    assert rows[-1] == 600
    table = load(save(behind_dataset(passed), tmp_path / "behind.zarr"))
    assert table["index"].values.tolist() == [15, 8, 3, 0]
    assert table.sizes == {"dip": 4, "parameter": 30}
    np.testing.assert_array_equal(table["end"].values[1], found[1].point)


def test_shares_are_those_of_the_spectrum(descent):
    network, run = descent
    one = saddles_behind(network, run, top=3)[1]
    assert np.isnan(one.predicted)  # of gradient descent only, so it needs a learning rate
    assert one.observed > 0
    point = run["point"].values[one.dip.row]
    values, vectors = np.linalg.eigh(network.hessian(point))
    g = network.gradient(point)
    share = np.square(g @ vectors[:, values < 0]).sum() / (g @ g)
    assert one.gradient_in_negative == pytest.approx(share, rel=1e-9)
    top = np.square(g @ vectors[:, -3:]).sum() / (g @ g)
    assert one.gradient_in_top == pytest.approx(top, rel=1e-6)


def test_every_start_near_a_run_is_solved(descent):
    network, run = descent
    finds = find_critical_many(network, starts_along(run, 30, 0.05))
    assert all(search.found is not None for search in finds.searches)
    assert max(search.gradient_norm for search in finds.searches) ** 2 < 1e-20
    losses = {
        kept: 0.5 * sum(S[j] ** 2 for j in range(5) if j not in kept) for kept in subsets(5, 3)
    }
    for find in finds.distinct:
        [kept] = [k for k, loss in losses.items() if abs(loss - find.point.loss) < 1e-9]
        assert find.point.index == index_of(S, 3, kept)
    assert sum(find.times for find in finds.distinct) == 30
    assert np.median([search.hessians for search in finds.searches]) < 30


def test_a_search_is_as_far_as_it_says(descent):
    network, run = descent
    search = find_critical(network, run["point"].values[154])
    assert search.moved == pytest.approx(np.linalg.norm(search.end - run["point"].values[154]))
    assert 0.01 < search.moved < 0.5
