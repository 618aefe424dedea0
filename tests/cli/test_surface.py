"""`thalweg surface` from end to end, on losses whose every cell is known."""

import json

import numpy as np
import pytest
import xarray as xr

from thalweg.cli.describe import ranges
from thalweg.cli.factory import objective_of
from thalweg.core.schema import Cell
from thalweg.geometry.scaling import FilterNorm, Unscaled
from thalweg.geometry.seeded import seeded_plane
from thalweg.geometry.symmetry import permuted_twin
from thalweg.store.folder import load

PLAIN = ("--scaling", "none", "--points", "9")


def test_it_maps_what_it_says(folder, asked):
    code, out, err = asked("surface", "guest.py:loss", *PLAIN, "--radius", "2", "--seed", "5")
    assert (code, out) == (0, "loss-surface.zarr\n")
    assert err.startswith("a word from the guest\nripples, 2 parameters: 81 cells, under 1 s.")
    from thalweg.cli.factory import objective_of

    made = objective_of("guest.py:loss")
    found = load("loss-surface.zarr")
    plane = seeded_plane(made, 5, 2, Unscaled()).dense(made.start)
    b, a = np.meshgrid(np.linspace(-2, 2, 9), np.linspace(-2, 2, 9), indexing="ij")
    points = plane.points(np.column_stack([a.ravel(), b.ravel()]))
    np.testing.assert_array_equal(found["loss"].values.ravel(), made.values(points))
    assert (found["status"] == Cell.DONE).all()


def test_arguments_fields_and_scaling_reach_the_objective(folder, asked):
    command = ("surface", "guest.py:network", "--arg", "hidden=5", "--points", "5", "--k", "1")
    assert asked(*command, "--fields", "accuracy, loss", "--out", "x.zarr", "--quiet")[0] == 0
    from thalweg.cli.factory import objective_of

    made = objective_of("guest.py:network", ["hidden=5"])
    found = load("x.zarr")
    assert found.attrs["fields"] == ["accuracy", "loss"]
    assert found.attrs["plane_digest"] == seeded_plane(made, 0, 1, FilterNorm()).digest()
    assert float(found["loss"][2]) == made.value(made.start)


def test_the_same_command_computes_nothing_twice(folder, asked, cells, result):
    command = ("surface", "guest.py:loss", *PLAIN)
    asked(*command)
    first = cells()
    assert first >= 81
    again = result(*command)
    assert cells() == 0
    assert again["resumed"] == again["cells"]["total"] == again["cells"]["done"] == 81


def test_a_half_finished_map_computes_the_other_half(folder, asked, cells, result):
    command = ("surface", "guest.py:loss", *PLAIN)
    asked(*command)
    whole = load("loss-surface.zarr")
    lost = sorted((folder / "loss-surface.zarr" / "loss" / "c").rglob("*"))
    lost = [chunk for chunk in lost if chunk.is_file()][:6]
    for chunk in lost:
        chunk.unlink()
    assert asked("verify", "loss-surface.zarr")[0] == 1
    assert asked("verify", "loss-surface.zarr", "--repair")[0] == 0
    pending = result("info", "loss-surface.zarr")["stores"][0]["cells"]["pending"]
    assert pending == sum(np.isnan(load("loss-surface.zarr")["loss"].values).ravel()) > 0
    cells()
    again = result(*command)
    assert again["resumed"] == 81 - pending
    assert again["cells"]["pending"] == 0
    assert cells() <= pending + 1 + 1 + 4  # an estimate on one tile of 2 x 2 beside
    xr.testing.assert_identical(whole, load("loss-surface.zarr"))


@pytest.mark.parametrize("lost", ["zarr.json", "loss/zarr.json", "status/c/3/3"])
def test_what_was_repaired_is_made_again_by_the_same_command(folder, asked, lost):
    command = ("surface", "guest.py:loss", *PLAIN)
    asked(*command)
    whole = load("loss-surface.zarr")
    (folder / "loss-surface.zarr" / lost).unlink()
    code, _, err = asked(*command)
    assert code == 2
    assert f"missing {lost}" in err
    asked("verify", "loss-surface.zarr", "--repair")
    assert asked(*command)[0] == 0
    assert asked("verify", "loss-surface.zarr")[0] == 0
    xr.testing.assert_identical(whole, load("loss-surface.zarr"))


