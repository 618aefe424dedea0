"""Chances: what random directions through a point show, whatever is really there.

Beside the curvature that a picture draws stand its mean tr H / n and its spread over all
directions, and how many random planes would show a minimum at this very point.
"""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import SmoothObjective
from thalweg.curvature.chance import (
    chance_of_minimum,
    null_curvature,
    share_below,
    share_positive,
)
from thalweg.trust_report.part import Number
from thalweg.trust_report.site import Site
from thalweg.trust_report.underneath import Found, Underneath
from thalweg.views.prose import listed, number, percent
from thalweg.views.trust import TrustLine

PLANES = 40  # random planes drawn where the spectrum is not known as a whole
KINDS = {1: "lines", 2: "planes", 3: "volumes"}


@dataclass(frozen=True)
class Chances:
    """The law of the curvature along unscaled random directions, and what the picture drew.

    Attributes:
        k: directions of the plane.
        critical: whether the point is critical, so that a plane that curves upward has its minimum
            there.
        minimum: the probability that k random directions see only upward curvature.
        mean, spread: of d'Hd over random unit directions d: tr H / n, and its standard deviation.
        drawn: the same along the directions of the picture.
        scores: each of them as (drawn - mean) / spread.
        percentiles: share of random directions with less curvature than each drawn one.
    """

    k: int
    critical: bool
    minimum: Number
    mean: Number
    spread: Number
    drawn: tuple[float, ...]
    scores: tuple[float, ...]
    percentiles: tuple[Number, ...]

    def lines(self) -> list[TrustLine]:
        """Return the law in one line."""
        words = self.brief()
        return [TrustLine(f"{words[:1].upper()}{words[1:]}.")]

    def brief(self) -> str:
        """Return chance, null curvature and drawn curvature in few words."""
        kind = f"unscaled random {KINDS[self.k]} through this point"
        seen = "show a minimum" if self.critical else "curve upward only"
        null = f"{number(self.mean.value, 2)} ± {number(self.spread.value, 2)}"
        drawn = listed([number(x, 2) for x in self.drawn])
        return (
            f"{_share(self.minimum)} {kind} {seen}; "
            f"curvature along their directions {null}, along those of the picture {drawn}"
        )


def chances_of(objective: SmoothObjective, site: Site, found: Found) -> Chances:
    """Return the chances at a site: from all eigenvalues, else from 40 random planes."""
    if found.eigenvalues is not None:
        return _exact(found.eigenvalues, found.part, site.plane.k)
    return _estimated(objective, site.point, found.part, site.plane.k)


def _exact(eigenvalues: FloatArray, part: Underneath, k: int) -> Chances:
    drawn = part.drawn
    sure = np.where(np.abs(eigenvalues) > part.tolerance, eigenvalues, 0.0)  # rounding has no sign
    chance, null = chance_of_minimum(sure, k), null_curvature(eigenvalues)
    how = f"all {len(eigenvalues):,} eigenvalues"
    shares = [share_below(eigenvalues, curvature) for curvature in drawn]
    return Chances(
        k=k,
        critical=part.critical,
        minimum=Number(chance.probability, chance.stderr, str(chance.law)),
        mean=Number(null.mean, 0.0, how),
        spread=Number(null.spread, 0.0, how),
        drawn=drawn,
        scores=_scores(drawn, null.mean, null.spread),
        percentiles=tuple(Number(s.probability, s.stderr, str(s.law)) for s in shares),
    )


def _estimated(
    objective: SmoothObjective,
    point: FloatArray,
    part: Underneath,
    k: int,
) -> Chances:
    drawn, mean = part.drawn, part.mean
    random, lowest, seen = np.random.default_rng(0), [], []
    n, operator = objective.layout.size, objective.operator(point)
    for _ in range(PLANES):  # one plane at a time: directions may be as large as memory allows
        rows = random.standard_normal((k, n))
        products = operator.numpy(operator.times(operator.native(rows)))
        projected = rows @ products.T
        lowest.append(np.linalg.eigvalsh((projected + projected.T) / 2)[0])
        seen += [float(c) for c in np.diag(projected) / np.square(rows).sum(axis=1)]
    curvatures, how = np.array(seen), f"{PLANES} random draws"
    spread = float(curvatures.std(ddof=1))
    error = spread / np.sqrt(2 * (len(curvatures) - 1))
    chance = share_positive(np.array(lowest))
    shares = [share_positive(curvature - curvatures) for curvature in drawn]
    return Chances(
        k=k,
        critical=part.critical,
        minimum=Number(chance.probability, chance.stderr, how),
        mean=mean,
        spread=Number(spread, float(error), how),
        drawn=drawn,
        scores=_scores(drawn, mean.value, spread),
        percentiles=tuple(Number(s.probability, s.stderr, how) for s in shares),
    )


def _share(chance: Number) -> str:
    """Return a probability in words, as the share "of" something, with digits that tell."""
    if chance.error > 0.005 and chance.value in (0.0, 1.0):  # all draws agreed
        return f"{'none' if chance.value == 0 else 'all'} of {PLANES} drawn"
    if chance.error > 0.005:
        return f"about {percent(chance.value)} of"
    if chance.error == 0:  # the signs of the eigenvalues decide
        return f"{percent(chance.value)} of"
    if not 1e-3 < chance.value < 1 - 1e-3:
        return "under 0.1 % of" if chance.value < 0.5 else "over 99.9 % of"
    return f"{percent(chance.value, 1)} of"


def _scores(drawn: tuple[float, ...], mean: float, spread: float) -> tuple[float, ...]:
    return tuple((c - mean) / spread if spread > 0 else np.nan for c in drawn)
