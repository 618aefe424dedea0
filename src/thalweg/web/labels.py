"""Labels: the basins of the map that is shown, and which of them a place belongs to."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.topology.of_surface import topology_of
from thalweg.topology.result import Topology
from thalweg.viewer.frames import Frame
from thalweg.views.levels import finite
from thalweg.views.prose import counted, number, percent

SHALLOW = 0.01  # of the range of the map: a minimum less deep than this is no basin of its own


@dataclass(frozen=True, eq=False)
class Labels:
    """The basins of a map, the most persistent first.

    Attributes:
        basin: (nb, na), the number of each cell's basin; -1 in holes and walls.
        a, b: (m,), coordinates of the minima.
        value: (m,), loss there.
        on_edge: (m,), whether a minimum touches the edge of the window or a hole.
        threshold: persistence that a basin must exceed.
        topology: what it was read from.
    """

    basin: NDArray[np.int32]
    a: FloatArray
    b: FloatArray
    value: FloatArray
    on_edge: NDArray[np.bool_]
    threshold: float
    topology: Topology

    @property
    def count(self) -> int:
        """How many basins there are."""
        return self.a.size

    def cell(self, a: float, b: float) -> tuple[int, int] | None:
        """Return row and column of the cell nearest to a place; None outside the window."""
        place: list[int] = []
        for axis, at in zip(self.topology.axes[::-1], (b, a), strict=True):
            spare = 0.5 * float(axis[1] - axis[0]) if axis.size > 1 else np.inf
            if not axis[0] - spare <= at <= axis[-1] + spare:
                return None
            place.append(int(np.abs(axis - at).argmin()))
        return place[0], place[1]

    def minimum_at(self, a: float, b: float) -> int | None:
        """Return which minimum inside the window lies at a place, give or take a cell."""
        for row in np.flatnonzero(~self.on_edge):
            here, there = self.cell(a, b), self.cell(self.a[row], self.b[row])
            if here and there and max(abs(h - t) for h, t in zip(here, there, strict=True)) <= 1:
                return int(row)
        return None


def labels_of(surface: xr.Dataset, field: str = "loss") -> Labels:
    """Return the basins of a *surface* that are deeper than a hundredth of its range.

    >>> from thalweg.core.grid import Grid
    >>> from thalweg.core.plane import Plane
    >>> from thalweg.objectives.zoo import himmelblau
    >>> from thalweg.surface.evaluate import evaluate
    >>> plane = Plane(np.zeros(2), np.eye(2))
    >>> labels_of(evaluate(himmelblau(), plane, Grid.square(5.0, 101))).count
    4
    """
    found = topology_of(surface, field)
    known = finite(surface[field].values)
    threshold = SHALLOW * float(known.max() - known.min()) if known.size else 0.0
    raw = found.basins(threshold)
    kept = np.flatnonzero(found.minima.persistence > threshold)
    renumber = np.full(len(found.minima) + 1, -1, dtype=np.int32)  # the last one is for holes
    renumber[kept] = np.arange(kept.size)
    return Labels(
        basin=renumber[raw],
        a=found.minima.coords[kept, 0],
        b=found.minima.coords[kept, 1],
        value=found.minima.value[kept],
        on_edge=np.asarray(found.minima.on_boundary[kept], dtype=np.bool_),
        threshold=threshold,
        topology=found,
    )


def basins_frame(labels: Labels, scene: int) -> Frame:
    """Return the frame of the basins of a map."""
    head = {
        "scene": scene,
        "count": labels.count,
        "words": _words(labels),
        "a": labels.a.tolist(),
        "b": labels.b.tolist(),
    }
    return Frame("basins", head, {"basin": labels.basin})


def _words(labels: Labels) -> str:
    if not labels.count:
        return "No cell of the map has a finite loss, so there is no basin."
    inside = labels.basin[labels.basin >= 0]
    share = np.bincount(inside, minlength=labels.count).max() / inside.size
    told = [f"{counted(labels.count, 'basin')} deeper than {number(labels.threshold, 2)}"]
    if labels.count > 1:
        told.append(f"the largest takes {percent(float(share))} of the map")
    edge = int(labels.on_edge.sum())
    if edge:
        lie = "minimum lies" if edge == 1 else "minima lie"
        told.append(f"{edge} {lie} on the edge, so the basin may go on outside")
    if labels.topology.walls:
        told.append(f"{counted(labels.topology.walls, 'cell')} infinitely high")
    words = "; ".join(told)
    return f"{words}. A minimum of the map need not be one of the loss."
