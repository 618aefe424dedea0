"""The section on seeds: its means, and sentences that follow the numbers either way."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from thalweg.study.sections.initialization import Apart, _headline, _prose, apart
from thalweg.study.settings import CHAPTER

FOUND = Apart(
    lowest=0.1,
    highest=0.2,
    raw=4.0,
    aligned=1.0,
    twin=3.0,
    twin_aligned=0.0,
    curved=0.02,
    curved_aligned=0.01,
    curved_raw=5.0,
    curves=2,
    distance=10.0,
    aligned_distance=6.0,
    twin_distance=9.0,
    disagreement=0.04,
    seeds=4,
)


def test_the_summary_takes_means_and_pairs_the_curves_with_their_lines():
    pairs = xr.Dataset(
        {
            **{name: ("pair", np.array([1.0, 2.0, 6.0])) for name in ("raw", "aligned")},
            **{
                name: ("pair", np.array([3.0, 4.0, 5.0]))
                for name in ("distance", "aligned distance", "disagreement")
            },
            "bent": ("curve", np.array([0, 2])),
            "curved": ("curve", np.array([0.1, 0.3])),
            "curved aligned": ("curve", np.array([0.0, 0.2])),
            **{
                name: ("seed", np.array([7.0, 8.0, 9.0]))
                for name in ("twin", "twin aligned", "twin distance", "loss")
            },
        }
    )
    found = apart(pairs)
    assert (found.raw, found.curved, found.curved_aligned) == (3.0, 0.2, 0.1)
    assert (found.curved_raw, found.curves, found.seeds) == (3.5, 2, 3)
    assert (found.lowest, found.highest) == (7.0, 9.0)
    assert (found.aligned_distance, found.twin_distance) == (4.0, 8.0)


def test_the_sentences_say_what_was_found():
    text = _prose(CHAPTER, FOUND)
    for words in (
        "the loss rises by 4 on average",
        "it rises by 3, 75 % of that",
        "25 % of the barrier between seeds remains",
        "Between 2 pairs, with 5 on the straight line, a trained curve with one bend rises by 0.02:"
        " most of what the straight line crosses can be walked around.",
        "end 10 apart, 6 once the units are matched (a network and its renamed copy: 9)",
        "label 4.0 % of fresh points differently",
    ):
        assert words in text
    assert "walked around" not in _prose(CHAPTER, replace(FOUND, curved=3.0))


@pytest.mark.parametrize(
    ("aligned", "share"), [(1.0, "75 %"), (5.0, "0 %"), (0.0, "100 %"), (0.001, "99.98 %")]
)
def test_the_headline_never_claims_more_than_all_or_less_than_nothing(aligned, share):
    title = _headline(replace(FOUND, aligned=aligned))
    assert title == f"Renaming units takes away {share} of the barrier between seeds"
    assert _headline(replace(FOUND, raw=0.0)).startswith("No barrier")
