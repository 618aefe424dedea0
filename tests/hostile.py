"""Losses that do what losses should not, each at the one cell a = 0.5, b = 0.25; importable."""

import os
import signal
import sys
import time
from contextlib import suppress
from functools import partial

import numpy as np

from thalweg.core.layout import Layout
from thalweg.core.objective import Objective

BAD = (0.5, 0.25)


def once(folder, name):
    """Return whether this is the first call anywhere with that name."""
    try:
        os.close(os.open(os.path.join(folder, name), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


class Hostile(Objective):
    """One loss a cell, in plain Python; `deed` is done at the bad cell."""

    fields = ("loss",)

    def __init__(self, deed):
        self.deed, self.name = deed, "hostile"
        self.layout, self.start = Layout.plain(2), np.zeros(2)

    def values(self, points):
        return np.array([self.one(point) for point in points])

    def one(self, point):
        if tuple(point) == BAD:
            self.deed()
        return point[0] + 2 * point[1]

    def restrict(self, plane, fields=("loss",)):
        self.check_request(plane, fields)
        return lambda coords: {"loss": self.values(plane.points(coords))}

    def digest(self):
        return f"{'hostile':0<16}"


class Scribbler(Hostile):
    """Writes into its argument."""

    def one(self, point):
        loss = point[0] + 2 * point[1]
        point[:] = np.nan
        return loss


def say(fault):
    raise fault


def fork():
    if os.fork() == 0:
        sys.exit("the child goes its way")
    raise RuntimeError("forked")


def fork_and_return():
    if os.fork() == 0:
        return  # the child would go on with the grid
    os.wait()
    raise RuntimeError("forked")


def shout():
    sys.stdout.write("x" * 100_000)
    sys.stderr.write("\x1b[2J\x00")
    raise RuntimeError("shouted\nover two lines " + "y" * 1000)


def sleep():
    time.sleep(1000)


def swallow():
    """Hang, and catch every Exception."""
    while True:
        with suppress(Exception):
            time.sleep(1000)


def deaf():
    """Hang where no alarm is heard, as compiled code does."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    time.sleep(1000)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


DEEDS = {  # name: what is done, and a part of what the failure says
    "raises": (partial(say, ValueError("no\nhalves")), "ValueError: no halves"),
    "exits": (partial(say, SystemExit(3)), "SystemExit: 3"),
    "generator": (partial(say, GeneratorExit()), "GeneratorExit"),
    "recursion": (partial(say, RecursionError("deep")), "RecursionError: deep"),
    "forks": (fork, "RuntimeError: forked"),
    "child returns": (fork_and_return, "RuntimeError: forked"),
    "shouts": (shout, "RuntimeError: shouted over two lines"),
}
HANGS = {"sleeps": sleep, "swallows": swallow}


def dies(i):
    """Work that always kills its worker."""
    die()


class Mortal:
    """Returns -i; the first `deaths` times it is asked for the item `bad`, its worker dies."""

    def __init__(self, folder, bad=3, deaths=1):
        self.folder, self.bad, self.deaths = folder, bad, deaths

    def __call__(self, i):
        if i == self.bad and any(once(self.folder, f"death{n}") for n in range(self.deaths)):
            die()
        return -i


class Heavy:
    """Says how often it was unpacked in this process, and whether its array may be written."""

    unpacked = 0

    def __init__(self):
        self.array = np.arange(100_000.0)

    def __setstate__(self, state):
        self.__dict__ = state
        Heavy.unpacked += 1

    def __call__(self, i):
        return os.getpid(), Heavy.unpacked, bool(self.array.flags.writeable)


class Endless:
    """Hangs at every item but the first; tells by a file that it began."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, i):
        if i:
            once(self.folder, f"began{i}")
            time.sleep(1000)
        return i


def threads(i):
    """What this process may use."""
    return os.environ.get("OMP_NUM_THREADS"), os.environ.get("OPENBLAS_NUM_THREADS")
