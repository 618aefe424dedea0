"""SeededPlane: random directions that are drawn again, block by block, instead of stored.

Through the point where an objective starts. Its directions cost no memory, so a plane of a model
that just fits is as cheap as the model; its surfaces keep the seed instead of the arrays.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from thalweg.core.arrays import FloatArray, digest, require_finite
from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout
from thalweg.core.noise import named_noise
from thalweg.core.plane import AXES, Plane


class BlockScaling(Protocol):
    """A scaling that needs to see one block at a time."""

    def block(self, block: Block, part: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the parts (k, m) of k directions, scaled to the weights (m,) of the block."""
        ...


@dataclass(frozen=True)
class SeededPlane:
    """The points origin + a d1 (+ b d2 (+ c d3)), d_i drawn from the seed and scaled.

    Make one with `seeded_plane(objective, ...)`, which measures what the fields below hold.

    Attributes:
        layout: of the parameters.
        seed: of the directions.
        k: how many directions, 1 to 3.
        scaling: a scaling by blocks: FilterNorm, LayerNorm or Unscaled.
        origin_digest: names the point where all coordinates are zero.
        origin_length: Euclidean norm of that point.
        lengths: k norms of the directions.
        cosine_rows: k rows of cosines between the directions.
    """

    layout: Layout
    seed: int
    k: int
    scaling: BlockScaling
    origin_digest: str
    origin_length: float
    lengths: tuple[float, ...]
    cosine_rows: tuple[tuple[float, ...], ...]

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the coordinates: the first k of a, b, c."""
        return AXES[: self.k]

    @property
    def size(self) -> int:
        """Number of parameters n."""
        return self.layout.size

    @property
    def labels(self) -> tuple[str, ...]:
        """Captions for the axes of a picture."""
        return tuple(f"{self.scaling} random direction {i + 1}" for i in range(self.k))

    @property
    def recipe(self) -> str:
        """How the directions are made."""
        return f"random, seed {self.seed}, {self.scaling!r}"

    def cosines(self) -> FloatArray:
        """Return the matrix (k, k) of cosines between the directions."""
        return np.array(self.cosine_rows)

    def part(self, block: Block, weights: FloatArray) -> FloatArray:
        """Return the parts (k, m) of the directions in one block, given its weights (m,)."""
        return drawn_part(self.seed, self.k, block, self.scaling, weights)

    def dense(self, origin: FloatArray) -> Plane:
        """Return the same plane with its directions as arrays.

        Raises:
            InputError: origin (n,) is not the point that the plane was made for.
        """
        blocks = [(block, origin[at]) for block, at in self.layout.slices()]
        self.check_origin(blocks_digest(blocks))
        directions = np.concatenate([self.part(*pair) for pair in blocks], axis=1)
        return Plane(origin, directions, self.labels, self.recipe)

    def check_origin(self, found: str) -> None:
        """Raise InputError unless `found` is the digest of the plane's own origin."""
        if found != self.origin_digest:
            wanted = f"the plane needs the parameters it was made for ({self.origin_digest})"
            mend = "make the plane anew with seeded_plane(objective, ...)"
            raise InputError(wanted, f"others ({found})", mend)

    def digest(self) -> str:
        """Return 16 hexadecimal digits that name origin and directions."""
        names = [f"{b.name}{b.shape}{b.role}{b.filter_axis}" for b in self.layout.blocks]
        own = f"{self.origin_digest}\n{self.recipe}\n{self.k}\n{names}"
        return hashlib.sha256(own.encode()).hexdigest()[:16]


Planar = Plane | SeededPlane


def drawn_part(
    seed: int, k: int, block: Block, scaling: BlockScaling, weights: FloatArray
) -> FloatArray:
    """Return the parts (k, m) of k random directions in one block, scaled to its weights (m,)."""
    part = np.empty((k, block.size))
    for i, row in enumerate(part):  # drawn in place: a block may be as large as memory allows
        named_noise(seed, i, block.name).standard_normal(out=row)
    return scaling.block(block, part, weights)


def blocks_digest(blocks: Iterable[tuple[Block, FloatArray]]) -> str:
    """Return 16 hexadecimal digits that name a point, given block by block as float64 (m,)."""
    sha = hashlib.sha256()
    for _, weights in blocks:
        sha.update(digest(weights).encode())
    return sha.hexdigest()[:16]


def measured_plane(
    layout: Layout,
    blocks: Iterable[tuple[Block, FloatArray]],
    seed: int,
    k: int,
    scaling: BlockScaling,
) -> SeededPlane:
    """Return the seeded plane through the point given block by block; one pass, one block at once.

    Raises:
        InputError: k is not 1, 2 or 3, the point is not finite, or scaling left no direction.
    """
    if not 1 <= k <= 3:
        raise InputError("k must be 1, 2 or 3", str(k), "ask for a line, a plane or a volume")
    sha, squared, gram = hashlib.sha256(), 0.0, np.zeros((k, k))
    for block, weights in blocks:
        require_finite(weights, block.name, "map a model that did not diverge")
        sha.update(digest(weights).encode())
        part = drawn_part(seed, k, block, scaling, weights)
        squared += float(weights @ weights)
        gram += part @ part.T
    lengths = np.sqrt(np.diag(gram))
    if not lengths.all():
        wanted = "normalization needs an origin with filters or layers of weights"
        raise InputError(wanted, "no weights that are not zero", "take Unscaled() instead")
    cosines = gram / np.outer(lengths, lengths)
    rows = tuple(tuple(float(x) for x in row) for row in cosines)
    made = sha.hexdigest()[:16]
    norms = tuple(float(x) for x in lengths)
    return SeededPlane(layout, seed, k, scaling, made, squared**0.5, norms, rows)
