"""SurfaceDraft: a surface in the making, in memory; `SurfaceStore` is one that is also on disk."""

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.grid import Grid, Tile
from thalweg.core.schema import Attr, Cell, surface_dataset
from thalweg.core.seeded_plane import Planar


class SurfaceDraft:
    """One surface, filled tile by tile; a context manager that closes it.

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
        whole = {**attrs, "fields": list(self.fields), "failures": [], "methods": []}
        self._now = surface_dataset(plane, grid, blank, pending, whole)
        self._failures: dict[tuple[int, ...], tuple[str, ...]] = {}
        self._methods: set[str] = set()

    def pending(self) -> Iterator[Tile]:
        """Yield the tiles in which a cell is pending."""
        absent = self._now["status"].values == Cell.PENDING
        for tile in self.grid.tiles():
            if absent[tile.slices].any():
                yield tile

    def write(
        self,
        tile: Tile,
        fields: Mapping[str, FloatArray],
        status: np.ndarray,
        failures: Sequence[str] = (),
        method: str = "",
    ) -> None:
        """Take one tile.

        Args:
            tile: which.
            fields: arrays of the tile's shape.
            status: codes of `Cell`, of the tile's shape.
            failures: one line for each cell that failed.
            method: how the objective evaluated it, where that is worth telling.
        """
        for name in self.fields:
            self._now[name].values[tile.slices] = fields[name]
        self._now["status"].values[tile.slices] = status
        self._failures[tuple(where.start for where in tile.slices)] = tuple(failures)
        self._methods |= {method} - {""}

    def dataset(self) -> xr.Dataset:
        """Return the surface as it is now; pending cells are NaN with status PENDING."""
        now = self._now.copy(deep=True)
        now.attrs["failures"] = [
            line for at in sorted(self._failures) for line in self._failures[at]
        ]
        now.attrs["methods"] = sorted(self._methods)
        return now

    def close(self) -> None:
        """Let go of what is held; in memory there is nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
