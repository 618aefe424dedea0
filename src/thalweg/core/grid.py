"""Grid: labeled axes of coordinates on a plane, and its division into tiles."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, digest, frozen, require_finite
from thalweg.core.errors import InputError
from thalweg.core.plane import AXES

CELL_LIMIT = 50_000_000


@dataclass(frozen=True)
class Tile:
    """A rectangle of cells; `slices` are in array order (c, b, a)."""

    slices: tuple[slice, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of cells along each axis, in array order."""
        return tuple(at.stop - at.start for at in self.slices)

    @property
    def size(self) -> int:
        """Number of cells."""
        return prod(self.shape)


@dataclass(frozen=True, eq=False)
class Grid:
    """A rectangular grid with one increasing axis a direction.

    Arrays on the grid have dims (c, b, a), reversed, so that a surface has rows = b, columns = a.

    Attributes:
        axes: k arrays of coordinates, in the order a, b, c; lengths and steps may differ.
        tile: cells a tile has along each axis at most.

    Raises:
        InputError: no axis or more than three, an empty or unsorted axis, too many cells.

    >>> grid = Grid((np.array([0.0, 1.0, 2.0]), np.array([10.0, 20.0])))
    >>> grid.shape, grid.dims, grid.coords()[1]
    ((2, 3), ('b', 'a'), array([ 1., 10.]))
    """

    axes: tuple[FloatArray, ...]
    tile: int = 64

    def __post_init__(self) -> None:
        if not 1 <= len(self.axes) <= 3:
            raise InputError("a grid needs 1 to 3 axes", str(len(self.axes)), "give a, b and c")
        if self.tile < 1:
            raise InputError("tile must be at least 1", str(self.tile), "leave the default, 64")
        checked = []
        for name, axis in zip(AXES, self.axes, strict=False):
            mend = "use np.linspace(low, high, points)"
            values = as_floats(axis, f"axis {name}", (None,), mend)
            require_finite(values, f"axis {name}", mend)
            if values.size == 0 or (np.diff(values) <= 0).any():
                got = "none" if values.size == 0 else "values that do not increase"
                raise InputError(f"axis {name} must have increasing values", got, mend)
            checked.append(frozen(values))
        object.__setattr__(self, "axes", tuple(checked))
        if self.size > CELL_LIMIT:
            raise InputError(
                f"a grid may have at most {CELL_LIMIT:,} cells",
                f"{self.size:,}",
                "lower the number of points an axis",
            )

    @classmethod
    def square(cls, radius: float = 1.0, points: int = 51, k: int = 2, tile: int = 64) -> "Grid":
        """Return the grid from -radius to radius with `points` on each of k axes."""
        if not (np.isfinite(radius) and radius > 0):
            raise InputError("radius must be a finite number above 0", repr(radius), "try 1.0")
        if points < 1:
            raise InputError("a grid needs at least 1 point an axis", str(points), "try 51")
        if not 1 <= k <= 3:
            raise InputError("a grid needs 1 to 3 axes", str(k), "give k = 1, 2 or 3")
        if points**k > CELL_LIMIT:  # before linspace allocates anything
            wanted = f"a grid may have at most {CELL_LIMIT:,} cells"
            raise InputError(wanted, f"{points**k:,}", "lower the number of points an axis")
        axis = np.linspace(-radius, radius, points) if points > 1 else np.zeros(1)
        return cls((axis,) * k, tile)

    @classmethod
    def covering(
        cls, coords: ArrayLike, points: int = 51, margin: float = 0.15, least: float = 0.5
    ) -> "Grid":
        """Return the grid whose window holds all coordinates (m, k) with a margin around them.

        Cells are as near to square as the window allows: the longest axis gets `points`. Every
        axis gets at least `least` times the longest window, so that thin paths stay readable;
        1.0 makes the window a square.

        Raises:
            InputError: no coordinates, or some that are not finite.
        """
        coords = as_floats(coords, "coordinates", (None, None), "pass path coordinates (m, k)")
        require_finite(coords, "coordinates", "cut the path where it diverged")
        if not coords.size:
            raise InputError("coordinates must hold at least 1 point", "none", "pass a path")
        low, high = coords.min(axis=0), coords.max(axis=0)
        half = (high - low) / 2 * (1 + 2 * margin)
        half = np.maximum(half, least * half.max()) if half.max() > 0 else np.ones_like(half)
        mid, longest = (low + high) / 2, half.max()
        counts = [max(2, round(points * h / longest)) for h in half]
        windows = zip(mid, half, counts, strict=True)
        return cls(tuple(np.linspace(m - h, m + h, n) for m, h, n in windows))

    @property
    def k(self) -> int:
        """Number of axes."""
        return len(self.axes)

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the array dims, slowest first: ('b', 'a') for a plane."""
        return AXES[: self.k][::-1]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an array on the grid, in the order of `dims`."""
        return tuple(axis.size for axis in self.axes[::-1])

    @property
    def size(self) -> int:
        """Number of cells."""
        cells = 1
        for axis in self.axes:
            cells *= axis.size
        return cells

    def tiles(self) -> Iterator[Tile]:
        """Yield the tiles that cover the grid exactly once, in array order."""
        starts = [range(0, length, self.tile) for length in self.shape]
        for corner in np.ndindex(*(len(s) for s in starts)):
            at = [s[i] for s, i in zip(starts, corner, strict=True)]
            ends = [min(i + self.tile, n) for i, n in zip(at, self.shape, strict=True)]
            yield Tile(tuple(slice(i, j) for i, j in zip(at, ends, strict=True)))

    def coords(self, tile: Tile | None = None) -> FloatArray:
        """Return the coordinates (m, k) of the cells of a tile (or all), a varying fastest."""
        where = tile.slices if tile else (slice(None),) * self.k
        chosen = [axis[at] for axis, at in zip(self.axes[::-1], where, strict=True)]
        mesh = np.meshgrid(*chosen, indexing="ij")
        return np.stack([m.ravel() for m in mesh[::-1]], axis=1)

    def digest(self) -> str:
        """Return 16 hexadecimal digits that name the axes and the tiling."""
        return digest(*self.axes, [self.tile])
