"""`thalweg trust`: the report of a store, alone and with the objective that was mapped."""

import json

import numpy as np
import pytest

from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.store.folder import save
from thalweg.study.journeys import follow

PARTS = ("underneath", "chances", "redraws", "invariance", "sampling")
X = np.random.default_rng(0).normal(size=(20, 2))
MADE = MLPObjective(MLP((2, 3, 1)), X, (X[:, 0] > 0).astype(float))  # as guest.py has it


@pytest.fixture
def run(folder):
    found = record(MADE, MADE.start, Adam(0.05), steps=6)
    save(found, "run.zarr")
    return found


def test_a_store_alone_says_what_it_can(folder, asked, result):
    asked("surface", "guest.py:network", "--points", "9")
    code, out, err = asked("trust", "network-surface.zarr")
    assert (code, err) == (0, "")
    assert "Random directions, seed 0, filter-normalized" in out
    assert out.count("not computed: pass the objective") == 4
    told = result("trust", "network-surface.zarr")
    assert told["store"] == "network-surface.zarr"
    assert told["cells"]["total"] == 81
    assert told["cut"]["draw"] == {"seed": 0, "scaling": "filter-normalized"}
    assert "missing" in told["underneath"]


def test_with_the_objective_every_part_is_there(folder, asked, result):
    asked("surface", "guest.py:network", "--points", "9", "--arg", "hidden=4")
    words = ("trust", "network-surface.zarr", "--objective", "guest.py:network", "--arg")
    told = result(*words, "hidden=4")
    assert [name for name in PARTS if "missing" in told[name]] == ["sampling"]
    assert told["underneath"]["parameters"] == 17
    code, out, _ = asked(*words, "hidden=4")
    assert code == 0
    for line in told["lines"]:
        assert ("! " if line["warning"] else "  ") + line["text"] in out
    code, out, err = asked(*words, "hidden=5")
    assert (code, out) == (2, "")
    assert "must have the model that was mapped" in err or "that was mapped" in err


def test_a_followed_run_is_told_with_its_path_and_may_be_looked_underneath(folder, run, result):
    result("follow", "guest.py:network", "run.zarr", "--points", "9", "--out", "f.zarr")
    told = result("trust", "f.zarr")
    assert told["paths"][0]["points"] == 7
    assert told == result("trust", "f.zarr", "--paths", "f-path.zarr")
    np.savez("end.npz", **dict(zip(("W1", "b1", "W2", "b2"), blocks(run), strict=True)))
    words = ("trust", "f.zarr", "--objective", "guest.py:network", "--at", "end.npz")
    told = result(*words)
    assert told["underneath"]["where"] == "end.npz"
    assert told["underneath"]["loss"] == pytest.approx(float(run["loss"][-1]), rel=1e-6)


def blocks(run):
    layout = MLP((2, 3, 1)).layout
    return layout.unpack(run["point"].values[-1]).values()


def test_figures_have_their_report_beside_them(folder, run, asked, result):
    words = ("follow", "guest.py:network", "run.zarr", "--points", "9")
    told = result(*words, "--figure", "pictures/f.svg")
    beside = json.loads((folder / "pictures" / "f.trust.json").read_text())
    assert beside["lines"] == told["trust"]["lines"]
    assert beside["underneath"]["where"] == "the end of the run"
    asked("show", "network-follow.zarr", "--out", "s.html")
    beside = json.loads((folder / "s.trust.json").read_text())
    assert beside["paths"][0]["points"] == 7
    assert "missing" in beside["underneath"]
    asked("show", "run.zarr", "--out", "r.svg")
    assert not (folder / "r.trust.json").exists()


def test_a_loss_that_raised_is_not_asked_again(folder, result):
    words = ("surface", "guest.py:raises", "--points", "5", "--scaling", "none")
    told = result(*words, "--figure", "f.svg")
    assert "pass the objective" in told["trust"]["redraws"]["missing"]
    assert "failed" in told["trust"]["lines"][0]["text"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run.zarr",), "wanted a surface"),
        (("nothing.zarr",), "nothing.zarr"),
        (("f.zarr", "--at", "end.npz"), "--at needs --objective"),
        (("f.zarr", "--paths", "other-path.zarr"), "must lie in the plane of f.zarr"),
        (("f.zarr", "--field", "height"), "field must be among loss"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_one_line(folder, run, asked, words, said):
    for name, part in {"f": run, "other": run.isel(step=slice(4))}.items():
        follow(MADE, part, points=5, store=f"{name}.zarr")
    code, out, err = asked("trust", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1
