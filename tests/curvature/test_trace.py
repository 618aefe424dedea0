"""Trace and diagonal: exact when small, unbiased within an honest error when estimated."""

import numpy as np
import pytest

from cases import CASES
from thalweg.core.errors import InputError
from thalweg.curvature.dense import hessian
from thalweg.curvature.ends import ends
from thalweg.curvature.lanczos import Lanczos
from thalweg.curvature.trace import diagonal, trace
from thalweg.objectives.zoo import quadratic

DRAW = np.random.default_rng(0)
OBJECTIVE = quadratic(np.r_[0.1 * DRAW.standard_normal(120), 50, 30, -20], seed=1)
MATRIX = hessian(OBJECTIVE, OBJECTIVE.start)
SEEDS = range(150)


def estimates(function, draws=36, **more):
    start = OBJECTIVE.start
    return [function(OBJECTIVE, start, draws, seed=s, dense_up_to=0, **more) for s in SEEDS]


@pytest.mark.parametrize("known", [False, True])
def test_the_trace_is_unbiased_and_its_error_honest(known):
    pairs = ends(OBJECTIVE, OBJECTIVE.start, 1, 2) if known else None
    draws = 12 if known else 36
    found = estimates(trace, draws, known=pairs)
    exact = np.trace(MATRIX)
    errors = np.array([each.value - exact for each in found])
    stderrs = np.array([each.stderr for each in found])
    assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(len(SEEDS))
    # Student's t: 12 samples known, 36 - 2 * 6 = 24 else.
    freedom = (12 if known else 24) - 1
    scaled = errors / stderrs
    assert scaled.std() == pytest.approx(np.sqrt(freedom / (freedom - 2)), rel=0.2)
    assert 0.9 <= (np.abs(scaled) < 2.1).mean() <= 0.99
    assert all(each.draws == draws for each in found)
    # The outliers do not take part: the error is that of the bulk.
    bulk = np.sqrt(2 * 0.01 * 120 / (freedom + 1))
    assert stderrs.mean() == pytest.approx(bulk, rel=0.4)


def test_a_trace_to_a_stated_error_is_unbiased_and_gets_there():
    pairs = ends(OBJECTIVE, OBJECTIVE.start, 1, 2)
    wanted = 0.2  # the bulk alone has sqrt(2 * 0.01 * 120) = 1.5 a draw: some 60 draws
    found = estimates(trace, 12, known=pairs, accuracy=wanted)
    errors = np.array([each.value - np.trace(MATRIX) for each in found])
    assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(len(SEEDS))
    assert errors.std() == pytest.approx(wanted, rel=0.25)
    assert np.mean([each.stderr for each in found]) == pytest.approx(wanted, rel=0.15)
    assert 40 < np.mean([each.draws for each in found]) < 80
    # What is good enough already costs nothing more, and the first draws are kept.
    easy = trace(OBJECTIVE, OBJECTIVE.start, 12, known=pairs, accuracy=9.0, dense_up_to=0)
    assert easy == trace(OBJECTIVE, OBJECTIVE.start, 12, known=pairs, dense_up_to=0)
    with pytest.raises(InputError, match="accuracy"):
        trace(OBJECTIVE, OBJECTIVE.start, accuracy=0.0)


def test_the_diagonal_is_unbiased_and_its_errors_honest():
    found = estimates(diagonal)
    errors = np.stack([each.values for each in found]) - np.diagonal(MATRIX)
    stderrs = np.stack([each.stderrs for each in found])
    means = errors.mean(axis=0) / (errors.std(axis=0) / np.sqrt(len(SEEDS)))
    assert np.abs(means).max() < 4.5
    assert (errors / stderrs).std() == pytest.approx(np.sqrt(23 / 21), rel=0.1)
    assert stderrs.mean() < 0.1


def test_a_matrix_within_the_sketch_is_exact():
    objective = quadratic(np.r_[np.zeros(60), 3, -1], seed=0)
    found = trace(objective, objective.start, 30, dense_up_to=0)
    assert found.value == pytest.approx(2, abs=1e-12)
    assert found.stderr < 1e-12
    entries = diagonal(objective, objective.start, 30, dense_up_to=0)
    np.testing.assert_allclose(
        entries.values, np.diagonal(hessian(objective, objective.start)), atol=1e-12
    )
    assert trace(quadratic(np.zeros(9)), np.zeros(9), 6, dense_up_to=0).value == 0


@pytest.mark.parametrize("case", CASES[::9], ids=str)
def test_small_objectives_are_exact(case):
    exact = np.diagonal(hessian(case.objective, case.point))
    found = trace(case.objective, case.point)
    assert found.value == pytest.approx(exact.sum(), rel=1e-14)
    assert (found.stderr, found.draws) == (0, 0)
    entries = diagonal(case.objective, case.point)
    np.testing.assert_array_equal(entries.values, exact)
    assert not entries.stderrs.any()
    assert entries.draws == 0


def test_the_same_seed_the_same_estimate():
    first, again, other = (
        trace(OBJECTIVE, OBJECTIVE.start, 12, seed=s, dense_up_to=0) for s in (3, 3, 4)
    )
    assert first == again
    assert first.value != other.value


def test_pairs_that_are_not_settled_leave_no_bias():
    rough = ends(OBJECTIVE, OBJECTIVE.start, 1, 2, lanczos=Lanczos(dense_up_to=0, tolerance=0.3))
    assert rough.residuals.max() > 0.1
    errors = [each.value - np.trace(MATRIX) for each in estimates(trace, 12, known=rough)]
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(len(SEEDS))


def test_too_few_draws():
    for function in (trace, diagonal):
        with pytest.raises(InputError, match="at least 6 draws, got 5"):
            function(OBJECTIVE, OBJECTIVE.start, 5)


def test_the_diagonal_adds_up_to_the_trace_of_the_same_draws():
    whole = trace(OBJECTIVE, OBJECTIVE.start, 20, seed=5, dense_up_to=0)
    entries = diagonal(OBJECTIVE, OBJECTIVE.start, 20, seed=5, dense_up_to=0)
    assert entries.values.sum() == pytest.approx(whole.value, rel=1e-12)
    assert entries.draws == whole.draws == 20


@pytest.mark.parametrize("function", [trace, diagonal])
@pytest.mark.parametrize("draws", [6, 20, 36])
def test_draws_are_the_products_spent(monkeypatch, function, draws):
    spent, product = [], type(OBJECTIVE).hvp

    def counted(self, point, directions):
        spent.append(len(directions))
        return product(self, point, directions)

    monkeypatch.setattr(type(OBJECTIVE), "hvp", counted)
    function(OBJECTIVE, OBJECTIVE.start, draws, dense_up_to=0)
    assert sum(spent) == draws
