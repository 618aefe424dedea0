"""Stopped by a signal: the right exit code, words that help, nothing lost, nobody left behind.

THALWEG_FULL=1 stops 30 times by each signal, at random moments; else once.
"""

import os
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr

from thalweg.cli import main
from thalweg.store.folder import load

TIMES = 30 if os.environ.get("THALWEG_FULL") else 1
SLOW = """
import time

import numpy as np

import thalweg as tw
from guest import Counted, ripples


def slow():
    def pause(points):
        time.sleep(0.004 * len(points))
        return ripples(points)

    return Counted("slow", pause)


def fast():
    return Counted("slow", ripples)


def deaf():
    def never(points):
        open("began", "w").close()
        while True:
            try:
                time.sleep(60)
            except KeyboardInterrupt:
                open("heard", "w").close()

    return Counted("deaf", never)
"""
COMMAND = ["surface", "slow.py:slow", "--scaling", "none", "--points", "16"]


def hear_interrupts() -> None:
    """Undo what a shell does to jobs in the background, where Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start(folder):
    """Start a command in a process group of its own."""
    (folder / "slow.py").write_text(SLOW)
    begun = []

    def begin(*words):
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "thalweg", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=hear_interrupts,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    assert condition()


def tiles(store):
    return len([p for p in (store / "status" / "c").rglob("*") if p.is_file()])


@pytest.fixture
def whole(folder, capfd):
    """The same surface, never stopped."""
    (folder / "slow.py").write_text(SLOW)
    command = ["slow.py:fast" if word == "slow.py:slow" else word for word in COMMAND]
    assert main([*command, "--out", "whole.zarr", "--quiet"]) == 0
    return load("whole.zarr")


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_at_any_moment_it_keeps_its_work_and_resumes(folder, start, whole, which):
    random = np.random.default_rng(int(which))
    for attempt in range(TIMES if which != signal.SIGHUP else 1):
        store = folder / f"run-{attempt}.zarr"
        words = [*COMMAND, "--out", str(store)]
        process = start(*words)
        least = int(random.integers(1, 40))
        wait_for(lambda: tiles(store) >= least or process.poll() is not None)
        process.send_signal(which)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 128 + which
        assert out == ""
        assert "Traceback" not in err
        last = err.strip().splitlines()[-1]
        assert last.startswith("thalweg: Stopped. What was computed is kept. ")
        kept = int((load(store)["status"].values > 0).sum())
        assert (least - 1) * 4 <= kept < 256  # the last tile may not have been noted
        assert f"{kept} of 256 cells are in {store}." in last
        assert last.endswith(f"To go on: {shlex.join(['thalweg', *words])}")
        assert not alive(process.pid)
        assert main([*words, "--quiet"]) == 0
        xr.testing.assert_identical(load(store), whole)


def alive(group):
    """Whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_second_signal_ends_what_does_not_listen(folder, start):
    process = start("surface", "slow.py:deaf", "--scaling", "none", "--quiet")
    wait_for((folder / "began").exists)
    process.send_signal(signal.SIGINT)
    wait_for((folder / "heard").exists)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not alive(process.pid)


def test_handlers_are_given_back():
    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert main(["--version"]) == 0
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_an_interrupt_without_a_signal_is_130(folder, asked):
    (folder / "stops.py").write_text("def loss():\n    raise KeyboardInterrupt\n")
    code, out, err = asked("surface", "stops.py:loss")
    assert (code, out) == (130, "")
    assert err.startswith("thalweg: Stopped.")
