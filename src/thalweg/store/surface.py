"""SurfaceStore: a surface on disk, written tile by tile, so that a stopped run can resume.

A tile is one chunk of every array. Its fields are written first and its `status` last, each by
an atomic rename; so a tile counts as done only if its status says so, whatever was interrupted.
A surface belongs to one objective, plane, grid and set of fields; others are refused by name.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
import zarr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import StoreError
from thalweg.core.grid import Grid, Tile
from thalweg.core.schema import Attr
from thalweg.core.seeded_plane import Planar
from thalweg.store.draft import SurfaceDraft
from thalweg.store.folder import (
    add_array,
    cannot_write,
    create_group,
    is_store,
    load,
    written_whole,
)

IDENTITY = ("objective_digest", "plane_digest", "grid_digest", "fields")


class SurfaceStore(SurfaceDraft):
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
        plane: Planar,
        grid: Grid,
        fields: Sequence[str],
        attrs: Mapping[str, Attr],
    ) -> None:
        super().__init__(plane, grid, fields, attrs)
        self.path = path = Path(path)
        # What the folder holds is kept in memory too, so that nothing is read twice.
        if is_store(path):
            self._now = self._checked(self._now)
            for left in path.rglob("*.partial"):  # by a process that was killed
                left.unlink()
        else:
            self._create(self._now)
        group = zarr.open_group(path, mode="r+")
        self._arrays = {name: _writable(group, name) for name in (*self.fields, "status")}

    def write(
        self,
        tile: Tile,
        fields: Mapping[str, FloatArray],
        status: np.ndarray,
        failures: Sequence[str] = (),
    ) -> None:
        """Write one tile; when this returns, a resumed run will not compute it again."""
        try:
            for name in self.fields:
                self._arrays[name][tile.slices] = fields[name]
            self._arrays["status"][tile.slices] = status
        except OSError as fault:
            raise cannot_write(self.path, fault) from fault
        super().write(tile, fields, status, failures)

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
