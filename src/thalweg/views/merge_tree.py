"""MergeTreeView: which basins meet at which height (a disconnectivity graph).

Becker and Karplus 1997, "The topology of multidimensional potential energy surfaces".
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray, IndexArray, frozen
from thalweg.core.schema import require_kind
from thalweg.views.levels import Scale, choose_scale, finite
from thalweg.views.surface import field_label


@dataclass(frozen=True, eq=False)
class MergeTreeView:
    """One branch a minimum, ready to draw: up from its value to where it meets an elder one.

    Attributes:
        place: (m,), 0, 1, ... from left to right, such that no lines cross.
        low: (m,), value of each minimum.
        high: (m,), value where its lake meets that of the elder one; `top` if it never does.
        elder: (m,), index of that one; -1 if none.
        on_boundary: (m,), minima that may continue outside the window: drawn hollow.
        top: height of the axis.
        scale: of the axis.
        label, title: captions.
        left_out: how many minima are not shown.
    """

    place: IndexArray
    low: FloatArray
    high: FloatArray
    elder: IndexArray
    on_boundary: NDArray[np.bool_]
    top: float
    scale: Scale
    label: str
    title: str = ""
    left_out: int = 0

    @property
    def caption(self) -> str:
        """What is shown, in words."""
        parts = [f"{self.low.size} basins"]
        if self.left_out:
            parts.append(f"{self.left_out} shallower ones left out")
        if self.on_boundary.any():
            parts.append(f"{int(self.on_boundary.sum())} on the edge (hollow)")
        return ", ".join(parts)


def merge_tree_view(topology: xr.Dataset, *, title: str = "") -> MergeTreeView:
    """Return the view of the merge tree of a *topology* Dataset.

    Minima no more persistent than its threshold are left out and counted, and so are those at
    -inf.

    Raises:
        InputError: another kind of Dataset.
    """
    require_kind(topology, "topology")
    low = topology["minimum_value"].values.astype(np.float64)
    strong = topology["minimum_persistence"].values > topology.attrs["threshold"]
    rows = np.flatnonzero(strong & np.isfinite(low))
    position = np.full(low.size + 1, -1)
    position[rows] = np.arange(rows.size)
    elder = position[topology["minimum_elder"].values[rows]]
    low, high = low[rows], topology["minimum_death"].values[rows]
    levels = finite(np.append(low, high))
    scale = choose_scale(levels)
    ends = (float(levels.min()), float(levels.max())) if levels.size else (0.0, 1.0)
    if scale is Scale.LOG:
        top = ends[1] * (ends[1] / ends[0]) ** 0.12
    else:
        top = ends[1] + 0.12 * ((ends[1] - ends[0]) or 1.0)
    return MergeTreeView(
        place=_places(elder, high),
        low=frozen(low),
        high=frozen(np.where(np.isfinite(high), high, top)),
        elder=elder,
        on_boundary=topology["minimum_on_boundary"].values[rows].astype(bool),
        top=top,
        scale=scale,
        label=field_label(str(topology.attrs["field"])),
        title=title,
        left_out=strong.size - rows.size,
    )


def _places(elder: IndexArray, high: FloatArray) -> IndexArray:
    """Return places (m,) in which a branch stands left of all that join it, the first nearest."""
    order: list[int] = []
    todo = [int(i) for i in np.flatnonzero(elder < 0)[::-1]]
    while todo:
        branch = todo.pop()
        order.append(branch)
        joining = np.flatnonzero(elder == branch)
        todo += [int(i) for i in joining[np.argsort(-high[joining], kind="stable")]]
    places = np.empty(elder.size, dtype=np.intp)
    places[order] = np.arange(elder.size)
    return places
