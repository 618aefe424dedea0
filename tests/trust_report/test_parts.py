"""The parts of a trust report, each against an exact answer or another way to find it."""

from dataclasses import replace

import numpy as np
import pytest

from formulas import Formula, ripples
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell
from thalweg.core.units import Nature
from thalweg.dynamics.nulls import walk_null
from thalweg.dynamics.project import project
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Momentum
from thalweg.geometry.planes import principal_plane, random_plane
from thalweg.geometry.scaling import BiasRule, FilterNorm, LayerNorm, Unit, Unscaled
from thalweg.objectives.activations import Activation
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import quadratic
from thalweg.surface.evaluate import evaluate
from thalweg.trust_report.cells import Cells, count_cells, shown_values
from thalweg.trust_report.course import course_of
from thalweg.trust_report.cut import Draw, cut_of, draw_of
from thalweg.trust_report.effort import Budget, Effort
from thalweg.trust_report.invariance import (
    Invariance,
    fold_changes,
    invariance_of,
    rescaled,
    rescaled_twins,
    scaling_layers,
)
from thalweg.trust_report.part import Missing, attempt
from thalweg.trust_report.redraws import Redraws, redraws_of
from thalweg.trust_report.sampling import sampling_of
from thalweg.trust_report.site import planar_of, site_of

BOWL = quadratic([1.0, 9.0, 4.0])


def flat(values, stderr=None, k=2):
    """A surface of given values on a plane of the first axes of R^3."""
    values = np.asarray(values, dtype=float)
    grid = Grid(tuple(np.linspace(-1, 1, n) for n in values.shape[::-1]))
    made = evaluate(BOWL, Plane(np.zeros(3), np.eye(3)[:k]), grid)
    made["loss"] = (made["loss"].dims, values)
    if stderr is not None:
        made["loss_stderr"] = (made["loss"].dims, np.full(values.shape, stderr))
    return made


def test_cells_are_counted_by_state_and_by_kind():
    made = flat(np.arange(12.0).reshape(3, 4))
    made["loss"][0, 0], made["loss"][0, 1], made["loss"][0, 2] = np.nan, np.inf, -np.inf
    made["loss"][1, :2] = np.nan  # not yet known, and failed: no values of the loss
    made["status"][1, 0], made["status"][1, 1] = Cell.PENDING, Cell.FAILED
    made.attrs["failures"] = ["at a = 0: ValueError: no"]
    found = count_cells(made)
    assert (found.total, found.pending, found.failed) == (12, 1, 1)
    assert (found.nan, found.plus_infinity, found.minus_infinity) == (1, 1, 1)
    np.testing.assert_array_equal(shown_values(made), [3, 6, 7, 8, 9, 10, 11])
    told = [line.text for line in found.lines()]
    assert told[0] == "Unfinished: 1 of 12 cells are still to be computed."
    assert told[1] == "1 cell failed, the first at a = 0: ValueError: no."
    assert told[2].endswith("NaN at 1, plus infinity at 1, minus infinity at 1 of 12 cells.")
    assert count_cells(flat(np.ones((2, 2)))).lines() == []


@pytest.mark.parametrize(
    "scaling",
    [Unscaled(), Unit(), FilterNorm(), LayerNorm(BiasRule.COPY), FilterNorm(BiasRule.COPY)],
)
def test_a_recipe_tells_seed_and_scaling(scaling):
    net = MLP((2, 3, 1))
    plane = random_plane(net.initial_point(0) + 0.1, net.layout, 7, scaling=scaling)
    assert draw_of(plane.recipe) == Draw(7, scaling)
    assert draw_of("random, seed 7, Mine()") == Draw(7, None)
    assert draw_of("principal directions, through the mean") is None


