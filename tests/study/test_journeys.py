"""Journeys: one call from an objective to a picture that says how far to trust it."""

import json

import numpy as np
import pytest
import xarray as xr

from formulas import Formula, ripples
from thalweg.core.errors import InputError, StoreError
from thalweg.core.schema import Cell
from thalweg.dynamics.project import project
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Momentum
from thalweg.geometry.planes import principal_plane
from thalweg.geometry.scaling import Unscaled
from thalweg.geometry.seeded import seeded_plane
from thalweg.objectives.zoo import quadratic
from thalweg.plots.mpl_save import svg_text
from thalweg.store.folder import load, save
from thalweg.store.verify import repair, verify
from thalweg.study.journey_figure import journey_figure
from thalweg.study.journeys import Landscape, follow, landscape, path_store, tiled
from thalweg.trust_report.cut import axis_names
from thalweg.trust_report.trust import trust

BOWL = quadratic([1.0, 9.0, 4.0])


class Seeded(Formula):
    """A formula that takes seeded planes too."""

    def restrict(self, plane, fields=("loss",)):
        return super().restrict(self.dense(plane), fields)


@pytest.fixture(scope="module")
def run():
    return record(BOWL, np.array([3.0, 1.0, 2.0]), Momentum(0.05), steps=20)


def words(lines):
    return " ".join(line.text for line in lines)


def test_landscape_is_the_seeded_plane_through_the_start():
    made = landscape(BOWL, seed=3, scaling=Unscaled(), radius=2.0, points=7)
    plane = seeded_plane(BOWL, 3, 2, Unscaled())
    assert made.plane == plane
    assert made.path is None
    a, b = np.meshgrid(np.linspace(-2, 2, 7), np.linspace(-2, 2, 7))
    points = plane.dense(BOWL.start).points(np.column_stack([a.ravel(), b.ravel()]))
    np.testing.assert_allclose(made.surface["loss"].values.ravel(), BOWL.values(points), rtol=1e-14)


def test_follow_is_the_principal_plane_and_the_path_in_it(run):
    seen = follow(BOWL, run, points=9)
    plane = principal_plane(run["point"].values)
    assert seen.plane.digest() == plane.digest()
    wanted = project(BOWL, run, plane)
    for name in wanted.variables:
        np.testing.assert_array_equal(seen.path[name], wanted[name])
    assert max(seen.surface["loss"].shape) == 9


def test_the_true_losses_are_the_objectives_not_those_that_were_logged(run):
    logged = run.copy(deep=True)
    logged["loss"][:] = np.nan  # as a Recorder has it for the last row
    del logged.attrs["objective_digest"]
    seen = follow(BOWL, logged, points=5)
    np.testing.assert_allclose(seen.path["loss"], BOWL.values(run["point"].values), rtol=1e-14)
    assert np.isfinite(seen.path.attrs["largest_gap"])


def test_a_store_keeps_surface_and_path_and_nothing_is_computed_twice(run, tmp_path):
    def loss(points):
        return BOWL.values(points)

    first, again = Formula(loss, 3), Formula(loss, 3)
    store = tmp_path / "seen.zarr"
    one = follow(first, run, points=9, store=store)
    two = follow(again, run, points=9, store=store)
    assert first.cells == one.surface["loss"].size + run.sizes["step"]
    assert again.cells == 0
    xr.testing.assert_identical(one.surface, two.surface)
    xr.testing.assert_identical(one.path, two.path)
    xr.testing.assert_identical(load(path_store(store)), one.path)


def test_a_run_stopped_halfway_goes_on(tmp_path):
    whole, rest = Seeded(ripples), Seeded(ripples)
    stopped = Seeded(ripples, stop_after=10)
    options = {"scaling": Unscaled(), "points": 16}
    store = tmp_path / "x.zarr"
    with pytest.raises(KeyboardInterrupt):
        landscape(stopped, store=store, **options)
    kept = int((load(store)["status"].values == Cell.DONE).sum())
    assert kept == 10 * 4  # tiles of 2 x 2
    made = landscape(rest, store=store, **options)
    assert rest.cells == 256 - kept
    xr.testing.assert_identical(made.surface, landscape(whole, **options).surface)


