"""Plane: an origin and one to three directions in parameter space, and the exact geometry on it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, digest, frozen, require_finite
from thalweg.core.errors import InputError

AXES = ("a", "b", "c")


@dataclass(frozen=True, eq=False)
class Plane:
    """The points origin + a d1 (+ b d2 (+ c d3)) of R^n.

    Attributes:
        origin: (n,), where all coordinates are zero.
        directions: (k, n), k = 1, 2 or 3; any lengths and angles, but linearly independent.
        labels: k captions, one a direction, for the axes of a picture.
        recipe: how it was made, in words and numbers; kept as provenance.

    Raises:
        InputError: wrong shapes, numbers that are not finite, or dependent directions.

    >>> plane = Plane(np.zeros(3), [[1.0, 0, 0], [1.0, 2.0, 0]])
    >>> plane.coordinates([3.0, 4.0, 5.0]).round(12), float(plane.residual([3.0, 4.0, 5.0]))
    (array([1., 2.]), 5.0)
    """

    origin: FloatArray
    directions: FloatArray
    labels: tuple[str, ...] = ()
    recipe: str = ""

    def __post_init__(self) -> None:
        origin = as_floats(self.origin, "origin", (None,), "pass one flat parameter vector")
        mend = f"stack 1 to 3 directions of length {origin.size} as rows"
        directions = as_floats(self.directions, "directions", (None, origin.size), mend)
        if not 1 <= len(directions) <= 3:
            raise InputError("a plane needs 1 to 3 directions", str(len(directions)), mend)
        require_finite(origin, "origin", "pass parameters of a run that did not diverge")
        require_finite(directions, "directions", "build them from finite points")
        lengths = np.linalg.norm(directions, axis=1)
        dependent = not lengths.all() or len(directions) > origin.size
        if not dependent:
            unit = directions / lengths[:, None]
            dependent = float(np.linalg.svd(unit, compute_uv=False)[-1]) < 1e-10
        if dependent:
            raise InputError(
                "directions must be linearly independent",
                f"{len(directions)} that span less",
                "draw another seed or orthogonalize them",
            )
        labels = self.labels or tuple(f"direction {i + 1}" for i in range(len(directions)))
        if len(labels) != len(directions):
            raise InputError(f"labels must be {len(directions)}", repr(labels), "give one an axis")
        object.__setattr__(self, "origin", frozen(origin))
        object.__setattr__(self, "directions", frozen(directions))
        object.__setattr__(self, "labels", labels)

    @property
    def k(self) -> int:
        """Number of directions: 1 a line, 2 a plane, 3 a volume."""
        return len(self.directions)

    @property
    def size(self) -> int:
        """Number of parameters n."""
        return self.origin.size

    @cached_property
    def lengths(self) -> tuple[float, ...]:
        """Euclidean norms of the k directions."""
        return tuple(float(x) for x in np.linalg.norm(self.directions, axis=1))

    @cached_property
    def origin_length(self) -> float:
        """Euclidean norm of the origin."""
        return float(np.linalg.norm(self.origin))

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the coordinates: the first k of a, b, c."""
        return AXES[: self.k]

    def points(self, coords: ArrayLike) -> FloatArray:
        """Return the points (m, n) at coordinates (m, k).

        Added up one direction after the other, so that a point has the same bits alone and among
        others (a matrix product does not promise that).
        """
        wanted = (None, self.k)
        coords = as_floats(coords, "coordinates", wanted, "one row a point, one column an axis")
        points = np.tile(self.origin, (len(coords), 1))
        with np.errstate(all="ignore"):  # a path that diverged is a result, not a fault
            for along, direction in zip(coords.T, self.directions, strict=True):
                points += along[:, None] * direction
        return points

    @cached_property
    def _dual(self) -> FloatArray:
        """Pseudo-inverse (n, k), by which least squares projects; exact for oblique directions.

        Taken of unit directions, so that no ratio of lengths can make it drop one.
        """
        lengths = np.linalg.norm(self.directions, axis=1)
        return np.linalg.pinv(self.directions / lengths[:, None]) / lengths

    def coordinates(self, points: ArrayLike) -> FloatArray:
        """Return the coordinates (..., k) of the orthogonal projections of points (..., n).

        Least squares, so right for directions of any length and any angle; a plain dot
        product is right for orthonormal directions only.

        Raises:
            InputError: the points live in another space.
        """
        with np.errstate(all="ignore"):
            return self._moved(points) @ self._dual

    def residual(self, points: ArrayLike) -> FloatArray:
        """Return the Euclidean distance (...) of points (..., n) from the plane.

        Raises:
            InputError: the points live in another space.
        """
        with np.errstate(all="ignore"):
            moved = self._moved(points)
            off = moved - moved @ self._dual @ self.directions
            return np.asarray(np.linalg.norm(off, axis=-1), dtype=np.float64)

    def _moved(self, points: ArrayLike) -> FloatArray:
        moved = np.asarray(points, dtype=np.float64)
        if moved.shape[-1:] != self.origin.shape:
            wanted = f"points must lie in R^{self.origin.size}"
            raise InputError(wanted, f"shape {moved.shape}", "project points of the same space")
        return moved - self.origin

    def cosines(self) -> FloatArray:
        """Return the matrix (k, k) of cosines between the directions; identity if orthogonal."""
        unit = self.directions / np.linalg.norm(self.directions, axis=1, keepdims=True)
        return unit @ unit.T

    def digest(self) -> str:
        """Return 16 hexadecimal digits that name origin and directions."""
        return digest(self.origin, self.directions)
