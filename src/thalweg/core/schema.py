"""Schema: what the result Datasets hold, and the provenance they carry.

*surface*     dims (c, b, a) as far as the plane has directions; one float variable a field, and
              `status`, a code of `Cell` for every cell, so that NaN in a field means "the loss is
              NaN" and nothing else. `origin (parameter)` and `directions (direction, parameter)`
              are the plane itself; a seeded plane is kept by its `recipe` alone. The attributes
              hold `origin_length`, `lengths` and `cosines` of the directions either way.
*trajectory*  dims (step, parameter); `point`, `loss`, `gradient_norm`, `step_length` (distance
              from the row before; 0 at the start).
*projections* what is kept of a trajectory whose points are too large: dims (step, direction);
              `product` of each point with each direction, `distance` from the start, `norm` of
              the point, `loss`, `gradient_norm`; and `start (parameter)`.
*path*        a trajectory in a plane: dim step; `a`, `b`, ..., `residual`, `loss`, `plane_loss`,
              `gap` = loss - plane_loss.
*spectrum*    dims (eigenvalue, parameter); `eigenvalues` ascending, `eigenvectors` as rows. With
              the attribute `truncated`, the ends alone: so many values between them are left out.
*topology*    dims minimum, saddle, maximum: a row a critical cell of a surface, the most
              persistent first; and `basin` (c, b, a): the row of each cell's minimum, -1 if none.
*density*     dim eigenvalue; `density` of the eigenvalues, smoothed, and its `stderr`.
*stability*   dim step; `top_eigenvalue` that the optimizer feels, `stability_ratio` over its limit.
*moving_frame* dims (y, x): `loss` and `status` off the path and along it; `step`, `turn`, `tilt`
              of the columns; `gap`, recorded minus drawn loss.

Tables that are only read by the code that made them say what they hold there: *curvature*
(`curvature/along.py`), *oscillation* (`dynamics/oscillation.py`), *saddles behind*
(`critical/behind.py`), *searches* (`critical/many.py`).
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import AXES, Plane
from thalweg.core.seeded_plane import Planar
from thalweg.version import __version__

Attr = str | int | float | list[str] | list[float]

_VARIABLES = {
    "surface": {"status"},
    "trajectory": {"point", "loss", "gradient_norm", "step_length"},
    "projections": {"product", "distance", "norm", "loss", "gradient_norm", "start"},
    "path": {"a", "residual", "loss", "plane_loss", "gap"},
    "spectrum": {"eigenvalues"},
    "topology": {"basin", "minimum_value", "minimum_persistence"},
    "density": {"density", "stderr"},
    "stability": {"top_eigenvalue", "stability_ratio"},
    "moving_frame": {"loss", "status", "step", "turn", "tilt", "gap", "traveled"},
}


class Cell(IntEnum):
    """What is known of a cell of a surface."""

    PENDING = 0
    DONE = 1
    NONFINITE = 2
    FAILED = 3


def provenance(kind: str, attrs: Mapping[str, Attr]) -> dict[str, Attr]:
    """Return the attributes that every result carries: kind, version, and what the maker adds."""
    return {"kind": kind, "thalweg_version": __version__, **attrs}


def surface_dataset(
    plane: Planar,
    grid: Grid,
    fields: Mapping[str, FloatArray],
    status: NDArray[np.int8],
    attrs: Mapping[str, Attr],
) -> xr.Dataset:
    """Return a *surface*: fields and status of the grid's shape, the plane beside them."""
    coords = {name: (name, axis) for name, axis in zip(plane.axes, grid.axes, strict=True)}
    variables: dict[str, tuple[object, object]] = {
        name: (grid.dims, values) for name, values in fields.items()
    }
    variables["status"] = (grid.dims, status)
    if isinstance(plane, Plane):
        variables["origin"] = ("parameter", np.array(plane.origin))
        variables["directions"] = (("direction", "parameter"), np.array(plane.directions))
    own: dict[str, Attr] = {
        "labels": list(plane.labels),
        "recipe": plane.recipe,
        "origin_length": plane.origin_length,
        "lengths": list(plane.lengths),
        "cosines": [float(x) for x in plane.cosines().ravel()],
        "plane_digest": plane.digest(),
        "grid_digest": grid.digest(),
    }
    return xr.Dataset(variables, coords=coords, attrs=provenance("surface", {**own, **attrs}))


