"""TileWork: what a worker does with one tile, wherever it runs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import ThalwegError
from thalweg.core.grid import Grid, Tile
from thalweg.core.objective import Fields, Objective, Restriction
from thalweg.core.schema import Cell
from thalweg.core.seeded_plane import Planar


@dataclass(frozen=True)
class TileResult:
    """The cells of one tile.

    Attributes:
        fields: arrays of the tile's shape.
        status: codes of `Cell`, of the tile's shape.
        failures: one line for each cell whose loss raised: where, and what it said.
    """

    fields: Fields
    status: NDArray[np.int8]
    failures: tuple[str, ...] = ()


class TileWork:
    """Evaluates the tiles of a grid; picklable, so that it can travel to a worker once.

    Args:
        objective: what is mapped.
        plane: where.
        grid: its tiles are what `__call__` takes.
        fields: which fields.
    """

    def __init__(
        self, objective: Objective, plane: Planar, grid: Grid, fields: tuple[str, ...]
    ) -> None:
        self._ordered = (objective, plane, grid, fields)
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
            objective, plane, _, fields = self._ordered
            self._restriction = objective.restrict(plane, fields)
        return self._restriction

    def __call__(self, tile: Tile) -> TileResult:
        """Return the fields of one tile; a cell that raises is FAILED, the others are computed."""
        _, _, grid, fields = self._ordered
        coords, restriction = grid.coords(tile), self.prepare()
        failures: list[str] = []
        failed = np.zeros(len(coords), dtype=bool)
        try:
            found = restriction(coords)
        except (ThalwegError, MemoryError):  # no fault of one cell
            raise
        except Exception:  # the user's loss may raise anything
            found = {name: np.full(len(coords), np.nan) for name in fields}
            for i in range(len(coords)):
                fault = _one_cell(restriction, coords[i : i + 1], found, i)
                if fault is not None:
                    failed[i] = True
                    failures.append(f"at {_place(coords[i])}: {_said(fault)}")
        finite = np.all([np.isfinite(values) for values in found.values()], axis=0)
        status = np.where(failed, Cell.FAILED, np.where(finite, Cell.DONE, Cell.NONFINITE))
        shaped = {name: values.reshape(tile.shape) for name, values in found.items()}
        return TileResult(shaped, status.astype(np.int8).reshape(tile.shape), tuple(failures))


def _one_cell(
    restriction: Restriction, coords: FloatArray, found: Fields, row: int
) -> Exception | None:
    """Fill one row of `found`, or return what was raised."""
    try:
        for name, values in restriction(coords).items():
            found[name][row] = values[0]
    except (ThalwegError, MemoryError):
        raise
    except Exception as fault:
        return fault
    return None


def _place(coords: FloatArray) -> str:
    return ", ".join(f"{name} = {x:.6g}" for name, x in zip("abc", coords, strict=False))


def _said(fault: Exception) -> str:
    text = " ".join(str(fault).split())
    return f"{type(fault).__name__}: {text}"[:300]
