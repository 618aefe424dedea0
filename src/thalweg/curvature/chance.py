"""Chance: how often a random plane through a point shows a minimum, whatever is really there.

The curvature seen along a random unit direction has mean tr H / n, so a plane tends to show the
sign of the trace: a saddle with a positive trace looks like a minimum (Boettcher and Wheeler
2022, "Visualizing high-dimensional loss landscapes with Hessian directions").
"""

from dataclasses import dataclass

import numpy as np

from thalweg.core.arrays import FloatArray

DRAWS = 2000


@dataclass(frozen=True)
class Chance:
    """A probability estimated by drawing, with its standard error."""

    probability: float
    stderr: float


def chance_of_minimum(
    eigenvalues: FloatArray, k: int = 2, draws: int = DRAWS, seed: int = 0
) -> Chance:
    """Return the probability that k random Gaussian directions see only upward curvature.

    The projected Hessian G diag(eigenvalues) G' of a Gaussian G (k, n) is drawn many times. Its
    signs do not change with the lengths of the directions, and by rotation invariance only the
    eigenvalues (n,) matter; a scaling block by block, as filter normalization, breaks that.
    For p eigenvalues +a, q eigenvalues -b and k = 1 the exact answer is
    P(F(p, q) > b q / (a p)).

    >>> from scipy.stats import f
    >>> found = chance_of_minimum(np.repeat([1.0, -3.0], [49, 16]), k=1)
    >>> bool(abs(found.probability - f.sf(3 * 16 / 49, 49, 16)) < 4 * found.stderr)
    True
    """
    random = np.random.default_rng(seed)
    directions = random.standard_normal((draws, k, len(eigenvalues)))
    projected = np.einsum("dki,i,dli->dkl", directions, eigenvalues, directions, optimize=True)
    share = float((np.linalg.eigvalsh(projected)[:, 0] > 0).mean())
    return Chance(share, float(np.sqrt(share * (1 - share) / draws)))
