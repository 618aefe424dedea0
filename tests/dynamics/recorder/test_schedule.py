"""Thinned: rows of a run of any length stay few and evenly spread."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from thalweg.dynamics.recorder.recorder import Recorder
from thalweg.dynamics.recorder.schedule import Thinned


def kept(steps, schedule):
    model = nn.Linear(1, 1)
    with Recorder(model, keep=schedule) as recorder:
        for _ in range(steps):
            recorder.step()
            assert recorder._draft is not None
            assert len(recorder._draft) <= schedule.limit - 1
    return recorder.trajectory


@given(st.integers(0, 300), st.integers(3, 40), st.integers(1, 7))
@example(0, 3, 1)
@example(1, 3, 5)
def test_rows_are_few_even_and_hold_both_ends(steps, limit, stride):
    run = kept(steps, Thinned(limit, stride))
    at = run.step.values
    assert at[0] == 0
    assert at[-1] == steps
    assert len(at) <= limit
    gaps = np.diff(at)
    assert (gaps[:-1] == run.attrs["stride"]).all()
    assert (gaps > 0).all()
    assert (gaps[-1:] <= run.attrs["stride"]).all()
    doublings = np.log2(run.attrs["stride"] / stride)
    assert doublings == int(doublings)
    if doublings > 0:  # no more than was needed
        assert steps // (run.attrs["stride"] // 2) + 1 > limit - 1
