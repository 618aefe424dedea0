"""Stores of every released format open, give the numbers they held, and can be gone on with."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from formulas import Formula, ripples
from thalweg.core.errors import StoreError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell
from thalweg.store.folder import load
from thalweg.store.verify import repair, verify
from thalweg.surface.evaluate import evaluate

STORES = Path(__file__).parents[1] / "data" / "stores"
CASES = [(version.name, name) for version in STORES.iterdir() for name in
         json.loads((version / "digests.json").read_text())]  # fmt: skip
PLANE = Plane(np.zeros(2), [[1.0, 0.0], [0.5, 2.0]])
GRID = Grid((np.linspace(-1, 2, 7), np.linspace(0, 0.5, 4)), tile=3)


def some(points):
    if (points[:, 0] > 1.4).any():
        raise ArithmeticError("too far")
    return np.where(points[:, 1] > 0.6, np.nan, ripples(points))


@pytest.fixture
def old(tmp_path):
    """A copy of a store of version 0.1.0, by name."""
    return lambda name: shutil.copytree(STORES / "0.1.0" / name, tmp_path / name)


@pytest.mark.parametrize(("version", "name"), CASES)
def test_stores_of_every_version_hold_the_numbers_they_were_given(version, name):
    digests = json.loads((STORES / version / "digests.json").read_text())[name]
    path = STORES / version / f"{name}.zarr"
    found = load(path)
    assert {str(k): hashlib.sha256(v.values.tobytes()).hexdigest()
            for k, v in found.variables.items()} == digests  # fmt: skip
    assert verify(path).sound


def test_an_old_surface_that_is_done_is_not_computed_again(old):
    store = old("surface.zarr")
    before = {f: f.read_bytes() for f in store.rglob("*") if f.is_file()}
    objective = Formula(ripples)
    assert evaluate(objective, PLANE, GRID, store=store).identical(evaluate(objective, PLANE, GRID))
    assert objective.calls == 6
    for file, content in before.items():
        assert file.read_bytes() == content
    assert verify(store).sound
    (store / "loss" / "c" / "0" / "1").unlink()  # from now on it has a ledger
    assert verify(store).missing == ("loss/c/0/1",)


def test_an_old_surface_that_was_stopped_is_finished(old):
    store = old("half.zarr")
    assert verify(store).cells == {"pending": 4, "done": 10, "nonfinite": 8, "failed": 6}
    left = store / "loss" / "c" / "0" / "0.0123456789abcdef.partial"
    left.write_bytes(b"torn")
    objective = Formula(some)
    found = evaluate(objective, PLANE, GRID, store=store)
    assert not left.exists()
    wanted = evaluate(Formula(some), PLANE, GRID)
    assert 4 <= objective.cells <= 8
    for name in ("loss", "status"):
        assert found[name].values.tobytes() == wanted[name].values.tobytes()
    assert load(store).identical(found)
    with pytest.raises(StoreError, match=r"\(objective_digest other"):
        evaluate(Formula(some, name="other"), PLANE, GRID, store=store)


@pytest.mark.parametrize("key", ["loss/c/0/1", "status/c/1/0"])
def test_a_damaged_tile_of_an_old_surface_is_named_and_computed_again(key, old):
    store = old("surface.zarr")
    torn = bytearray((store / key).read_bytes())
    torn[-9] ^= 4
    (store / key).write_bytes(torn)
    assert verify(store).damaged == (key,)
    with pytest.raises(StoreError, match=f"got damaged {key}"):
        load(store)
    repair(store)
    assert verify(store).sound
    objective = Formula(ripples)
    found = evaluate(objective, PLANE, GRID, store=store)
    assert objective.calls == 1
    assert (found.status == Cell.DONE).all()
    assert found.loss.values.tobytes() == evaluate(objective, PLANE, GRID).loss.values.tobytes()


def test_a_missing_chunk_of_an_old_store_is_never_read_as_a_number(old):
    for name, key in (("surface", "loss/c/0/1"), ("surface", "a/c/0"), ("trajectory", "loss/c/0")):
        store = old(f"{name}.zarr")
        (store / key).unlink()
        assert verify(store).missing == (key,)
        with pytest.raises(StoreError, match=f"got missing {key}"):
            load(store)
        if key != "loss/c/0/1":
            with pytest.raises(StoreError, match="to be repaired, got damaged or missing"):
                repair(store)
        shutil.rmtree(store)
    store = old("surface.zarr")
    (store / "status" / "c" / "0" / "1").unlink()  # what a killed writer of that version left
    kept = load(store)
    assert (kept.status == Cell.PENDING).sum() == 9
    assert np.isnan(kept.loss.values[kept.status.values == Cell.PENDING]).all()
