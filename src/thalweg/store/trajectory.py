"""TrajectoryStore: a recorded run on disk, row by row, so that a run that is killed keeps its path.

Rows wait in memory until a few are together or some time has passed; then they are written and
stay, whatever happens to the process. At any moment the folder is a Zarr v3 store of the rows so
far. A run is gone on with only by a model of the same parameters, recorded in the same way.
"""

import time
from bisect import bisect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.errors import InputError, StoreError
from thalweg.core.files import cannot_write
from thalweg.core.schema import step_lengths
from thalweg.store.durable import sweep_drafts
from thalweg.store.folder import (
    cannot_read,
    is_empty,
    is_store,
    restore,
    written_whole,
)
from thalweg.store.lock import WriterLock
from thalweg.store.row_files import Columns, RowFiles
from thalweg.store.rows import Row, TrajectoryDraft, columns, growing_attrs

IDENTITY = ("kind", "layout_digest", "dtype", "projection", "schedule")
MOST_BYTES = 1 << 26  # of rows that wait
SAME = 1e-9  # of the norm: other machines, and other numbers of threads, add up in another order


@dataclass(frozen=True)
class Flush:
    """How long rows may wait in memory, where a kill would lose them.

    They are written as soon as one of the two is reached, or they need 64 MB; the row of the
    present step and the one before wait on, since their loss is still to be told.

    Attributes:
        rows: so many at most.
        seconds: so long at most, measured when a row comes.
    """

    rows: int = 100
    seconds: float = 10.0

    def __post_init__(self) -> None:
        if self.rows < 1 or not self.seconds >= 0:
            wanted = "rows must be written after 1 or more, and 0 seconds or more"
            raise InputError(wanted, repr(self), "leave the default")


