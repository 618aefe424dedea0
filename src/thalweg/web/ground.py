"""Ground: the plane under the runs, and what is needed to draw them on it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import Objective, Restriction
from thalweg.core.plane import Plane
from thalweg.views.path import GAP_BANDS, gap_shares
from thalweg.views.surface import SurfaceView
from thalweg.web.messages import Window
from thalweg.web.trace import Trace, leaving


@dataclass(frozen=True, eq=False)
class Ground:
    """A plane with its map.

    Attributes:
        scene: number of the plane.
        objective: what is mapped; None where the loss is not known: then no loss below is.
        plane: where.
        window: the part that is mapped.
        view: of the map; None until there is one.
    """

    scene: int
    objective: Objective | None
    plane: Plane
    window: Window
    view: SurfaceView | None = None

    def trace(self, points: FloatArray, losses: FloatArray, before: Trace | None) -> Trace:
        """Return the path of points (t, n) with losses (t,); `before` saves what it has in common.

        It is `before` itself if nothing changed.
        """
        size = len(losses)
        if before is not None and before.ground is self and before.size == size:
            return before
        known = before is not None and before.ground.scene == self.scene
        course, done = (before.course, before.size) if known and before else (np.empty((4, 0)), 0)
        bands, drawn, left = np.empty(0, np.uint8), 0, ""
        if before is not None and before.ground is self:
            bands, drawn, left = before.bands, before.size, before.left
        course, bands = _room(course, done, size), _room(bands, drawn, size)
        if size > done:
            course[:, done:size] = self.projected(points[done:])
        begin = max(drawn - 1, 0)  # a row's band looks at the row before it, too
        shares = self.bands(losses[begin:], course[3, begin:size])
        shares[1:] = np.maximum(shares[1:], shares[:-1].copy())
        bands[drawn:size] = shares[drawn - begin :]
        left = left or leaving(self, course[:2, drawn:size], drawn)
        return Trace(self, size, course, bands, losses, left)

    def projected(self, points: FloatArray) -> FloatArray:
        """Return rows (4, t) for points (t, n): a, b, distance from the plane, loss below."""
        coords = self.plane.coordinates(points)
        known = self._restriction
        below = np.full(len(coords), np.nan) if known is None else known(coords)["loss"]
        return np.stack([*coords.T, self.plane.residual(points), below])

    def bands(self, loss: FloatArray, below: FloatArray) -> NDArray[np.uint8]:
        """Return how many of the `GAP_BANDS` the gap (t,) of each row reaches."""
        if self.view is None:  # nothing is drawn yet that a gap could be compared with
            return np.full(loss.shape, len(GAP_BANDS), np.uint8)
        shares = gap_shares(loss, below, self.view)
        return np.searchsorted(GAP_BANDS, shares, side="right").astype(np.uint8)

    @cached_property
    def _restriction(self) -> Restriction | None:
        return None if self.objective is None else self.objective.restrict(self.plane)


def _room(old: np.ndarray, kept: int, size: int) -> np.ndarray:
    """Return an array with room for `size` columns, the first `kept` as they were."""
    if size <= old.shape[-1]:
        return old
    new = np.empty((*old.shape[:-1], max(2 * size, 64)), old.dtype)
    new[..., :kept] = old[..., :kept]
    return new
