"""trust: the report on a surface and its paths, from what is stored and from the objective."""

from collections.abc import Sequence

import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective, SampledObjective, SmoothObjective
from thalweg.core.schema import axes_of, require_kind
from thalweg.trust_report import redraws as other_draws
from thalweg.trust_report.cells import count_cells
from thalweg.trust_report.chances import Chances, chances_of
from thalweg.trust_report.course import course_of
from thalweg.trust_report.cut import Cut, cut_of
from thalweg.trust_report.effort import PRODUCT, Budget, Effort
from thalweg.trust_report.invariance import Invariance, invariance_of, products, scaling_layers
from thalweg.trust_report.part import Missing, attempt
from thalweg.trust_report.redraws import Redraws, redraws_of
from thalweg.trust_report.report import TrustReport
from thalweg.trust_report.sampling import sampling_of
from thalweg.trust_report.site import check_same, checked_point, site_of
from thalweg.trust_report.underneath import Underneath, look_underneath
from thalweg.views.surface import require_field

MORE = "trust(..., effort=Effort.FULL)"
ABSENT = "not computed: pass the objective"


def trust(
    surface: xr.Dataset,
    paths: Sequence[xr.Dataset] = (),
    objective: Objective | None = None,
    *,
    field: str = "loss",
    at: FloatArray | None = None,
    where: str = "",
    effort: Effort = Effort.LITTLE,
) -> TrustReport:
    """Return what a picture of the surface, with these paths, does not show.

    Without the objective the report says what the stored numbers say: holes, captured variance,
    gaps, sampling error, seed. With it, also what lies underneath.

    Args:
        surface: a *surface* Dataset.
        paths: *path* Datasets over it.
        objective: the one that was mapped.
        field: which field is shown.
        at: (n,), the point that is looked underneath; default: the plane's origin.
        where: that point in words, such as "the end of the run".
        effort: LITTLE takes a small part of the work of the map, and says what it leaves out.

    Raises:
        InputError: no such field, another objective or point, a path in another plane, or
            Datasets of another kind.

    >>> import numpy as np
    >>> from thalweg.core.grid import Grid
    >>> from thalweg.core.plane import Plane
    >>> from thalweg.objectives.zoo import quadratic
    >>> from thalweg.surface.evaluate import evaluate
    >>> saddle, plane = quadratic([1.0, 2.0, -3.0]), Plane(np.zeros(3), np.eye(3)[:2])
    >>> trust(evaluate(saddle, plane, Grid.square()), objective=saddle).saddle_seen_as_minimum
    True
    """
    require_kind(surface, "surface")
    require_field(surface, field)
    for path in paths:
        _check_over(require_kind(path, "path"), surface)
    cut = cut_of(surface)
    examples = objective.n_examples if isinstance(objective, SampledObjective) else None
    underneath, chances = Missing(ABSENT), Missing(ABSENT)
    redraws, invariance = Missing(ABSENT), Missing(ABSENT)
    if objective is not None:
        check_same(surface, objective)
        at = None if at is None else checked_point(at, objective.layout.size)
        budget = Budget(effort, objective.layout.size, surface["status"].size)
        redraws = _redrawn(surface, objective, cut, field, budget)
        if field == "loss":
            underneath, chances = _below(surface, objective, at, where, budget)
            invariance = _rescaled(surface, objective, cut, at, budget)
        else:
            gone = Missing(f"not applicable: the Hessian is of the loss, not of the {field}")
            underneath, chances, invariance = gone, gone, gone
    return TrustReport(
        cells=count_cells(surface, field),
        paths=tuple(course_of(path, surface, alone=len(paths) == 1) for path in paths),
        underneath=underneath,
        chances=chances,
        redraws=redraws,
        invariance=invariance,
        sampling=sampling_of(surface, field, examples),
        cut=cut,
    )


def _check_over(path: xr.Dataset, surface: xr.Dataset) -> None:
    """Raise InputError if the path tells that it lies in another plane."""
    plane = surface.attrs["plane_digest"]
    if path.attrs.get("plane_digest", plane) != plane:
        wanted = "the path must lie in the plane of the surface"
        raise InputError(wanted, "another plane", "project the run into the plane that was mapped")


def _below(
    surface: xr.Dataset,
    objective: Objective,
    at: FloatArray | None,
    where: str,
    budget: Budget,
) -> tuple[Underneath | Missing, Chances | Missing]:
    if not isinstance(objective, SmoothObjective):
        gone = Missing(f"not known: {objective.name} has no second derivatives")
        return gone, gone
    n = objective.layout.size
    if not budget.allows(PRODUCT * n):
        reason = f"Full space was not looked at: {n:,} parameters; {MORE} does"
        return Missing(reason, told=True), Missing(reason)
    site = attempt(lambda: site_of(surface, objective, at, where))
    if isinstance(site, Missing):
        return site, site
    found = attempt(lambda: look_underneath(objective, site))
    if isinstance(found, Missing):
        return found, found
    return found.part, attempt(lambda: chances_of(objective, site, found))


def _redrawn(
    surface: xr.Dataset, objective: Objective, cut: Cut, field: str, budget: Budget
) -> Redraws | Missing:
    scaling = cut.draw.scaling if cut.draw is not None else None
    if cut.draw is None or scaling is None:
        return Missing("not applicable: the directions are not drawn by a known rule")
    if field not in objective.fields:
        return Missing(f"not computed: {objective.name} has no field {field}")
    if not budget.allows(other_draws.cost(len(axes_of(surface)))):
        return Missing(f"not computed: {MORE} does")
    seed = cut.draw.seed
    return attempt(lambda: redraws_of(surface, objective, seed, scaling, field))


def _rescaled(
    surface: xr.Dataset,
    objective: Objective,
    cut: Cut,
    at: FloatArray | None,
    budget: Budget,
) -> Invariance | Missing:
    scaling = cut.draw.scaling if cut.draw is not None else None
    if scaling is None:
        return Missing("not applicable: the directions are not drawn by a known rule")
    if not isinstance(objective, SmoothObjective):
        return Missing(f"not known: {objective.name} has no second derivatives")
    layers = attempt(lambda: scaling_layers(objective))
    if isinstance(layers, Missing):
        return layers
    if not layers:
        return Missing("not applicable: no units that can be rescaled are known")
    if not budget.allows(PRODUCT * products()):
        return Missing(f"not computed: {MORE} does")
    return attempt(lambda: invariance_of(objective, site_of(surface, objective, at).point, scaling))
