"""Trace: the path of a run on one ground, as far as it has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.core.schema import Attr, provenance
from thalweg.viewer.frames import Frame
from thalweg.views.levels import format_number

if TYPE_CHECKING:
    from thalweg.web.ground import Ground


@dataclass(frozen=True, eq=False)
class Trace:
    """A path; longer ones share its memory.

    Attributes:
        ground: what it lies on.
        size: its number of rows, t.
        course: (4, more than t), a, b, distance out of the plane, loss of the plane below.
        bands: (more than t,), how large the gap of each row or the one before is.
        losses: (t,), true ones.
        left: when it left the map and where, in words; "" if it never did.
    """

    ground: "Ground"
    size: int
    course: FloatArray
    bands: NDArray[np.uint8]
    losses: FloatArray
    left: str

    def words(self, status: str, length: int) -> str:
        """Return how the run stands: that it left the map, rested, or where it was last seen."""
        last = self.size - 1
        if status == "rested":
            return _joined(f"rested at step {last:,} of {length:,}", self.left)
        if status != "diverged":
            return self.left
        a, b, distance = (format_number(float(x)) for x in self.course[:3, last])
        gone = f"diverged at step {last:,}: the loss is not finite"
        if np.isfinite(self.losses[-1]):
            gone = f"diverged at step {last + 1:,}: the step is not finite"
        seen = f"last seen at a = {a}, b = {b}, {distance} out of the plane"
        return _joined(gone, self.left, seen)


def path_frame_of(trace: Trace, run: int, first: int = 0) -> Frame:
    """Return the frame of the rows of a run from `first` on; 0 replaces what the viewer has."""
    a, b, distance, below = trace.course[:, first : trace.size]
    arrays = {
        "step": np.arange(first, trace.size),
        "a": a,
        "b": b,
        "loss": trace.losses[first:],
        "plane_loss": below,
        "distance": distance,
        "band": trace.bands[first : trace.size],
    }
    head = {"scene": trace.ground.scene, "run": run, "replace": first == 0}
    return Frame("path", head, arrays)


def path_dataset_of(trace: Trace, attrs: Mapping[str, Attr]) -> xr.Dataset:
    """Return the *path* Dataset of a trace; the attributes are its run's."""
    a, b, residual, below = trace.course[:, : trace.size].copy()
    with np.errstate(all="ignore"):  # a diverging run is a result, not a fault
        gap = trace.losses - below
    finite = np.abs(gap[np.isfinite(gap)])
    columns = {"a": a, "b": b, "residual": residual, "loss": trace.losses}
    columns |= {"plane_loss": below, "gap": gap}
    about: dict[str, Attr] = {
        **attrs,
        "plane_digest": trace.ground.plane.digest(),
        "largest_gap": float(finite.max()) if finite.size else float("nan"),
    }
    return xr.Dataset(
        {name: ("step", values) for name, values in columns.items()},
        coords={"step": np.arange(trace.size)},
        attrs=provenance("path", about),
    )


def leaving(ground: "Ground", coords: FloatArray, first: int) -> str:
    """Return at which step coordinates (2, t) from step `first` on leave the window, and where."""
    window, (a, b) = ground.window, coords
    edges = [
        (a > window.a1, "a", window.a1),
        (a < window.a0, "a", window.a0),
        (b > window.b1, "b", window.b1),
        (b < window.b0, "b", window.b0),
    ]
    outside = np.any([past for past, _, _ in edges], axis=0)
    if not outside.any():
        return ""
    row = int(outside.argmax())
    name, edge = next((name, edge) for past, name, edge in edges if past[row])
    did = f"left the map at step {first + row:,}" if first + row else "began outside the map"
    return f"{did}, past {name} = {format_number(edge)}"


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
