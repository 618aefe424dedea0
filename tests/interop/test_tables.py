import csv

import numpy as np
import pytest
import xarray as xr

from interop.results import MORE_HOLES, line, path, spectrum, surface, trajectory, volume
from thalweg.core.errors import InputError
from thalweg.interop.tables import write_csv


def read(file):
    assert b"\r" not in file.read_bytes()
    with file.open(newline="") as text:
        head, *rows = csv.reader(text)
    return {name: [row[i] for row in rows] for i, name in enumerate(head)}


def same(texts, values):
    return np.array_equal(np.ravel(np.array(texts, dtype=float)), np.ravel(values), equal_nan=True)


@pytest.mark.parametrize("made", [surface(holes=MORE_HOLES), volume(hole=True), line()])
def test_a_row_a_cell_with_every_bit(tmp_path, made):
    columns = read(write_csv(made, tmp_path / "s.csv"))
    dims = made.loss.dims
    fields = made.attrs["fields"]
    assert list(columns) == [*dims[::-1], *fields, "status"]
    for name in dims:
        assert same(columns[name], made[name].broadcast_like(made.loss).transpose(*dims))
    for name in fields:
        assert same(columns[name], made[name])
    words = {"pending": 0, "done": 1, "nonfinite": 2, "failed": 3}
    assert [words[w] for w in columns["status"]] == made.status.values.ravel().tolist()


def test_nan_and_infinity_are_spelled_out(tmp_path):
    losses = read(write_csv(surface(holes=MORE_HOLES), tmp_path / "s.csv"))["loss"]
    assert (losses.count("nan"), losses.count("inf")) == (3, 1)
    flipped = surface(lambda a, b: np.where(a > 0, -np.inf, a))
    assert "-inf" in read(write_csv(flipped, tmp_path / "t.csv"))["loss"]


def test_paths_trajectories_and_spectra(tmp_path):
    made = path()
    columns = read(write_csv(made, tmp_path / "p.csv"))
    assert set(columns) == {"step", "a", "b", "loss", "plane_loss", "gap", "residual"}
    assert [int(step) for step in columns["step"]] == made.step.values.tolist()
    assert all(same(columns[name], made[name]) for name in columns)

    run = trajectory(np.float32)
    assert set(read(write_csv(run, tmp_path / "t.csv"))) == {
        "step",
        "loss",
        "gradient_norm",
        "step_length",
    }
    columns = read(write_csv(run, tmp_path / "t.csv", points=True))
    assert same([columns[f"point_{i}"] for i in range(3)], run.point.values.T)

    columns = read(write_csv(spectrum(), tmp_path / "e.csv"))
    assert columns["eigenvalue"] == ["0", "1", "2"]
    assert same(columns["eigenvalues"], spectrum().eigenvalues)


def test_other_datasets_are_refused(tmp_path):
    with pytest.raises(InputError, match="a table needs a surface"):
        write_csv(xr.Dataset(), tmp_path / "x.csv")
