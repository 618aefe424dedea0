"""Density: how the eigenvalues of a Hessian are spread, smoothed, at any size.

Stochastic Lanczos quadrature (Golub and Welsch 1969; Ubaru, Chen and Saad 2017, "Fast estimation
of tr(f(A)) via stochastic Lanczos quadrature"; Ghorbani, Krishnan and Xiao 2019 for networks),
with full reorthogonalization.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.core.schema import provenance
from thalweg.curvature.krylov import Krylov

LIMITS = (
    "smoothed: a density cannot give an index, since the kernel carries mass of small "
    "eigenvalues across zero; count with the ends of the spectrum"
)
_GRID_PER_WIDTH = 3  # grid points a kernel width: the sum of a Gaussian is then exact
_TAIL = 7.0  # widths beyond the outermost node


@dataclass(frozen=True)
class Quadrature:
    """How a density is made.

    Attributes:
        draws: random starts, at least 2.
        steps: Lanczos steps, one product each, from every start.
        width: standard deviation of the Gaussian kernel, as a share of the spectrum's range.
        seed: of the starts.
    """

    draws: int = 8
    steps: int = 60
    width: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        if self.draws < 2 or self.steps < 1:
            got = f"{self.draws} and {self.steps}"
            raise InputError("a density needs 2 draws and 1 step at least", got, "try 8 and 60")
        if not 1e-5 <= self.width <= 1:
            raise InputError("width must be from 1e-5 to 1", repr(self.width), "try 0.01")


def density(
    objective: SmoothObjective,
    point: FloatArray,
    quadrature: Quadrature = Quadrature(),
) -> xr.Dataset:
    """Return the *density* of the Hessian's eigenvalues at point (n,), integrating to 1.

    A density cannot give an index: the kernel carries mass of small eigenvalues across zero.

    Variables over `eigenvalue`: `density` and its standard error over the draws, `stderr`. The
    attributes hold the `width` of the kernel in units of the eigenvalues and as a share of the
    range, the ends of the range, the products spent, and what the picture does not tell.

    Args:
        objective: with second derivatives.
        point: (n,).
        quadrature: draws, steps, width and seed.

    Raises:
        InputError: a Hessian that is not finite.

    >>> from thalweg.objectives.zoo import quadratic
    >>> found = density(quadratic([1.0, 3.0, -2.0]), np.zeros(3))
    >>> float(found.density.integrate("eigenvalue").round(9))
    1.0
    """
    point = objective.check_point(point)
    operator = objective.operator(point)
    nodes, weights, products = [], [], 0
    for draw in range(quadrature.draws):
        krylov = Krylov(operator, seed=quadrature.seed * 1_000_003 + draw)
        row: int | None = krylov.start()
        for _ in range(quadrature.steps):
            row = krylov.multiply(row)
            if row is None:
                break
        ritz = krylov.ritz()
        nodes.append(ritz.values)
        weights.append(np.square(ritz.vectors[0]))
        products += krylov.products
    low = min(float(values[0]) for values in nodes)
    high = max(float(values[-1]) for values in nodes)
    scale = max(abs(low), abs(high)) or 1.0
    width = quadrature.width * max(high - low, 1e-6 * scale)
    count = int(np.ceil(_GRID_PER_WIDTH * ((high - low) / width + 2 * _TAIL))) + 1
    grid = np.linspace(low - _TAIL * width, high + _TAIL * width, count)
    each = np.stack([_smooth(grid, v, w, width) for v, w in zip(nodes, weights, strict=True)])
    return xr.Dataset(
        {
            "density": ("eigenvalue", each.mean(axis=0)),
            "stderr": ("eigenvalue", each.std(axis=0, ddof=1) / np.sqrt(len(each))),
        },
        coords={"eigenvalue": grid},
        attrs=provenance(
            "density",
            {
                "objective": objective.name,
                "objective_digest": objective.digest(),
                "draws": quadrature.draws,
                "steps": quadrature.steps,
                "seed": quadrature.seed,
                "products": products,
                "width": width,
                "width_share": quadrature.width,
                "lowest": low,
                "highest": high,
                "limits": LIMITS,
            },
        ),
    )


def _smooth(grid: FloatArray, nodes: FloatArray, weights: FloatArray, width: float) -> FloatArray:
    bells = np.exp(-0.5 * np.square((grid[:, None] - nodes) / width))
    return bells @ weights / (width * np.sqrt(2 * np.pi))
