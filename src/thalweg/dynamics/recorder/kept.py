"""What a Recorder keeps of a point: all of it, or projections of it."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, DTypeLike, NDArray

from thalweg.core.arrays import digest
from thalweg.core.errors import InputError
from thalweg.core.layout_attrs import layout_attrs
from thalweg.core.schema import Attr, projections_dataset, trajectory_dataset
from thalweg.dynamics.recorder.projection import Projection, directions_of
from thalweg.dynamics.recorder.reading import Reader

Values = dict[str, NDArray[np.floating]]
NONE = np.empty(0)


class WholePoints:
    """All parameters, rounded to `dtype`."""

    def __init__(self, reader: Reader, dtype: np.dtype) -> None:
        self._reader, self._dtype = reader, dtype

    def blank(self, attrs: Mapping[str, Attr]) -> xr.Dataset:
        """Return the *trajectory* without rows."""
        layout = self._reader.layout
        points = np.empty((0, layout.size), self._dtype)
        own = {"dtype": self._dtype.name, **layout_attrs(layout)}
        own["start_digest"] = digest(self._reader.row(self._dtype))
        return trajectory_dataset(np.empty(0, np.int64), points, NONE, NONE, {**own, **attrs})

    def values(self, blank: xr.Dataset) -> Values:
        """Return what is kept of the point where the model is now."""
        return {"point": self._reader.row(self._dtype)}


class ProjectedPoints:
    """Inner products with directions, norm, and distance from the start as it was kept.

    Memory: the start in `dtype`, one block in float64, and the directions if they were given or
    need at most 128 MB; longer ones are drawn again for every row, about 10 ns a number.
    """

    def __init__(self, reader: Reader, dtype: np.dtype, projection: Projection | ArrayLike) -> None:
        self._reader, self._dtype = reader, dtype
        self._directions = directions_of(reader.layout, projection)

    def blank(self, attrs: Mapping[str, Attr]) -> xr.Dataset:
        """Return the *projections* without rows, with the start at the model's parameters."""
        own = {"dtype": self._dtype.name, "projection": self._directions.recipe}
        empty = {"product": np.empty((0, self._directions.k))}
        empty |= dict.fromkeys(("distance", "norm", "loss", "gradient_norm"), NONE)
        start = self._reader.row(self._dtype)
        own |= {**layout_attrs(self._reader.layout), "start_digest": digest(start)}
        return projections_dataset(np.empty(0, np.int64), empty, start, {**own, **attrs})

    def values(self, blank: xr.Dataset) -> Values:
        """Return what is kept of the point where the model is now."""
        start = blank["start"].values
        products, moved, size = np.zeros(self._directions.k), 0.0, 0.0
        with np.errstate(all="ignore"):  # a diverged run is a result, not a fault
            for block, at, part in self._reader.parts():
                products += self._directions.products(block, part)
                difference = part - start[at]
                size += float(part @ part)
                moved += float(difference @ difference)
        return {
            "product": products,
            "distance": np.array(np.sqrt(moved)),
            "norm": np.array(np.sqrt(size)),
        }


KeptPoints = WholePoints | ProjectedPoints


def kept_points(
    reader: Reader, dtype: DTypeLike, projection: Projection | ArrayLike | None
) -> KeptPoints:
    """Return what a Recorder was asked to keep.

    Raises:
        InputError: no such type of numbers, or directions that do not fit.
    """
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = np.dtype(object)
    if kind not in (np.float64, np.float32, np.float16):
        mend = "pass np.float32, which holds torch.bfloat16 and torch.float16 exactly"
        raise InputError("dtype must be np.float64, np.float32 or np.float16", repr(dtype), mend)
    if projection is None:
        return WholePoints(reader, kind)
    return ProjectedPoints(reader, kind, projection)
