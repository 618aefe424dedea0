"""Strict JSON: every parser reads it, and what it cannot hold is named."""

import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from thalweg.cli.output import strict

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


def refuse(word):
    raise AssertionError(word)


def blanked(value):
    """The same tree with None for every float that is not finite, and how many those were."""
    if isinstance(value, dict):
        parts = {key: blanked(inner) for key, inner in value.items()}
        return {k: v for k, (v, _) in parts.items()}, sum(n for _, n in parts.values())
    if isinstance(value, list):
        parts = [blanked(inner) for inner in value]
        return [v for v, _ in parts], sum(n for _, n in parts)
    odd = isinstance(value, float) and not math.isfinite(value)
    return (None, 1) if odd else (value, 0)


@given(TREES)
def test_it_is_json_and_says_what_it_left_out(tree):
    read = json.loads(strict({"tree": tree}), parse_constant=refuse)
    wanted, odd = blanked(tree)
    assert read["tree"] == wanted
    assert len(read.get("notes", [])) == odd


def test_numpy_and_notes_of_ones_own():
    told = {"a": np.float64(2), "b": np.array([1, 2]), "c": (-np.inf, np.nan), "notes": ["mine"]}
    assert json.loads(strict(told)) == {
        "a": 2.0,
        "b": [1, 2],
        "c": [None, None],
        "notes": [
            "mine",
            "c[0] is minus infinity; JSON has no such number",
            "c[1] is NaN; JSON has no such number",
        ],
    }
