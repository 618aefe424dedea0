"""Searches for critical points: what is found is one, and what is not found is named."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from cases import Case, hidden_inputs
from formulas import Formula
from thalweg.core.errors import InputError
from thalweg.critical.levenberg_marquardt import LevenbergMarquardt, polish
from thalweg.critical.local import look
from thalweg.critical.search import Outcome, find_critical
from thalweg.critical.tolerances import Tolerances
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.objectives.activations import Activation
from thalweg.objectives.functions import from_function
from thalweg.objectives.linear_network import LinearNetwork
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import (
    beale,
    beale_critical_points,
    himmelblau,
    himmelblau_critical_points,
    monkey_saddle,
    mueller_brown,
    mueller_brown_critical_points,
    quadratic,
    rosenbrock,
)

ZOO = (
    (himmelblau(), himmelblau_critical_points()),
    (beale(), beale_critical_points()),
    (mueller_brown(), mueller_brown_critical_points()),
)


@pytest.mark.parametrize(("objective", "known"), ZOO, ids=lambda x: getattr(x, "name", ""))
def test_from_beside_a_known_point_it_finds_that_one(objective, known):
    for wanted in known:
        search = find_critical(objective, wanted.point + np.array([0.02, -0.015]))
        assert search.outcome is Outcome.CRITICAL
        np.testing.assert_allclose(search.found.point, wanted.point, atol=1e-9)
        assert search.found.index == wanted.index
        assert search.found.nullity == 0
        assert search.found.loss == pytest.approx(wanted.value, abs=1e-10)
        assert search.gradient_norm**2 < 1e-20
        assert search.found.words in search.sentence.lower()


def test_the_energies_of_mueller_and_brown():
    found = [find_critical(mueller_brown(), k.point) for k in mueller_brown_critical_points()]
    told = [(round(s.found.loss, 2), s.found.words) for s in found]
    minima = [(value, "minimum") for value in (-146.70, -108.17, -80.77)]
    assert told == [*minima, (-72.25, "saddle of index 1"), (-40.66, "saddle of index 1")]


def test_rosenbrock_from_both_sides_of_its_bend():
    objective = rosenbrock()
    search = find_critical(objective, [0.5, 0.8])
    np.testing.assert_allclose(search.found.point, 1, atol=1e-10)
    assert search.found.words == "minimum"
    # From the classical start the valley of |gradient|^2 leads away; least squares agrees.
    away = find_critical(objective, objective.start, LevenbergMarquardt(steps=60))
    assert away.outcome is Outcome.BUDGET
    found = least_squares(objective.gradient, objective.start, jac=objective.hessian, max_nfev=60)
    assert found.x[0] < objective.start[0]
    assert away.end[0] < objective.start[0]


def test_finds_agree_with_least_squares():
    random, agreed = np.random.default_rng(4), 0
    objective = himmelblau()
    for start in random.uniform(-4, 4, (25, 2)):
        search = find_critical(objective, start)
        found = least_squares(
            objective.gradient, start, jac=objective.hessian, xtol=1e-15, ftol=1e-15, gtol=1e-15
        )
        oracle = find_critical(objective, found.x)
        assert (search.found is not None) == (np.linalg.norm(found.fun) < 1e-9)
        if search.found is not None:
            # Polishing what least squares found moves it no further than its own rounding.
            assert oracle.moved < 1e-7
            agreed += np.allclose(search.end, found.x, atol=1e-7)
    assert agreed > 12  # the two walk differently, so they need not end at the same one


def slope(points):
    return points[:, 0] + points[:, 1] ** 2


def test_a_gradient_flat_point_is_no_find():
    # x + y^2 has no critical point, and |gradient|^2 = 1 + 4 y^2 is least on the line y = 0.
    objective = from_function(
        slope,
        lambda p: np.stack([np.ones(len(p)), 2 * p[:, 1]], axis=1),
        lambda p: np.diag([0.0, 2.0]),
        [0.3, 0.5],
        "slope",
    )
    search = find_critical(objective, objective.start)
    assert search.outcome is Outcome.GRADIENT_FLAT
    assert search.found is None
    assert search.end[1] == pytest.approx(0, abs=1e-6)
    assert search.gradient_norm == pytest.approx(1, abs=1e-9)
    assert search.flatness < 1e-5
    assert "gradient-flat" in search.sentence
    assert "No critical point" in search.sentence


def test_a_bump_in_the_slope_is_no_find():
    # x^3 / 3 + x: the slope x^2 + 1 is least, not zero, at 0, where the second derivative is zero.
    objective = from_function(
        lambda p: (p**3 / 3 + p).sum(1), lambda p: p**2 + 1, lambda x: np.diag(2 * x), [1.0], "bend"
    )
    search = find_critical(objective, [1.0])
    assert search.outcome is Outcome.BUDGET  # in one dimension |Hg| is always |H| |g|
    assert search.flatness == pytest.approx(1)
    assert search.found is None
    assert abs(search.end[0]) < 0.2


def test_a_gradient_in_float32_is_not_mistaken_for_anything_else():
    exact = himmelblau()
    coarse = from_function(
        exact.value_function,
        lambda p: exact.gradient_function(p.astype(np.float32)).astype(np.float64),
        exact.hessian_function,
        [1.0, 1.0],
        "coarse",
    )
    ends = [find_critical(coarse, start) for start in ([0.0, 3.0], [3.3, 0.3], [-3.0, 3.0])]
    assert [search.outcome for search in ends] == [Outcome.ROUNDING] * 3
    assert all(search.found is None for search in ends)
    assert all(1e-10 < search.gradient_norm < 1e-3 for search in ends)
    assert "compute in float64" in ends[0].sentence
    loose = find_critical(coarse, [-3.0, 3.0], tolerances=Tolerances(gradient=1e-3))
    assert loose.found.words == "minimum"


def test_few_steps_are_a_budget():
    search = find_critical(rosenbrock(), rosenbrock().start, LevenbergMarquardt(steps=2))
    assert search.outcome is Outcome.BUDGET
    assert search.hessians == 3
    assert search.found is None
    np.testing.assert_array_equal(search.start, rosenbrock().start)


@pytest.fixture(scope="module")
def kinked():
    return Case((4,), Activation.RELU, Loss.MEAN_SQUARED_ERROR, 0.3)


def test_a_search_that_ends_on_a_kink_says_so(kinked):
    ends = []
    for seed in range(6):
        start = kinked.network.initial_point(seed)
        search = find_critical(kinked.objective, start)
        nearest = min(np.abs(z).min() for z in hidden_inputs(kinked, search.end))
        assert (search.outcome is Outcome.KINK) == (nearest <= 1e-8)
        assert (search.found is None) == (search.outcome is not Outcome.CRITICAL)
        ends.append(search.outcome)
    assert Outcome.KINK in ends


def test_a_smooth_network_has_no_kinks(kinked):
    network = MLP(kinked.network.widths, Activation.TANH)
    objective = MLPObjective(network, *kinked.data, kinked.loss, 0.3)
    search = find_critical(objective, network.initial_point(0))
    assert search.outcome is Outcome.CRITICAL
    assert search.kink_distance == np.inf
    assert search.found.nullity == 0


def test_a_cube_is_inconclusive_wherever_the_search_stops():
    search = find_critical(monkey_saddle(), [0.5, 0.25])
    assert search.outcome is Outcome.CRITICAL
    assert search.found.words == "inconclusive at second order"
    assert search.found.nullity == 2
    assert np.abs(search.end).max() < 1e-4


def test_what_has_no_end_is_refused():
    with pytest.raises(InputError, match="loss, gradient and Hessian must be finite"):
        find_critical(himmelblau(), [np.nan, 0.0])
    edge = from_function(
        lambda p: (np.abs(p) ** 1.5).sum(1),
        lambda p: 1.5 * np.sign(p) * np.abs(p) ** 0.5,
        lambda x: np.diag(0.75 * np.abs(x) ** -0.5),
        [1.0],
        "edge",
    )
    with pytest.raises(InputError, match="loss, gradient and Hessian must be finite"):
        find_critical(edge, [0.0])
    with pytest.raises(InputError, match="needs derivatives, got formula"):
        find_critical(Formula(slope), np.zeros(2))
    wide = MLPObjective(MLP((3000, 1)), np.zeros((1, 3000)), [0.0])
    with pytest.raises(InputError, match=r"at most 3,000 parameters, got 3,001; take ends\(\)"):
        find_critical(wide, np.zeros(3001))
    with pytest.raises(InputError, match="steps must be at least 1"):
        LevenbergMarquardt(steps=0)
    with pytest.raises(InputError, match="damping must be"):
        LevenbergMarquardt(damping=0)
    with pytest.raises(InputError, match="the tolerance kink"):
        Tolerances(kink=0)


def test_at_a_critical_point_there_is_nothing_to_walk():
    search = find_critical(himmelblau(), [3.0, 2.0])
    assert (search.moved, search.hessians, search.gradients) == (0, 1, 0)
    assert search.found.words == "minimum"
    assert np.isnan(search.flatness)


def test_polishing_goes_to_the_rounding_and_leaves_flat_directions_alone():
    network = LinearNetwork.from_singular_values([3.0, 2.0, 1.0], (3, 3), 2, seed=5)
    known = network.critical_point([0, 2])
    noise = 1e-6 * np.random.default_rng(0).standard_normal(known.point.size)
    begin = look(network, known.point + noise)
    end = polish(network, begin, zero=1e-3)
    assert begin.slope > 1e-7
    assert end.slope < 1e-13
    values, vectors = np.linalg.eigh(network.hessian(known.point))
    moved = (end.point - begin.point) @ vectors
    assert np.abs(moved[np.abs(values) < 1e-9]).max() < 1e-10
    assert np.abs(moved[np.abs(values) > 1e-9]).max() > 1e-7


def test_a_find_is_polished_whatever_the_tolerance():
    search = find_critical(himmelblau(), [2.9, 2.1], tolerances=Tolerances(gradient=1e-2))
    assert search.gradient_norm < 1e-12


def test_a_walk_that_comes_to_rest_is_told_from_one_that_ran_out():
    search = find_critical(mueller_brown(), [0.35, -0.35])
    assert search.outcome is Outcome.GRADIENT_FLAT
    assert 20 < search.hessians < 200
    assert search.gradient_norm > 10


def test_where_the_loss_ends_the_walk_turns_back():
    # sqrt(1 - x^2) has its maximum at 0; the first step from 0.99 would leave its domain.
    objective = from_function(
        lambda p: np.sqrt(1 - p[:, 0] ** 2),
        lambda p: -p / np.sqrt(1 - p**2),
        lambda x: np.diag(-((1 - x**2) ** -1.5)),
        [0.5],
        "circle",
    )
    search = find_critical(objective, [0.99])
    assert search.found.words == "maximum"
    assert search.found.point[0] == pytest.approx(0, abs=1e-10)


def test_a_quadratic_takes_few_steps():
    search = find_critical(quadratic([3.0, -1.0, 0.5], seed=1), np.full(3, 2.0))
    assert search.found.index == 1
    assert search.hessians < 12


def tail(power):
    """exp(-x) + y^2 / 2 for power 0, else x^-power + y^2 / 2: flatter and flatter, never flat."""
    if power:
        value = (lambda x: x**-power, lambda x: -power * x ** (-power - 1.0))
        second = lambda x: power * (power + 1) * x ** (-power - 2.0)  # noqa: E731
    else:
        value = (lambda x: np.exp(-x), lambda x: -np.exp(-x))
        second = lambda x: np.exp(-x)  # noqa: E731
    return from_function(
        lambda p: value[0](p[:, 0]) + p[:, 1] ** 2 / 2,
        lambda p: np.stack([value[1](p[:, 0]), p[:, 1]], axis=1),
        lambda p: np.diag([second(p[0]), 1.0]),
        [1.0, 1.0],
        f"tail {power}",
    )


@pytest.mark.parametrize("power", [0, 1, 3])
def test_a_gradient_that_fades_toward_infinity_is_no_critical_point(power):
    patient = LevenbergMarquardt(steps=2000)
    search = find_critical(tail(power), [1.0, 1.0], patient, Tolerances(gradient=1e-7))
    assert search.outcome is Outcome.RUNAWAY
    assert search.found is None
    assert "infinity" in search.sentence


@pytest.mark.parametrize(("l2", "outcome"), [(0.0, Outcome.RUNAWAY), (1e-3, Outcome.CRITICAL)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_network_on_separable_data_runs_away_unless_a_penalty_holds_it(l2, outcome, seed):
    X = np.random.default_rng(0).normal(size=(20, 2))
    y = (X[:, 0] > 0).astype(float)
    network = MLPObjective(MLP((2, 3, 1), Activation.TANH), X, y, l2=l2)
    run = record(network, network.network.initial_point(seed), Adam(0.05), 300)
    assert find_critical(network, run["point"].values[-1]).outcome is outcome


@pytest.mark.parametrize("power", [2, 3, 4, 6, 10])
def test_a_flat_critical_point_is_none_that_runs_away(power):
    objective = from_function(
        lambda p: (p**power).sum(axis=1),
        lambda p: power * p ** (power - 1),
        lambda p: np.diag(power * (power - 1) * p ** (power - 2)),
        [0.3, 0.2],
        f"x^{power} + y^{power}",
    )
    assert find_critical(objective, [0.3, 0.2]).outcome is Outcome.CRITICAL


# Of these the plain length of a step is stretched by rounding, on one processor or another.
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 12, 14, 15, 21, 22, 26, 30, 52, 59])
def test_a_tail_is_recognized_before_rounding_hides_it(seed):
    random = np.random.default_rng(seed)
    X = random.normal(size=(21, 2))
    y = np.argmax(X @ random.normal(size=(2, 3)), axis=1).astype(float)
    network = MLPObjective(MLP((2, 3)), X, y, Loss.SOFTMAX_CROSS_ENTROPY)
    assert find_critical(network, random.normal(size=9)).outcome is Outcome.RUNAWAY


@pytest.mark.parametrize("scale", [1e-12, 1e-14])
def test_in_small_units_a_search_still_ends_at_the_critical_points(scale):
    known = himmelblau()
    objective = from_function(
        lambda p: scale * known.values(p),
        lambda p: scale * known.value_and_gradients(p)[1],
        lambda p: scale * known.hessian(p),
        known.start,
        f"{scale} himmelblau",
    )
    places = [point.point for point in himmelblau_critical_points()]
    for start in np.random.default_rng(0).normal(scale=3.0, size=(30, 2)):
        search = find_critical(objective, start)
        if search.outcome is Outcome.CRITICAL and search.found.nullity == 0:
            assert min(np.linalg.norm(search.end - place) for place in places) < 1e-6
        twin = find_critical(known, start)
        assert (twin.outcome is Outcome.CRITICAL) <= (search.found.nullity == 0)


@pytest.mark.parametrize("scale", [1e6, 1e12])
def test_a_gradient_in_the_rounding_of_a_huge_loss_says_how_to_mend_it(scale):
    known = himmelblau()
    objective = from_function(
        lambda p: scale * known.values(p),
        lambda p: scale * known.value_and_gradients(p)[1],
        lambda p: scale * known.hessian(p),
        known.start,
        f"{scale} himmelblau",
    )
    search = find_critical(objective, [0.1, -2.0])
    assert search.outcome is Outcome.ROUNDING
    assert "divide the loss by its scale" in search.sentence
