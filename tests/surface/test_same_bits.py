"""One digest: whatever the order, the number of workers, the interruptions."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pytest

from cases import Case
from thalweg.core.executor import SerialExecutor, ThreadExecutor
from thalweg.core.grid import Grid
from thalweg.geometry.planes import random_plane
from thalweg.geometry.scaling import FilterNorm
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.surface.evaluate import evaluate

CASE = Case((5,), Activation.TANH, Loss.SOFTMAX_CROSS_ENTROPY, 0.3)
GRID = Grid((np.linspace(-1, 1, 9), np.linspace(-0.5, 1, 7)), tile=3)
PLANE = random_plane(CASE.point, CASE.network.layout, scaling=FilterNorm())


@dataclass(frozen=True)
class Shuffled(SerialExecutor):
    """One after the other, in an order of its own."""

    seed: int = 0

    def map(self, function, items, lost=None):
        todo = list(items)
        np.random.default_rng(self.seed).shuffle(todo)
        yield from super().map(function, todo)


class Enough(Exception):
    """Somebody stops the run."""


def stop_after(tiles):
    """A progress that stops the run when so many tiles are written."""
    calls = iter(range(tiles))

    def progress(done, total):
        if next(calls, None) is None:
            raise Enough

    return progress


def digest(surface):
    parts = [surface[name].values.tobytes() for name in (*CASE.objective.fields, "status")]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def mapped(executor=None, store=None, progress=None):
    fields = CASE.objective.fields
    return evaluate(CASE.objective, PLANE, GRID, fields, executor, store, progress)


ONE = digest(mapped())
EXECUTORS = [ThreadExecutor(1), ThreadExecutor(2), ThreadExecutor(4), Shuffled(0), Shuffled(1)]


@pytest.mark.parametrize("executor", EXECUTORS, ids=str)
def test_workers_and_order_change_no_bit(executor):
    assert {digest(mapped(executor)) for _ in range(3)} == {ONE}


@pytest.mark.parametrize("executor", [SerialExecutor(), ThreadExecutor(2), Shuffled(2)], ids=str)
def test_interruptions_change_no_bit(executor, tmp_path):
    for tiles in (0, 3, 1):
        with pytest.raises(Enough):
            mapped(executor, tmp_path / "s", stop_after(tiles))
    assert digest(mapped(executor, tmp_path / "s")) == ONE
    assert digest(mapped(store=tmp_path / "s", progress=stop_after(0))) == ONE  # nothing was left
