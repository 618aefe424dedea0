"""Parts: what a trust report is made of: numbers with their error and method, or why there is none.

Every part is a frozen value with `lines()`: what it says under a picture, in few words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from thalweg.core.errors import ThalwegError
from thalweg.views.trust import TrustLine

Part = TypeVar("Part")


@dataclass(frozen=True)
class Number:
    """A number, how far it may be off, and how it was found.

    Attributes:
        value: the number.
        error: a standard error where drawn, a residual where computed; 0 if exact to rounding.
        method: in words.
    """

    value: float
    error: float
    method: str


@dataclass(frozen=True)
class Missing:
    """A part that there is not.

    Attributes:
        reason: why, and what would give it.
        told: whether the strip under a picture should say so.
    """

    reason: str
    told: bool = False

    def lines(self) -> list[TrustLine]:
        """Return the reason, if it is to be told."""
        return [TrustLine(f"{self.reason}.")] if self.told else []


def attempt(compute: Callable[[], Part]) -> Part | Missing:
    """Return the part, or what kept a guest's loss from giving it: a report is never lost to it."""
    try:
        with np.errstate(all="ignore"):  # what is not finite shows in the numbers
            return compute()
    except ThalwegError as fault:
        return Missing(f"not computed: {fault}")
    except Exception as fault:
        return Missing(f"not computed: {type(fault).__name__}: {fault}")
