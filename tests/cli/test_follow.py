"""`thalweg follow`: a recorded run on its own plane, from a store or from checkpoints."""

import numpy as np
import pytest
import xarray as xr

from thalweg.cli.factory import objective_of
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.store.folder import load, save


@pytest.fixture
def run(folder):
    """A run of the guest's network in run.zarr."""
    made = objective_of("guest.py:network")
    found = record(made, made.start, Adam(0.05), steps=12)
    save(found, "run.zarr")
    return found


COMMAND = ("follow", "guest.py:network", "run.zarr", "--points", "9")


def test_it_finds_the_plane_and_the_path(folder, run, result):
    told = result(*COMMAND)
    path, surface = load("network-follow-path.zarr"), load("network-follow.zarr")
    assert told["store"] == "network-follow.zarr"
    assert told["path"]["store"] == "network-follow-path.zarr"
    assert told["path"]["captured_variance"] == path.attrs["captured_variance"] > 0.5
    np.testing.assert_allclose(path["loss"], run["loss"], rtol=1e-12)
    moved = run["point"].values - run["point"].values.mean(axis=0)
    singular = np.linalg.svd(moved, compute_uv=False)
    share = (singular[:2] ** 2).sum() / (singular**2).sum()
    assert path.attrs["captured_variance"] == pytest.approx(share, rel=1e-9)
    a, b = path["a"].values, path["b"].values
    assert surface["a"].values[0] < a.min() < a.max() < surface["a"].values[-1]
    assert surface["b"].values[0] < b.min() < b.max() < surface["b"].values[-1]


def test_the_same_command_keeps_surface_and_path(folder, run, asked, result):
    asked(*COMMAND)
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*.zarr/**/*") if p.is_file()}
    again = result(*COMMAND)
    assert again["resumed"] == again["cells"]["total"]
    after = {p: p.stat().st_mtime_ns for p in folder.rglob("*.zarr/**/*") if p.is_file()}
    assert after == before


def test_checkpoints_do_as_well(folder, run, result):
    made = objective_of("guest.py:network")
    for step, point in enumerate(run["point"].values):
        np.savez(folder / f"step-{step}.npz", **made.layout.unpack(point))
    result(*COMMAND)
    told = result("follow", "guest.py:network", "step-*.npz", "--points", "9", "--out", "c.zarr")
    assert told["path"]["steps"] == [0, 12]  # 2 before 10
    one, other = load("network-follow-path.zarr"), load("c-path.zarr")
    for name in ("a", "b", "loss", "gap", "residual"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-12)


def test_show_and_export_draw_the_path_too(folder, run, asked):
    asked(*COMMAND, "--figure", "f.svg", "--title", "Down")
    drawn = (folder / "f.svg").read_text()
    assert "of the run's own variance lies in this plane" in drawn.replace("&#x27;", "'")
    assert "Largest gap between true and drawn loss" in drawn
    assert "captured" in drawn
    asked("show", "network-follow.zarr", "--out", "s.svg", "--title", "Down")
    again = (folder / "s.svg").read_text()  # without the objective: nothing from underneath
    assert "Largest gap between true and drawn loss" in again
    assert "captured" in again
    assert "λ_min" in drawn
    assert "λ_min" not in again


def test_a_run_that_diverged_is_followed_as_far_as_it_is_finite(folder, run, result):
    broken = run.copy(deep=True)
    broken["point"][9:] = np.nan
    save(broken, "run.zarr")
    told = result(*COMMAND, "--figure", "f.svg")
    assert told["path"]["steps"] == [0, 8]
    assert "The last 4 recorded points are left out" in (folder / "f.svg").read_text()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("nowhere.zarr", ["nowhere.zarr"]),
        ("nothing-*.npz", ["nothing-*.npz"]),
        ("empty", ["empty"]),
        ("surface.zarr", ["trajectory", "surface"]),
        ("small.zarr", ["13 parameters", "4"]),
        ("still.zarr", ["span"]),
    ],
)
def test_what_is_no_run_is_refused_in_one_line(folder, run, asked, where, words):
    (folder / "empty").mkdir()
    asked("surface", "guest.py:network", "--points", "3", "--out", "surface.zarr", "--quiet")
    save(run.isel(parameter=slice(4)), "small.zarr")
    save(run.isel(step=[0, 0, 0]).assign_coords(step=[0, 1, 2]), "still.zarr")
    code, out, err = asked("follow", "guest.py:network", where)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert all(word in err for word in words), err
    assert not (folder / "network-follow.zarr").exists()


def test_a_path_of_another_plane_is_not_drawn(folder, run, asked):
    asked(*COMMAND)
    path = load("network-follow-path.zarr")
    path.attrs["plane_digest"] = "0" * 16
    save(path, "network-follow-path.zarr")
    asked("show", "network-follow.zarr", "--out", "s.svg")
    assert "captured" not in (folder / "s.svg").read_text()
    assert asked(*COMMAND)[0] == 0  # and is made anew
    xr.testing.assert_allclose(load("network-follow-path.zarr")["a"], path["a"])
    assert load("network-follow-path.zarr").attrs["plane_digest"] != "0" * 16
