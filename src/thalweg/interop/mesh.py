"""Mesh: a surface as triangles, with a hole wherever a corner is not finite."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.interop.heights import Heights, Relief


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles over the plane, seen from above counterclockwise, so that normals point up.

    Attributes:
        points: (v, 3), (a, b, height); only those that a triangle needs.
        triangles: (t, 3), rows of points.
        colors: (v, 3), sRGB, 0 to 1.
        normals: (v, 3), of length 1, the mean of those of the triangles around, by their area.
        relief: what the heights are.
    """

    points: FloatArray
    triangles: NDArray[np.int64]
    colors: FloatArray
    normals: FloatArray
    relief: Relief

    @property
    def facets(self) -> FloatArray:
        """Normals (t, 3) of the triangles, twice as long as each is large."""
        return facets(self.points, self.triangles)


def mesh_of(surface: xr.Dataset, heights: Heights = Heights()) -> Mesh:  # noqa: B008
    """Return the mesh of a two-dimensional *surface*: two triangles between four finite cells.

    Where one of the four is not finite, what is left of the two triangles stays, if any.

    Raises:
        InputError: what `heights` asks does not fit, or no three neighbors are finite.
    """
    relief = heights.of(surface)
    nb, na = relief.values.shape
    rows = np.arange(nb * na).reshape(nb, na)
    here, right = rows[:-1, :-1].ravel(), rows[:-1, 1:].ravel()
    above, across = rows[1:, :-1].ravel(), rows[1:, 1:].ravel()
    pairs = [np.stack([here, right, across], axis=1), np.stack([here, across, above], axis=1)]
    triangles = np.stack(pairs, axis=1).reshape(-1, 3)
    b, a = np.meshgrid(relief.b, relief.a, indexing="ij")
    points = np.column_stack([a.ravel(), b.ravel(), relief.height(relief.values).ravel()])
    known = np.isfinite(points[:, 2])
    triangles = triangles[known[triangles].all(axis=1)]
    if not len(triangles):
        got = f"{int(np.isfinite(relief.values).sum())} finite cells on a {nb} x {na} grid"
        raise InputError("a mesh needs 3 finite neighbors", got, "write .vts, .csv or .nc")
    used, flat = np.unique(triangles, return_inverse=True)
    points, triangles = points[used], flat.reshape(-1, 3)
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], facets(points, triangles))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    colors = relief.colors(relief.values.ravel()[used])
    return Mesh(points, triangles, colors, normals, relief)


def facets(points: FloatArray, triangles: NDArray[np.int64]) -> FloatArray:
    """Return normals (t, 3) of triangles, twice as long as each is large."""
    p, q, r = (points[triangles[:, corner]] for corner in range(3))
    return np.cross(q - p, r - p)