@pytest.mark.parametrize("lost", ["zarr.json", "directions/c/0/0", "loss/c/1/1"])
def test_a_store_that_was_repaired_is_made_whole_again(run, tmp_path, lost):
    store = tmp_path / "run.zarr"
    whole = follow(BOWL, run, points=9, store=store).surface
    (store / lost).unlink()
    with pytest.raises(StoreError, match=f"missing {lost}"):
        follow(BOWL, run, points=9, store=store)
    repair(store)
    xr.testing.assert_identical(follow(BOWL, run, points=9, store=store).surface, whole)
    assert verify(store).sound


def test_a_path_store_that_is_something_else_is_left_alone(run, tmp_path):
    save(run, tmp_path / "x-path.zarr")
    with pytest.raises(
        StoreError, match=r"x-path\.zarr must be free for the path, got a trajectory"
    ):
        follow(BOWL, run, points=5, store=tmp_path / "x.zarr")
    xr.testing.assert_identical(load(tmp_path / "x-path.zarr"), run)


def test_another_run_gets_a_path_of_its_own(run, tmp_path):
    store = tmp_path / "x.zarr"
    follow(BOWL, run, points=5, store=store)
    path = load(path_store(store))
    changed = path.assign_attrs(objective_digest="0" * 16)
    save(changed, path_store(store))
    assert follow(BOWL, run, points=5, store=store).path.attrs == path.attrs


def test_points_from_the_first_that_is_not_finite_on_are_left_out(run):
    broken = run.copy(deep=True)
    broken["point"][15] = np.inf
    seen = follow(BOWL, broken, points=5)
    np.testing.assert_array_equal(seen.path["step"], np.arange(15))
    [line] = [line for line in trust(seen.surface, [seen.path]).lines() if "left out" in line.text]
    assert "The last 6 recorded points are left out" in line.text
    assert line.warning


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run: run.isel(parameter=slice(2)), "of the 3 parameters of"),
        (lambda run: run.isel(step=slice(2)), "at least 3 points"),
        (lambda run: run.assign_attrs(kind="path"), "wanted a trajectory"),
        (lambda run: run.assign(point=run["point"] * 0 + 1), "span at least 2 dimensions"),
    ],
)
def test_what_is_no_run_of_the_objective_is_refused(run, change, said):
    with pytest.raises(InputError, match=said):
        follow(BOWL, change(run), points=5)


@pytest.mark.parametrize(
    ("k", "points", "most"), [(1, 200, 64), (2, 51, 64), (3, 9, 64), (2, 600, 100)]
)
def test_tiles_are_some_sixty_four(k, points, most):
    from thalweg.core.grid import Grid

    count = len(list(tiled(Grid.square(1.0, points, k)).tiles()))
    assert most // 4 <= count <= most


class Noisy(Seeded):
    """A loss with a standard error."""

    fields = ("loss", "loss_stderr")

    def restrict(self, plane, fields=("loss",)):
        loss = super().restrict(plane, fields)
        return lambda coords: {**loss(coords), "loss_stderr": np.full(len(coords), 0.25)}


def test_the_standard_error_comes_along_and_is_told():
    noisy = landscape(Noisy(ripples, name="noisy"), scaling=Unscaled(), points=7)
    assert noisy.surface.attrs["fields"] == ["loss", "loss_stderr"]
    told = words(trust(noisy.surface).lines())
    assert "standard error over the examples): 0.25 in the middle, 0.25 at most." in told
    narrow = landscape(Noisy(ripples), scaling=Unscaled(), points=7, fields=("loss",))
    assert "Sampling error" not in words(trust(narrow.surface).lines())


def test_a_line_carries_two_standard_errors():
    from thalweg.study.journey_figure import section_view

    noisy = landscape(Noisy(ripples), k=1, scaling=Unscaled(), points=7)
    (series,) = section_view(noisy.surface).series
    np.testing.assert_allclose(series.high - series.y, 0.5)
    np.testing.assert_allclose(series.y - series.low, 0.5)