def test_json_counts_each_kind_of_number_apart(folder, result):
    told = result("surface", "guest.py:holes", *PLAIN, "--radius", "3")
    found = load("holes-surface.zarr")["loss"].values
    about = told["fields"]["loss"]
    assert about["nan"] == np.isnan(found).sum() > 0
    assert about["plus_infinity"] == np.isposinf(found).sum() > 0
    assert about["minus_infinity"] == np.isneginf(found).sum() > 0
    odd = about["nan"] + about["plus_infinity"] + about["minus_infinity"]
    assert told["cells"]["nonfinite"] == odd
    assert told["cells"]["done"] == 81 - odd
    assert about["min"] == found[np.isfinite(found)].min()


def test_nothing_finite_is_null_with_a_note(folder, result):
    told = result(
        "surface", "guest.py:holes", "--scaling", "none", "--points", "2", "--radius", "9"
    )
    assert told["fields"]["loss"]["min"] is None
    assert "fields.loss.min is NaN; JSON has no such number" in told["notes"]


def test_ranges_are_of_finite_numbers():
    assert ranges(np.array([np.inf, 2.0, np.nan, -np.inf, -np.inf, 4.0])) == {
        "min": 2.0,
        "max": 4.0,
        "nan": 1,
        "plus_infinity": 1,
        "minus_infinity": 2,
    }


def test_cells_that_raise_are_kept_as_failed(folder, asked, result):
    told = result("surface", "guest.py:raises", *PLAIN)
    assert 0 < told["cells"]["failed"] < 81
    assert told["cells"]["failed"] + told["cells"]["done"] == 81
    assert "RuntimeError: no loss here" in told["failures"][0]
    assert told["fields"]["loss"]["nan"] == 0  # unknown is not "the loss is NaN"
    _, _, err = asked("surface", "guest.py:raises", *PLAIN)
    assert f"81 cells: {told['cells']['done']} done, {told['cells']['failed']} failed." in err
    assert "The first failure: at a = " in err


def test_a_loss_that_never_works_is_a_failure(folder, asked):
    code, out, err = asked("surface", "guest.py:hopeless", *PLAIN)
    assert (code, out) == (1, "hopeless-surface.zarr\n")
    assert "No estimate: the loss raised RuntimeError." in err
    assert "81 cells: 81 failed." in err


@pytest.mark.parametrize(("k", "points"), [(1, 7), (2, 7), (3, 5)])
@pytest.mark.parametrize("ending", ["png", "html"])
def test_a_figure_comes_along(folder, asked, k, points, ending):
    command = (
        "surface",
        "guest.py:network",
        "--k",
        k,
        "--points",
        points,
        "--title",
        "My <b>title",
    )
    code, out, _ = asked(*command, "--figure", f"a/figure.{ending}")
    assert (code, out) == (0, f"network-surface.zarr\na/figure.{ending}\n")
    drawn = (folder / "a" / f"figure.{ending}").read_bytes()
    if ending == "html":
        assert b"My &lt;b&gt;title" in drawn
        assert b"My <b>title" not in drawn
    else:
        assert drawn[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("prepare", "out", "words"),
    [
        (lambda f: (f / "file").write_text("precious"), "file", ["file must be", "a file"]),
        (
            lambda f: (f / "mine").mkdir() or (f / "mine" / "x").write_text("p"),
            "mine",
            ["other files"],
        ),
        (lambda f: (f / "file").write_text("precious"), "file/below.zarr", ["file"]),
        (lambda f: None, "x" * 300 + ".zarr", ["xxx", "too long"]),
    ],
)
def test_places_that_hold_something_else_are_left_alone(folder, asked, prepare, out, words):
    prepare(folder)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    code, shown, err = asked("surface", "guest.py:loss", *PLAIN, "--quiet", "--out", out)
    assert (code, shown) == (2, "")
    said = [line for line in err.splitlines() if line != "a word from the guest"]
    assert len(said) == 1
    assert all(word in said[0] for word in words), said
    after = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert {p: c for p, c in after.items() if p.name != "cells.log"} == before


