"""Redraws: what other draws of the random directions would have shown.

One random plane is an anecdote. A few evaluations of the loss tell how much its steepness owes to
the draw: at both ends of each axis, for this seed and for others.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import Objective
from thalweg.core.schema import axes_of
from thalweg.core.seeded_plane import Planar, SeededPlane
from thalweg.geometry.directions import random_directions
from thalweg.geometry.scaling import Scaling
from thalweg.geometry.seeded import seeded_plane
from thalweg.trust_report.site import planar_of
from thalweg.views.prose import listed, number
from thalweg.views.surface import field_label
from thalweg.views.trust import TrustLine

OTHERS = 5  # draws beside the one shown
APART = 3.0  # rises that differ by more than this factor change how one reads


@dataclass(frozen=True)
class Redraws:
    """How far a field changes from the middle of the window to the ends of each axis, by draw.

    Attributes:
        field: which.
        seed: of the directions shown; `seeds` of the others.
        own: k rises: mean of both ends of an axis minus the middle.
        others: k rises for each other seed.
    """

    field: str
    seed: int
    seeds: tuple[int, ...]
    own: tuple[float, ...]
    others: tuple[tuple[float, ...], ...]

    @property
    def apart(self) -> float:
        """Ratio of the largest to the smallest rise over all draws; inf if signs differ."""
        rises = np.array([self.own, *self.others]).ravel()
        low, high = np.abs(rises).min(), np.abs(rises).max()
        return float(high / low) if low > 0 and (rises > 0).all() | (rises < 0).all() else np.inf

    def lines(self) -> list[TrustLine]:
        """Return the spread over the draws; a warning where it changes how one reads."""
        rises = np.array(self.others)
        lost = int((~np.isfinite(rises)).any(axis=1).sum())
        if lost or not np.isfinite(self.own).all():
            where = [f"{lost} of {len(self.seeds)} other draws"] if lost else []
            where += [] if np.isfinite(self.own).all() else ["the one shown"]
            words = f"Toward the edge of the window the {field_label(self.field)} is not finite in "
            return [TrustLine(f"{words}{listed(where)}.", warning=True)]
        low, high = (number(float(x), 2) for x in (rises.min(), rises.max()))
        shown = listed([number(x, 2) for x in self.own])
        words = (
            f"{len(self.seeds)} other draws: toward the edges of the window the "
            f"{field_label(self.field)} changes by {low} to {high}, both sides averaged "
            f"(shown: {shown})."
        )
        return [TrustLine(words, warning=self.apart > APART)]


def cost(k: int) -> int:
    """Return how many evaluations `redraws_of` takes.

    >>> cost(2)
    30
    """
    return (OTHERS + 1) * (2 * k + 1)


def redraws_of(
    surface: xr.Dataset, objective: Objective, seed: int, scaling: Scaling, field: str
) -> Redraws:
    """Return the rises along the directions shown, of that seed, and along five other draws.

    Raises:
        InputError: the plane cannot be drawn again.
    """
    plane = planar_of(surface, objective)
    coords = _cross([surface[name].values for name in axes_of(surface)])
    seeds = tuple(other for other in range(OTHERS + 1) if other != seed)[:OTHERS]
    planes = [_drawn(objective, plane, other, scaling) for other in seeds]
    return Redraws(
        field=field,
        seed=seed,
        seeds=seeds,
        own=_rises(objective, plane, coords, field),
        others=tuple(_rises(objective, other, coords, field) for other in planes),
    )


def _cross(axes: list[FloatArray]) -> FloatArray:
    """Return the coordinates of the window's middle, then of both ends of each axis."""
    middle = np.array([(axis[0] + axis[-1]) / 2 for axis in axes])
    coords = np.tile(middle, (1 + 2 * len(axes), 1))
    for i, axis in enumerate(axes):
        coords[1 + 2 * i : 3 + 2 * i, i] = axis[[0, -1]]
    return coords


def _drawn(objective: Objective, plane: Planar, seed: int, scaling: Scaling) -> Planar:
    if isinstance(plane, SeededPlane):
        return seeded_plane(objective, seed, plane.k, plane.scaling)
    raw = random_directions(objective.layout, plane.k, seed)
    return replace(plane, directions=scaling.apply(raw, plane.origin, objective.layout))


def _rises(
    objective: Objective, plane: Planar, coords: FloatArray, field: str
) -> tuple[float, ...]:
    values = objective.restrict(plane, (field,))(coords)[field]
    ends = values[1:].reshape(-1, 2).mean(axis=1)
    return tuple(float(x) for x in ends - values[0])
