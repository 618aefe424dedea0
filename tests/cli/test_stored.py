"""`info`, `show`, `export` and `verify` on results of every kind, whole, partial and damaged."""

import csv
import shutil

import numpy as np
import pytest
import xarray as xr

from thalweg.core.schema import Cell
from thalweg.curvature.dense import spectrum
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.store.folder import load, save
from thalweg.study.journeys import follow, landscape


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Results of every kind, made once."""
    runs = tmp_path_factory.mktemp("built") / "runs"
    X = np.random.default_rng(0).normal(size=(20, 2))
    made = MLPObjective(MLP((2, 3, 1)), X, (X[:, 0] > 0).astype(float))
    run = record(made, made.start, Adam(0.05), steps=6)
    save(run, runs / "run.zarr")
    save(spectrum(made, made.start), runs / "spectrum.zarr")
    landscape(made, points=8, store=runs / "plane.zarr")
    landscape(made, points=4, k=3, store=runs / "volume.zarr")
    landscape(made, points=9, k=1, store=runs / "line.zarr")
    follow(made, run, points=8, store=runs / "f.zarr")
    (runs / "notes").mkdir()
    (runs / "notes" / "text.txt").write_text("no store")
    return runs


@pytest.fixture
def shelf(built, folder):
    """A copy of the results to play with, in the current folder."""
    shutil.copytree(built, folder / "runs")
    return folder / "runs"


@pytest.fixture
def library(built, folder, monkeypatch):
    """The results themselves, only to be read; what is written goes elsewhere."""
    monkeypatch.chdir(built.parent)
    return folder


KINDS = {
    "f-path": "path",
    "f": "surface",
    "line": "surface",
    "plane": "surface",
    "run": "trajectory",
    "spectrum": "spectrum",
    "volume": "surface",
}


def test_a_folder_is_listed_one_line_each(library, asked, result):
    told = result("info", "runs")["stores"]
    assert {each["store"]: each["kind"] for each in told} == {
        f"runs/{name}.zarr": kind for name, kind in KINDS.items()
    }
    code, out, err = asked("info", "runs")
    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", len(KINDS))
    assert "runs/volume.zarr: surface, 4 × 4 × 4 cells, 64 done" in lines
    assert "runs/run.zarr: trajectory, 7 points" in lines


def test_one_store_is_told_in_full(library, asked):
    _, out, _ = asked("info", "runs/plane.zarr")
    found = load("runs/plane.zarr")["loss"].values
    assert f"between {found.min():.4g} and {found.max():.4g}" in out
    assert "64: 64 done" in out
    assert "seed 0" in out
    _, out, _ = asked("info", "runs/run.zarr")
    assert "7 of 13 parameters" in out
    _, out, _ = asked("info", "runs/spectrum.zarr")
    values = load("runs/spectrum.zarr")["eigenvalues"].values
    assert f"13, of which {(values < 0).sum()} negative" in out


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_drawn(library, asked, name):
    heads = {"png": b"\x89PNG", "html": b"<!doctype html>"}
    for ending, head in list(heads.items())[: 2 if name in ("f", "line") else 1]:
        out = library / "new" / f"x.{ending}"
        words = ("show", f"runs/{name}.zarr", "--out", out, "--width", "85")
        assert asked(*words) == (0, f"{out}\n", "")
        assert out.read_bytes().startswith(head)


def test_the_picture_lies_beside_the_store_by_default(shelf, asked):
    assert asked("show", "runs/plane.zarr")[1] == "runs/plane.png\n"
    assert (shelf / "plane.png").is_file()


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        *(("plane", e) for e in ("h5", "vts", "glb", "obj", "stl", "csv", "nc", "svg", "pdf")),
        *(("f", e) for e in ("glb", "vtp", "gif")),
        ("volume", "vtr"),
        *(("f-path", e) for e in ("csv", "nc")),
        *(("run", e) for e in ("csv", "nc")),
        ("spectrum", "csv"),
    ],
)
def test_every_format_is_written(library, result, name, ending):
    file = library / f"x.{ending}"
    told = result("export", f"runs/{name}.zarr", file, "--seconds", "0.2")
    assert told["bytes"] == file.stat().st_size > 50


def test_a_path_is_exported_over_a_surface_named(library, asked):
    words = ("export", "runs/f-path.zarr", library / "x.vtp")
    assert "--over" in asked(*words)[2]
    assert asked(*words, "--over", "runs/f.zarr")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "runs/plane.zarr", "--field", "colour"], "field must be among loss, got colour"),
        (["show", "runs/plane.zarr", "--out", "x.bmp"], "x.bmp"),
        (["show", "runs/plane.zarr", "--out", "runs.png/"], "a folder"),
        (["show", "runs/notes"], "runs/notes must be a Zarr store"),
        (["export", "runs/plane.zarr", "x.xyz"], "x.xyz"),
        (["export", "runs/plane.zarr", "plain"], "plain"),
        (["export", "runs/plane.zarr", "x.vtr"], ".vtr"),
        (["export", "runs/volume.zarr", "x.glb"], "2 directions"),
        (["export", "runs/plane.zarr", "x.mp4"], "needs a path"),
        (["export", "runs/run.zarr", "x.h5"], "surface"),
        (["export", "runs/run.zarr", "x.gif"], "surface"),
        (["export", "runs/plane.zarr", "file/x.csv"], "file"),
        (["export", "runs/plane.zarr", "file/x.png"], "file"),
        (["info", "runs/notes"], "runs/notes must be a store or a folder of them"),
        (["info", "file"], "file must be a store"),
        (["verify", "nowhere"], "got nothing"),
        (["verify"], "STORE"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(built, library, asked, words, said):
    (built.parent / "file").write_text("precious")
    (built.parent / "runs.png").mkdir(exist_ok=True)
    code, out, err = asked(*words)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert said in err
    assert (built.parent / "file").read_text() == "precious"
    assert {p.name for p in built.parent.iterdir()} == {"runs", "file", "runs.png"}


def test_a_zarr_folder_of_someone_else_is_not_read(folder, asked):
    xr.Dataset({"x": ("t", np.arange(3.0))}).to_zarr("other.zarr", consolidated=False)
    code, out, err = asked("info", "other.zarr")
    assert code == 2
    assert "other.zarr" in (out + err)
    assert asked("show", "other.zarr")[0] == 2


@pytest.fixture
def partial(shelf, asked):
    """A surface of which some tiles are gone: where they are."""
    before = load("runs/plane.zarr")
    for chunk in ("0/0", "2/3", "7/7"):
        (shelf / "plane.zarr" / "loss" / "c" / chunk).unlink()
    assert asked("verify", "runs/plane.zarr", "--repair")[0] == 0
    pending = np.zeros(before["loss"].shape, dtype=bool)
    pending[0, 0] = pending[2, 3] = pending[7, 7] = True  # 8 points in 8 pieces
    return before, pending


def test_all_show_exactly_the_pending_set(shelf, partial, asked, result):
    before, pending = partial
    now = load("runs/plane.zarr")
    np.testing.assert_array_equal(now["status"].values == Cell.PENDING, pending)
    np.testing.assert_array_equal(now["loss"], np.where(pending, np.nan, before["loss"]))
    told = result("info", "runs/plane.zarr")["stores"][0]
    assert told["cells"] == {"total": 64, "pending": 3, "done": 61, "nonfinite": 0, "failed": 0}
    assert told["fields"]["loss"]["nan"] == 0
    assert "61 done, 3 pending" in asked("info", "runs/plane.zarr")[1]
    asked("show", "runs/plane.zarr", "--out", "x.svg")
    drawn = (shelf.parent / "x.svg").read_text()
    assert "3 pending" in drawn
    assert "Unfinished: 3 of 64 cells are still to be computed." in drawn
    asked("export", "runs/plane.zarr", "x.csv")
    with open("x.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] == "pending" for row in rows] == list(pending.ravel())
    assert [row["loss"] == "nan" for row in rows] == list(pending.ravel())


def test_verify_names_what_is_damaged_and_repair_gives_it_up(shelf, asked, result):
    chunk = shelf / "plane.zarr" / "loss" / "c" / "3" / "3"
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    assert asked("verify", "runs/plane.zarr")[0] == 1
    told = result("verify", "runs", code=1)["stores"]
    wrong = [each for each in told if not each["sound"]]
    assert [each["store"] for each in wrong] == ["runs/plane.zarr"]
    assert wrong[0]["damaged"] == ["loss/c/3/3"]
    code, out, err = asked("show", "runs/plane.zarr")
    assert code == 2
    assert "loss/c/3/3" in err
    code, out, _ = asked("info", "runs")
    assert code == 2
    assert len(out.splitlines()) == len(KINDS)
    repaired = result("verify", "runs/plane.zarr", "--repair")["stores"][0]
    assert repaired["repaired"] is True
    assert repaired["damaged"] == ["loss/c/3/3"]
    assert repaired["sound"] is True
    assert repaired["cells"]["pending"] == 1
    assert asked("verify", "runs/plane.zarr")[0] == 0


def test_what_cannot_be_repaired_is_an_error(shelf, asked):
    shutil.rmtree(shelf / "run.zarr" / "point" / "c")
    code, out, _ = asked("verify", "runs/run.zarr", "--repair")
    assert code == 2
    assert "runs/run.zarr" in out
