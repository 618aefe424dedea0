"""TileWork: what a worker does with one tile, wherever it runs."""

import os
import signal
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import ThalwegError
from thalweg.core.grid import Grid, Tile
from thalweg.core.objective import Fields, Objective, Restriction
from thalweg.core.patience import Patience
from thalweg.core.schema import Cell
from thalweg.core.seeded_plane import Planar


@dataclass(frozen=True)
class TileResult:
    """The cells of one tile.

    Attributes:
        fields: arrays of the tile's shape.
        status: codes of `Cell`, of the tile's shape.
        failures: one line for each cell whose loss raised: where, and what it said.
        method: how the objective evaluated them, where that is worth telling.
    """

    fields: Fields
    status: NDArray[np.int8]
    failures: tuple[str, ...] = ()
    method: str = ""


class TileWork:
    """Evaluates the tiles of a grid; picklable, so that it can travel to a worker once.

    Args:
        objective: what is mapped.
        plane: where.
        grid: its tiles are what `__call__` takes.
        fields: which fields.
        patience: how long a cell may take. With it cells are computed one by one, so that the
            clock decides which cells are FAILED and no other number.
    """

    def __init__(
        self,
        objective: Objective,
        plane: Planar,
        grid: Grid,
        fields: tuple[str, ...],
        patience: Patience | None = None,
    ) -> None:
        self._ordered = (objective, plane, grid, fields)
        self._patience = patience
        self._restriction: Restriction | None = None

    def __getstate__(self) -> dict[str, object]:
        """Leave the restriction behind: the worker makes its own."""
        return {**self.__dict__, "_restriction": None}

    def prepare(self) -> Restriction:
        """Return the objective on the plane; made at the first call.

        Raises:
            InputError: the objective refuses the plane or a field.
        """
        if self._restriction is None:
            objective, plane, grid, fields = self._ordered
            self._restriction = objective.restrict_for_map(plane, fields, grid.size)
        return self._restriction

    def __call__(self, tile: Tile) -> TileResult:
        """Return the fields of one tile; a cell that raises is FAILED, the others are computed."""
        coords, restriction = self._ordered[2].coords(tile), self.prepare()
        if self._patience is None:
            found = _attempt(restriction, coords)
            if not isinstance(found, BaseException):
                return self._result(tile, found, np.zeros(len(coords), dtype=bool), ())
        return self._cell_by_cell(tile, restriction, coords)

    def lost(self, tile: Tile, cause: str) -> TileResult:
        """Return the result of a tile whose worker died each time: all cells FAILED."""
        found = {name: np.full(tile.size, np.nan) for name in self._ordered[3]}
        low, high = self._ordered[2].coords(tile)[[0, -1]]
        said = f"from {_place(low)} to {_place(high)}: {cause}"
        return self._result(tile, found, np.ones(tile.size, dtype=bool), (said,))

    def _cell_by_cell(self, tile: Tile, restriction: Restriction, coords: FloatArray) -> TileResult:
        found = {name: np.full(tile.size, np.nan) for name in self._ordered[3]}
        failed, failures = np.zeros(tile.size, dtype=bool), []
        for i in range(tile.size):
            one = _attempt(restriction, coords[i : i + 1], self._patience)
            if isinstance(one, BaseException):
                failed[i] = True
                failures.append(f"at {_place(coords[i])}: {_said(one)}")
            else:
                for name in found:
                    found[name][i] = one[name][0]
        return self._result(tile, found, failed, tuple(failures))

    def _result(
        self, tile: Tile, found: Fields, failed: NDArray[np.bool_], failures: tuple[str, ...]
    ) -> TileResult:
        finite = np.all([np.isfinite(values) for values in found.values()], axis=0)
        status = np.where(failed, Cell.FAILED, np.where(finite, Cell.DONE, Cell.NONFINITE))
        shaped = {name: values.reshape(tile.shape) for name, values in found.items()}
        codes = status.astype(np.int8).reshape(tile.shape)
        return TileResult(shaped, codes, failures, self._ordered[0].method())


def _attempt(
    restriction: Restriction, coords: FloatArray, patience: Patience | None = None
) -> Fields | BaseException:
    """Return the fields, or what the user's loss raised, which may be anything."""
    process = os.getpid()
    try:
        if patience is None:
            return restriction(coords)
        with patience.watch():
            return restriction(coords)
    except (ThalwegError, MemoryError, KeyboardInterrupt):  # no fault of one cell
        raise
    except SystemExit as fault:
        if _raised_by_a_signal(fault):
            raise
        return fault
    except BaseException as fault:
        return fault
    finally:
        if os.getpid() != process:  # a child that the loss forked must not go on as us
            os._exit(0)


def _raised_by_a_signal(fault: BaseException) -> bool:
    """Return whether a signal's handler raised it: then somebody stops the program."""
    handlers = {getattr(signal.getsignal(n), "__code__", None) for n in signal.valid_signals()}
    at = fault.__traceback__
    while at is not None:
        if at.tb_frame.f_code in handlers:
            return True
        at = at.tb_next
    return False


def _place(coords: FloatArray) -> str:
    return ", ".join(f"{name} = {x:.6g}" for name, x in zip("abc", coords, strict=False))


def _said(fault: BaseException) -> str:
    text = " ".join(str(fault).split())
    return f"{type(fault).__name__}: {text}"[:300]
