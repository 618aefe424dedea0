import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg import datasets
from thalweg.core.errors import InputError, MissingExtraError

REFERENCE = Path(__file__).parent / "data" / "seed_defaults.npz"
MAKERS = [datasets.spiral, datasets.moons, datasets.circles, datasets.blobs, datasets.xor]
QUICK = settings(deadline=None, max_examples=30, derandomize=True)


def phi(x: float) -> float:
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def chapter_spiral(n_points: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The chapter's own lines, on a generator that stands for the global one."""
    rng = np.random.RandomState(seed)
    theta = np.linspace(0, 4 * np.pi, n_points)
    r0 = theta / (4 * np.pi)
    x0 = r0 * np.cos(theta) + noise * rng.randn(n_points)
    y0 = r0 * np.sin(theta) + noise * rng.randn(n_points)
    r1 = theta / (4 * np.pi)
    x1 = r1 * np.cos(theta + np.pi) + noise * rng.randn(n_points)
    y1 = r1 * np.sin(theta + np.pi) + noise * rng.randn(n_points)
    X = np.vstack([np.column_stack([x0, y0]), np.column_stack([x1, y1])])
    return X, np.hstack([np.zeros(n_points), np.ones(n_points)])


def test_spiral_is_the_chapters_bit_for_bit():
    X, y = datasets.spiral()
    with np.load(REFERENCE) as reference:
        assert X.tobytes() == reference["spiral_X"].tobytes()
        assert y.tobytes() == reference["spiral_y"].tobytes()


@QUICK
@given(st.integers(1, 301), st.floats(0, 2), st.integers(0, 2**32 - 1))
def test_spiral_follows_the_chapters_lines_at_any_setting(n_points, noise, seed):
    X, y = datasets.spiral(n_points, noise, seed)
    wanted_X, wanted_y = chapter_spiral(n_points, noise, seed)
    assert np.array_equal(X, wanted_X)
    assert np.array_equal(y, wanted_y)


@pytest.mark.parametrize("arms", [2, 3, 5])
def test_spiral_arms_are_rotations_of_the_first(arms):
    centers = datasets.spiral_arms(50, arms)
    assert centers.shape == (arms, 50, 2)
    assert np.array_equal(centers.reshape(-1, 2), datasets.spiral(50, 0.0, arms=arms)[0])
    flat = centers @ [1, 1j]
    for arm in range(arms):
        assert np.allclose(flat[arm], flat[0] * np.exp(2j * np.pi * arm / arms), atol=1e-14)


@pytest.mark.parametrize("maker", MAKERS)
def test_makers_share_one_contract(maker):
    state = np.random.get_state()[1].copy(), np.random.get_state()[2:]
    X, y = maker(n_points=7, noise=0.2, seed=3)
    again = maker(n_points=7, noise=0.2, seed=3)
    other, _ = maker(n_points=7, noise=0.2, seed=4)
    after = np.random.get_state()
    assert np.array_equal(state[0], after[1])
    assert state[1] == after[2:]
    assert X.dtype == y.dtype == np.float64
    assert X.shape == (y.size, 2)
    classes = 3 if maker is datasets.blobs else 2
    assert np.array_equal(y, np.repeat(np.arange(classes), 7))
    assert np.array_equal(X, again[0])
    assert np.array_equal(y, again[1])
    assert not np.array_equal(X, other)


@pytest.mark.parametrize("maker", MAKERS)
def test_noise_is_the_standard_deviation(maker):
    blurred, clean = maker(4000, 0.25, 1)[0], maker(4000, 0.0, 1)[0]
    if maker is datasets.blobs:  # its centers shift with the draws, so compare within a cloud
        spread = np.std(blurred.reshape(3, 4000, 2), axis=1)
    else:
        spread = np.std(blurred - clean, axis=0)
    assert np.allclose(spread, 0.25, atol=0.01)


def test_xor_labels_by_the_sign_product():
    X, y = datasets.xor(100, noise=0.0)
    assert np.array_equal(y, X.prod(axis=1) < 0)
    assert len(np.unique(X, axis=0)) == 4
    assert np.array_equal(
        np.unique(X, axis=0), np.unique(datasets.xor_centers().reshape(4, 2), axis=0)
    )


BAD = [
    ({"n_points": 0}, "n_points must be an integer of at least 1, got 0"),
    ({"n_points": 2.5}, "n_points must be an integer of at least 1, got 2.5"),
    ({"noise": -0.1}, "noise must be finite and at least 0, got -0.1"),
    ({"noise": math.nan}, "noise must be finite and at least 0, got nan"),
    ({"noise": math.inf}, "noise must be finite and at least 0, got inf"),
    ({"seed": -1}, "seed must be an integer from 0 to"),
    ({"seed": 2**32}, "seed must be an integer from 0 to"),
    ({"seed": None}, "seed must be an integer from 0 to"),
]


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_told(maker, arguments, message):
    with pytest.raises(InputError) as caught:
        maker(**arguments)
    assert str(caught.value).startswith(message)
    assert caught.value.mend


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: datasets.spiral(arms=1), "arms must be an integer of at least 2, got 1"),
        (lambda: datasets.spiral_arms(0), "n_points must be an integer of at least 1, got 0"),
        (lambda: datasets.spiral_arms(5, 1), "arms must be an integer of at least 2, got 1"),
        (lambda: datasets.blobs(classes=1), "classes must be an integer of at least 2, got 1"),
        (lambda: datasets.circles(factor=1.0), "factor must be at least 0 and below 1, got 1.0"),
        (lambda: datasets.attainable_accuracy(np.zeros((1, 3, 2)), 1.0), "centers must hold"),
        (lambda: datasets.attainable_accuracy(np.zeros((2, 0, 2)), 1.0), "centers must hold"),
        (lambda: datasets.attainable_accuracy(np.zeros((2, 3)), 1.0), "centers must have shape"),
        (lambda: datasets.attainable_accuracy(np.full((2, 3, 2), np.nan), 1.0), "centers must be"),
        (lambda: datasets.attainable_accuracy(np.zeros((2, 3, 2)), 0.0), "noise must be"),
        (lambda: datasets.bayes_posterior(np.zeros((2, 3, 2)), 1.0, [1.0]), "X must have shape"),
    ],
)
def test_other_bad_arguments_are_told(call, message):
    with pytest.raises(InputError) as caught:
        call()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("maker", [datasets.moons, datasets.circles, datasets.blobs])
