"""Site: the point of parameter space that a report looks underneath, and what is drawn there."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray, as_floats, require_finite
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective
from thalweg.core.plane import Plane
from thalweg.core.schema import axes_of, plane_of
from thalweg.core.seeded_plane import Planar
from thalweg.geometry.scaling import Unit
from thalweg.geometry.seeded import seeded_plane
from thalweg.trust_report.cut import draw_of

ORIGIN = "the plane's origin"


@dataclass(frozen=True, eq=False)
class Site:
    """Where a report looks.

    Attributes:
        plane: of the surface, with its directions as arrays.
        point: (n,).
        where: the point in words.
        reach: distance of the farthest corner of the window from the plane's origin.
    """

    plane: Plane
    point: FloatArray
    where: str
    reach: float

    @property
    def units(self) -> FloatArray:
        """The directions (k, n), each of length 1."""
        return self.plane.directions / np.array(self.plane.lengths)[:, None]


def site_of(
    surface: xr.Dataset, objective: Objective, at: FloatArray | None = None, where: str = ""
) -> Site:
    """Return the site at a point (n,), the plane's origin if none is given.

    Raises:
        InputError: the objective is not the one that was mapped, or starts somewhere else.
    """
    plane = objective.dense(planar_of(surface, objective))
    axes = [surface[name].values for name in axes_of(surface)]
    corners = np.stack([g.ravel() for g in np.meshgrid(*[a[[0, -1]] for a in axes])], axis=1)
    reach = float(np.linalg.norm(corners @ plane.directions, axis=1).max())
    if at is None:
        return Site(plane, plane.origin, ORIGIN, reach)
    return Site(plane, checked_point(at, plane.size), where or "the point given", reach)


def checked_point(at: FloatArray, size: int) -> FloatArray:
    """Return a point (size,) as float64.

    Raises:
        InputError: one of another space, or not finite.
    """
    mend = "pass a finite point of the same space"
    return require_finite(as_floats(at, "at", (size,), mend), "at", mend)


def planar_of(surface: xr.Dataset, objective: Objective) -> Planar:
    """Return the plane of a surface; a seeded one is made again from the objective's start.

    Raises:
        InputError: it was made around another point, or with a scaling of one's own.
    """
    if "directions" in surface:
        return plane_of(surface)
    draw = draw_of(str(surface.attrs["recipe"]))
    if draw is None or draw.scaling is None or isinstance(draw.scaling, Unit):
        wanted, got = "the plane must be one that can be drawn again", surface.attrs["recipe"]
        raise InputError(wanted, got, "map it with a Plane, which keeps its directions")
    plane = seeded_plane(objective, draw.seed, len(axes_of(surface)), draw.scaling)
    if plane.digest() != surface.attrs["plane_digest"]:
        wanted = "the objective must start where the surface was mapped"
        raise InputError(wanted, "another start", "load the same checkpoint into the model")
    return plane


def check_same(surface: xr.Dataset, objective: Objective) -> None:
    """Raise InputError unless this is the objective that was mapped, as far as both tell."""
    parts = {str(key).removesuffix("_digest") for key in surface.attrs if key.endswith("_digest")}
    parts -= {"plane", "grid"}
    if parts and not parts & set(objective.identity()):
        mapped = surface.attrs.get("objective", "Unnamed")
        wanted = f"the objective must be the one that was mapped ({mapped})"
        raise InputError(wanted, f"{objective.name}, of another kind", "make it the same way")
    for part, name in objective.identity().items():
        kept = surface.attrs.get(f"{part}_digest", name)
        if kept != name:
            wanted = f"the objective must have the {part} that was mapped ({kept})"
            raise InputError(wanted, name, "make it the same way")
