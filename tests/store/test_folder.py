"""Saving and loading whole Datasets: all or nothing, every bit accounted for."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from cases import CASES
from thalweg.core.errors import StoreError
from thalweg.curvature.dense import spectrum
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Adam
from thalweg.objectives.zoo import quadratic
from thalweg.store import folder
from thalweg.store.folder import load, save

CASE = CASES[-1]


def digest_tree(root: Path) -> str:
    sha = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        sha.update(str(path.relative_to(root)).encode())
        sha.update(path.read_bytes() if path.is_file() else b"/")
    return sha.hexdigest()


def assert_same(found: xr.Dataset, wanted: xr.Dataset) -> None:
    xr.testing.assert_identical(found, wanted)
    assert {n: v.dtype for n, v in found.variables.items()} == {
        n: v.dtype for n, v in wanted.variables.items()
    }
    assert [type(v) for v in found.attrs.values()] == [type(v) for v in wanted.attrs.values()]


def results():
    yield record(CASE.objective, CASE.point, Adam(0.1), steps=5)
    yield record(quadratic([1.0]), np.ones(1), SGD(10.0), steps=400)  # inf and NaN in it
    yield spectrum(CASE.objective, CASE.point)


@pytest.mark.parametrize("dataset", [*results()], ids=["trajectory", "diverged", "spectrum"])
def test_a_round_trip_keeps_everything(dataset, tmp_path):
    path = tmp_path / "deep" / "er" / "result"
    assert save(dataset, path) == path
    assert_same(load(path), dataset)
    plain = xr.open_zarr(path, consolidated=False).load()
    xr.testing.assert_identical(plain, dataset)
    assert plain.step.dtype == np.int64 if "step" in dataset else True
    assert [p.name for p in path.parent.iterdir()] == ["result"]
    assert not [*path.rglob("*.partial")]


def test_small_integers_zeros_text_and_empty_attributes_survive(tmp_path):
    dataset = xr.Dataset(
        {
            "code": (("b", "a"), np.array([[0, 1, -1], [2, 0, 3]], np.int8)),
            "flag": ("a", np.array([False, True, False])),
            "none": ("empty", np.zeros(0)),
            "one": ((), 7.0),
            "signed": ("a", np.array([0.0, -0.0, np.inf])),
            "name": ("b", ["SGD", "Ådam"]),
        },
        coords={"a": [0.0, 1.0, 2.0], "b": [5, 6]},
        attrs={"kind": "test", "list": ["x", "y"], "numbers": [1.5, 2.0], "text": "", "n": 0},
    )
    found = load(save(dataset, tmp_path / "x"))
    assert_same(found, dataset)
    assert np.signbit(found.signed.values).tolist() == [False, True, False]
    xr.testing.assert_identical(xr.open_zarr(tmp_path / "x", consolidated=False).load(), dataset)


def test_saving_again_replaces_the_whole(tmp_path):
    first, second = xr.Dataset({"x": ("i", [1.0])}), xr.Dataset({"y": ("i", [2.0, 3.0])})
    save(first, tmp_path / "x")
    save(second, tmp_path / "x")
    assert_same(load(tmp_path / "x"), second)
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_save_that_fails_midway_leaves_the_old_one(tmp_path, monkeypatch, fault, before):
    old = xr.Dataset({"x": ("i", [1.0]), "y": ("i", [2.0])}, coords={"i": [0]})
    save(old, tmp_path / "x")
    kept, calls, add_array = digest_tree(tmp_path), [], folder.add_array

    def failing(*arguments):
        if len(calls) == before:
            raise fault
        calls.append(1)
        return add_array(*arguments)

    monkeypatch.setattr(folder, "add_array", failing)
    with pytest.raises(KeyboardInterrupt if fault is KeyboardInterrupt else StoreError):
        save(old + 1, tmp_path / "x")
    assert digest_tree(tmp_path) == kept


def test_the_last_step_failing_puts_the_old_one_back(tmp_path, monkeypatch):
    old = xr.Dataset({"x": ("i", [1.0])})
    save(old, tmp_path / "x")
    kept, replace = digest_tree(tmp_path), os.replace

    def failing(source, target):
        if str(source).endswith(".partial") and Path(target).name == "x":
            raise OSError(5, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(StoreError, match="Input/output error"):
        save(old + 1, tmp_path / "x")
    monkeypatch.undo()
    assert digest_tree(tmp_path) == kept


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path):
    names = [".x.123.partial", ".x.99.old", ".x.y.123.partial", ".x.partial", "x.123.partial"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("torn")
    save(xr.Dataset({"x": ("i", [1.0])}), tmp_path / "x")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["x", *names[2:]])


def test_other_peoples_files_are_never_replaced(tmp_path):
    dataset = xr.Dataset({"x": ("i", [1.0])})
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.tex").write_text("precious")
    kept = digest_tree(tmp_path)
    for name in ("file", "folder", "file/below"):
        with pytest.raises(StoreError, match=r"must be (free, or a Zarr store|writable)"):
            save(dataset, tmp_path / name)
    assert digest_tree(tmp_path) == kept
    (tmp_path / "empty").mkdir()
    assert_same(load(save(dataset, tmp_path / "empty")), dataset)


def test_what_is_no_store_is_not_loaded(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    for name, got in (
        ("none", "nothing"),
        ("folder", "something else"),
        ("file", "something else"),
    ):
        with pytest.raises(StoreError, match=f"must be a Zarr store, got {got}; check the path"):
            load(tmp_path / name)


def test_every_flipped_bit_in_a_chunk_is_noticed(tmp_path):
    path = save(record(CASE.objective, CASE.point, Adam(0.1), steps=5), tmp_path / "x")
    chunks = sorted(p for p in path.rglob("*") if p.is_file() and p.name != "zarr.json")
    assert len(chunks) == 5
    random = np.random.default_rng(0)
    for chunk in chunks:
        whole = chunk.read_bytes()
        for at in random.integers(0, 8 * len(whole), 8):
            torn = bytearray(whole)
            torn[at // 8] ^= 1 << (at % 8)
            chunk.write_bytes(torn)
            with pytest.raises(StoreError, match="must be readable"):
                load(path)
        for length in (0, 1, len(whole) // 2, len(whole) - 1):
            chunk.write_bytes(whole[:length])
            with pytest.raises(StoreError, match="must be readable"):
                load(path)
        chunk.write_bytes(whole)
    load(path)


def test_damaged_metadata_is_a_store_error(tmp_path):
    path = save(xr.Dataset({"x": ("i", [1.0, 2.0])}), tmp_path / "x")
    for file in (path / "zarr.json", path / "x" / "zarr.json"):
        whole = file.read_bytes()
        for torn in (whole[: len(whole) // 2], b"", b"[]", b"\xff\xfe", whole + b"}"):
            file.write_bytes(torn)
            with pytest.raises(StoreError, match=r"x must be readable, got .*; delete it"):
                load(path)
        file.write_bytes(whole)
    assert load(path).x.values.tolist() == [1.0, 2.0]
