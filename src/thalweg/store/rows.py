"""Rows of a recorded run in the making, in memory; `TrajectoryStore` keeps them on disk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.schema import step_lengths

NAN = float("nan")


@dataclass
class Row:
    """One row of a recorded run; its loss and gradient norm come to be known a step later.

    Attributes:
        step: how many steps led there.
        values: what is kept of the point, by the name of its variable.
        loss: at the point; NaN while nobody told it.
        gradient_norm: at the point; NaN while nobody told it.
    """

    step: int
    values: Mapping[str, NDArray[np.floating]]
    loss: float = NAN
    gradient_norm: float = NAN


class TrajectoryDraft:
    """The rows of a recorded run, in memory.

    Args:
        blank: the Dataset to be made, still without rows.
        stride: steps between rows.
    """

    def __init__(self, blank: xr.Dataset, stride: int) -> None:
        self.blank, self.stride = blank, stride
        self._rows: list[Row] = []

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def first(self) -> int:
        """The step of the first row."""
        return self._rows[0].step

    @property
    def last(self) -> int:
        """The step of the last row."""
        return self._rows[-1].step

    def add(self, row: Row) -> None:
        """Take the next row; what is known of it later may still be written into it."""
        self._rows.append(row)

    def thin(self, stride: int) -> None:
        """Keep the rows that lie a multiple of `stride` steps after the first."""
        first = self.first
        self._rows = [row for row in self._rows if (row.step - first) % stride == 0]
        self.stride = stride

    def dataset(self, *more: Row) -> xr.Dataset:
        """Return the run as it is now, with more rows at its end."""
        return self._dataset(columns(self.blank, [*self._rows, *more]))

    def close(self, *more: Row) -> None:
        """Take the last rows; nothing comes after them."""
        self._rows.extend(more)

    def _dataset(self, filled: Mapping[str, NDArray[Any]]) -> xr.Dataset:
        """Return the blank Dataset with these columns along `step`."""
        variables = {
            name: (old.dims, filled.get(str(name), old.values))
            for name, old in self.blank.variables.items()
        }
        if "point" in filled:
            variables["step_length"] = (("step",), step_lengths(filled["point"]))
        attrs = {**self.blank.attrs, **growing_attrs(filled["step"].tolist(), self.stride)}
        return xr.Dataset(variables, attrs=attrs).set_coords("step")


def growing_attrs(steps: Iterable[int], stride: int) -> dict[str, int]:
    """Return the attributes that change while a run goes on: its last step, and its stride."""
    return {"steps": max(steps, default=0), "stride": stride}


def columns(blank: xr.Dataset, rows: Iterable[Row]) -> dict[str, NDArray[Any]]:
    """Return what the rows hold, by variable, but for the lengths of the steps between them."""
    rows = list(rows)
    made: dict[str, NDArray[Any]] = {}
    for name, variable in blank.variables.items():
        if "step" in variable.dims and name != "step_length":
            whole = np.empty((len(rows), *variable.shape[1:]), variable.dtype)
            for i, row in enumerate(rows):
                whole[i] = row.values[str(name)] if name in row.values else getattr(row, str(name))
            made[str(name)] = whole
    return made
