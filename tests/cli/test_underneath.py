"""`thalweg spectrum`, `critical`, `connect`, `basins`: known answers, and refusals."""

import numpy as np
import pytest

from thalweg.cli.factory import objective_of
from thalweg.geometry.symmetry import permuted_twin
from thalweg.store.folder import load, save


def kept(folder, name, point, spec="guest.py:network"):
    """A checkpoint of the guest's objective."""
    np.savez(folder / name, **objective_of(spec).layout.unpack(point))
    return name


def test_a_spectrum_with_a_known_answer(folder, result):
    told = result("spectrum", "guest.py:bowl", "--out", "bowl.zarr", "--figure", "bowl.png")
    np.testing.assert_allclose(told["eigenvalues"], [-2.0, 0.5, 3.0], atol=1e-12)
    assert (told["negative"], told["zero"], told["left_out"]) == (1, 0, 0)
    assert told["trace"]["value"] == pytest.approx(1.5, rel=1e-12)
    assert told["sharpness"]["raw"] == pytest.approx(3.0, rel=1e-12)
    assert load("bowl.zarr").attrs["kind"] == "spectrum"
    assert (folder / "bowl.png").read_bytes().startswith(b"\x89PNG")


def test_the_spectrum_is_of_the_checkpoint(folder, result):
    made = objective_of("guest.py:network")
    point = np.random.default_rng(3).normal(size=made.layout.size)
    told = result("spectrum", "guest.py:network", "--at", kept(folder, "p.npz", point))
    wanted = np.linalg.eigvalsh(made.hessian(point))
    np.testing.assert_allclose(told["eigenvalues"], wanted, atol=1e-12)
    assert told["kink_distance"] == pytest.approx(made.kink_distance(point), rel=1e-12)


def test_people_read_the_spectrum_in_lines(folder, asked):
    code, out, _ = asked("spectrum", "guest.py:bowl")
    assert code == 0
    assert "−2 to 3; 1 negative, 0 zero of 3" in out
    assert "kinks" not in out
    assert "kinks" in asked("spectrum", "guest.py:network")[1]


def test_a_critical_point_and_the_file_to_go_on_with(folder, result, asked):
    start = kept(folder, "away.npz", [1.0, 2.0, 3.0], "guest.py:bowl")
    told = result("critical", "guest.py:bowl", "--from", start, "--out", "saddle.npz")
    assert (told["kind"], told["index"], told["nullity"]) == ("saddle", 1, 0)
    again = result("spectrum", "guest.py:bowl", "--at", "saddle.npz")
    assert again["gradient_norm"] < 1e-10
    assert "Saddle of index 1" in asked("critical", "guest.py:bowl", "--from", start)[1]


def test_a_search_that_finds_nothing_says_why_and_writes_nothing(folder, result):
    told = result("critical", "guest.py:slope", "--out", "found.npz", code=1)
    assert told["outcome"] == "gradient_flat"
    assert told["out"] is None
    assert "index" not in told
    assert not (folder / "found.npz").exists()


def test_a_renamed_twin_is_no_other_solution(folder, result):
    made = objective_of("guest.py:network")
    point = np.random.default_rng(4).normal(size=made.layout.size)
    a = kept(folder, "a.npz", point)
    b = kept(folder, "b.npz", permuted_twin(made, point, seed=2))
    told = result("connect", "guest.py:network", a, b, "--no-curve", "--figure", "ways.svg")
    assert told["straight"] > 1e-3
    assert told["aligned"]["straight"] == pytest.approx(0, abs=1e-12)
    assert told["aligned"]["distance"] == pytest.approx(0, abs=1e-12)
    assert told["explained_by_renaming"] == pytest.approx(1, abs=1e-9)
    assert told["disagreements"]["training"]["labels"] == 0
    assert (folder / "ways.svg").exists()


def test_a_curve_is_trained_only_when_asked_for(folder, result, asked):
    made = objective_of("guest.py:bowl")
    a = kept(folder, "a.npz", [0.0, 0.0, 1.0], "guest.py:bowl")
    b = kept(folder, "b.npz", [0.0, 0.0, 3.0], "guest.py:bowl")
    told = result("connect", "guest.py:bowl", a, b, "--no-curve")
    assert told["curve"] is None
    assert told["null"] is None
    assert told["missing"]
    code, out, _ = asked("connect", "guest.py:bowl", a, b)
    assert code == 0
    assert made.value([0, 0, 1]) == 0.25
    assert "does not rise" in out


def test_basins_of_a_map(folder, asked, result):
    asked("surface", "guest.py:loss", "--radius", "3", "--points", "21", "--scaling", "none")
    surface = load("loss-surface.zarr")
    told = result("basins", "loss-surface.zarr", "--figure", "basins.png")
    assert told["noise"] == 0
    lowest = float(surface["loss"].min())
    assert told["minimum_value"][0] == pytest.approx(lowest, rel=1e-12)
    loud = result("basins", "loss-surface.zarr", "--noise", "100")
    assert loud["noise"] == 100
    code, out, _ = asked("basins", "loss-surface.zarr", "--noise", "100")
    assert (code, out.splitlines()[0][:8]) == (0, "1 basin ")
    assert out.splitlines()[1] == "  noise 100, as told"
    assert ", meets no lower one" in out
    assert not {"inf", "nan"} & set(out.replace(";", " ").replace(",", " ").split())
    assert (folder / "basins.png").exists()


def test_the_noise_of_basins_is_that_of_the_examples_not_of_this_loss(folder, asked):
    asked("surface", "guest.py:loss", "--points", "9", "--scaling", "none")
    surface = load("loss-surface.zarr")
    save(surface.assign(loss_stderr=surface["loss"] * 0 + 0.1), "noisy.zarr")
    code, out, _ = asked("basins", "noisy.zarr")
    assert code == 0
    assert "  noise 0." in out.splitlines()[1]
    assert out.splitlines()[1].endswith("that over these examples is exact")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["spectrum", "guest.py:loss"], "must make an objective with derivatives"),
        (["spectrum", "guest.py:bowl", "--at", "nowhere.npz"], "nowhere.npz"),
        (["spectrum", "guest.py:bowl", "--figure", "x.doc"], "x.doc"),
        (["spectrum", "guest.py:bowl", "--out", "guest.py"], "guest.py must be free"),
        (["critical", "guest.py:loss"], "must make an objective with derivatives"),
        (["critical", "guest.py:bowl", "--out", "x.pt"], ".npz"),
        (["critical", "guest.py:bowl", "--steps", "0"], "steps must be at least 1"),
        (["connect", "guest.py:bowl", "no.npz", "no.npz"], "no.npz"),
        (["basins", "no.zarr"], "no.zarr"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(folder, asked, words, said):
    code, out, err = asked(*words)
    assert (code, out) == (2, "")
    complaint = err.removeprefix("a word from the guest\n").strip()
    assert len(complaint.splitlines()) == 1
    assert said in complaint
