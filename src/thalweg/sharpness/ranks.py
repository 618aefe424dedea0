"""Ranks: in which order each metric puts several networks, and where two metrics disagree."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from thalweg.core.errors import InputError
from thalweg.sharpness.measure import Metric, Sharpness


@dataclass(frozen=True)
class Flip:
    """Two networks whose order depends on the metric.

    Attributes:
        pair: their names.
        first_sharper: metrics in which the first is the sharper one.
        second_sharper: metrics in which the second is.
    """

    pair: tuple[str, str]
    first_sharper: tuple[Metric, ...]
    second_sharper: tuple[Metric, ...]

    def __str__(self) -> str:
        (a, b), names = (
            self.pair,
            [
                " and ".join(metric.value for metric in metrics)
                for metrics in (self.first_sharper, self.second_sharper)
            ],
        )
        return f"rank flip: {a} is sharper than {b} in {names[0]}, flatter in {names[1]}"


@dataclass(frozen=True)
class Ranks:
    """The orders of several networks.

    Attributes:
        orders: for each metric known for all of them, the names, sharpest first.
        flips: the pairs that two metrics order differently.
    """

    orders: dict[Metric, tuple[str, ...]]
    flips: tuple[Flip, ...]


def ranks(sharpnesses: Mapping[str, Sharpness], tie: float = 0.01) -> Ranks:
    """Return the orders by each metric, and every pair whose order is a matter of the metric.

    Args:
        sharpnesses: by the names of the networks, two at least.
        tie: two values within this share of the larger are equal, and no flip.

    Raises:
        InputError: fewer than two networks.

    >>> nan = float("nan")
    >>> a = Sharpness(9.0, 1.0, nan, nan, nan, 0.0)
    >>> b = Sharpness(3.0, 2.0, nan, nan, nan, 0.0)
    >>> str(ranks({"A": a, "B": b}).flips[0])
    'rank flip: A is sharper than B in raw, flatter in adaptive'
    """
    if len(sharpnesses) < 2:
        got, mend = str(len(sharpnesses)), "name two networks or more"
        raise InputError("ranks compare at least two sharpnesses", got, mend)
    values = {m: {name: s.by(m) for name, s in sharpnesses.items()} for m in Metric}
    known = {m: each for m, each in values.items() if np.isfinite(list(each.values())).all()}
    orders = {
        m: tuple(sorted(each, key=each.__getitem__, reverse=True)) for m, each in known.items()
    }
    flips = []
    for a, b in combinations(sharpnesses, 2):
        signs = {m: _sign(each[a], each[b], tie) for m, each in known.items()}
        first = tuple(m for m, sign in signs.items() if sign > 0)
        second = tuple(m for m, sign in signs.items() if sign < 0)
        if first and second:
            flips.append(Flip((a, b), first, second))
    return Ranks(orders, tuple(flips))


def _sign(a: float, b: float, tie: float) -> int:
    return 0 if abs(a - b) <= tie * max(abs(a), abs(b)) else int(np.sign(a - b))
