"""Planes through networks and their renamed copies: corners whose functions are known."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.objectives.zoo import quadratic
from thalweg.web.bench import lay
from thalweg.web.messages import Bench, PlaneSpec
from thalweg.web.planes import cut
from thalweg.web.twins import aligned_plane, twins_plane

OBJECTIVE = lay(Bench(width=5, activation="tanh")).objective


def test_the_corners_are_two_starts_and_a_renamed_one():
    start, other, twin = twins_plane(OBJECTIVE, 3).points([[0, 0], [1, 0], [0, 1]])
    assert start == pytest.approx(OBJECTIVE.start, abs=0)
    assert OBJECTIVE.outputs(twin) == pytest.approx(OBJECTIVE.outputs(start), abs=1e-12)
    assert np.linalg.norm(twin - start) > 0.1
    for block, at in OBJECTIVE.layout.slices():
        here, there = np.linalg.norm(start[at]), np.linalg.norm(other[at])
        assert there == pytest.approx(here), block.name
    assert np.abs(OBJECTIVE.outputs(other) - OBJECTIVE.outputs(start)).max() > 0.1


def test_aligning_a_twin_finds_the_first_network_again():
    start, other, twin = twins_plane(OBJECTIVE, 3).points([[0, 0], [1, 0], [0, 1]])
    aligned = aligned_plane(OBJECTIVE, start, other).points([[0, 1]])[0]
    assert OBJECTIVE.outputs(aligned) == pytest.approx(OBJECTIVE.outputs(other), abs=1e-12)
    assert np.linalg.norm(aligned - start) < np.linalg.norm(other - start)
    with pytest.raises(InputError, match="got the first one renamed"):
        aligned_plane(OBJECTIVE, start, twin)
    with pytest.raises(InputError, match="got one that matches already"):
        aligned_plane(OBJECTIVE, start, aligned)


def test_what_has_no_twin_is_told():
    with pytest.raises(InputError, match="not zero, got all zeros"):
        twins_plane(lay(Bench(scale=0.0)).objective, 0)
    with pytest.raises(InputError, match="tells its hidden units"):
        twins_plane(quadratic([1.0, 2.0]), 0)
    with pytest.raises(InputError, match="aligned in pairs, got 0 runs"):
        cut(PlaneSpec("aligned"), OBJECTIVE, {})
