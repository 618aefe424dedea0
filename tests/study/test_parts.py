"""Parts of the study against answers that are known."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from thalweg.core.errors import StoreError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.zoo import quadratic
from thalweg.study.claims import Verdict, decide
from thalweg.study.court_surface import dip
from thalweg.study.court_training import bowl_winner
from thalweg.study.experiments import tuned
from thalweg.study.report import results_json
from thalweg.study.section import Section, listed, number, percent
from thalweg.study.settings import CHAPTER, LEARNED, Plan, optimal_score
from thalweg.study.statistics import effect_shares, interval
from thalweg.study.workshop import Workshop


def test_decide():
    assert decide(True, False) is Verdict.HOLDS
    assert decide(False, True) is Verdict.FAILS
    assert decide(False, False) is Verdict.UNDETERMINED


def test_dip_sees_a_stall_and_no_stall():
    falling = np.geomspace(1.0, 1e-3, 500)
    assert dip(falling)[0] == pytest.approx(1.0)
    stalled = np.concatenate([np.geomspace(1, 0.01, 100), np.geomspace(0.01, 0.5, 100)])
    depth, low, recovery = dip(stalled)
    assert 20 < depth <= 50  # the running median takes a little off the bottom
    assert 95 <= low <= 104
    assert recovery >= 195
    jitter = falling * np.where(np.arange(500) % 2, 1.0, 1.5)
    assert dip(jitter)[0] < 2.0


def test_tuned_takes_the_most_accurate_then_the_lowest_loss():
    names, rates = ["SGD", "momentum", "Adam"], [0.1, 1.0, 10.0]
    accuracy = np.array([[0.5, 0.9, 0.9], [0.9, 0.5, 0.5], [0.5, 0.5, 0.5]])[..., None]
    loss = np.array([[1.0, 0.3, 0.2], [1.0, 0.1, 0.1], [np.nan, 2.0, 1.0]])[..., None]
    tuning = xr.Dataset(
        {
            "accuracy": (("optimizer", "rate", "seed"), accuracy),
            "loss": (("optimizer", "rate", "seed"), loss),
        },
        coords={"optimizer": names, "rate": rates, "seed": [0]},
    )
    assert [s.lr for s in tuned(LEARNED, tuning).steppers] == [10.0, 0.1, 10.0]


def test_test_seeds_are_not_tuned_on():
    for quick in (True, False):
        plan = Plan(quick=quick)
        assert not set(plan.tuning_seeds) & set(plan.test_seeds)
    for seed in range(30):
        plan = Plan(seed)
        assert seed not in plan.tuning_seeds + plan.test_seeds
        assert (len(plan.tuning_seeds), len(plan.test_seeds)) == (3, 20)
        assert not set(plan.tuning_seeds) & set(plan.test_seeds)


def test_optimal_classifier_is_hard_to_beat_and_beats_chance():
    X, y = CHAPTER.fresh_data(42)
    assert 0.54 < optimal_score(CHAPTER, X, y) < 0.60
    assert optimal_score(LEARNED, *LEARNED.fresh_data(42)) > 0.98


def test_interval_covers_the_mean_as_often_as_it_says():
    random = np.random.default_rng(0)
    hits = [
        low < 3.0 < high for low, high in (interval(random.normal(3, 1, 5)) for _ in range(2000))
    ]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.015)


def test_interval_leaves_out_what_is_not_finite():
    values = np.array([1.0, 2.0, 3.0])
    assert interval(np.append(values, [np.nan, np.inf])) == interval(values)
    assert np.isnan(interval(values[:1])).all()


def test_effect_shares_are_zero_where_there_is_no_effect():
    random = np.random.default_rng(0)
    shares = [effect_shares(random.normal(size=(3, 20))) for _ in range(400)]
    np.testing.assert_allclose(np.mean(shares, axis=0), 0.0, atol=0.02)
    planted = random.normal(0, 0.1, (3, 20)) + 10 * np.arange(3)[:, None]
    assert effect_shares(planted)[0] > 0.99


def test_gradient_descent_wins_on_an_easy_bowl_and_momentum_on_a_hard_one():
    assert bowl_winner(10.0) == "SGD"
    assert bowl_winner(1000.0) == "momentum"


def test_words():
    assert percent(0.99996) == "99.996 %"
    assert percent(1 - 1e-12) == "100.000000 %"
    assert number(-0.00012) == "−0.00012"
    assert number(-1.5e-12) == "−1.5 × 10⁻¹²"
    assert listed(["one"]) == "one"


def test_results_are_strict_json():
    text = results_json([Section("s", "t", (), {"x": np.float64("nan"), "y": [np.int64(3)]})], {})
    assert '"x": "nan"' in text
    with pytest.raises(TypeError, match="a fact must be"):
        results_json([Section("s", "t", (), {"x": object()})], {})


def test_workshop_keeps_what_it_computed(tmp_path):
    calls = []

    def compute():
        calls.append(1)
        return xr.Dataset({"x": ("i", np.arange(3.0))}, attrs={"kind": "test"})

    first = Workshop(tmp_path / "out", {"seed": 1})
    assert first.keep("a", compute).identical(first.keep("a", compute))
    assert (calls, first.computed, first.resumed) == ([1], ["a"], [])
    second = Workshop(tmp_path / "out", {"seed": 1})
    second.keep("a", compute)
    assert (calls, second.computed, second.resumed) == ([1], [], ["a"])


def test_workshop_refuses_a_damaged_manifest(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        Workshop(tmp_path, {"seed": 1})


def test_a_surface_resumes_on_a_plane_that_differs_in_the_last_bits(tmp_path):
    shop = Workshop(tmp_path / "out", {"seed": 1})
    bowl, grid = quadratic([1.0, 2.0]), Grid.square(1.0, 5)
    first = shop.surface("s", bowl, Plane(np.zeros(2), np.eye(2)), grid)
    nearly = Plane(np.full(2, 1e-15), np.eye(2) * (1 + 1e-15))
    assert shop.surface("s", bowl, nearly, grid).identical(first)
    with pytest.raises(StoreError, match="plane_digest"):
        shop.surface("s", bowl, Plane(np.zeros(2), 2 * np.eye(2)), grid)


def test_errors_cross_to_other_processes_whole():
    fault = StoreError("wanted", "got", "mend")
    twin = pickle.loads(pickle.dumps(fault))
    assert (str(twin), twin.mend, type(twin)) == (str(fault), "mend", StoreError)


def test_a_setting_is_a_value():
    assert replace(CHAPTER, steps=10) != CHAPTER
    assert CHAPTER.steppers[0] == SGD(0.01)