def test_trust_of_a_surface_counts_what_is_missing():
    def odd(points):
        found = ripples(points)
        found[points[:, 0] > 1] = np.nan
        found[points[:, 0] < -1] = -np.inf
        return found

    made = landscape(Seeded(odd), scaling=Unscaled(), points=7, radius=3.0).surface
    made["status"][0, :3] = Cell.PENDING
    made["status"][1, 0] = Cell.FAILED
    made.attrs["failures"] = ["at a = 1: RuntimeError: no"]
    known = made["loss"].values[np.isin(made["status"].values, [Cell.DONE, Cell.NONFINITE])]
    lines = trust(made).lines()
    told = words(lines)
    assert "Unfinished: 3 of 49 cells" in told
    assert "1 cell failed, the first at a = 1: RuntimeError: no." in told
    assert f"NaN at {np.isnan(known).sum()}, minus infinity at {np.isneginf(known).sum()}" in told
    assert [line.warning for line in lines] == [True, True, True, False]


@pytest.mark.parametrize(("k", "width"), [(1, 85.0), (2, 85.0), (2, 170.0), (3, 85.0)])
def test_the_picture_has_title_and_strip_at_every_width(k, width):
    made = landscape(BOWL, k=k, scaling=Unscaled(), points=5)
    figure = made.figure("A bowl", width_mm=width)
    assert figure.get_figwidth() * 25.4 == pytest.approx(width)
    shown = svg_text(figure)
    assert "A bowl" in shown
    assert "seed 0" in shown


def test_a_followed_run_is_drawn_with_its_path(run):
    seen = follow(BOWL, run, points=9)
    shown = svg_text(seen.figure("Down the valley"))
    assert "captured" in shown
    assert "Largest gap" in shown
    given = {"title": "Down the valley", "report": seen.trust}
    assert svg_text(journey_figure(seen.surface, seen.path, **given)) == shown
    bare = svg_text(Landscape(seen.surface, seen.plane).figure("Down the valley"))
    assert "captured" not in bare


def test_axes_are_short_where_there_is_no_room(run):
    seen = follow(BOWL, run, points=5).surface
    whole, brief = axis_names(seen), axis_names(seen, whole=False)
    assert whole[0].startswith("a: principal direction 1 (")
    assert brief[0] == "a (" + whole[0].split("(")[1]
    random = landscape(BOWL, scaling=Unscaled(), points=3).surface
    assert axis_names(random, whole=False) == ("a", "b")
    assert axis_names(random) == ("a: random direction 1", "b: random direction 2")
    named = random.assign_attrs(labels=["from A (0) to B (1)", "eigenvector, λ = 3"])
    assert axis_names(named, whole=False) == ("from A (0) to B (1)", "b: eigenvector, λ = 3")


def test_the_report_looks_underneath_the_end_of_a_run_or_the_middle_of_a_plane(run):
    seen = follow(BOWL, run, points=9)
    assert seen.trust.underneath.where == "the end of the run"
    assert seen.trust.underneath.loss == pytest.approx(run["loss"].values[-1])
    around = landscape(BOWL, scaling=Unscaled(), points=9)
    assert around.trust.underneath.where == "the plane's origin"
    assert around.trust.underneath.loss == BOWL.value(BOWL.start)
    assert around.trust is around.trust  # looked once


def test_a_map_costs_nothing_more_until_its_report_is_read():
    formula = Seeded(ripples)
    seen = landscape(formula, scaling=Unscaled(), points=9)
    assert formula.cells == 81
    seen.figure("Ripples")
    asked = formula.cells
    assert 81 < asked <= 81 + 6 * 5
    seen.figure("Ripples again")
    assert formula.cells == asked


def test_a_picture_is_saved_with_its_report(run, tmp_path):
    seen = follow(BOWL, run, points=9)
    saved = seen.save(tmp_path, "down", "Down the valley", formats=("svg",))
    assert [path.name for path in saved] == ["down.svg", "down.trust.json"]
    told = json.loads(saved[1].read_text())
    assert told["underneath"]["highest"]["value"] == pytest.approx(9.0)
    assert told["paths"][0]["captured"] == seen.path.attrs["captured_variance"]
    for line in told["lines"]:
        assert line["text"].split()[0] in saved[0].read_text()


def test_an_unknown_field_is_refused():
    made = landscape(BOWL, scaling=Unscaled(), points=3)
    with pytest.raises(InputError, match="field must be among loss"):
        made.figure(field="colour")


def test_a_step_size_that_diverges_is_followed_while_finite():
    with np.errstate(all="ignore"):
        run = record(BOWL, np.array([3.0, 1.0, 2.0]), SGD(1e155), steps=6)
    with pytest.raises(InputError):
        follow(BOWL, run, points=5)
