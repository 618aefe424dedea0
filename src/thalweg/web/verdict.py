"""Verdict: what a place is, in words that its numbers bear, and whether the picture misleads."""

from dataclasses import dataclass

import numpy as np

from thalweg.trust_report.underneath import KINK, Shape
from thalweg.views.path import TRUE_BELOW
from thalweg.views.prose import counted, number
from thalweg.web.spot import Bends, Spot


@dataclass(frozen=True)
class Seen:
    """What the picture shows at the place.

    Attributes:
        minimum: whether the map has a minimum there, inside the window.
        plane_loss: loss of the plane under the point.
        gap_share: |loss - plane_loss| as a share of the range of the map, both as drawn.
        away: whether the point lies out of the plane, so that nothing is drawn of it.
    """

    minimum: bool = False
    plane_loss: float = np.nan
    gap_share: float = 0.0
    away: bool = False


def verdict(spot: Spot, seen: Seen) -> tuple[str, bool]:
    """Return one to three sentences, and whether the picture misleads here."""
    if not np.isfinite(spot.loss):
        return "The loss is no finite number here.", False
    told = [_off_plane(spot, seen), _kind(spot, seen), _kinked(spot)]
    words = " ".join(text for text, _ in told if text)
    return words, any(warns for _, warns in told)


def _off_plane(spot: Spot, seen: Seen) -> tuple[str, bool]:
    if not seen.gap_share >= TRUE_BELOW:
        return "", False
    words = (
        f"This place lies {number(spot.distance, 2)} out of the plane: its true loss is "
        f"{number(spot.loss)}, the picture under it {number(seen.plane_loss)}."
    )
    return words, True


def _kind(spot: Spot, seen: Seen) -> tuple[str, bool]:
    bends = spot.bends
    if bends is None:
        known = np.isfinite(spot.gradient_norm)
        return ("" if known else "No derivatives are known here."), False
    if bends.critical:
        return _away(bends) if seen.away else _critical(bends)
    norm = number(spot.gradient_norm, 2)
    if seen.minimum:
        words = f"The map has a minimum here, the loss has none: gradient norm {norm}."
        return words, True
    words = f"Not a critical point: gradient norm {norm}."
    if not seen.away and bends.shown is Shape.MINIMUM and bends.lowest < -bends.tolerance:
        low = number(bends.lowest, 2)
        words += f" Curved upward in this plane, downward in space (λ_min = {low})."
    return words, False


def _away(bends: Bends) -> tuple[str, bool]:
    """Return the words for a critical point of which the plane draws nothing."""
    down, up = bends.lowest < -bends.tolerance, bends.highest > bends.tolerance
    if down and up:
        index = f" of index {bends.negative}" if bends.negative is not None else ""
        return f"A saddle{index}, out of this plane.", False
    return "A critical point, out of this plane.", False


def _critical(bends: Bends) -> tuple[str, bool]:
    down, up = bends.lowest < -bends.tolerance, bends.highest > bends.tolerance
    if not down and not up:
        return (
            "A critical point without curvature, so its kind stays open.",
            False,
        )
    if down and up:
        index = f" of index {bends.negative}" if bends.negative is not None else ""
        words, drawn = f"A saddle{index}", bends.shown
        if drawn is Shape.SADDLE:
            return f"{words}, and this plane draws one.", False
        flat = "flat ground" if drawn is Shape.FLAT else f"a {drawn.value}"
        return f"{words} that this plane draws as {flat}.", True
    zero = bends.zero
    if zero is None:
        way = "down" if up else "up"
        return f"A critical point; no way {way} was found by {bends.how}.", False
    kind = Shape.MINIMUM if up else Shape.MAXIMUM
    if zero == 0:
        return f"A {kind.value}, in this plane and in space.", False
    way = "down" if up else "up"
    flat = f"{counted(zero, 'direction')} without curvature"
    return f"A critical point with no way {way} to second order; {flat}.", False


def _kinked(spot: Spot) -> tuple[str, bool]:
    if spot.kink_distance < KINK:
        return "On a ReLU kink: the curvature holds on one side only.", True
    return "", False