def trajectory_dataset(
    steps: ArrayLike,
    points: NDArray[np.floating],
    losses: FloatArray,
    gradient_norms: FloatArray,
    attrs: Mapping[str, Attr],
) -> xr.Dataset:
    """Return a *trajectory* from points (T + 1, n) and their scalars (T + 1,)."""
    return xr.Dataset(
        {
            "point": (("step", "parameter"), points),
            "loss": ("step", losses),
            "gradient_norm": ("step", gradient_norms),
            "step_length": ("step", step_lengths(points)),
        },
        coords={"step": np.asarray(steps, dtype=np.int64)},
        attrs=provenance("trajectory", attrs),
    )


def step_lengths(points: Iterable[NDArray[np.floating]]) -> FloatArray:
    """Return the distance (T,) of each of T points (n,) from the one before, in float64.

    >>> step_lengths(np.array([[0, 0], [3, 4], [3, 4]], dtype=np.float16))
    array([0., 5., 0.])
    """
    lengths, before = [], None
    with np.errstate(all="ignore"):  # a diverged run is a result, not a fault
        for point in points:  # one at once: together they may fill the memory
            moved = 0.0
            if before is not None:
                difference = np.subtract(point, before, dtype=np.float64)
                moved = float(np.sqrt(np.square(difference, out=difference).sum()))
            lengths.append(moved)
            before = point
    return np.array(lengths)


def projections_dataset(
    steps: ArrayLike,
    columns: Mapping[str, FloatArray],
    start: NDArray[np.floating],
    attrs: Mapping[str, Attr],
) -> xr.Dataset:
    """Return *projections*: product (T + 1, k), the other columns (T + 1,), and start (n,)."""
    dims = {name: ("step", "direction") if name == "product" else "step" for name in columns}
    return xr.Dataset(
        {**{name: (dims[name], x) for name, x in columns.items()}, "start": ("parameter", start)},
        coords={"step": np.asarray(steps, dtype=np.int64)},
        attrs=provenance("projections", attrs),
    )


def axes_of(surface: xr.Dataset) -> tuple[str, ...]:
    """Return the names of a surface's coordinates: the first k of a, b, c."""
    require_kind(surface, "surface")
    return AXES[: len(surface.attrs["lengths"])]


def plane_of(surface: xr.Dataset) -> Plane:
    """Return the plane on which a surface was evaluated.

    Raises:
        InputError: no surface, or one of a seeded plane, which keeps no arrays.
    """
    require_kind(surface, "surface")
    if "directions" not in surface:
        mend = "make it again: seeded_plane(objective, ...).dense(objective.start)"
        raise InputError("the surface must hold its directions", surface.attrs["recipe"], mend)
    labels = tuple(surface.attrs["labels"])
    recipe = surface.attrs["recipe"]
    return Plane(surface["origin"].values, surface["directions"].values, labels, recipe)


def require_kind(dataset: xr.Dataset, kind: str) -> xr.Dataset:
    """Return the Dataset if it is of that kind and whole.

    Raises:
        InputError: another kind, or variables are missing.
    """
    got = str(dataset.attrs.get("kind", "a Dataset without a kind"))
    if got != kind:
        raise InputError(f"wanted a {kind}", got, f"pass a Dataset of kind {kind}")
    missing = sorted(_VARIABLES[kind] - set(dataset.variables))
    if missing:
        raise InputError(f"a {kind} must hold {missing}", "none of them", "make it anew")
    return dataset