def test_the_sampling_error_and_the_size_that_would_do():
    made = flat(np.linspace(2.0, 4.0, 9).reshape(3, 3), stderr=0.25)
    found = sampling_of(made, examples=100)
    assert (found.middle, found.most, found.width) == (0.25, 0.25, 2.0)
    assert found.share == 0.125
    s = 0.25 * np.sqrt(100)  # of one example
    assert found.planned == np.ceil((1.96 * s / 0.02) ** 2)
    [line] = found.lines()
    assert line.warning
    assert "12 % of the range shown." in line.text
    assert "to 1 % of the range shown takes 600 times as many examples (60,000)." in line.text
    fine = sampling_of(flat(np.linspace(0, 4, 9).reshape(3, 3), stderr=1e-4), examples=100)
    assert fine.factor < 1
    assert fine.lines()[0].text.endswith("in the middle, 0.0001 at most.")
    assert not fine.lines()[0].warning


@pytest.mark.parametrize(
    ("made", "field"),
    [(flat(np.ones((2, 2))), "loss"), (flat(np.full((2, 2), np.nan), 0.1), "loss")],
)
def test_no_sampling_error_is_said_to_be_missing(made, field):
    assert isinstance(sampling_of(made, field), Missing)


def test_a_flat_loss_has_an_error_and_no_share_of_a_range():
    found = sampling_of(flat(np.ones((2, 2)), 0.1), examples=10)
    assert np.isnan(found.share)
    assert found.planned is None
    assert "range" not in found.lines()[0].text


@pytest.fixture(scope="module")
def run():
    return record(BOWL, np.array([3.0, 1.0, 2.0]), Momentum(0.05), steps=20)


def followed(run, plane, points=9):
    grid = Grid.covering(plane.coordinates(run["point"].values), points)
    path = project(BOWL, run, plane)
    path.attrs["end_to_end"] = float(np.linalg.norm(run["point"].values[[0, -1]].T @ [-1, 1]))
    return evaluate(BOWL, plane, grid), path


def test_a_course_is_what_project_measured_against_the_range_shown(run):
    surface, path = followed(run, principal_plane(run["point"].values))
    found = course_of(path, surface)
    assert found.captured == path.attrs["captured_variance"]
    assert found.largest_gap == np.abs(path["gap"].values).max()
    log = np.log(surface["loss"].values)  # more than a decade, so the picture has a log scale
    shares = np.abs(np.log(path["loss"] / path["plane_loss"])) / np.ptp(log)
    assert found.gap_share == pytest.approx(float(shares.max()))
    assert found.dashed == pytest.approx(float((shares > 0.1).mean()))
    assert found.farthest == path["residual"].values.max()
    assert found.off_plane == pytest.approx(found.farthest / path.attrs["end_to_end"])
    assert found.name == "momentum"


def test_a_principal_plane_is_told_beside_its_nulls_and_no_other_plane_is(run):
    points = run["point"].values
    surface, path = followed(run, principal_plane(points))
    nulls = course_of(path, surface).nulls
    assert nulls.walk == walk_null(21, 3, 2, draws=8)
    assert nulls.momentum == walk_null(21, 3, 2, momentum=0.9, draws=8)
    assert nulls.straight == 1.0
    assert all(0 <= c <= 1 for c in nulls.cosines)
    assert course_of(path, surface, alone=False).nulls is None
    surface, path = followed(run, Plane(points[-1], np.eye(3)[:2]))
    assert course_of(path, surface).nulls is None


def test_a_drift_is_mostly_a_half_cosine_and_the_line_says_so(run):
    drift = run.copy(deep=True)
    t = np.linspace(0, 1, 21)
    drift["point"] = (("step", "parameter"), np.stack([np.cos(np.pi * t), 0.1 * t**2, 0 * t], 1))
    surface, path = followed(drift, principal_plane(drift["point"].values))
    found = course_of(path, surface)
    assert found.nulls.cosines[0] > 0.9
    assert "half cosine" in found.lines()[1].text


