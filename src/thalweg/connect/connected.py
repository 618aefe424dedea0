"""Connected: what lies between two solutions, each number with what it is read against."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from thalweg.connect.barrier import Barrier
from thalweg.connect.curve import Curve
from thalweg.connect.disagreement import Disagreement
from thalweg.core.arrays import FloatArray
from thalweg.views.prose import counted, number, percent

FLAT = 1e-9  # of the largest |loss| on the line: a rise below it is rounding
LOST = 0.01  # of the highest barrier to a copy: more left after alignment means it failed
RENAMED = "Between a network and a renamed copy of itself, which is the same function, "


@dataclass(frozen=True, eq=False)
class Null:
    """Both networks against renamed copies of themselves: one function, so no basins of their own.

    Attributes:
        barriers: on the straight line to each copy.
        distances: (m,), to each copy.
        found_back: (m,), height that is left once the copy is aligned: 0 if alignment works.
    """

    barriers: tuple[Barrier, ...]
    distances: FloatArray
    found_back: FloatArray

    @property
    def heights(self) -> FloatArray:
        """The heights (m,)."""
        return np.array([each.height for each in self.barriers])


@dataclass(frozen=True, eq=False)
class Aligned:
    """The second network with its units renamed to fit the first.

    Attributes:
        point: (n,), the same function as the second network.
        barrier: on the straight line to it.
        distance: to it.
        curve: to it, or None.
    """

    point: FloatArray
    barrier: Barrier
    distance: float
    curve: Curve | None


@dataclass(frozen=True, eq=False)
class Connection:
    """What lies between two solutions.

    Attributes:
        straight: barrier on the line between them.
        distance: between them.
        null: the same for renamed copies; None without known units.
        aligned: after renaming; None without known units.
        curve: a bent way; None if not asked for, or without gradients.
        disagreements: by name of the examples; "training" are the objective's own.
        missing: why something is None, a sentence each.
    """

    straight: Barrier
    distance: float
    null: Null | None
    aligned: Aligned | None
    curve: Curve | None
    disagreements: Mapping[str, Disagreement]
    missing: tuple[str, ...]

    @property
    def has_barrier(self) -> bool:
        """Whether the loss rises on the straight line by more than rounding."""
        return rises(self.straight)

    @property
    def explained(self) -> float | None:
        """Share of the straight barrier that renaming takes away, negative if it adds some.

        None without a barrier or without known units.
        """
        if self.aligned is None or not self.has_barrier:
            return None
        return 1 - self.aligned.barrier.height / self.straight.height

    @property
    def lines(self) -> dict[str, tuple[FloatArray, FloatArray]]:
        """The t and losses (m,) of each way between the two, by name, for a picture."""
        ways = {"straight": self.straight}
        if self.aligned is not None:
            ways["straight, units renamed"] = self.aligned.barrier
        if self.curve is not None:
            ways["curve"] = self.curve.barrier
        if self.aligned is not None and self.aligned.curve is not None:
            ways["curve, units renamed"] = self.aligned.curve.barrier
        return {name: (way.t, way.loss) for name, way in ways.items()}

    @property
    def copies(self) -> list[tuple[FloatArray, FloatArray]]:
        """The t and losses (m,) on the lines to renamed copies, the null of such a picture."""
        return [] if self.null is None else [(each.t, each.loss) for each in self.null.barriers]

    @property
    def summary(self) -> tuple[str, ...]:
        """What was found, in sentences that give each number with what it is read against."""
        sentences = [_straight(self)]
        if self.null is not None:
            sentences.append(_null(self, self.null))
        if self.aligned is not None:
            sentences.append(_aligned(self, self.aligned.barrier))
        if self.has_barrier and self.curve is not None:
            sentences.append(_curve(self.curve, "Along a curve"))
        if self.has_barrier and self.aligned is not None and self.aligned.curve is not None:
            sentences.append(_curve(self.aligned.curve, "Along a curve to the renamed one"))
        sentences.append(_distances(self))
        for name, each in self.disagreements.items():
            sentences.append(f"On the {name} examples {each.summary}.")
        return (*sentences, *self.missing)


def rises(barrier: Barrier) -> bool:
    """Return whether the loss rises on a way by more than rounding; NaN and infinity do."""
    known = barrier.loss[np.isfinite(barrier.loss)]
    return not barrier.height <= FLAT * np.abs(known).max(initial=0.0)


def _straight(found: Connection) -> str:
    if not found.has_barrier:
        return "On the straight line between the two the loss does not rise."
    return f"On the straight line between the two the loss {_rises(found.straight.summary)}"


def _rises(summary: str) -> str:
    """Return the summary of a barrier as the end of a sentence that began with "the loss"."""
    return f"{summary.removeprefix('the loss ')}."


def _null(found: Connection, null: Null) -> str:
    heights = null.heights
    if not any(rises(each) for each in null.barriers):
        return f"{RENAMED}it does not rise."
    if not np.isfinite(heights).all():
        count = int((~np.isfinite(heights)).sum())
        return f"{RENAMED}it is NaN or infinite on the way for {count} of {heights.size} copies."
    reach = f"{number(heights.min())} to {number(heights.max())}, {heights.size} copies"
    text = f"{RENAMED}it rises by {number(heights.mean())} on average ({reach})"
    if found.has_barrier and heights.max() >= found.straight.height:
        text += ": a straight barrier of this height does not show two different solutions"
    lost = int((null.found_back > LOST * heights.max()).sum())
    if lost:
        text += f"; alignment did not undo {lost} of these renamings, so it may miss others"
    return f"{text}."


def _aligned(found: Connection, line: Barrier) -> str:
    share, left = found.explained, line.height
    if line.nonfinite:
        return f"After renaming units {line.summary}."
    if share is None or np.isnan(share):
        after = f"rises by {number(left)}" if rises(line) else "does not rise"
        return f"After renaming units it {after}."
    if share <= 0:
        return (
            f"After renaming units it rises by {number(left)}, no less than before: renaming "
            "explains nothing of it."
        )
    left = left if rises(line) else 0.0
    return (
        f"After renaming units {number(left)} is left: {percent(share)} of the barrier between "
        "these two is explained by renaming."
    )


def _curve(curve: Curve, where: str) -> str:
    if curve.barrier.nonfinite:
        return f"{where} {curve.barrier.summary}."
    kind = f"{type(curve.method).__name__} with {counted(len(curve.bends), 'bend')}"
    return (
        f"{where} ({kind}, {number(curve.detour)} times as long as the line) it rises by "
        f"{number(curve.barrier.height)}: the lowest way between them rises no more than that, as "
        f"far as {curve.barrier.t.size} samples tell."
    )


def _distances(found: Connection) -> str:
    text = f"They lie {number(found.distance)} apart"
    if found.aligned is not None:
        text += f", {number(found.aligned.distance)} after renaming"
    if found.null is not None:
        text += f" (renamed copies: {number(float(found.null.distances.mean()))})"
    return f"{text}."
