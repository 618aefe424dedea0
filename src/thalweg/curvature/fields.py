"""Curvature as fields of a map: the ends of the Hessian's spectrum at every cell.

Where a map of the loss looks convex, these tell whether the surroundings in all n dimensions are
(Li et al. 2018, "Visualizing the loss landscape of neural nets", figure 7).
"""

from collections.abc import Iterable, Sequence
from typing import final

import numpy as np

from thalweg.core.arrays import FloatArray, digest
from thalweg.core.layout import Block
from thalweg.core.objective import Fields, Restriction, SmoothObjective
from thalweg.core.operator import HessianOperator
from thalweg.core.seeded_plane import Planar
from thalweg.core.units import UnitLayer
from thalweg.curvature.ends import ends
from thalweg.curvature.lanczos import Lanczos

EIGENVALUES = ("top_eigenvalue", "lowest_eigenvalue", "eigenvalue_ratio")
STACKED = 1 << 22  # numbers of the Hessians that are held at once: 32 MB
MAP = Lanczos(tolerance=1e-4, dense_up_to=300)  # errors of eigenvalues go with its square
UNFIT = 1e-3  # a residual above this share of the largest |eigenvalue|: not found


def curved(objective: SmoothObjective, lanczos: Lanczos = MAP) -> "Curved":
    """Return the same objective with further fields for maps: gradient norm and eigenvalues.

    Args:
        objective: with second derivatives.
        lanczos: up to `dense_up_to` parameters each cell gets its exact dense spectrum; above,
            its ends are found to `tolerance`.

    >>> from thalweg.core.plane import Plane
    >>> from thalweg.objectives.zoo import quadratic
    >>> f = curved(quadratic([4.0, -1.0])).restrict(Plane([0.0, 0], [[1.0, 0]]), EIGENVALUES)
    >>> {name: float(values[0]) for name, values in f(np.zeros((1, 1))).items()}
    {'top_eigenvalue': 4.0, 'lowest_eigenvalue': -1.0, 'eigenvalue_ratio': 0.25}
    """
    return Curved(objective, lanczos)


