"""CriticalPoint: a point without gradient, and what its Hessian says: index, nullity, kind."""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np

from thalweg.core.arrays import FloatArray, frozen
from thalweg.critical.tolerances import Tolerances
from thalweg.curvature.dense import Inertia, inertia


class Kind(Enum):
    """What a critical point is, as far as second derivatives can tell."""

    MINIMUM = "minimum"
    SADDLE = "saddle"
    MAXIMUM = "maximum"
    INCONCLUSIVE = "inconclusive at second order"


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """A critical point and its spectrum.

    Attributes:
        point: (n,).
        loss, gradient_norm: there.
        eigenvalues: (n,), ascending.
        downward: (index, n), unit eigenvectors of the negative eigenvalues, the lowest first.
        stiffest: (n,), the unit eigenvector of the largest eigenvalue.
        threshold: eigenvalues of this absolute size or less count as zero.
        kink_distance: smallest input of a kinked unit; inf without kinks, NaN if not known.
        tolerances: what the point was held to.
    """

    point: FloatArray
    loss: float
    gradient_norm: float
    eigenvalues: FloatArray
    downward: FloatArray
    stiffest: FloatArray
    threshold: float
    kink_distance: float
    tolerances: Tolerances

    def __post_init__(self) -> None:
        for name in ("point", "eigenvalues", "downward", "stiffest"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @cached_property
    def inertia(self) -> Inertia:
        """The counts of eigenvalues by sign."""
        return inertia(self.eigenvalues, self.threshold)

    @property
    def index(self) -> int:
        """Number of negative eigenvalues: of ways down."""
        return self.inertia.negative

    @property
    def coindex(self) -> int:
        """Number of positive eigenvalues: of ways up."""
        return self.inertia.positive

    @property
    def nullity(self) -> int:
        """Number of zero eigenvalues: of directions that second derivatives leave open."""
        return self.inertia.zero

    @property
    def gap(self) -> tuple[float, float]:
        """The largest magnitude that counts as zero, and the smallest that does not.

        0 and inf where there is none. The counts are as clear as these two lie apart.
        """
        return self.inertia.largest_zero, self.inertia.smallest_nonzero

    @property
    def lambda_min(self) -> float:
        """The lowest eigenvalue."""
        return float(self.eigenvalues[0])

    @property
    def lambda_max(self) -> float:
        """The largest eigenvalue."""
        return float(self.eigenvalues[-1])

    @property
    def kind(self) -> Kind:
        """Minimum, saddle or maximum; inconclusive where flat directions leave it open.

        Ways up and ways down make a saddle, whatever else is flat.
        """
        if self.index and self.coindex:
            return Kind.SADDLE
        if self.nullity:
            return Kind.INCONCLUSIVE
        return Kind.MAXIMUM if self.index else Kind.MINIMUM

    @property
    def words(self) -> str:
        """The kind with its count: "saddle of index 3"."""
        counted = f" of index {self.index}" if self.kind is Kind.SADDLE else ""
        return f"{self.kind.value}{counted}"

    @property
    def sentence(self) -> str:
        """What it is and how far that can be trusted, in one line."""
        n, (zero, other) = self.eigenvalues.size, self.gap
        flat = f"{self.nullity} of {n} directions flat" if self.nullity else "no flat direction"
        told = f"zero up to {zero:.0e}, others from {other:.0e}" if self.nullity else ""
        parts = [
            f"{self.words[:1].upper()}{self.words[1:]} at loss {self.loss:.6g}",
            f"|gradient| {self.gradient_norm:.0e}",
            f"eigenvalues {self.lambda_min:.3g} to {self.lambda_max:.3g}",
            flat + (f" ({told})" if told and other < np.inf else ""),
        ]
        if self.kind is Kind.INCONCLUSIVE:
            ways = "ways down, none up" if self.index else "no way down"
            parts.append(f"{self.index or ''} {ways}".strip() + " among the others")
        if np.isnan(self.kink_distance):
            parts.append("whether it lies on a kink is not known")
        return ", ".join(parts) + "."