def test_a_path_far_from_its_plane_warns_on_every_line(run):
    path = followed(run, principal_plane(run["point"].values))[1]
    surface = flat(np.linspace(1, 2, 9).reshape(3, 3))
    path.attrs |= {"captured_variance": 0.25, "end_to_end": 1e-3, "points_left_out": 2}
    path["loss"], path["plane_loss"] = path["loss"] * 0 + 1.0, path["loss"] * 0 + 1.5
    path["residual"] = path["residual"] * 0 + 2e-3
    found = course_of(path, surface, alone=False)
    assert found.gap_share == pytest.approx(0.5)
    assert all(line.warning for line in found.lines())
    assert "2 times the distance from start to end" in found.lines()[2].text
    one = found.line()
    assert one.warning
    assert one.text.startswith("momentum: 25.0 % of its variance in this plane, gap up to 50 %")


def test_an_unknown_gap_and_unknown_ends_are_said_not_guessed(run):
    path = followed(run, principal_plane(run["point"].values))[1]
    del path.attrs["end_to_end"]
    found = course_of(path, flat(np.full((2, 2), np.nan)), alone=False)
    assert np.isnan([found.gap_share, found.off_plane, found.largest_gap]).all()
    assert [line.text for line in found.lines()][1:] == [
        "The gap between true and drawn loss is unknown."
    ]


def test_redraws_are_the_rises_along_each_draw():
    net = MLPObjective(MLP((2, 4, 1)), np.eye(2), np.array([0.0, 1.0]))
    plane = random_plane(net.start, net.layout, 2, scaling=Unit())
    surface = evaluate(net, plane, Grid.square(0.5, 5))
    found = redraws_of(surface, net, 2, Unit(), "loss")
    assert found.seeds == (0, 1, 3, 4, 5)

    def rises(plane):
        ends = [[net.value(plane.origin + s * d) for s in (-0.5, 0.5)] for d in plane.directions]
        return np.mean(ends, axis=1) - net.value(plane.origin)

    np.testing.assert_allclose(found.own, rises(plane), atol=1e-12)
    for seed, rise in zip(found.seeds, found.others, strict=True):
        other = random_plane(net.start, net.layout, seed, scaling=Unit())
        np.testing.assert_allclose(rise, rises(other), atol=1e-12)


def test_redraws_warn_where_the_draw_decides():
    plane = random_plane(np.zeros(2), Formula(ripples).layout, 0, scaling=Unscaled())
    surface = evaluate(Formula(ripples), plane, Grid.square(1.0, 5))
    [line] = redraws_of(surface, Formula(ripples), 0, Unscaled(), "loss").lines()
    assert line.warning
    assert line.text.startswith("5 other draws: toward the edges of the window the loss changes by")

    def odd(points):
        return np.where(points[:, 0] > 0, np.inf, 1.0)

    [line] = redraws_of(surface, Formula(odd), 0, Unscaled(), "loss").lines()
    assert line.warning
    assert line.text.endswith("is not finite in 5 of 5 other draws and the one shown.")


def test_redraws_count_the_draws_that_are_not_finite():
    one = Redraws("loss", 0, (1, 2), own=(1.0, 2.0), others=((1.0, np.nan), (1.0, 2.0)))
    assert one.lines()[0].text.endswith("the loss is not finite in 1 of 2 other draws.")
    own = replace(one, own=(np.inf, 1.0), others=((1.0, 1.0), (1.0, 2.0)))
    assert own.lines()[0].text.endswith("the loss is not finite in the one shown.")
    assert own.lines()[0].warning


def test_redraws_stay_in_the_window_that_is_shown():
    bowl = quadratic([1.0, 1.0, 1.0])
    plane = random_plane(np.zeros(3), bowl.layout, 0, scaling=Unit())
    axes = (np.linspace(1.0, 3.0, 5), np.linspace(-4.0, 0.0, 5))
    found = redraws_of(evaluate(bowl, plane, Grid(axes)), bowl, 0, Unit(), "loss")
    along = np.array([1.0, 2.0]) ** 2 / 2  # over the middle of each side of the window
    for rises in (found.own, *found.others):
        np.testing.assert_allclose(rises, along, atol=1e-12)


RANDOM = np.random.default_rng(5)
INPUTS = RANDOM.normal(size=(40, 2))
LABELS = (INPUTS[:, 0] > 0.2).astype(float)