def test_another_surface_is_refused_and_stays(folder, asked):
    asked("surface", "guest.py:loss", *PLAIN)
    kept = load("loss-surface.zarr")
    for other in (["--seed", "1"], ["--arg", "name=hills"], ["--radius", "2"]):
        code, _, err = asked("surface", "guest.py:loss", *PLAIN, *other, "--quiet")
        assert code == 2
        assert "loss-surface.zarr" in err.splitlines()[-1]
    xr.testing.assert_identical(kept, load("loss-surface.zarr"))


def test_quiet_says_nothing_but_the_guest(folder, asked):
    assert asked("surface", "guest.py:loss", *PLAIN, "--quiet")[2] == "a word from the guest\n"


def test_what_the_guest_prints_stays_out_of_the_json(folder, asked):
    _, out, err = asked("surface", "guest.py:loss", *PLAIN, "--json")
    assert json.loads(out)["store"] == "loss-surface.zarr"
    assert "a word from the guest" in err


def test_twins_have_one_picture_in_canonical_form(folder, asked, result):
    made = objective_of("guest.py:network")
    point = np.random.default_rng(5).normal(size=made.layout.size)
    twin = permuted_twin(made, point, seed=2, scales=True)
    for name, each in (("one", point), ("two", twin)):
        np.savez(folder / f"{name}.npz", **made.layout.unpack(each))
    words = ("surface", "guest.py:network", "--points", "5", "--at")
    for name in ("one", "two"):
        for kind in ((), ("--canonical",)):
            out = f"{name}{len(kind)}.zarr"
            code, _, err = asked(*words, f"{name}.npz", "--out", out, *kind)
            assert code == 0, err
            assert ("Canonical form: the same function to" in err) is bool(kind)
    raw, other = load("one0.zarr")["loss"].values, load("two0.zarr")["loss"].values
    assert raw[2, 2] == pytest.approx(made.value(point), rel=1e-12)
    assert abs(raw - other).max() > 0.01
    form, same = load("one1.zarr")["loss"].values, load("two1.zarr")["loss"].values
    np.testing.assert_allclose(form, same, rtol=1e-9)
    assert form[2, 2] == pytest.approx(raw[2, 2], rel=1e-12)


def test_a_canonical_form_needs_known_units(folder, asked):
    code, _, err = asked("surface", "guest.py:bowl", "--scaling", "none", "--canonical")
    assert code == 2
    assert len(err.strip().splitlines()) == 1


def test_curvature_can_be_mapped(folder, result):
    fields = "loss,top_eigenvalue,lowest_eigenvalue,gradient_norm"
    words = ("surface", "guest.py:bowl", "--scaling", "none", "--points", "3", "--fields", fields)
    told = result(*words)
    assert set(told["fields"]) == set(fields.split(","))
    found = load("bowl-surface.zarr")
    np.testing.assert_allclose(found["top_eigenvalue"], 3.0, rtol=1e-12)
    np.testing.assert_allclose(found["lowest_eigenvalue"], -2.0, rtol=1e-12)
    made = objective_of("guest.py:bowl")
    slope = np.linalg.norm(made.gradient(made.start))
    assert float(found["gradient_norm"][1, 1]) == pytest.approx(slope, rel=1e-12)
    assert result(*words)["resumed"] == 9


def test_curvature_of_what_has_no_derivatives_is_an_unknown_field(folder, asked):
    code, _, err = asked("surface", "guest.py:loss", *PLAIN, "--fields", "top_eigenvalue")
    assert code == 2
    assert "fields must be among" in err
