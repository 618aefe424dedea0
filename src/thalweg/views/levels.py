"""Levels: the scale of a picture, its limits, and round numbers for its contour lines."""

from enum import Enum
from math import ceil, floor, log10

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray

FEWEST, MOST = 8, 14
_LADDERS = (  # mantissas of round numbers in a decade, coarse to fine
    (1.0,),
    (1.0, 3.0),
    (1.0, 2.0, 5.0),
    (1.0, 2.0, 3.0, 5.0),
    (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0),
)
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Scale(Enum):
    """How numbers are laid out along an axis or a color bar."""

    LINEAR = "linear"
    LOG = "log"
    SYMLOG = "symlog"


def finite(values: ArrayLike) -> FloatArray:
    """Return the finite entries of `values` (any shape) as one flat array."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    return flat[np.isfinite(flat)]


def choose_scale(values: ArrayLike) -> Scale:
    """Return LOG if all finite values are positive and span more than a decade, else LINEAR.

    >>> choose_scale([0.1, 5.0]), choose_scale([0.0, 5.0])
    (<Scale.LOG: 'log'>, <Scale.LINEAR: 'linear'>)
    """
    known = finite(values)
    if known.size and known.min() > 0 and known.max() > 10 * known.min():
        return Scale.LOG
    return Scale.LINEAR


def choose_limits(values: ArrayLike, scale: Scale) -> tuple[float, float]:
    """Return the ends of the color scale; outliers of a linear scale are left outside.

    The ends are the smallest and largest finite value, except that on a linear scale an end that
    lies more than twice the middle 98 % away from it is drawn back to the 1 % quantile.
    """
    known = finite(values)
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    if scale is Scale.LINEAR:
        inner_low, inner_high = (float(q) for q in np.quantile(known, [0.01, 0.99]))
        reach = 2 * (inner_high - inner_low)
        if reach > 0:
            low = inner_low if low < inner_low - reach else low
            high = inner_high if high > inner_high + reach else high
    if low == high:
        pad = abs(low) * 0.05 or 1.0
        return low - pad, high + pad
    return low, high


def round_levels(values: ArrayLike, scale: Scale) -> FloatArray:
    """Return 8 to 14 round numbers inside the middle 99 % of the values, for contour lines.

    Linear: multiples of 1, 2 or 5 (or 2.5 where those give too few or too many) times a power of
    ten. Log: numbers of the 1-2-5 series, a coarser or a finer series where the range asks.
    None for a constant surface.

    >>> round_levels(np.linspace(0, 1, 500), Scale.LINEAR)
    array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    """
    known = finite(values)
    if known.size < 2 or known.min() == known.max():
        return np.empty(0)
    low, high = (float(q) for q in np.quantile(known, [0.005, 0.995]))
    if not high > low or high - low < 1e-12 * max(abs(low), abs(high)):
        low, high = float(known.min()), float(known.max())
        if high - low < 1e-12 * max(abs(low), abs(high)):
            return np.empty(0)  # rounding noise on a constant
    if scale is Scale.LOG and low > 0:
        levels = _log_levels(low, high)
        if len(levels) >= FEWEST:
            return levels
    return _linear_levels(low, high)


def _linear_levels(low: float, high: float) -> FloatArray:
    decade = floor(log10(high - low))
    found: list[FloatArray] = []
    for steps in ((1.0, 2.0, 5.0), (2.5,)):
        for power in (decade + 1, decade, decade - 1, decade - 2):
            for step in sorted(steps, reverse=True):
                levels = _multiples(low, high, step, power)
                if FEWEST <= len(levels) <= MOST:
                    return levels
                if len(levels) > MOST:
                    found.append(levels)
    return _trimmed(min(found, key=len))


def _multiples(low: float, high: float, step: float, power: int) -> FloatArray:
    size = step * 10.0**power
    first, last = ceil(low / size - 1e-9), floor(high / size + 1e-9)
    digits = max(0, 1 - power)
    levels = np.round(np.arange(first, last + 1, dtype=np.float64) * size, digits)
    levels = levels[(levels >= low) & (levels <= high)]
    levels[levels == 0] = 0.0  # no negative zero
    return levels


def _log_levels(low: float, high: float) -> FloatArray:
    first, last = floor(log10(low)), ceil(log10(high))
    levels = np.empty(0)
    for stride in (8, 4, 2):  # many decades: every so many powers of ten
        levels = _inside(
            [float(f"1e{p}") for p in range(first, last + 1) if p % stride == 0], low, high
        )
        if len(levels) >= FEWEST:
            return _trimmed(levels)
    for ladder in _LADDERS:
        every = [float(f"{m}e{p}") for p in range(first, last + 1) for m in ladder]
        levels = _inside(every, low, high)
        if len(levels) >= FEWEST:
            break
    return _trimmed(levels)


def _inside(numbers: list[float], low: float, high: float) -> FloatArray:
    return np.array([number for number in numbers if low <= number <= high])


def _trimmed(levels: FloatArray) -> FloatArray:
    extra = max(0, len(levels) - MOST)
    return levels[extra // 2 : len(levels) - (extra - extra // 2)]


def format_number(value: float, digits: int = 3) -> str:
    """Return a number as a reader writes it: plain if it is short, else a power of ten.

    >>> format_number(0.25), format_number(2e-6), format_number(1e5), format_number(-3)
    ('0.25', '2×10⁻⁶', '10⁵', '−3')
    """
    if not np.isfinite(value):
        return {True: "NaN"}.get(bool(np.isnan(value)), "∞" if value > 0 else "−∞")
    if value == 0:
        return "0"
    sign, size = "−" if value < 0 else "", abs(value)
    if 1e-3 <= size < 1e5:
        return sign + f"{size:.{digits}g}" if size < 1000 else sign + f"{size:.0f}"
    mantissa, power = f"{size:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    tail = "10" + str(int(power)).translate(_SUPERSCRIPTS)
    return sign + (tail if mantissa == "1" else f"{mantissa}×{tail}")


def distinct_numbers(values: ArrayLike) -> tuple[str, ...]:
    """Return numbers as texts with as many digits as it takes to tell all of them apart.

    >>> distinct_numbers([0.6905, 0.691, 0.6915]), distinct_numbers([1, 2.5])
    (('0.6905', '0.691', '0.6915'), ('1', '2.5'))
    """
    numbers = [float(value) for value in np.asarray(values)]
    texts: tuple[str, ...] = ()
    for digits in range(3, 16):
        texts = tuple(format_number(value, digits) for value in numbers)
        exact = (abs(float(f"{v:.{digits}g}") - v) <= 1e-12 * abs(v) for v in numbers)
        if len(set(texts)) == len(set(numbers)) and all(exact):
            break
    return texts
