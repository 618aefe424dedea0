"""StoreContract: what every surface in the making must keep; used as `ObjectiveContract` is."""

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import xarray as xr

from thalweg.core.errors import StoreError
from thalweg.core.grid import Grid, Tile
from thalweg.core.plane import Plane
from thalweg.core.schema import Attr, Cell, require_kind
from thalweg.store.draft import SurfaceDraft


class StoreContract(ABC):
    """What a surface in the making must keep."""

    plane = Plane(np.zeros(2), np.eye(2), recipe="axes")
    grid = Grid((np.arange(5.0), np.arange(4.0)), tile=3)
    fields = ("loss", "accuracy")

    @abstractmethod
    def make(self, folder: Path, attrs: dict[str, Attr]) -> SurfaceDraft:
        """Return the surface of `plane`, `grid`, `fields` and `attrs`; in a fresh folder."""

    def test_it_starts_with_every_cell_pending(self) -> None:
        """NaN in all fields, and the tiles in the grid's order."""
        with self._made() as (store, _):
            now = require_kind(store.dataset(), "surface")
            assert (now.status == Cell.PENDING).all()
            assert all(now[name].isnull().all() for name in self.fields)
            assert list(store.pending()) == list(self.grid.tiles())

    def test_what_is_written_is_there_and_not_pending(self) -> None:
        """Numbers, codes and failures; whatever order the tiles come in."""
        with self._made() as (store, _):
            tiles = list(self.grid.tiles())
            for tile in tiles[::-1]:
                self._write(store, tile)
                assert tile not in store.pending()
            assert list(store.pending()) == []
            self._check(store.dataset())

    def test_a_tile_without_numbers_is_done(self) -> None:
        """NaN as a result is no pending cell."""
        with self._made() as (store, _):
            tile = next(iter(self.grid.tiles()))
            blank = np.full(tile.shape, np.nan)
            codes = np.full(tile.shape, Cell.NONFINITE, dtype=np.int8)
            store.write(tile, dict.fromkeys(self.fields, blank), codes)
            assert tile not in store.pending()
            assert (store.dataset().status.values[tile.slices] == Cell.NONFINITE).all()

    def test_the_dataset_is_the_callers(self) -> None:
        """To change it changes nothing here."""
        with self._made() as (store, _):
            self._write(store, next(iter(self.grid.tiles())))
            before = store.dataset().copy(deep=True)
            store.dataset()["loss"].values[:] = 7.0
            xr.testing.assert_identical(store.dataset(), before)

    @contextmanager
    def _made(self) -> Iterator[tuple[SurfaceDraft, Path]]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "store"
            with self.make(path, _attrs("0" * 16)) as store:
                yield store, path

    def _write(self, store: SurfaceDraft, tile: Tile) -> None:
        a = self.grid.coords(tile)[:, 0].reshape(tile.shape)
        b = self.grid.coords(tile)[:, 1].reshape(tile.shape)
        failed = (a == 1) & (b == 2)
        codes = np.where(failed, Cell.FAILED, Cell.DONE).astype(np.int8)
        found = {"loss": np.where(failed, np.nan, a + 10 * b), "accuracy": a * b}
        store.write(tile, found, codes, ("at a = 1, b = 2: it failed",) if failed.any() else ())

    def _check(self, surface: xr.Dataset) -> None:
        wanted = surface.a + 10 * surface.b
        failed = (surface.a == 1) & (surface.b == 2)
        np.testing.assert_array_equal(
            surface.loss, wanted.where(~failed).transpose(*surface.loss.dims)
        )
        assert surface.loss.dims == self.grid.dims
        assert surface.status.sel(a=1, b=2) == Cell.FAILED
        assert (surface.status == Cell.DONE).sum() == self.grid.size - 1
        assert surface.attrs["failures"] == ["at a = 1, b = 2: it failed"]
        assert surface.attrs["objective_digest"] == "0" * 16


class KeptStoreContract(StoreContract):
    """What a store must keep that outlives its process."""

    def test_what_was_written_is_there_when_it_is_opened_again(self) -> None:
        """With the rest pending, and the same to the last bit."""
        with self._made() as (store, path):
            tiles = list(self.grid.tiles())
            for tile in tiles[:2]:
                self._write(store, tile)
            before = store.dataset()
            store.close()
            with self.make(path, _attrs("0" * 16)) as again:
                xr.testing.assert_identical(again.dataset(), before)
                assert list(again.pending()) == tiles[2:]
                for tile in tiles[2:]:
                    self._write(again, tile)
                self._check(again.dataset())

    def test_another_surface_is_refused_by_name(self) -> None:
        """Nothing of the one that is there is changed."""
        with self._made() as (store, path):
            before = store.dataset()
            store.close()
            try:
                self.make(path, _attrs("1" * 16)).close()
                said = "it was taken"
            except StoreError as fault:
                said = str(fault)
            assert "objective" in said
            with self.make(path, _attrs("0" * 16)) as again:
                xr.testing.assert_identical(again.dataset(), before)


def _attrs(digest: str) -> dict[str, Attr]:
    return {"objective": "made up", "objective_digest": digest}
