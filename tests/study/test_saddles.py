"""The saddles of the case study: what the sections say when there is little to say."""

from dataclasses import replace

import numpy as np
import pytest

from thalweg.critical.classify import classify
from thalweg.objectives.activations import Activation
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import quadratic
from thalweg.study.escape import smooth_twin
from thalweg.study.exact_saddle import Saddle
from thalweg.study.sections.saddles import _saddle_blocks, _ways_prose


@pytest.fixture
def saddle():
    found = classify(quadratic([-1.0, 2.0, 3.0]), np.zeros(3))
    low, high = (classify(quadratic([v, 2.0, 3.0]), np.zeros(3)) for v in (0.5, 1.0))
    outcomes = {"CRITICAL": 2, "GRADIENT_FLAT": 1, "KINK": 0, "BUDGET": 0}
    return Saddle(found, 3, 0.5, 0.9, 4 / 3, outcomes, "3 points", 1, (low, high), 2.5, False)


def test_the_twin_is_smooth_and_else_the_same():
    twin = smooth_twin(MLP((2, 5, 1)))
    assert twin == MLP((2, 5, 1), Activation.TANH)


def test_the_ends_of_the_ways_are_named(saddle):
    told = _ways_prose(saddle)
    assert "2.5 apart: not copies" in told
    assert told.count("minimum of loss") == 2
    assert "From a saddle of index 1" in told
    assert "copies as far as loss and spectrum tell" in _ways_prose(replace(saddle, copies=True))
    one = replace(saddle, ways=(saddle.ways[0], None), copies=None)
    assert "found no end on 1 side." in _ways_prose(one)
    assert "found no end on 2 sides." in _ways_prose(replace(one, ways=(None, None)))


def test_the_facts_count_all_outcomes(saddle):
    facts = saddle.facts()
    assert (saddle.searched, saddle.critical) == (3, 2)
    assert facts["index"] == 1
    assert facts["parameters"] == 3
    assert facts["ways"][0]["lambda_min"] == pytest.approx(0.5)
    assert replace(saddle, ways=(None, None)).facts()["ways"] == [None, None]


def test_a_study_without_a_saddle_says_so():
    [told] = _saddle_blocks(None, None)
    assert "none is drawn" in told
