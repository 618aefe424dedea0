"""Recorder with a store: the run is on disk while the training goes on, and after it was killed."""

import errno
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from dynamics.recorder.loops import by_hand, made, step
from thalweg.core.errors import InputError, StoreError
from thalweg.dynamics.recorder.projection import Projection
from thalweg.dynamics.recorder.recorder import Recorder
from thalweg.dynamics.recorder.schedule import Every, Thinned
from thalweg.store.folder import load
from thalweg.store.trajectory import Flush


def train(steps, model, optimizer, *data, **arguments):
    with Recorder(model, optimizer, **arguments) as recorder:
        for _ in range(steps):
            recorder.step(step(model, optimizer, *data))
    return recorder


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"keep": Every(7)},
        {"keep": Thinned(9)},
        {"projection": Projection(3)},
        {"projection": Projection(3), "keep": Thinned(5, 2)},
        {"dtype": np.float16},
    ],
    ids=str,
)
def test_the_store_holds_what_memory_would(tmp_path, arguments):
    flush = Flush(rows=3)
    stored = train(20, *made(), store=tmp_path / "run", flush=flush, **arguments)
    wanted = train(20, *made(), **arguments).trajectory
    xr.testing.assert_identical(stored.trajectory, wanted)
    xr.testing.assert_identical(load(tmp_path / "run"), wanted)


@pytest.mark.parametrize("projection", [None, Projection(2)])
def test_training_goes_on_where_it_was(tmp_path, projection):
    arguments = {"store": tmp_path / "run", "append": True, "projection": projection}
    guest = made()
    train(4, *guest, **arguments)
    train(3, *guest, **arguments)
    wanted = train(7, *made(), projection=projection).trajectory
    xr.testing.assert_identical(load(tmp_path / "run"), wanted)
    early = made()
    train(2, *early)  # a checkpoint of step 2
    train(5, *early, **arguments)
    xr.testing.assert_identical(load(tmp_path / "run"), wanted)
    with torch.no_grad():
        early[0][0].weight += 1
    with pytest.raises(InputError, match="got parameters of no row") as caught:
        train(1, *early, **arguments)
    xr.testing.assert_identical(load(tmp_path / "run"), wanted)
    train(0, *guest, **arguments)  # the refused one holds nothing
    assert caught.tb is not None


def test_another_run_in_the_folder_is_refused(tmp_path):
    train(2, *made(), store=tmp_path / "run")
    before = load(tmp_path / "run")
    for arguments, said in [
        ({}, "append=True"),
        ({"append": True, "parameters": "0.*"}, "layout_digest"),
        ({"append": True, "keep": Every(3)}, "schedule"),
        ({"append": True, "dtype": np.float64}, "dtype"),
        ({"append": True, "projection": Projection(2)}, "kind"),
    ]:
        with pytest.raises(StoreError, match=said):
            train(1, *made(), store=tmp_path / "run", **arguments)
    xr.testing.assert_identical(load(tmp_path / "run"), before)


def test_a_full_disk_ends_the_recording_not_the_training(tmp_path, monkeypatch):
    model, optimizer, *data = made()
    recorder = Recorder(model, optimizer, tmp_path / "run", flush=Flush(rows=1)).attach()
    for _ in range(4):
        step(model, optimizer, *data)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(RuntimeWarning, match="recording stopped: .*No space left on device"):
        step(model, optimizer, *data)
    for _ in range(3):
        step(model, optimizer, *data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorder.close()
    assert isinstance(recorder.fault, StoreError)
    assert not optimizer._optimizer_step_post_hooks
    monkeypatch.undo()
    points = by_hand(8)[0].astype(np.float32)
    np.testing.assert_array_equal(load(tmp_path / "run").point, points[:3])
    np.testing.assert_array_equal(model[0].weight.detach().ravel().float(), points[8, :12])


def test_a_recorder_that_is_closed_leaves_the_store_to_others(tmp_path):
    guest = made()
    first = train(3, *guest, store=tmp_path / "run")
    with Recorder(*guest[:2], tmp_path / "run", append=True, flush=Flush(rows=1)) as second:
        for _ in range(3):
            step(*guest)
        before = (tmp_path / "run" / "ledger" / "lines.jsonl").read_bytes()
        first.close()
        first.step(1.0)
        assert (tmp_path / "run" / "ledger" / "lines.jsonl").read_bytes() == before
    assert second.fault is None
    assert load(tmp_path / "run").step.values.tolist() == [*range(7)]


CHILD = """
import os, signal, sys
from dynamics.recorder.loops import made, step
from thalweg.dynamics.recorder.recorder import Recorder
from thalweg.store.trajectory import Flush

model, optimizer, *data = made()
with Recorder(model, optimizer, sys.argv[1], flush=Flush(rows=8, seconds=1e9)) as recorder:
    for t in range(60):
        recorder.step(step(model, optimizer, *data))
        if t == 49:
            os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_training_that_is_killed_keeps_its_path(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", CHILD, str(tmp_path / "run")]
    ran = subprocess.run(command, env=environment, check=False)
    assert ran.returncode == -signal.SIGKILL
    run = load(tmp_path / "run")
    points, losses, norms = by_hand(60)
    rows = run.sizes["step"]
    assert 50 - 8 - 2 <= rows <= 50
    np.testing.assert_array_equal(run.point, points[:rows].astype(np.float32))
    np.testing.assert_array_equal(run.loss, losses[:rows])
    np.testing.assert_allclose(run.gradient_norm, norms[:rows], rtol=1e-12)
    found = xr.open_zarr(tmp_path / "run", consolidated=False)
    np.testing.assert_array_equal(found.point, run.point)
