"""Prose: numbers, shares and counts as sentences have them."""

import math
from collections.abc import Sequence

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def percent(share: float, digits: int = 0) -> str:
    """Return a share as a percentage, never rounding an exception away.

    >>> percent(0.9987), percent(1.0), percent(0.0004), percent(0.25)
    ('99.9 %', '100 %', '0.04 %', '25 %')
    """
    if not 0 <= share <= 1 or digits > 6:
        return f"{100 * share:.{min(digits, 6)}f} %"
    text = f"{100 * share:.{digits}f}"
    hidden = (float(text) >= 100 and share < 1) or (float(text) <= 0 and share > 0)
    return percent(share, digits + 1) if hidden else f"{text} %"


def number(value: float, digits: int = 3) -> str:
    """Return a number with that many significant digits, in plain notation where it is short.

    >>> number(0.123456), number(1234567.0), number(-1.5e-7), number(123.4, 2), number(-0.0)
    ('0.123', '1.23 × 10⁶', '−1.5 × 10⁻⁷', '120', '0')
    """
    if not math.isfinite(value) or value == 0:
        return "0" if value == 0 else str(value)
    rounded = float(f"{value:.{digits}g}")
    if 1e-4 <= abs(rounded) < 1e5:
        return f"{rounded:,.15g}".replace("-", "−")
    mantissa, power = f"{rounded:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa} × 10{str(int(power)).translate(_RAISED)}".replace("-", "−")


def counted(count: int, word: str) -> str:
    """Return a count with its noun, in the plural if there is not one.

    >>> counted(1, "search"), counted(3, "plane")
    ('1 search', '3 planes')
    """
    plural = word + ("es" if word.endswith(("s", "ch")) else "s")
    return f"{count:,} {word if count == 1 else plural}"


def listed(items: Sequence[str]) -> str:
    """Join items as prose.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
