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
from thalweg.store.folder import add_array, cannot_write, create_group, load

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
        path: Path,
        plane: Plane,
        grid: Grid,
        fields: Sequence[str],
        attrs: Mapping[str, Attr],
    ) -> None:
        self.path, self.grid, self.fields = path, grid, tuple(fields)
        blank = np.full(grid.shape, np.nan)
        pending = np.full(grid.shape, Cell.PENDING, dtype=np.int8)
        whole = {**attrs, "fields": list(self.fields)}
        empty = surface_dataset(plane, grid, dict.fromkeys(self.fields, blank), pending, whole)
        if (path / "zarr.json").is_file():
            self._check_same(empty)
        elif path.exists() and any(path.iterdir()):
            raise StoreError(f"{path} must be empty or a surface", "other files", "choose another")
        else:
            self._create(empty)
        self._arrays = zarr.open_group(path, mode="r+")

    def pending(self) -> Iterator[Tile]:
        """Yield the tiles that are not done."""
        status = np.asarray(self._array("status")[...])
        for tile in self.grid.tiles():
            if (status[tile.slices] == Cell.PENDING).any():
                yield tile

    def write(self, tile: Tile, fields: Mapping[str, FloatArray], status: np.ndarray) -> None:
        """Write one tile; when this returns, a resumed run will not compute it again."""
        try:
            for name in self.fields:
                self._array(name)[tile.slices] = fields[name]
            self._array("status")[tile.slices] = status
        except OSError as fault:
            raise cannot_write(self.path, fault) from fault

    def dataset(self) -> xr.Dataset:
        """Return the surface as it is now; pending cells are NaN with status PENDING."""
        return load(self.path)

    def _array(self, name: str) -> zarr.Array:
        array = self._arrays[name]
        if not isinstance(array, zarr.Array):
            raise StoreError(f"{self.path}/{name} must be an array", "a group", "delete the store")
        return array

    def _check_same(self, empty: xr.Dataset) -> None:
        there = load(self.path).attrs
        for key in IDENTITY:
            if there.get(key) != empty.attrs[key]:
                raise StoreError(
                    f"{self.path} must hold this surface ({key} {empty.attrs[key]})",
                    str(there.get(key)),
                    "choose another folder, or delete that one",
                )

    def _create(self, empty: xr.Dataset) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            group = create_group(self.path, {str(k): v for k, v in empty.attrs.items()})
            tiled = {*self.fields, "status"}
            chunks = tuple(min(self.grid.tile, n) for n in self.grid.shape)
            for name, variable in empty.variables.items():
                dims = tuple(map(str, variable.dims))
                cut = chunks if name in tiled else None
                array = add_array(group, str(name), dims, variable.shape, variable.dtype, cut)
                if name not in tiled:
                    array[...] = variable.values
        except OSError as fault:
            raise cannot_write(self.path, fault) from fault