def network(*hidden, activation=Activation.RELU, l2=0.0):
    net = MLP((2, *hidden, 1), activation)
    start = net.initial_point(3) + 0.1
    return MLPObjective(net, INPUTS, LABELS, l2=l2, start=start)


@pytest.mark.parametrize("hidden", [(5,), (4, 3)])
def test_rescaled_twins_are_the_same_function_elsewhere(hidden):
    net = network(*hidden)
    layers = scaling_layers(net)
    assert len(layers) == len(hidden)
    twins = np.stack(rescaled_twins(net, net.start, layers, 4, each=True))
    assert (np.linalg.norm(twins - net.start, axis=1) > 1).all()
    np.testing.assert_allclose(net.values(twins), net.value(net.start), rtol=1e-12)
    back = rescaled(net, twins[0], layers, [np.ones(layer.size) for layer in layers])
    np.testing.assert_array_equal(back, twins[0])


def test_filter_normalization_undoes_whole_layers_and_not_single_units():
    net = network(6)
    found = invariance_of(net, net.start, FilterNorm())
    assert found.layers == pytest.approx(1.0, abs=1e-6)
    assert found.worst >= found.units > 1.5
    assert found.error < 1e-10
    raw = invariance_of(net, net.start, Unit())
    assert raw.layers > 1.5


def test_fold_changes_are_ratios_of_drawn_curvatures_either_way():
    bowl = quadratic([2.0, 2.0])

    class Ends:
        """A bowl with curvature 2 at one point, 8 at another, 1/2 at a third."""

        layout, hvp = bowl.layout, staticmethod(lambda point, d: 2 * d * point[0])

    points = [np.array([x, 0.0]) for x in (1.0, 4.0, 0.25)]
    np.testing.assert_allclose(fold_changes(Ends(), points[0], Unit(), points), [1, 4, 4])


def test_a_penalty_breaks_the_symmetry_and_that_is_said():
    net = network(5, l2=0.1)
    with pytest.raises(InputError, match="the loss must stay as units are rescaled"):
        invariance_of(net, net.start, FilterNorm())
    assert scaling_layers(network(5, activation=Activation.TANH)) == ()
    assert scaling_layers(net)[0].nature is Nature.HOMOGENEOUS


def test_single_precision_near_a_loss_of_zero_is_no_penalty():
    class Single(MLPObjective):
        """As a network in single precision that fits its examples: its loss is all rounding."""

        def values(self, points, fields=None):
            noise = np.abs(np.round(1e3 * np.asarray(points)).sum(axis=1)) % 7
            return (1e-6 * (1 + 0.01 * noise)).astype(np.float32).astype(np.float64)

        def outputs(self, point):
            return super().outputs(point).astype(np.float32).astype(np.float64)

    net = network(5)
    single = Single(net.network, net.inputs, net.targets, start=net.start)
    found = invariance_of(single, net.start, FilterNorm())
    assert found.error > 1e-3
    assert found.units == pytest.approx(invariance_of(net, net.start, FilterNorm()).units)


def test_a_site_is_the_plane_in_arrays_and_the_reach_of_its_window():
    surface = flat(np.zeros((3, 3)))
    site = site_of(surface, BOWL)
    assert site.where == "the plane's origin"
    assert site.reach == pytest.approx(np.sqrt(2))
    np.testing.assert_array_equal(site.units, np.eye(3)[:2])
    other = site_of(surface, BOWL, at=np.ones(3), where="there")
    assert (other.where, other.point.tolist()) == ("there", [1, 1, 1])
    with pytest.raises(InputError, match="at must have shape"):
        site_of(surface, BOWL, at=np.ones(2))


def test_a_plane_that_cannot_be_drawn_again_is_refused():
    surface = flat(np.zeros((3, 3))).drop_vars(["origin", "directions"])
    surface.attrs["recipe"] = "random, seed 0, Mine()"
    with pytest.raises(InputError, match="can be drawn again"):
        planar_of(surface, BOWL)
    surface.attrs["recipe"] = "random, seed 0, Unscaled()"
    with pytest.raises(InputError, match="must start where the surface was mapped"):
        planar_of(surface, BOWL)