def test_without_scikit_learn_the_extra_is_named(maker, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtraError) as caught:
        maker()
    assert caught.value.mend == "pip install 'thalweg[datasets]'"


def test_importing_datasets_does_not_load_scikit_learn():
    code = "import sys, thalweg.datasets as d; d.spiral(); assert 'sklearn' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@QUICK
@given(st.floats(0.01, 6), st.floats(-math.pi, math.pi), st.floats(1e-3, 1e3), st.floats(-50, 50))
def test_two_centers_reach_phi_of_half_the_distance(distance, angle, noise, shift):
    first = np.array([shift, -shift])
    second = first + noise * distance * np.array([math.cos(angle), math.sin(angle)])
    found = datasets.attainable_accuracy([[first], [second]], noise)
    assert abs(found - phi(distance / 2)) < 1e-5


def test_accuracy_holds_even_where_the_boundary_runs_along_the_lattice():
    angle = math.atan((1 + math.sqrt(5)) / 2)
    centers = [[[0.0, 0.0]], [[3 * math.cos(angle), 3 * math.sin(angle)]]]
    assert abs(datasets.attainable_accuracy(centers, 1.0) - phi(1.5)) < 1e-5


@pytest.mark.parametrize("noise", [0.2, 0.5, 1.0, 3.0])
def test_xor_has_a_closed_accuracy(noise):
    right = phi(1 / noise)
    wanted = right**2 + (1 - right) ** 2
    assert abs(datasets.attainable_accuracy(datasets.xor_centers(), noise) - wanted) < 1e-5


def test_accuracy_at_the_extremes():
    arms = datasets.spiral_arms(50, 3)
    assert datasets.attainable_accuracy(arms, 1e3) == pytest.approx(1 / 3, abs=1e-3)
    same = np.repeat(arms[:1], 4, axis=0)
    assert datasets.attainable_accuracy(same, 0.1) == pytest.approx(1 / 4, abs=1e-9)
    # the arms share the origin; elsewhere they stand apart
    wanted = 1 - (2 / 3) / 50
    assert datasets.attainable_accuracy(arms, 1e-6) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("arms", "noise"), [(2, 0.3), (2, 0.1), (5, 0.05), (3, 0.01)])
def test_accuracy_is_what_the_optimal_classifier_scores_and_is_quick(arms, noise):
    centers = datasets.spiral_arms(200, arms)
    begin = time.process_time()
    accuracy = datasets.attainable_accuracy(centers, noise)
    assert time.process_time() - begin < 1.0
    rng = np.random.default_rng(0)
    draws = 40_000
    labels, which = rng.integers(arms, size=draws), rng.integers(200, size=draws)
    X = centers[labels, which] + noise * rng.standard_normal((draws, 2))
    # the mean of the largest posterior estimates the same integral, with less scatter
    best = datasets.bayes_posterior(centers, noise, X).max(axis=1)
    assert abs(best.mean() - accuracy) < 4 * best.std() / math.sqrt(draws)


def test_posterior_of_two_centers_is_logistic():
    X = np.random.default_rng(0).normal(size=(50, 2))
    found = datasets.bayes_posterior([[[1.0, 0.0]], [[-1.0, 0.0]]], 0.5, X)
    assert np.allclose(found[:, 0], 1 / (1 + np.exp(-8 * X[:, 0])), rtol=1e-12)


def test_posterior_far_away_is_still_a_distribution_and_chunks_agree():
    centers = datasets.spiral_arms(400)
    X = np.concatenate([np.random.default_rng(0).normal(size=(6000, 2)), [[1e3, 0.0]]])
    found = datasets.bayes_posterior(centers, 0.01, X)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-14)
    assert found[-1, 0] == 1.0
    alone = np.concatenate(
        [datasets.bayes_posterior(centers, 0.01, X[i : i + 1]) for i in (0, 5999)]
    )
    assert np.array_equal(alone, found[[0, 5999]])
