"""SurfaceDraft: a surface in the making, in memory; `SurfaceStore` is one that is also on disk."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.grid import Grid, Tile
from thalweg.core.schema import Attr, Cell, surface_dataset
from thalweg.core.seeded_plane import Planar


class SurfaceDraft:
    """One surface, filled tile by tile.

    Args:
        plane: what is mapped.
        grid: where.
        fields: which fields.
        attrs: provenance; `objective_digest` must be among them.
    """

    def __init__(
        self, plane: Planar, grid: Grid, fields: Sequence[str], attrs: Mapping[str, Attr]
    ) -> None:
        self.grid, self.fields = grid, tuple(fields)
        blank = {name: np.full(grid.shape, np.nan) for name in self.fields}
        pending = np.full(grid.shape, Cell.PENDING, dtype=np.int8)
        whole = {**attrs, "fields": list(self.fields), "failures": []}
        self._now = surface_dataset(plane, grid, blank, pending, whole)

    def pending(self) -> Iterator[Tile]:
        """Yield the tiles that are not done, and those whose numbers went missing since."""
        status = self._now["status"].values
        absent = status == Cell.PENDING
        for name in self.fields:
            absent |= (status == Cell.DONE) & ~np.isfinite(self._now[name].values)
        for tile in self.grid.tiles():
            if absent[tile.slices].any():
                yield tile

    def write(
        self,
        tile: Tile,
        fields: Mapping[str, FloatArray],
        status: np.ndarray,
        failures: Sequence[str] = (),
    ) -> None:
        """Take one tile."""
        for name in self.fields:
            self._now[name].values[tile.slices] = fields[name]
        self._now["status"].values[tile.slices] = status
        self._now.attrs["failures"] = [*self._now.attrs["failures"], *failures]

    def dataset(self) -> xr.Dataset:
        """Return the surface as it is now; pending cells are NaN with status PENDING."""
        return self._now.copy(deep=True)