class TrajectoryStore(TrajectoryDraft):
    """The rows of a recorded run in the folder `path`.

    Nobody else can write the folder until `close`; reading is always possible.

    Args:
        path: the folder.
        blank: the Dataset to be made, still without rows.
        stride: steps between rows.
        flush: how long rows may wait.
        append: whether to go on with the run in the folder, if there is one.

    Raises:
        StoreError: the folder holds another run or is not free, is written by another process, is
            damaged, or cannot be read or written.
    """

    def __init__(
        self, path: Path | str, blank: xr.Dataset, stride: int, flush: Flush, append: bool
    ) -> None:
        super().__init__(blank, stride)
        self.path, self._flush = Path(path), flush
        self._lock = WriterLock(path)
        try:
            restore(self.path)
            self._files = self._opened(append)
            self._steps = self._steps_there()
        except OSError as fault:
            self._lock.release()
            raise cannot_read(self.path, fault) from fault
        except BaseException:
            self._lock.release()
            raise
        self.stride = int(self._files.attrs["stride"])
        self._flushed = time.monotonic()

    def __len__(self) -> int:
        return len(self._steps) + len(self._rows)

    @property
    def first(self) -> int:
        """The step of the first row."""
        return self._steps[0] if self._steps else super().first

    @property
    def last(self) -> int:
        """The step of the last row."""
        return super().last if self._rows else self._steps[-1]

    def take_back(self, values: Mapping[str, NDArray[np.floating]], at: int | None) -> Row:
        """Return the row to go on from, after taking it and what follows out of the run.

        Args:
            values: what is kept of the point where the model is now.
            at: its step; None for the last row with these values.

        Raises:
            InputError: there is no such row, or it has other values.
        """
        if at is not None and at not in self._steps:
            if at < self._steps[0]:
                raise self._elsewhere(f"step {at}, before the first row")
            del self._steps[bisect(self._steps, at) :]
            return Row(at, values)
        names = ("step", "loss", "gradient_norm", *values)
        for start, stop in reversed(self._files.bounds()):
            there = self._files.read(start, stop, names)
            for i in reversed(range(stop - start)):
                step = int(there["step"][i])
                if at in (None, step) and _is_same(there, i, values):
                    del self._steps[start + i :]
                    told = float(there["loss"][i]), float(there["gradient_norm"][i])
                    return Row(step, values, *told)
        raise self._elsewhere("parameters of no row" if at is None else f"others at step {at}")

    def add(self, row: Row) -> None:
        """Take the next row; what is known of it later may still be written into it."""
        ready = [old for old in self._rows if old.step < row.step - 1]
        size = sum(value.nbytes for old in ready for value in old.values.values())
        late = time.monotonic() - self._flushed >= self._flush.seconds
        if ready and (len(ready) >= self._flush.rows or size >= MOST_BYTES or late):
            self._write(len(ready))
        super().add(row)

    def thin(self, stride: int) -> None:
        """Keep the rows that lie a multiple of `stride` steps after the first.

        The folder is replaced by one with fewer rows, written whole; a kill leaves one of the two.
        """
        first = self.first
        with self._writable():
            self._settle()
            try:
                with written_whole(self.path) as fresh:
                    RowFiles.create(fresh, self._started(stride))
                    self._copy(RowFiles(fresh), first, stride)
            finally:  # whichever it is now, also after an interrupt
                self._files = RowFiles(self.path)
                self._steps = self._steps_there()
        self._rows = [row for row in self._rows if (row.step - first) % stride == 0]
        self.stride = stride

    def dataset(self, *more: Row) -> xr.Dataset:
        """Return the run as it is now, with more rows at its end; all of it in memory."""
        waiting = columns(self.blank, [*self._rows, *more])
        with self._readable():
            there = self._files.read(0, len(self._steps), waiting)
        return self._dataset({k: np.concatenate([there[k], waiting[k]]) for k in waiting})

    def close(self, *more: Row) -> None:
        """Take and write the last rows, and let others write the folder."""
        super().close(*more)
        try:
            self._write(len(self._rows))
            with self._writable():
                self._files.attrs = {
                    **self.blank.attrs,
                    **growing_attrs(self._steps, self.stride),
                }
        finally:
            self._lock.release()

    def _opened(self, append: bool) -> RowFiles:
        there = is_store(self.path)
        if append and there:
            sweep_drafts(self.path)
            files = RowFiles(self.path)
            for key in IDENTITY:
                ours, theirs = self.blank.attrs.get(key), files.attrs.get(key)
                if ours != theirs:
                    wanted = f"{self.path} must hold a run of this kind ({key} {ours})"
                    raise StoreError(wanted, str(theirs), "choose another folder")
            self.blank = self.blank.assign(
                {k: (self.blank[k].dims, v) for k, v in files.statics.items()}
            )
            self.blank.attrs["start_digest"] = files.attrs["start_digest"]
            return files
        if there or (self.path.exists() and not is_empty(self.path)):
            got = "a store" if there else "something else"
            mend = "choose another one" + (", or go on with it: append=True" if there else "")
            raise StoreError(f"{self.path} must be free for a new run", got, mend)
        with written_whole(self.path) as fresh:
            RowFiles.create(fresh, self._started(self.stride))
        return RowFiles(self.path)

    def _started(self, stride: int) -> xr.Dataset:
        """Return the blank Dataset with the attributes of a run that goes on."""
        return self.blank.assign_attrs(stride=stride)

    def _steps_there(self) -> list[int]:
        return [int(step) for step in self._files.read(0, self._files.rows, ["step"])["step"]]

    def _settle(self) -> None:
        """Drop the rows on disk that are no longer ours: taken back, or of a broken write."""
        if self._files.rows > len(self._steps):
            self._files.cut(len(self._steps))

    def _write(self, count: int) -> None:
        """Write so many rows of those that wait."""
        if not count:
            return
        ready = columns(self.blank, self._rows[:count])
        with self._writable():
            self._settle()
            self._files.append(_with_lengths(self._files, ready))
        self._steps += [row.step for row in self._rows[:count]]
        self._rows = self._rows[count:]
        self._flushed = time.monotonic()

    def _copy(self, target: RowFiles, first: int, stride: int) -> None:
        """Put the rows that are kept into another store."""
        names = [name for name in self._files.names if name != "step_length"]
        batch, size = list[Columns](), 0
        for start, stop in self._files.bounds():
            there = self._files.read(start, stop, names)
            kept = (there["step"] - first) % stride == 0
            batch.append({name: column[kept] for name, column in there.items()})
            size += sum(column.nbytes for column in batch[-1].values())
            if size >= MOST_BYTES or stop == self._files.rows:
                joined = {name: np.concatenate([part[name] for part in batch]) for name in names}
                target.append(_with_lengths(target, joined))
                batch, size = [], 0

    def _elsewhere(self, got: str) -> InputError:
        wanted = f"the model must stand at a row of {self.path} to go on from"
        return InputError(wanted, got, "load the model as it was there, or tell its step with at=")

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            raise cannot_write(self.path, fault) from fault

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            raise cannot_read(self.path, fault) from fault


def _with_lengths(target: RowFiles, rows: Columns) -> Columns:
    """Return the rows with their distances from the rows before, those in the target first."""
    if "point" not in rows:
        return rows
    before = target.last["point"]
    lengths = step_lengths(chain(before, rows["point"]))[len(before) :]
    return {**rows, "step_length": lengths}


def _is_same(there: Columns, i: int, values: Mapping[str, NDArray[np.floating]]) -> bool:
    """Return whether row i holds these values, NaN included; sums up to how they are added up."""
    if "point" in values:
        return there["point"][i].tobytes() == values["point"].tobytes()
    size = float(np.nan_to_num(values["norm"], posinf=0.0))
    return all(
        np.allclose(there[name][i], value, rtol=SAME, atol=SAME * size, equal_nan=True)
        for name, value in values.items()
    )
