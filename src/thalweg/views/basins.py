"""Basins over a map: their outlines, the critical cells as marks, and what they do not say."""

from collections.abc import Iterator
from dataclasses import replace

import contourpy
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy.ndimage import find_objects

from thalweg.core.arrays import FloatArray, as_floats, frozen
from thalweg.core.errors import InputError
from thalweg.core.schema import require_kind
from thalweg.views.levels import finite, format_number
from thalweg.views.surface import Mark, MarkKind, SurfaceView, field_label
from thalweg.views.trust import TrustLine, TrustLines, trust_lines

_KINDS = {"minimum": MarkKind.MINIMUM, "saddle": MarkKind.SADDLE, "maximum": MarkKind.MAXIMUM}


def with_basins(
    view: SurfaceView, topology: xr.Dataset, *, saddles: bool = True, maxima: bool = False
) -> SurfaceView:
    """Return the map with the outlines of its basins, and critical cells marked.

    Cells that are no more persistent than the threshold of the basins are left out; those that
    may continue outside the window are hollow.

    Args:
        view: the map.
        topology: a *topology* of the same surface.
        saddles: whether to mark saddles.
        maxima: whether to mark maxima.

    Raises:
        InputError: another kind of Dataset, or one of another grid.
    """
    require_kind(topology, "topology")
    shape = topology["basin"].shape
    if shape != view.values.shape or not (
        np.array_equal(topology["a"], view.a) and np.array_equal(topology["b"], view.b)
    ):
        mend = "take the topology of the surface that is drawn"
        raise InputError(f"the topology must lie on the grid {view.values.shape}", str(shape), mend)
    kinds = ["minimum", *["saddle"] * saddles, *["maximum"] * maxima]
    marks = [mark for kind in kinds for mark in _marks(topology, kind)]
    outlines = tuple(frozen(line) for line in _outlines(view, topology["basin"].values))
    return replace(view, marks=(*view.marks, *marks), outlines=outlines)


def topology_lines(topology: xr.Dataset, out_of_plane: ArrayLike | None = None) -> TrustLines:
    """Return what to write under a picture of basins.

    Args:
        topology: a *topology*.
        out_of_plane: (m,), the length of the gradient's part out of the plane at each minimum.

    Raises:
        InputError: another kind of Dataset, or not one number a minimum.
    """
    require_kind(topology, "topology")
    about, count = topology.attrs, topology.sizes["minimum"]
    noise, field = float(about["noise"]), field_label(str(about["field"]))
    source = f" ({words})" if (words := str(about.get("noise_words", ""))) else ""
    exact = f"Every {field} is taken as exact."
    band = f"Any {field} may be off by {format_number(noise)}{source}: a minimum less than twice "
    if out_of_plane is None:
        slice_ = "A minimum of the picture need not be a minimum of the objective."
        steep = TrustLine(slice_, warning=True)
    else:
        norms = as_floats(out_of_plane, "out_of_plane", (count,), "give one number a minimum")
        steep = _steep(norms)
    edge = int(topology["minimum_on_boundary"].values.sum())
    hollow = (
        "Hollow marks touch the edge of the window or a hole, and may go on outside."
        if edge
        else ""
    )
    return trust_lines(
        [
            f"{about['summary'][:1].upper()}{about['summary'][1:]}.",
            steep,
            band + "that deep may be made by noise." if noise else exact,
            hollow,
        ]
    )


def _steep(norms: FloatArray) -> TrustLine:
    known = finite(norms)
    if not known.size:
        return TrustLine("The gradient at the minima of the picture is not finite.", warning=True)
    low, high = format_number(float(known.min()), 2), format_number(float(known.max()), 2)
    span = low if low == high else f"{low} to {high}"
    words = f"The gradient out of the plane at the minima of the picture is {span}"
    falls = ": where it is not 0, the loss falls further there"
    return TrustLine(f"{words}{falls if known.max() > 0 else ''}.", warning=bool(known.max() > 0))


def _marks(topology: xr.Dataset, kind: str) -> Iterator[Mark]:
    names = ("a", "b", "persistence", "on_boundary")
    rows = zip(*(topology[f"{kind}_{name}"].values for name in names), strict=True)
    threshold = float(topology.attrs["threshold"])
    for a, b, strong, hollow in rows:
        if not strong <= threshold:  # NaN: unknown, so it stays
            yield Mark(float(a), float(b), "", _KINDS[kind], bool(hollow))


def _outlines(view: SurfaceView, basin: FloatArray) -> Iterator[FloatArray]:
    """Yield lines half-way between cells of different basins."""
    if min(basin.shape) < 2:
        return
    for label, box in enumerate(find_objects(basin + 1)):
        if box is None:
            continue
        at = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in box)
        here = np.ma.masked_array((basin[at] == label).astype(float), basin[at] < 0)
        b, a = view.b[at[0]], view.a[at[1]]
        if min(here.shape) > 1:
            for line in contourpy.contour_generator(a, b, here).lines(0.5):
                yield np.asarray(line, dtype=np.float64)
