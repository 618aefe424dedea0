"""SurfaceStore: a surface on disk, written tile by tile, so that a stopped run can resume.

A tile is one chunk of every array. Its fields are written first and its `status` last, each by
an atomic rename; so a tile counts as done only if its status says so, whatever was interrupted.
A surface belongs to one objective, plane, grid and set of fields; others are refused by name.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
import zarr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import StoreError
from thalweg.core.grid import Grid, Tile
from thalweg.core.plane import Plane
from thalweg.core.schema import Attr, Cell, surface_dataset
from thalweg.store.folder import (
    add_array,
    cannot_write,
    create_group,
    is_store,
    load,
    written_whole,
)

IDENTITY = ("objective_digest", "plane_digest", "grid_digest", "fields")


class SurfaceStore:
    """One surface in the folder `path`: created if absent, resumed if it is the same one.

    Args:
        path: the folder.
        plane: what is mapped.
        grid: where; its tiles are the chunks.
        fields: which fields.
        attrs: provenance; `objective_digest` must be among them.

    Raises:
        StoreError: the folder holds another surface, or cannot be read or written.
    """

    def __init__(
        self,
        path: Path | str,
        plane: Plane,
        grid: Grid,
        fields: Sequence[str],
        attrs: Mapping[str, Attr],
    ) -> None:
        self.path = path = Path(path)
        self.grid, self.fields = grid, tuple(fields)
        blank = {name: np.full(grid.shape, np.nan) for name in self.fields}
        pending = np.full(grid.shape, Cell.PENDING, dtype=np.int8)
        whole = {**attrs, "fields": list(self.fields)}
        empty = surface_dataset(plane, grid, blank, pending, whole)
        # What the folder holds is kept in memory too, so that nothing is read twice.
        self._now = empty
        if is_store(path):
            self._now = self._checked(empty)
            for left in path.rglob("*.partial"):  # by a process that was killed
                left.unlink()
        else:
            self._create(empty)
        group = zarr.open_group(path, mode="r+")
        self._arrays = {name: _writable(group, name) for name in (*self.fields, "status")}

    def pending(self) -> Iterator[Tile]:
        """Yield the tiles that are not done, and those whose numbers went missing since."""
        status = self._now["status"].values
        absent = status == Cell.PENDING
        for name in self.fields:
            absent |= (status == Cell.DONE) & ~np.isfinite(self._now[name].values)
        for tile in self.grid.tiles():
            if absent[tile.slices].any():
                yield tile

    def write(self, tile: Tile, fields: Mapping[str, FloatArray], status: np.ndarray) -> None:
        """Write one tile; when this returns, a resumed run will not compute it again."""
        try:
            for name in self.fields:
                self._arrays[name][tile.slices] = fields[name]
                self._now[name].values[tile.slices] = fields[name]
            self._arrays["status"][tile.slices] = status
            self._now["status"].values[tile.slices] = status
        except OSError as fault:
            raise cannot_write(self.path, fault) from fault

    def dataset(self) -> xr.Dataset:
        """Return the surface as it is now; pending cells are NaN with status PENDING."""
        return self._now.copy(deep=True)

    def _checked(self, empty: xr.Dataset) -> xr.Dataset:
        there = load(self.path)
        for key in IDENTITY:
            if there.attrs.get(key) != empty.attrs[key]:
                raise StoreError(
                    f"{self.path} must hold this surface ({key} {empty.attrs[key]})",
                    str(there.attrs.get(key)),
                    "choose another folder, or delete that one",
                )
        return there

    def _create(self, empty: xr.Dataset) -> None:
        with written_whole(self.path) as fresh:
            group = create_group(fresh, {str(k): v for k, v in empty.attrs.items()})
            tiled = {*self.fields, "status"}
            chunks = tuple(min(self.grid.tile, n) for n in self.grid.shape)
            for name, variable in empty.variables.items():
                dims = tuple(map(str, variable.dims))
                cut = chunks if name in tiled else None
                array = add_array(group, str(name), dims, variable.shape, variable.dtype, cut)
                if name not in tiled:
                    array[...] = variable.values


def _writable(group: zarr.Group, name: str) -> zarr.Array:
    """Return an array of the group that writes every chunk, also those that are all NaN."""
    array = group.get(name)
    if not isinstance(array, zarr.Array):
        raise StoreError(f"{group.store_path}/{name} must be an array", "none", "delete the store")
    return array.with_config({"write_empty_chunks": True})
