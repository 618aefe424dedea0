"""Rows for test_trajectory.py; as a script, a child that writes them until it is killed."""

import sys
from pathlib import Path

import numpy as np

from thalweg.core.schema import projections_dataset, trajectory_dataset
from thalweg.store.rows import Row, TrajectoryDraft
from thalweg.store.trajectory import Flush, TrajectoryStore

SIZE = 5
NONE = np.empty(0)


def blank(**attrs):
    attrs = {"layout_digest": "ab", "dtype": "float32", "start_digest": "cd", **attrs}
    return trajectory_dataset(NONE, np.empty((0, SIZE), np.float32), NONE, NONE, attrs)


def blank_projections(**attrs):
    attrs = {"layout_digest": "ab", "dtype": "float32", "start_digest": "cd", **attrs}
    names = ("distance", "norm", "loss", "gradient_norm")
    empty = {"product": np.empty((0, 2)), **dict.fromkeys(names, NONE)}
    return projections_dataset(NONE, empty, np.arange(3.0), attrs)


def row(step):
    """The row of a step; the same in every process."""
    random = np.random.default_rng(step)
    point = random.standard_normal(SIZE).astype(np.float32)
    return Row(step, {"point": point}, step / 2, step / 3)


def draft(steps):
    """The same rows in memory."""
    made = TrajectoryDraft(blank(), 1)
    for step in steps:
        made.add(row(step))
    return made


if __name__ == "__main__":
    path, thinned = Path(sys.argv[1]), sys.argv[2] == "thinned"
    store = TrajectoryStore(path, blank(), 1, Flush(rows=1), append=True)
    step = store.last + 1 if len(store) else 0
    while True:
        while thinned and len(store) >= 8:
            store.thin(2 * store.stride)
        if (step - (store.first if len(store) else step)) % store.stride == 0:
            store.add(row(step))
            print(step, flush=True)  # noqa: T201
        step += 1
