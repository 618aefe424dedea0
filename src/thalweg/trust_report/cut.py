"""Cut: how a surface was cut out of parameter space, and by which draw."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from thalweg.core.schema import axes_of
from thalweg.geometry.scaling import BiasRule, FilterNorm, LayerNorm, Scaling, Unit, Unscaled
from thalweg.views.levels import format_number
from thalweg.views.trust import TrustLine

_SCALINGS: tuple[Scaling, ...] = (
    Unscaled(),
    Unit(),
    *(kind(rule) for kind in (FilterNorm, LayerNorm) for rule in BiasRule),
)


@dataclass(frozen=True)
class Draw:
    """Random directions: their seed, and the scaling, if it is one of ours."""

    seed: int
    scaling: Scaling | None


@dataclass(frozen=True)
class Cut:
    """How a surface was cut.

    Attributes:
        words: what its directions are, what 1 on an axis is, and what it is of.
        recipe: how the plane was made.
        draw: seed and scaling of random directions, or None.
        lengths: norms of the directions; `cosines` between them, row by row.
        origin_length: norm of the plane's origin.
        objective: what was mapped; `version` of Thalweg that did.
        method: how points were evaluated, if the objective told.
    """

    words: str
    recipe: str
    draw: Draw | None
    lengths: tuple[float, ...]
    cosines: tuple[float, ...]
    origin_length: float
    objective: str
    version: str
    method: str

    def lines(self) -> list[TrustLine]:
        """Return the cut in one line."""
        return [TrustLine(f"{self.words}.")]


def cut_of(surface: xr.Dataset) -> Cut:
    """Return how a surface was cut, from its own attributes."""
    about = surface.attrs
    return Cut(
        words=_made(about),
        recipe=str(about["recipe"]),
        draw=draw_of(str(about["recipe"])),
        lengths=tuple(float(x) for x in about["lengths"]),
        cosines=tuple(float(x) for x in about["cosines"]),
        origin_length=float(about["origin_length"]),
        objective=str(about.get("objective", "Unnamed")),
        version=str(about["thalweg_version"]),
        method=str(about.get("method", "")),
    )


def draw_of(recipe: str) -> Draw | None:
    """Return seed and scaling of a plane of random directions; None for any other.

    >>> draw_of("random, seed 3, Unscaled()")
    Draw(seed=3, scaling=Unscaled())
    """
    found = re.fullmatch(r"random, seed (\d+), (.+)", recipe)
    if found is None:
        return None
    same = [scaling for scaling in _SCALINGS if repr(scaling) == found[2]]
    return Draw(int(found[1]), same[0] if same else None)


def axis_names(surface: xr.Dataset, whole: bool = True) -> tuple[str, ...]:
    """Return the captions of the axes, short, since the strip says what a unit of them is.

    Args:
        surface: a *surface* Dataset.
        whole: whether there is room for more than the letter of an axis.
    """
    names = []
    for axis, label in zip(axes_of(surface), surface.attrs["labels"], strict=True):
        principal = re.fullmatch(r"(principal direction \d+), (.+)", label)
        random = re.search(r"random direction \d+$", label)
        if principal:
            names.append(
                f"{axis}: {principal[1]} ({principal[2]})" if whole else f"{axis} ({principal[2]})"
            )
        elif random:
            names.append(f"{axis}: {random[0]}" if whole else axis)
        else:
            names.append(label if label.startswith("from ") else f"{axis}: {label}")
    return tuple(names)


def _made(about: Mapping[str, Any]) -> str:
    """Return how the surface was cut, what a unit of its axes is, and what it is of."""
    recipe = str(about["recipe"])
    drawn = re.match(r"random, (seed \d+)", recipe)
    if drawn:
        scaling = re.match(r"(.*) ?random direction", about["labels"][0])
        kind = scaling[1].strip() if scaling else "unscaled"
        unit = "" if kind == str(Unit()) else f"; {_unit(about)}"
        words = f"Random directions, {drawn[1]}, {kind}{unit}. Another draw may differ"
    elif recipe.startswith("principal directions"):
        words = "Axes: principal directions of what ran, unit length, each with its share of the "
        words += "variance"
    else:
        words = f"{recipe[:1].upper()}{recipe[1:]}" if recipe else "Axes"
        unit = _unit(about)
        words += "" if unit in words else f"; {unit}" if recipe else f": {unit}"
    return f"{words}. {about.get('objective', 'Unnamed')}; thalweg {about['thalweg_version']}"


def _unit(about: Mapping[str, Any]) -> str:
    """Return what 1 on an axis is."""
    lengths, origin = np.array(about["lengths"]), float(about["origin_length"])
    if np.allclose(lengths, 1.0, rtol=1e-6):
        return "unit length"
    if origin > 0 and np.allclose(lengths, origin, rtol=0.01):
        return "1 = the norm of the weights"
    return f"1 = length {', '.join(format_number(float(x)) for x in lengths)}"
