"""Saving and loading whole Datasets: all or nothing, every bit accounted for."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from cases import CASES
from thalweg.core.errors import InputError, StoreError
from thalweg.curvature.dense import spectrum
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Adam
from thalweg.objectives.zoo import quadratic
from thalweg.store.folder import load, save, written_whole
from thalweg.store.lock import WriterLock

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
    assert plain.attrs.pop("store_format") == 1
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
    plain = xr.open_zarr(tmp_path / "x", consolidated=False).load()
    assert plain.attrs.pop("store_format") == 1
    xr.testing.assert_identical(plain, dataset)


def test_saving_again_replaces_the_whole(tmp_path):
    first, second = xr.Dataset({"x": ("i", [1.0])}), xr.Dataset({"y": ("i", [2.0, 3.0])})
    save(first, tmp_path / "x")
    save(second, tmp_path / "x")
    assert_same(load(tmp_path / "x"), second)
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("before", range(0, 24, 3))
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_save_that_fails_midway_leaves_the_old_one(tmp_path, monkeypatch, fault, before, step):
    old = xr.Dataset({"x": ("i", [1.0]), "y": ("i", [2.0])}, coords={"i": [0]})
    save(old, tmp_path / "x")
    kept, calls, real = digest_tree(tmp_path), [], getattr(os, step)

    def failing(*arguments):
        calls.append(1)
        if len(calls) == before % 9 + 1:
            raise fault
        return real(*arguments)

    monkeypatch.setattr(os, step, failing)
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


def test_every_damaged_file_is_noticed_and_named(tmp_path):
    path = save(record(CASE.objective, CASE.point, Adam(0.1), steps=5), tmp_path / "x")
    files = sorted(p for p in path.rglob("*") if p.is_file() and p.parent.name != "ledger")
    assert len(files) == 11  # five arrays of one chunk each, and the group
    random = np.random.default_rng(0)
    for file in files:
        whole, key = file.read_bytes(), file.relative_to(path).as_posix()
        torn = [whole[:length] for length in (0, 1, len(whole) // 2, len(whole) - 1)]
        for at in random.integers(0, 8 * len(whole), 8):
            flipped = bytearray(whole)
            flipped[at // 8] ^= 1 << (at % 8)
            torn.append(bytes(flipped))
        for content in torn:
            file.write_bytes(content)
            with pytest.raises(StoreError, match=f"must be readable, got damaged {key}"):
                load(path)
        file.unlink()
        with pytest.raises(StoreError, match=f"must be readable, got missing {key}"):
            load(path)
        file.write_bytes(whole)
    load(path)


def test_plain_xarray_refuses_a_flipped_bit_too(tmp_path):
    path = save(xr.Dataset({"x": ("i", [1.0, 2.0])}), tmp_path / "x")
    chunk = path / "x" / "c" / "0"
    torn = bytearray(chunk.read_bytes())
    torn[3] ^= 16
    chunk.write_bytes(torn)
    with pytest.raises(ValueError, match="checksum"):
        xr.open_zarr(path, consolidated=False).load()


def test_numbers_that_json_has_no_word_for_survive_and_the_file_is_strict(tmp_path):
    attrs = {
        "lowest": float("nan"),
        "range": [float("-inf"), 1.5, float("inf")],
        "label": "NaN",
        "labels": ["Infinity", "x"],
    }
    path = save(xr.Dataset({"x": ("i", [1.0])}, attrs=attrs), tmp_path / "x")
    found = load(path).attrs
    assert np.isnan(found.pop("lowest"))
    assert found == {key: attrs[key] for key in ("range", "label", "labels")}

    def refuse(word):
        raise AssertionError(word)

    for file in path.rglob("zarr.json"):
        json.loads(file.read_text(), parse_constant=refuse)
    assert xr.open_zarr(path, consolidated=False).attrs["range"] == ["-Infinity", 1.5, "Infinity"]


def test_what_json_cannot_hold_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match="attribute 'made' must be text, a number or a list"):
        save(xr.Dataset({"x": ("i", [1.0])}, attrs={"made": object()}), tmp_path / "x")
    with pytest.raises(StoreError, match="'ledger' for itself"):
        save(xr.Dataset({"ledger": ("i", [1.0])}), tmp_path / "x")
    assert not [*tmp_path.iterdir()]


def test_a_store_that_a_killed_save_had_moved_aside_comes_back(tmp_path):
    old = xr.Dataset({"x": ("i", [1.0])})
    save(old, tmp_path / "x")
    (tmp_path / "x").rename(tmp_path / ".x.123.old")
    (tmp_path / ".x.123.partial").mkdir()
    with pytest.raises(InputError):
        save(xr.Dataset({"x": ("i", [1.0])}, attrs={"made": object()}), tmp_path / "x")
    with pytest.raises(RuntimeError), WriterLock(tmp_path / "x"), written_whole(tmp_path / "x"):
        raise RuntimeError
    assert_same(load(tmp_path / "x"), old)
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
