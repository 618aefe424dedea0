"""SurfaceStore: a surface on disk, written tile by tile, so that a stopped run can resume.

A tile is one chunk of every array. Its files are written first and its line in the ledger last; so
a tile counts as done only if the ledger says so, whatever was interrupted. A surface belongs to one
objective, plane, grid and set of fields; others are refused by name. One process writes at a time.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import StoreError
from thalweg.core.files import cannot_write
from thalweg.core.grid import Grid, Tile
from thalweg.core.schema import Attr
from thalweg.core.seeded_plane import Planar
from thalweg.store.attributes import to_json
from thalweg.store.contents import FORMAT_NAME, ROOT, Contents, read_contents
from thalweg.store.draft import SurfaceDraft
from thalweg.store.durable import sweep_drafts
from thalweg.store.encoded import Encoded
from thalweg.store.folder import (
    cannot_read,
    decoded,
    is_store,
    methods_of,
    require_sound,
    restore,
    written_whole,
)
from thalweg.store.identity import identity, require_same
from thalweg.store.ledger import FORMAT, LedgerWriter, file_sum, read_ledger
from thalweg.store.lock import WriterLock

ROOM = 1 << 24  # bytes of memory that the parts of a surface may need beside its arrays


class SurfaceStore(SurfaceDraft):
    """One surface in the folder `path`: created if absent, resumed if it is the same one.

    Nobody else can write the folder until `close`; reading is always possible.

    Args:
        path: the folder.
        plane: what is mapped.
        grid: where; its tiles are the chunks.
        fields: which fields.
        attrs: provenance; the `..._digest` among them and `fields` tell it from others.

    Raises:
        StoreError: the folder holds another surface, is written by another process, is damaged, or
            cannot be read or written.
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
        self.path = Path(path)
        self._lock = WriterLock(path)
        try:
            restore(self.path)
            files = self._resume() if is_store(self.path) else self._create()
            self._encoded = Encoded(None, {k: files[k] for k in files if k.endswith(ROOT)})
            self._arrays = {n: self._encoded.array(n) for n in (*self.fields, "status")}
            self._encoded.take()
        except OSError as fault:
            self.close()
            raise cannot_write(self.path, fault) from fault
        except BaseException:
            self.close()
            raise

    def write(
        self,
        tile: Tile,
        fields: Mapping[str, FloatArray],
        status: np.ndarray,
        failures: Sequence[str] = (),
        method: str = "",
    ) -> None:
        """Write one tile; when this returns, a resumed run will not compute it again.

        Raises:
            StoreError: the folder does not take it; what was written before stays.
        """
        for name in self.fields:
            self._arrays[name][tile.slices] = fields[name]
        self._arrays["status"][tile.slices] = status
        files = self._encoded.take()
        try:
            key = self._key(tile)
            told = {key: failures} if failures else None
            self._ledger.commit(files, told, {key: method} if method else None)
        except OSError as fault:
            needed = sum(map(len, files.values()))
            raise cannot_write(self.path, fault, needed) from fault
        super().write(tile, fields, status, failures, method)

    def close(self) -> None:
        """Let others write the folder."""
        self._lock.release()

    def _create(self) -> dict[str, bytes]:
        """Make the store without any tile; return its files."""
        files = self._files_without_tiles()
        with written_whole(self.path) as fresh:
            LedgerWriter(fresh).commit(files, identity=identity(self._now.attrs))
        self._ledger = LedgerWriter(self.path, read_ledger(self.path))
        return files

    def _resume(self) -> dict[str, bytes]:
        """Take over what the folder holds, so that nothing is read twice; return its files."""
        contents = self._read()
        ledger = contents.ledger
        there = ledger.identity if ledger and ledger.identity else identity(contents.attributes)
        require_same(self.path, identity(self._now.attrs), there)
        if ledger is None:  # of version 0.1.0: from now on it has one
            require_sound(self.path, contents)
            sums = {key: file_sum(content) for key, content in contents.files.items()}
            LedgerWriter(self.path).note(sums, identity=there)
            contents = self._read()
        elif ledger.lost:  # repaired: what is no tile is made anew at once
            whole = self._files_without_tiles()
            own = {key: whole[key] for key in whole if key in ledger.lost}
            if own:
                LedgerWriter(self.path, ledger).commit(own)
                contents = self._read()
        require_sound(self.path, contents)
        sweep_drafts(self.path)
        self._ledger = LedgerWriter(self.path, contents.ledger)
        self._now = decoded(self.path, contents)
        self._require_tiles(contents)
        for key, said in contents.ledger.failures.items() if contents.ledger else ():
            at = tuple(int(part) * self.grid.tile for part in key.split("/")[2:])
            self._failures[at] = said
        self._methods |= set(methods_of(contents))
        return contents.files

    def _read(self) -> Contents:
        limit = ROOM + 4 * self._now.nbytes  # what this very surface needs is no surprise
        try:
            return read_contents(self.path, limit)
        except OSError as fault:
            raise cannot_read(self.path, fault) from fault

    def _require_tiles(self, contents: Contents) -> None:
        """Raise StoreError if tiles are pending that are not the chunks of the store."""
        if contents.arrays["status"].chunks != self._chunks() and any(self.pending()):
            mend = "choose another folder"
            wanted = f"{self.path} must be cut into tiles to be resumed"
            raise StoreError(wanted, "a surface that was saved as a whole", mend)

    def _files_without_tiles(self) -> dict[str, bytes]:
        """Return all files of the store but its tiles: metadata, axes and the plane."""
        attrs = {**self._now.attrs, "failures": [], "methods": []}
        encoded = Encoded({**to_json(attrs), FORMAT_NAME: FORMAT})
        tiled = {*self.fields, "status"}
        for name, variable in self._now.variables.items():
            dims = tuple(map(str, variable.dims))
            cut = self._chunks() if name in tiled else None
            array = encoded.add(str(name), dims, variable.shape, variable.dtype, cut)
            if name not in tiled:
                array[...] = variable.values
        return encoded.take()

    def _chunks(self) -> tuple[int, ...]:
        return tuple(min(self.grid.tile, n) for n in self.grid.shape)

    def _key(self, tile: Tile) -> str:
        at = [where.start // self.grid.tile for where in tile.slices]
        return "/".join(["status", "c", *map(str, at)])
