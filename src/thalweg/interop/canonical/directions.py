"""Direction files of tomgoldstein/loss-landscape: a tensor a dataset, in the model's order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thalweg.core.arrays import FloatArray, as_floats
from thalweg.core.errors import InputError, StoreError
from thalweg.core.layout import Layout
from thalweg.core.plane import Plane
from thalweg.geometry.directions import principal_directions
from thalweg.interop.apart import arrays_of_h5
from thalweg.interop.canonical.writing import write_arrays

_GROUPS = ("xdirection", "ydirection")
_SPREAD = ("explained_variance_ratio_", "singular_values_", "explained_variance_")


@dataclass(frozen=True, eq=False)
class Spread:
    """What a file of principal directions says of the cloud, each (k,)."""

    explained_ratio: FloatArray
    singular_values: FloatArray
    explained_variance: FloatArray


@dataclass(frozen=True, eq=False)
class CanonicalDirections:
    """One or two directions, tensor by tensor.

    Attributes:
        tensors: k tuples of arrays in the order and the shapes of the model's parameters.
        spread: of a file of principal directions; None of any other.
    """

    tensors: tuple[tuple[NDArray[np.floating], ...], ...]
    spread: Spread | None = None

    @property
    def flat(self) -> FloatArray:
        """The directions as rows (k, n), float64."""
        rows = [np.concatenate([t.ravel() for t in tensors]) for tensors in self.tensors]
        return np.stack(rows).astype(np.float64)

    def plane(self, origin: ArrayLike) -> Plane:
        """Return the plane through origin (n,), as that code draws it: its final weights."""
        if self.spread is None:
            labels = [f"canonical direction {i + 1}" for i in range(len(self.tensors))]
        else:
            shares = 100 * self.spread.explained_ratio
            labels = [f"principal direction {i + 1}, {s:.0f} %" for i, s in enumerate(shares)]
        return Plane(np.asarray(origin), self.flat, tuple(labels), "directions of a canonical file")


def read_directions(path: Path | str) -> CanonicalDirections:
    """Return the directions in a file, principal ones with what it says of their spread.

    Raises:
        StoreError: no such file, or not one of directions.
    """
    found = arrays_of_h5(path)[0]
    tensors = []
    for group in _GROUPS:
        own = {name: array for name, array in found.items() if name.startswith(f"{group}/")}
        names = [f"{group}/{i}" for i in range(len(own))]
        if set(names) != set(own):
            got = f"{group} with {', '.join(sorted(own))}"
            raise StoreError(f"{path} must number its tensors 0, 1, ...", got, "write it anew")
        if names:
            tensors.append(tuple(np.asarray(own[name]) for name in names))
    shapes = [[t.shape for t in each] for each in tensors]
    if not tensors or any(own != shapes[0] for own in shapes):
        got = f"datasets {', '.join(found) or 'none'}" if not tensors else "tensors unlike in shape"
        mend = "pass a direction file, <model>_weights_....h5 or directions.h5"
        raise StoreError(f"{path} must hold xdirection (and ydirection)", got, mend)
    spread = None
    if all(name in found for name in _SPREAD):
        spread = Spread(*(np.asarray(found[name], dtype=np.float64) for name in _SPREAD))
    return CanonicalDirections(tuple(tensors), spread)


def write_directions(directions: CanonicalDirections, path: Path | str) -> Path:
    """Write one or two directions as that code does; return the path.

    Raises:
        InputError: more than two directions.
        StoreError: the file cannot be written.
    """
    k = len(directions.tensors)
    if k not in (1, 2):
        raise InputError("that code knows 1 or 2 directions", str(k), "write them as netCDF")
    arrays: dict[str, NDArray] = {}
    for group, tensors in zip(_GROUPS, directions.tensors, strict=False):
        arrays |= {f"{group}/{i}": tensor for i, tensor in enumerate(tensors)}
    if directions.spread is not None:
        spread = directions.spread
        values = (spread.explained_ratio, spread.singular_values, spread.explained_variance)
        arrays |= dict(zip(_SPREAD, values, strict=True))
    return write_arrays(Path(path), arrays)


def canonical_from_flat(directions: ArrayLike, layout: Layout) -> CanonicalDirections:
    """Return directions (k, n) tensor by tensor, for `write_directions`.

    Args:
        directions: (k, n), in the layout's order, which must be the model's own.
        layout: its blocks become the tensors.
    """
    mend = "pass directions of this layout"
    rows = as_floats(directions, "directions", (None, layout.size), mend)
    return CanonicalDirections(tuple(tuple(layout.unpack(row).values()) for row in rows))


def canonical_principal(
    checkpoints: ArrayLike, shapes: Sequence[tuple[int, ...]], *, ignore_biases: bool = True
) -> CanonicalDirections:
    """Return the two principal directions of a run as that code takes them.

    Of the moves from the final weights, about their mean; that code then draws the plane
    through the final weights all the same, where `principal_plane` goes through the mean.

    Args:
        checkpoints: (T, n), the final weights last.
        shapes: of the tensors, in order.
        ignore_biases: whether tensors with at most one axis are left out ("biasbn").

    Raises:
        InputError: fewer than three checkpoints, or shapes that are not theirs.
    """
    sizes = [int(np.prod(shape)) for shape in shapes]
    mend = "give the shape of each tensor"
    points = as_floats(checkpoints, "checkpoints", (None, sum(sizes)), mend)
    moves = points - points[-1]
    cuts = np.cumsum(sizes)[:-1]
    if ignore_biases:
        for shape, part in zip(shapes, np.split(moves, cuts, axis=1), strict=True):
            if len(shape) <= 1:
                part[:] = 0.0
    found = principal_directions(moves, k=2)
    total = float(np.square(moves - found.mean).sum())
    singular = np.sqrt(found.explained[:2] * total)
    spread = Spread(found.explained[:2], singular, singular**2 / (len(moves) - 1))
    tensors = tuple(
        tuple(part.reshape(shape) for shape, part in zip(shapes, np.split(row, cuts), strict=True))
        for row in found.directions
    )
    return CanonicalDirections(tensors, spread)