@final
class Curved(SmoothObjective):
    """An objective that can map its curvature; made by `curved`.

    Fields: those of the objective, `gradient_norm`, `top_eigenvalue`, `lowest_eigenvalue`, and
    `eigenvalue_ratio` = |lowest / top| as Li et al. map it. The ratio forgets signs: it tells how
    much negative curvature there is only where the lowest eigenvalue is negative, the top positive.
    A cell whose Hessian is not finite, or whose eigenvalues are not found, is NaN.

    Args:
        objective: what is mapped.
        lanczos: see `curved`.
    """

    def __init__(self, objective: SmoothObjective, lanczos: Lanczos = MAP) -> None:
        self.objective, self.lanczos = objective, lanczos
        self.layout, self.name = objective.layout, objective.name
        self.fields = tuple(dict.fromkeys((*objective.fields, "gradient_norm", *EIGENVALUES)))

    @property
    def start(self) -> FloatArray:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The objective's start (n,)."""
        return self.objective.start

    def start_blocks(self) -> Iterable[tuple[Block, FloatArray]]:
        """Yield the blocks of the start."""
        return self.objective.start_blocks()

    def values(self, points: FloatArray) -> FloatArray:
        """Return the losses (m,) at points (m, n)."""
        return self.objective.values(points)

    def value_and_gradients(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return losses (m,) and gradients (m, n) at points (m, n)."""
        return self.objective.value_and_gradients(points)

    def hvp(self, point: FloatArray, directions: FloatArray) -> FloatArray:
        """Return the Hessian at point (n,) times directions (n,) or (k, n)."""
        return self.objective.hvp(point, directions)

    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the Hessian (n, n) at one point (n,)."""
        return self.objective.hessian(point)

    def hessians(self, points: FloatArray) -> FloatArray:
        """Return the Hessians (m, n, n) at points (m, n)."""
        return self.objective.hessians(points)

    def operator(self, point: FloatArray) -> HessianOperator:
        """Return the Hessian at point (n,) as a linear map."""
        return self.objective.operator(point)

    def units(self) -> tuple[UnitLayer, ...]:
        """Return the layers of interchangeable hidden units."""
        return self.objective.units()

    def kink_distance(self, point: FloatArray) -> float:
        """Return how near a kink is at point (n,)."""
        return self.objective.kink_distance(point)

    def crossings(self, point: FloatArray, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return where point + t direction crosses kinks, and the jumps of dL/dt."""
        return self.objective.crossings(point, direction)

    def restrict(self, plane: Planar, fields: Sequence[str] = ("loss",)) -> Restriction:
        """Return f(coords (m, k)) -> {field: (m,)}."""
        return self.restrict_for_map(plane, fields, 0)

    def restrict_for_map(self, plane: Planar, fields: Sequence[str], cells: int) -> Restriction:
        """Return the restriction for a map of so many cells."""
        self.check_request(plane, fields)
        theirs = [field for field in fields if field in self.objective.fields]
        plain = self.objective.restrict_for_map(plane, theirs, cells) if theirs else None
        own = set(fields) - set(theirs)
        dense = self.dense(plane) if own else None

        def evaluate(coords: FloatArray) -> Fields:
            found = plain(coords) if plain else {}
            if dense is not None:
                found = found | self._curvature(dense.points(coords), own)
            return {field: found[field] for field in fields}

        return evaluate

    def digest(self) -> str:
        """Return 16 hexadecimal digits that name the objective and how it is mapped."""
        return digest(self.objective.digest(), repr(self.lanczos))

    def identity(self) -> dict[str, str]:
        """Return a digest a part of the objective, and one of how curvature is found."""
        return {**self.objective.identity(), "curvature": digest(repr(self.lanczos))}

    def method(self) -> str:
        """Return how points were evaluated, in words."""
        how = "dense spectra"
        if self.layout.size > self.lanczos.dense_up_to:
            how = f"spectra by Lanczos to {self.lanczos.tolerance:g} of the largest |eigenvalue|"
        return "; ".join(filter(None, (self.objective.method(), how)))

    def _curvature(self, points: FloatArray, wanted: set[str]) -> Fields:
        found: Fields = {}
        with np.errstate(all="ignore"):
            if "gradient_norm" in wanted:
                gradients = self.objective.value_and_gradients(points)[1]
                found["gradient_norm"] = np.linalg.norm(gradients, axis=1)
            if wanted - {"gradient_norm"}:
                lowest, top = self._ends(points).T
                ratio = np.abs(lowest / top)
                found |= dict(zip(EIGENVALUES, (top, lowest, ratio), strict=True))
        return found

    def _ends(self, points: FloatArray) -> FloatArray:
        """Return lowest and top eigenvalue (m, 2) at points (m, n)."""
        found, n = np.full((len(points), 2), np.nan), self.layout.size
        if n > self.lanczos.dense_up_to:
            for row, point in enumerate(points):
                found[row] = self._ends_at(point)
            return found
        step = max(1, STACKED // n**2)
        for at in range(0, len(points), step):
            stack = self.objective.hessians(points[at : at + step])
            finite = np.isfinite(stack).all(axis=(1, 2))
            found[at : at + step][finite] = np.linalg.eigvalsh(stack[finite])[:, [0, -1]]
        return found

    def _ends_at(self, point: FloatArray) -> FloatArray:
        nowhere = np.full(2, np.nan)
        if not np.isfinite(self.objective.hvp(point, np.ones(point.size))).all():
            return nowhere
        pairs = ends(self.objective, point, lanczos=self.lanczos)
        fit = pairs.residuals.max() <= UNFIT * np.abs(pairs.eigenvalues).max()
        return pairs.eigenvalues if fit else nowhere