def test_effort_is_counted_against_the_map():
    assert Budget(Effort.LITTLE, 100, 9).allows(10_000)  # small networks are cheap anyway
    assert Budget(Effort.LITTLE, 200, 2601).allows(260)
    assert not Budget(Effort.LITTLE, 200, 2601).allows(261)
    assert Budget(Effort.FULL, 10**9, 4).allows(10**12)


def test_a_fault_of_a_guest_becomes_a_reason():
    def fault():
        raise RuntimeError("no second derivative")

    assert attempt(fault) == Missing("not computed: RuntimeError: no second derivative")
    assert attempt(lambda: 3) == 3
    with pytest.raises(KeyboardInterrupt):
        attempt(lambda: (_ for _ in ()).throw(KeyboardInterrupt))


def test_the_cut_of_a_surface_is_told_in_one_line():
    cut = cut_of(flat(np.zeros((2, 2))))
    assert cut.lines()[0].text.endswith("unit length. quadratic; thalweg " + cut.version + ".")
    assert cut.lengths == (1.0, 1.0)
    assert cut.cosines == (1.0, 0.0, 0.0, 1.0)


def test_a_failure_is_told_in_one_short_line():
    cells = Cells("loss", 25, 0, 3, 0, 0, 0, ("RuntimeError: " + "x" * 200 + ".\nmore", "other"))
    [line] = cells.lines()
    assert line.text.startswith("3 cells failed, the first RuntimeError: xxx")
    assert "\n" not in line.text
    assert len(line.text) < 160
    [line] = replace(cells, failures=("ValueError: no.\nmore",)).lines()
    assert line.text == "3 cells failed, the first ValueError: no."


def test_a_course_out_of_all_bounds_is_told_in_few_words(run):
    plane = principal_plane(run["point"].values)
    surface, path = followed(run, plane)
    here = course_of(path, surface)
    wild = replace(here, captured=np.nan, gap_share=1e300, gaps_unknown=2, left_out=1)
    told = [line.text for line in wild.lines()]
    assert told[0].startswith("How much of the run's own variance lies in this plane is unknown")
    assert all(line.warning for line in (wild.lines()[0], wild.line()))
    assert "1 × 10³⁰⁰ times the range shown; unknown at 2 of" in " ".join(told)
    assert "The last recorded point is left out" in told[-1]
    assert "unknown share of its variance" in wild.line().text
    assert "1 point left out at the end" in wild.line().text
    assert "nan" not in " ".join([*told, wild.line().text])
    assert max(len(text) for text in told) < 160


def test_points_without_a_gap_are_counted(run):
    surface, path = followed(run, principal_plane(run["point"].values))
    path["plane_loss"][1] = np.inf
    path["loss"][2] = np.inf
    path["plane_loss"][2] = np.inf
    found = course_of(path, surface)
    assert found.gaps_unknown == 2
    assert found.line().warning
    assert "unknown at 2 of" in " ".join(line.text for line in found.lines())


def test_scales_that_change_nothing_are_said_to_and_no_curvature_is_no_fold():
    one = Invariance("unscaled", 1.0, 1.0, 1.0, 10.0, 6, 0.0)
    assert one.lines()[0].text.endswith("pictures not at all; whole layers, not at all.")
    some = replace(one, units=3.0, worst=9.0, layers=2.0).lines()[0]
    assert some.text.endswith("pictures 3-fold (at most 9-fold); whole layers, 2-fold.")
    assert some.warning

    class Level(MLPObjective):
        def hvp(self, point, directions):
            return 0 * directions

    net = network(4)
    level = Level(net.network, net.inputs, net.targets, start=net.start)
    with np.errstate(all="ignore"), pytest.raises(InputError, match="curvature that is not 0"):
        invariance_of(level, net.start, FilterNorm())
