"""A child process for test_faults.py: maps a surface, tells each acknowledged tile, dies on cue."""

import os
import resource
import signal
import time
from dataclasses import dataclass

import numpy as np

from formulas import Formula, ripples
from thalweg.core.errors import StoreError
from thalweg.core.executor import SerialExecutor
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.store.surface import SurfaceStore
from thalweg.surface.evaluate import evaluate

PLANE = Plane(np.array([0.1, 0.2]), [[1.0, 0.5], [0.0, 2.0]])
GRID = Grid((np.linspace(-1, 1, 40), np.linspace(0, 1, 40)), tile=8)  # 25 tiles
LEDGER = os.path.join("ledger", "lines.jsonl")


@dataclass(frozen=True)
class Fault:
    """What happens to a child.

    Attributes:
        step: the function of `os` at whose call it happens; "" for never.
        call: at which call, from 1.
        after: whether the call is carried out before it.
        errno: what is raised; None kills the process at once.
        largest: bytes that a file may have; what is longer is torn there, as on a full disk.
    """

    step: str = ""
    call: int = 1
    after: bool = False
    errno: int | None = None
    largest: int | None = None


def slow(points):
    time.sleep(0.001)
    return ripples(points)


def arm(fault):
    if fault.largest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault.largest, resource.RLIM_INFINITY))
    if not fault.step:
        return
    real, calls = getattr(os, fault.step), []

    def failing(*arguments, **more):
        calls.append(1)
        if len(calls) != fault.call:
            return real(*arguments, **more)
        if fault.after:
            real(*arguments, **more)
        if fault.errno is not None:
            raise OSError(fault.errno, os.strerror(fault.errno))
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    setattr(os, fault.step, failing)


def map_surface(store, told, fault=Fault(), function=slow):
    """Send the corner of each tile that is acknowledged, and at the end None or what was raised."""
    write = SurfaceStore.write

    def telling(self, tile, *arguments):
        write(self, tile, *arguments)
        told.send(tuple(where.start for where in tile.slices))

    SurfaceStore.write = telling
    arm(fault)
    try:
        evaluate(Formula(function), PLANE, GRID, executor=SerialExecutor(), store=store)
        told.send(None)
    except StoreError as error:
        told.send(str(error))
    except BaseException as error:
        told.send(f"NOT A STORE ERROR: {error!r}")


def race(store, start, told, leave):
    """Try to become the writer; tell whether it worked, with the seconds that it took."""
    start.wait()
    began = time.perf_counter()
    try:
        with SurfaceStore(store, PLANE, GRID, ("loss",), {"objective_digest": "0"}):
            told.put((os.getpid(), "", time.perf_counter() - began))
            leave.wait()
    except StoreError as error:
        told.put((os.getpid(), str(error), time.perf_counter() - began))
