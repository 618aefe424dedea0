"""An exact saddle beside the chapter's run, in the smooth twin of its network.

Minima and saddles of a ReLU network can sit on kinks, where the Hessian is one-sided; so the
search runs on the same network with tanh, on the same data, with a small L2 penalty that lifts
the flat directions. From points of an Adam run, least squares on the gradient (trust region, the
Hessian as its Jacobian) goes to a critical point; only those with a vanishing gradient count.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.optimize import least_squares

from thalweg.core.arrays import FloatArray
from thalweg.core.schema import provenance
from thalweg.curvature.chance import chance_of_minimum
from thalweg.curvature.dense import inertia
from thalweg.dynamics.record import record
from thalweg.objectives.mlp import MLPObjective
from thalweg.study.context import Study
from thalweg.study.escape import smooth_twin

L2 = 1e-3
TIGHT = 1e-15
CRITICAL = 1e-10  # a gradient norm below this counts as zero; the search reaches 1e-15


@dataclass(frozen=True, eq=False)
class Saddle:
    """A critical point with ways down.

    Attributes:
        point: (n,).
        start: the step of the run from which it was found; `moved` the distance from there.
        loss, gradient_norm: there.
        index: number of negative eigenvalues; `zero` of zero ones; `parameters` of all.
        lambda_min, lambda_max: extreme eigenvalues.
        chance: that a random plane through it shows a minimum.
        searched: how many searches were started; `critical` how many ended at a critical point,
            `saddles` how many of those have a negative eigenvalue.
    """

    point: FloatArray
    start: int
    moved: float
    loss: float
    gradient_norm: float
    index: int
    zero: int
    parameters: int
    lambda_min: float
    lambda_max: float
    chance: float
    searched: int
    critical: int
    saddles: int


def smooth_objective(study: Study) -> MLPObjective:
    """Return the chapter's loss with tanh in place of ReLU and a small L2 penalty."""
    network = smooth_twin(study.chapter.network)
    return study.chapter.objective(study.plan.seed, l2=L2, network=network)


def find_saddle(study: Study) -> Saddle | None:
    """Return the saddle with the lowest eigenvalue found from points of an Adam run, if any."""
    found = study.shop.keep("exact-saddles", lambda: _search(study))
    objective, best = smooth_objective(study), None
    norms = found["gradient_norm"].values
    spectra = found["eigenvalues"].values
    critical = norms < CRITICAL
    below = np.array([inertia(values).negative > 0 for values in spectra]) & critical
    if below.any():
        row = min(np.flatnonzero(below), key=lambda i: spectra[i, 0])
        values, point = spectra[row], found["point"].values[row]
        counts = inertia(values)
        best = Saddle(
            point=point,
            start=int(found["start"].values[row]),
            moved=float(found["moved"].values[row]),
            loss=objective.value(point),
            gradient_norm=float(norms[row]),
            index=counts.negative,
            zero=counts.zero,
            parameters=len(values),
            lambda_min=float(values[0]),
            lambda_max=float(values[-1]),
            chance=chance_of_minimum(values).probability,
            searched=len(norms),
            critical=int(critical.sum()),
            saddles=int(below.sum()),
        )
    return best


def _search(study: Study) -> xr.Dataset:
    objective, setting = smooth_objective(study), study.chapter
    adam = next(s for s in setting.steppers if s.name == "Adam")
    run = record(objective, objective.start, adam, setting.steps)
    starts = study.plan.searches
    rows = np.unique(np.linspace(0, setting.steps, starts).round().astype(int))
    ends = []
    for row in rows:
        begin = run["point"].values[row]
        ends.append(
            least_squares(
                objective.gradient,
                begin,
                jac=objective.hessian,  # pyright: ignore[reportArgumentType]
                xtol=TIGHT,
                ftol=TIGHT,
                gtol=TIGHT,
                max_nfev=200,
            ).x
        )
    points = np.stack(ends)
    moved = np.linalg.norm(points - run["point"].values[rows], axis=1)
    norms = np.linalg.norm(objective.value_and_gradients(points)[1], axis=1)
    spectra = np.stack([np.linalg.eigvalsh(objective.hessian(point)) for point in points])
    return xr.Dataset(
        {
            "start": ("search", rows),
            "point": (("search", "parameter"), points),
            "moved": ("search", moved),
            "gradient_norm": ("search", norms),
            "eigenvalues": (("search", "eigenvalue"), spectra),
        },
        attrs=provenance("searches", {"objective": objective.name, "l2": L2}),
    )
