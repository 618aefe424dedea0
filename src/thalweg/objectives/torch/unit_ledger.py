"""Unit ledger: which axes of which parameters carry the same hidden units, as far as is known.

Axes that must be renamed together share an *order*; those that must be scaled together share a
*factor*. Both are joined as the model is followed, and read off at the end.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from thalweg.core.layout import Layout
from thalweg.core.units import Nature, Place, UnitLayer


@dataclass
class Sets:
    """Numbers from 0, some of them joined; each set goes by its smallest."""

    parents: list[int] = field(default_factory=list)

    def add(self) -> int:
        """Return a new number, alone in its set."""
        self.parents.append(len(self.parents))
        return len(self.parents) - 1

    def find(self, i: int) -> int:
        """Return the name of i's set."""
        while self.parents[i] != i:
            i = self.parents[i]
        return i

    def join(self, i: int, j: int) -> None:
        """Make one set of two."""
        low, high = sorted((self.find(i), self.find(j)))
        self.parents[high] = low


@dataclass(frozen=True)
class Use:
    """One use of an axis of a parameter.

    Attributes:
        block: name of the parameter.
        axis: of it.
        repeat: slices a unit.
        order: which renaming applies.
        factor: which scaling applies; None where none does.
        inward: whether it produces the units (True) or reads them.
    """

    block: str
    axis: int
    repeat: int
    order: int
    factor: int | None
    inward: bool


class Ledger:
    """Collects uses and limits while a model is followed."""

    def __init__(self) -> None:
        self.orders, self.factors = Sets(), Sets()
        self._uses: list[Use] = []
        self._limits: list[tuple[int, Nature]] = []
        self._closed: list[tuple[int, str]] = []
        self._fixed: set[tuple[str, int]] = set()
        self._unknown: list[str] = []

    def use(self, use: Use) -> None:
        """Note a use."""
        self._uses.append(use)

    def fix(self, block: str, axis: int) -> None:
        """Note that an axis is used where its units are not known, so that it must stay."""
        self._fixed.add((block, axis))

    def limit(self, factor: int, nature: Nature) -> None:
        """Note what an operation allows the units to do."""
        self._limits.append((factor, nature))

    def close(self, order: int, reason: str) -> None:
        """Note that these units must stay; the reason is empty for the model's outputs."""
        self._closed.append((order, reason))

    def skip(self, name: str, reason: str) -> None:
        """Note a module that may have hidden units of its own, which are not known."""
        self._unknown.append(f"{name}: {reason}")

    def nature(self, factor: int) -> Nature:
        """Return what the units of a factor may do, as far as is known."""
        root = self.factors.find(factor)
        found = [nature for i, nature in self._limits if self.factors.find(i) == root]
        return _nature(all(n.flips for n in found), all(n.scales for n in found))

    def layers(self, layout: Layout) -> tuple[tuple[UnitLayer, ...], tuple[str, ...]]:
        """Return the layers of units whose places are all mapped, and why others were left out."""
        shapes = {block.name: block.shape for block in layout.blocks}
        self._join_shared()
        for use in self._uses:
            if use.block not in shapes:
                self.close(use.order, f"{use.block} is not mapped")
            elif (use.block, use.axis) in self._fixed:
                self.close(use.order, f"{use.block} is used elsewhere too")
        closed = defaultdict(set)
        for order, reason in self._closed:
            closed[self.orders.find(order)].add(reason)
        by_order: dict[int, list[Use]] = defaultdict(list)
        for use in self._uses:
            by_order[self.orders.find(use.order)].append(use)
        found, left_out = [], []
        for order in sorted(by_order):
            uses = by_order[order]
            sizes = {shapes[u.block][u.axis] // u.repeat for u in uses if u.block in shapes}
            reasons = closed.get(order, set() if len(sizes) == 1 else {"its sizes differ"})
            if not reasons:
                found.append(self._layer(uses, sizes.pop()))
            elif "" not in reasons:
                left_out.append(f"{_title(uses)}: {', '.join(sorted(reasons))}")
        return tuple(found), (*left_out, *self._unknown)

    def _join_shared(self) -> None:
        """Join what one axis of one parameter brings together."""
        shared: dict[tuple[str, int], list[Use]] = defaultdict(list)
        for use in self._uses:
            shared[use.block, use.axis].append(use)
        for uses in shared.values():
            first = uses[0]
            for other in uses[1:]:
                self.orders.join(first.order, other.order)
                if other.repeat != first.repeat:
                    self.close(first.order, f"{first.block} is used in two ways")
                if first.factor is not None and other.factor is not None:
                    self.factors.join(first.factor, other.factor)
                    if first.inward != other.inward:  # once times, once divided by the factor
                        self.limit(first.factor, Nature.ODD)
                else:
                    for factor in (first.factor, other.factor):
                        if factor is not None:
                            self.limit(factor, Nature.PLAIN)

    def _layer(self, uses: list[Use], size: int) -> UnitLayer:
        natures = {
            self.factors.find(use.factor): self.nature(use.factor)
            for use in uses
            if use.factor is not None
        }
        free = {factor: n for factor, n in natures.items() if n is not Nature.PLAIN}
        nature = Nature.PLAIN
        if free:
            both = free.values()
            nature = _nature(all(n.flips for n in both), all(n.scales for n in both))
        inward: dict[tuple[str, int], Place] = {}
        outward: dict[tuple[str, int], Place] = {}
        for use in uses:
            acts = use.factor is not None and self.factors.find(use.factor) in free
            place = Place(use.block, use.axis, use.repeat, acts or nature is Nature.PLAIN)
            (inward if use.inward else outward)[use.block, use.axis] = place
        reads = tuple(place for key, place in outward.items() if key not in inward)
        return UnitLayer(_title(uses), size, tuple(inward.values()), reads, nature)


def _title(uses: list[Use]) -> str:
    """Return the name of the module that makes the units."""
    first = next((use for use in uses if use.inward), uses[0])
    return first.block.removesuffix(".weight")


def _nature(flips: bool, scales: bool) -> Nature:
    if flips:
        return Nature.LINEAR if scales else Nature.ODD
    return Nature.HOMOGENEOUS if scales else Nature.PLAIN
