"""Claims: each sentence of the chapter becomes a statistic with a threshold, set before looking.

A verdict is about the settings it was measured at, and "undetermined" is one of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from thalweg.study.context import Study
from thalweg.study.section import Facts
from thalweg.study.settings import Setting


class Verdict(Enum):
    """What a test says of a claim, at the settings it was made at."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Ruling:
    """A verdict with the numbers it rests on, in one sentence."""

    verdict: Verdict
    evidence: str


Results = Mapping[str, Facts]  # the facts of the other sections, by key
Test = Callable[[Study, Setting, Results], Ruling]


@dataclass(frozen=True)
class Claim:
    """A sentence of the chapter and its test.

    Attributes:
        text: what the chapter says, in short.
        rule: the statistic and the threshold, in words.
        test: applies the rule in one setting.
    """

    text: str
    rule: str
    test: Test


def decide(holds: bool, fails: bool) -> Verdict:
    """Return the verdict of two exclusive conditions; neither: undetermined.

    >>> decide(False, False)
    <Verdict.UNDETERMINED: 'undetermined'>
    """
    if holds == fails:
        return Verdict.UNDETERMINED
    return Verdict.HOLDS if holds else Verdict.FAILS
