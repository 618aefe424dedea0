"""The trust report: known answers underneath, the badge, what is left out, and its JSON."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f as fisher

from formulas import Formula, ripples
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell
from thalweg.dynamics.project import project
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Momentum
from thalweg.geometry.planes import eigen_plane, principal_plane, random_plane
from thalweg.geometry.scaling import FilterNorm, Unscaled
from thalweg.geometry.seeded import seeded_plane
from thalweg.objectives.activations import Activation
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import himmelblau, himmelblau_critical_points, quadratic
from thalweg.surface.evaluate import evaluate
from thalweg.trust_report import chances
from thalweg.trust_report.beside import report_beside
from thalweg.trust_report.chances import Chances
from thalweg.trust_report.effort import Effort
from thalweg.trust_report.part import Missing
from thalweg.trust_report.trust import trust
from thalweg.trust_report.underneath import Shape, Underneath

SMALL = Grid.square(1.0, 5)
EIGENVALUES = np.repeat([1.0, -3.0], [49, 16])


def seen(objective, directions, origin=None, grid=SMALL):
    n = objective.layout.size
    plane = Plane(np.zeros(n) if origin is None else origin, directions)
    return evaluate(objective, plane, grid)


def axes(n, *chosen):
    return np.eye(n)[list(chosen)]


def texts(report):
    return [line.text for line in report.lines()]


def test_every_number_underneath_a_quadratic_is_exact():
    saddle = quadratic(EIGENVALUES, seed=4)
    vectors = np.linalg.eigh(saddle.hessian(np.zeros(65)))[1]
    drawn = np.stack([vectors[:, -1] + vectors[:, 0], vectors[:, -2]])
    found = trust(seen(saddle, drawn), objective=saddle)
    below, odds = found.underneath, found.chances
    assert isinstance(below, Underneath)
    assert isinstance(odds, Chances)
    assert below.lowest.value == pytest.approx(-3.0)
    assert below.highest.value == pytest.approx(1.0)
    assert max(below.lowest.error, below.highest.error) < 1e-12
    assert below.mean.value == pytest.approx(1 / 65)
    assert (below.negative, below.zero, below.parameters) == (16, 0, 65)
    assert (below.loss, below.gradient_norm, below.critical) == (0.0, 0.0, True)
    np.testing.assert_allclose(below.drawn, [-1.0, 1.0], atol=1e-12)
    assert below.shown is Shape.SADDLE
    assert below.kink_distance == np.inf
    assert odds.mean.value == pytest.approx(1 / 65)
    square = (49 + 16 * 9) / 65
    assert odds.spread.value == pytest.approx(np.sqrt(2 / 67 * (square - 1 / 65**2)))
    z = (np.array([-1.0, 1.0]) - 1 / 65) / odds.spread.value
    np.testing.assert_allclose(odds.scores, z, atol=1e-9)
    shares = [fisher.sf((1 - c) / (3 + c) * 49 / 16, 16, 49) for c in (-1.0, 1.0)]
    np.testing.assert_allclose([p.value for p in odds.percentiles], shares, atol=1e-9)


def test_the_chance_of_a_line_is_the_known_one():
    saddle = quadratic(EIGENVALUES)
    found = trust(seen(saddle, axes(65, 0), grid=Grid.square(1.0, 5, 1)), objective=saddle)
    assert found.chances.minimum.value == pytest.approx(0.5476, abs=5e-5)
    assert found.chances.minimum.error < 1e-10
    assert "54.8 % of unscaled random lines through this point show a minimum" in " ".join(
        texts(found)
    )


SEEN = [known for known in himmelblau_critical_points() if known.index < 2]


@pytest.mark.parametrize("known", SEEN, ids=lambda k: f"{k.value:.1f}")
def test_the_badge_on_all_critical_points_of_himmelblau(known):
    objective = himmelblau()
    values, vectors = np.linalg.eigh(objective.hessian(known.point))
    up = vectors[:, values > 0].T
    plane = Plane(known.point, up)
    surface = evaluate(objective, plane, Grid.square(0.1, 5, len(up)))
    found = trust(surface, objective=objective)
    assert found.underneath.critical
    assert found.underneath.negative == known.index
    assert found.saddle_seen_as_minimum == (known.index > 0)
    assert found.lines()[0].warning == (known.index > 0)
    assert texts(found)[0].startswith(
        "Minimum in this plane, saddle in space: at the plane's origin"
        if known.index
        else "A minimum in space too"
    )


@settings(max_examples=12)
@given(st.integers(1, 4), st.integers(2, 4), st.integers(0, 3), st.integers(0, 99))
def test_the_badge_is_for_hidden_ways_down_and_nothing_else(down, up, flat, seed):
    eigenvalues = np.repeat([-0.5, 1.0, 0.0], [down, up, flat])
    saddle = quadratic(eigenvalues, seed=seed)
    vectors = np.linalg.eigh(saddle.hessian(np.zeros(eigenvalues.size)))[1]
    steep, low = vectors[:, -2:].T, vectors[:, [0, -1]].T
    assert trust(seen(saddle, steep), objective=saddle).saddle_seen_as_minimum
    shown = trust(seen(saddle, low), objective=saddle)
    assert not shown.saddle_seen_as_minimum
    assert not shown.lines()[0].warning
    assert shown.underneath.negative == down
    bowl = quadratic(np.abs(eigenvalues), seed=seed)
    steep = np.linalg.eigh(bowl.hessian(np.zeros(eigenvalues.size)))[1][:, -2:].T
    found = trust(seen(bowl, steep), objective=bowl)
    assert not found.saddle_seen_as_minimum
    wanted = "No way down to second order" if flat else "A minimum in space too"
    assert texts(found)[0].startswith(wanted)


def test_a_saddle_may_be_seen_as_a_maximum_or_as_flat_too():
    saddle = quadratic([-1.0, -2.0, 3.0, 0.0])
    found = trust(seen(saddle, axes(4, 0, 1)), objective=saddle)
    assert texts(found)[0].startswith("Maximum in this plane, saddle in space")
    assert found.lines()[0].warning
    assert not found.saddle_seen_as_minimum
    found = trust(seen(saddle, axes(4, 2, 3)), objective=saddle)
    assert found.underneath.shown is Shape.FLAT
    assert texts(found)[0].startswith("In space, at the plane's origin")
    away = np.array([0.5, 0.0, 0.0])
    for up, warns in ((3.0, True), (1e-5, False)):  # not critical; steep, and nearly flat
        slope = quadratic([-1.0, -2.0, up])
        found = trust(seen(slope, axes(3, 0, 1), origin=away), objective=slope)
        assert texts(found)[0].startswith("Curved downward in this plane, upward in space")
        assert found.lines()[0].warning == warns
    peak = quadratic([-1.0, -2.0, -3.0])
    found = trust(seen(peak, axes(3, 0, 1)), objective=peak)
    assert not found.lines()[0].warning


def test_a_point_that_is_not_critical_has_no_index():
    saddle = quadratic([1.0, 2.0, -3.0])
    surface = seen(saddle, axes(3, 0, 1), origin=np.array([0.0, 0.0, 0.5]))
    found = trust(surface, objective=saddle)
    assert not found.underneath.critical
    assert found.underneath.gradient_norm == pytest.approx(1.5)
    assert not found.saddle_seen_as_minimum
    assert texts(found)[0].startswith("Curved upward in this plane, downward in space")
    assert "(|gradient| = 1.5: not a critical point)" in texts(found)[0]
    assert found.lines()[0].warning
    slight = quadratic([1.0, 2.0, -1e-5])
    surface = seen(slight, axes(3, 0, 1), origin=np.array([0.5, 0.0, 0.0]))
    assert not trust(surface, objective=slight).lines()[0].warning  # nearly flat: nothing hidden


def test_another_point_may_be_looked_underneath():
    objective = himmelblau()
    [low, *_] = [k for k in himmelblau_critical_points() if k.index == 0]
    surface = evaluate(objective, Plane(np.zeros(2), np.eye(2)), SMALL)
    found = trust(surface, objective=objective, at=low.point, where="the end of the run")
    assert found.underneath.negative == 0
    assert "at the end of the run" in texts(found)[0]


def network(start=None, activation=Activation.RELU):
    random = np.random.default_rng(0)
    X = random.normal(size=(30, 2))
    net = MLP((2, 4, 1), activation)
    start = net.initial_point(1) + 0.1 if start is None else start
    return MLPObjective(net, X, (X[:, 0] > 0).astype(float), start=start)


def noisy(surface):
    """The surface with a standard error of the loss."""
    return surface.assign(loss_stderr=surface["loss"] * 0 + 0.01)


def test_a_network_has_every_part():
    net = network()
    plane = random_plane(net.start, net.layout, 1, scaling=FilterNorm())
    found = trust(noisy(evaluate(net, plane, SMALL)), objective=net)
    for part in (found.underneath, found.chances, found.redraws, found.invariance, found.sampling):
        assert not isinstance(part, Missing)
    assert found.sampling.examples == 30
    assert found.underneath.kink_distance == net.kink_distance(net.start)
    told = " ".join(texts(found))
    for word in ("λ_min", "Piecewise linear", "random planes", "other draws", "Scales", "seed 1"):
        assert word in told


def test_a_kink_makes_the_hessian_one_sided_and_warns():
    net = network()
    point = net.start.copy()
    blocks = net.layout.unpack(point)
    blocks["b1"] -= (net.inputs @ blocks["W1"] + blocks["b1"])[0]  # example 0 on every kink
    on = network(net.layout.pack(blocks))
    plane = random_plane(on.start, on.layout, 1, scaling=FilterNorm())
    found = trust(evaluate(on, plane, SMALL), objective=on)
    [line] = [line for line in found.lines() if line.text.startswith("On a kink")]
    assert line.warning
    smooth = network(activation=Activation.TANH)
    plane = random_plane(smooth.start, smooth.layout, 1, scaling=FilterNorm())
    found = trust(evaluate(smooth, plane, SMALL), objective=smooth)
    assert "kink" not in " ".join(texts(found))
    assert "no units that can be rescaled" in found.invariance.reason


def test_a_seeded_plane_is_drawn_again_with_the_same_report():
    net = network()
    plane = seeded_plane(net, 3, scaling=FilterNorm())
    one = trust(evaluate(net, plane, SMALL), objective=net)
    two = trust(evaluate(net, plane.dense(net.start), SMALL), objective=net)
    np.testing.assert_allclose(one.underneath.drawn, two.underneath.drawn, rtol=1e-9)
    np.testing.assert_allclose(one.redraws.others, two.redraws.others, rtol=1e-9)
    assert one.invariance == two.invariance


def test_without_the_objective_it_says_what_the_store_says():
    net = network()
    surface = noisy(evaluate(net, seeded_plane(net, 3), SMALL))
    found = trust(surface)
    assert found.underneath == Missing("not computed: pass the objective")
    assert found.sampling.planned is None
    assert len(found.lines()) == 2
    assert not found.saddle_seen_as_minimum


def test_an_objective_without_derivatives_is_redrawn_and_no_more():
    formula = Formula(ripples)
    plane = random_plane(np.zeros(2), formula.layout, 0, scaling=Unscaled())
    found = trust(evaluate(formula, plane, SMALL), objective=formula)
    assert found.underneath.reason == "not known: formula has no second derivatives"
    assert found.redraws.seeds == (1, 2, 3, 4, 5)


def test_a_large_model_is_not_looked_underneath_unasked():
    bowl = quadratic(np.r_[np.ones(299), -1.0])
    surface = seen(bowl, axes(300, 0, 1), grid=Grid.square(1.0, 51))
    found = trust(surface, objective=bowl)
    assert "300 parameters" in texts(found)[0]
    assert not found.lines()[0].warning
    full = trust(surface, objective=bowl, effort=Effort.FULL)
    assert full.saddle_seen_as_minimum


def test_beyond_the_dense_limit_the_ends_and_draws_stand_in(monkeypatch):
    saddle = quadratic(np.r_[np.linspace(0.5, 2.0, 150), -4.0], seed=1)
    vectors = np.linalg.eigh(saddle.hessian(np.zeros(151)))[1]
    surface = seen(saddle, vectors[:, -2:].T)
    exact = trust(surface, objective=saddle, effort=Effort.FULL)
    monkeypatch.setattr("thalweg.trust_report.underneath.DENSE_LIMIT", 100)
    monkeypatch.setattr(chances, "PLANES", 400)
    found = trust(surface, objective=saddle, effort=Effort.FULL)
    assert found.underneath.negative is None
    assert found.saddle_seen_as_minimum
    assert found.underneath.lowest.value == pytest.approx(-4.0, abs=1e-6)
    assert found.underneath.highest.value == pytest.approx(2.0, abs=1e-6)
    assert found.underneath.mean.value == pytest.approx(
        exact.underneath.mean.value, abs=5 * found.underneath.mean.error + 1e-9
    )
    for name in ("minimum", "spread"):
        one, other = getattr(found.chances, name), getattr(exact.chances, name)
        assert one.value == pytest.approx(other.value, abs=5 * one.error)
        assert 0 < one.error < 0.1
    assert "about" in " ".join(texts(found)) or found.chances.minimum.error < 0.005


def test_a_guest_that_faults_leaves_the_rest_of_the_report():
    class Broken(MLPObjective):
        def hvp(self, point, directions):
            raise NotImplementedError("no such kernel")

        hessian = hvp

    whole = network()
    net = Broken(whole.network, whole.inputs, whole.targets, start=whole.start)
    surface = evaluate(net, seeded_plane(net, 0), SMALL)
    found = trust(surface, objective=net)
    assert "not computed: " in found.underneath.reason
    assert "no such kernel" in found.invariance.reason
    assert not isinstance(found.redraws, Missing)


@pytest.mark.parametrize("holes", ["nan", "inf", "pending", "all"])
def test_a_surface_with_holes_is_reported_and_round_trips(holes):
    saddle = quadratic([1.0, 2.0, -3.0])
    surface = seen(saddle, axes(3, 0, 1))
    where = (slice(None),) if holes == "all" else (0, slice(2))
    surface["loss"][where] = np.inf if holes == "inf" else np.nan
    surface["status"][where] = Cell.PENDING if holes == "pending" else Cell.NONFINITE
    found = trust(surface, objective=saddle)
    assert found.lines()[0].warning
    assert json.loads(found.to_json())["cells"]["total"] == 25


def strict_json(text):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def without(told, found, place=""):
    """Compare what was read with what was written: null only for what is not finite."""
    if isinstance(found, dict):
        assert set(found) <= set(told)
        for key, value in found.items():
            without(told[key], value, f"{place}.{key}")
    elif isinstance(found, list):
        assert len(told) == len(found)
        for i, pair in enumerate(zip(told, found, strict=True)):
            without(*pair, f"{place}[{i}]")
    elif isinstance(found, float) and not np.isfinite(found):
        assert told is None
    else:
        assert told == found, place


def test_the_json_holds_every_number_with_its_method_and_error(tmp_path):
    net = network()
    run = record(net, net.start, Momentum(0.1), steps=12)
    plane = principal_plane(run["point"].values)
    grid = Grid.covering(plane.coordinates(run["point"].values), 7)
    surface = noisy(evaluate(net, plane, grid))
    found = trust(surface, [project(net, run, plane)], net)
    written = report_beside(tmp_path / "figure.png", found)
    assert written.name == "figure.trust.json"
    told = strict_json(written.read_text())
    without(told, found.to_dict())
    assert told["underneath"]["lowest"]["method"] == "dense Hessian, all 17 eigenvalues"
    assert told["chances"]["minimum"]["error"] < 1e-9
    assert told["paths"][0]["nulls"]["walk"]["stderr"] > 0
    assert told["invariance"] == {
        "missing": "not applicable: the directions are not drawn by a known rule"
    }
    assert [line["text"] for line in told["lines"]] == texts(found)
    assert texts(found)[0] == found.paths[0].lines()[0].text  # one run says all it has to say


def test_several_runs_have_a_line_each():
    bowl = quadratic([1.0, 9.0, 4.0])
    runs = [record(bowl, np.array([3.0, 1.0, 2.0]), s, 20) for s in (SGD(0.02), Momentum(0.05))]
    plane = principal_plane(np.concatenate([r["point"].values for r in runs]))
    surface = evaluate(bowl, plane, SMALL)
    found = trust(surface, [project(bowl, r, plane) for r in runs], bowl)
    assert [text.split(":")[0] for text in texts(found)[:2]] == ["SGD", "momentum"]
    assert all(course.nulls is None for course in found.paths)


def test_the_brief_line_says_what_lies_underneath():
    saddle = quadratic(EIGENVALUES)
    found = trust(seen(saddle, axes(65, 0, 1)), objective=saddle)
    line = found.brief()
    assert line.warning
    assert line.text == (
        "λ_min = −3, λ_max = 1; 16 of 65 eigenvalues are negative; 19.2 % of unscaled random "
        "planes through this point show a minimum."
    )
    assert trust(seen(saddle, axes(65, 0, 1))).brief().text == "not computed: pass the objective."


THREE = quadratic([1.0, 2.0, 3.0])


def of_torch(surface):
    """The surface as if a PyTorch model had been mapped, which is known by other digests."""
    parts = {"model_digest": "1", "data_digest": "2", "loss_digest": "3", "settings_digest": "4"}
    attrs = {k: v for k, v in surface.attrs.items() if k != "objective_digest"}
    return surface.drop_attrs().assign_attrs(attrs | parts)


def elsewhere():
    """A path in another plane than the one that is seen."""
    run = record(THREE, np.ones(3), SGD(0.1), 5)
    return project(THREE, run, principal_plane(run["point"].values))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: {"surface": s.assign_attrs(kind="path")}, "wanted a surface"),
        (lambda s: {"surface": s, "field": "height"}, "field must be among loss"),
        (lambda s: {"surface": s, "objective": quadratic([1.0, 2.0, 4.0])}, "that was mapped"),
        (lambda s: {"surface": s, "paths": [s]}, "wanted a path"),
        (lambda s: {"surface": of_torch(s), "objective": THREE}, "of another kind"),
        (lambda s: {"surface": s, "paths": [elsewhere()]}, "must lie in the plane of the surface"),
        (lambda s: {"surface": s, "objective": THREE, "at": np.ones(2)}, "at must have shape"),
        (lambda s: {"surface": s, "objective": THREE, "at": np.full(3, np.nan)}, "be finite"),
    ],
)
def test_what_does_not_belong_together_is_refused(change, said):
    surface = seen(quadratic([1.0, 2.0, 3.0]), axes(3, 0, 1))
    with pytest.raises(InputError, match=said):
        trust(**change(surface))


def test_an_eigen_plane_shows_the_way_down_and_has_no_badge():
    saddle = quadratic([1.0, 2.0, -3.0], seed=2)
    values, vectors = np.linalg.eigh(saddle.hessian(np.zeros(3)))
    plane = eigen_plane(np.zeros(3), values[[0, 2]], vectors[:, [0, 2]].T)
    found = trust(evaluate(saddle, plane, SMALL), objective=saddle)
    np.testing.assert_allclose(found.underneath.drawn, [-3, 2], atol=1e-12)
    assert texts(found)[0].startswith("In space, at the plane's origin: λ_min = −3")
    assert "Hessian eigenvectors" in texts(found)[-1]


def test_no_plane_shows_a_minimum_where_the_loss_slopes():
    saddle = quadratic([1.0, 2.0, -3.0])
    there = trust(seen(saddle, axes(3, 0, 1)), objective=saddle)
    away = trust(seen(saddle, axes(3, 0, 1), origin=np.array([0.0, 0.0, 0.5])), objective=saddle)
    assert there.chances.minimum == away.chances.minimum
    assert "random planes through this point show a minimum" in " ".join(texts(there))
    assert "show a minimum" not in " ".join([*texts(away), away.brief().text])
    assert "random planes through this point curve upward only" in " ".join(texts(away))
    assert away.to_dict()["chances"]["critical"] is False


def test_rounding_has_no_sign():
    flat = quadratic([1.0, 2.0, 3.0, -1e-17])
    found = trust(seen(flat, axes(4, 0, 1)), objective=flat)
    assert (found.chances.minimum.value, found.chances.minimum.error) == (1.0, 0.0)
    assert found.chances.minimum.method.startswith("exact: the signs")


def test_a_picture_of_another_field_is_not_judged_by_the_hessian_of_the_loss():
    net = network()
    surface = evaluate(net, seeded_plane(net, 0), SMALL, ("loss", "accuracy"))
    found = trust(surface, objective=net, field="accuracy")
    for part in (found.underneath, found.chances, found.invariance):
        assert part.reason == "not applicable: the Hessian is of the loss, not of the accuracy"
    assert "the accuracy changes by" in " ".join(texts(found))


@pytest.mark.parametrize(("sign", "said"), [(1.0, "All of 40 drawn"), (-1.0, "None of 40 drawn")])
def test_few_draws_that_agree_are_no_hundred_percent(monkeypatch, sign, said):
    one = quadratic(sign * np.r_[np.linspace(1.0, 2.0, 150), -1e-3])
    monkeypatch.setattr("thalweg.trust_report.underneath.DENSE_LIMIT", 100)
    found = trust(seen(one, axes(151, 0, 1)), objective=one, effort=Effort.FULL)
    [line] = [text for text in texts(found) if "random planes" in text]
    assert line.startswith(f"{said} unscaled random planes through this point")
