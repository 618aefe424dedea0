"""L2: the data loss and the penalty drawn apart, and what the penalty really changes."""

from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import xarray as xr

from thalweg.core.grid import Grid
from thalweg.core.schema import plane_of
from thalweg.curvature.dense import hessian, inertia
from thalweg.dynamics.record import record
from thalweg.geometry.planes import random_plane
from thalweg.geometry.scaling import FilterNorm
from thalweg.objectives.mlp import MLPObjective
from thalweg.plots.mpl_figures import surfaces_figure
from thalweg.study.context import Study
from thalweg.study.margin import judged, margin
from thalweg.study.section import Section, counted, number
from thalweg.study.settings import Setting
from thalweg.views.surface import shared_scale, surface_view
from thalweg.views.trust import trust_lines

WEIGHT = 1e-3


@dataclass(frozen=True)
class Penalized:
    """What an L2 penalty changes, on the same plane and at the same point, and by training.

    Attributes:
        weight: l2 in (l2 / 2) |parameters|^2.
        shift_error: largest deviation of the Hessian's change from l2 times the identity.
        paraboloid_error: largest deviation of loss - data loss from the exact paraboloid.
        free_sharpness, penalized_sharpness: largest eigenvalue of the *data* loss where training
            without and with the penalty ends.
        free_loss, penalized_loss: the data loss there.
        free_norm, penalized_norm: the length of the parameters there.
        negative_before, negative_after: negative eigenvalues at the end without the penalty, and
            at the same point with it.
    """

    weight: float
    shift_error: float
    paraboloid_error: float
    free_sharpness: float
    penalized_sharpness: float
    free_loss: float
    penalized_loss: float
    free_norm: float
    penalized_norm: float
    negative_before: int
    negative_after: int


def penalty_section(study: Study) -> Section:
    """Draw data loss, penalty and their sum side by side, and measure the change."""
    setting, both, surfaces = study.learned, {}, {}
    for one in study.settings:
        surfaces[one.key], ends = _surface(study, one)
        both[one.key] = penalized(study, one, surfaces[one.key], ends)
    surface, found = surfaces[setting.key], both[setting.key]
    unchanged = found.shift_error < 1e-9 and found.paraboloid_error < 1e-9
    titles = ("data loss", "penalty", "their sum")
    data, penalty, total = (
        surface_view(surface, field, title=title)
        for field, title in zip(("data_loss", "penalty", "loss"), titles, strict=True)
    )
    data, total = shared_scale([data, total])
    views = [data, penalty, total]
    figure = partial(
        surfaces_figure,
        views,
        title="The penalty adds a bowl of its own; the data loss stays as rough as it was"
        if unchanged
        else "Data loss, penalty, and their sum",
        trust=trust_lines(
            [
                "First and last share their colors; the first two add up to the last within "
                f"{number(found.paraboloid_error, 1)}.",
                f"Hessian with minus without the penalty: {found.weight:g} times the identity, "
                f"within {number(found.shift_error, 1)}.",
                *margin(study, "penalty", {"sum": judged(surface, _loaded(study, setting))}),
            ]
        ),
    )
    caption = (
        f"The end of Adam trained with an L2 penalty of weight {WEIGHT:g}, on one "
        "filter-normalized plane: the data loss, the penalty, and what the optimizer saw."
    )
    return Section(
        "penalty",
        "What an L2 penalty does to the landscape",
        (_prose(setting, found), study.exhibit("penalty", figure, caption)),
        {key: asdict(value) for key, value in both.items()},
    )


def _loaded(study: Study, setting: Setting) -> MLPObjective:
    return setting.objective(study.plan.seed, l2=WEIGHT)


def _surface(study: Study, setting: Setting) -> tuple[xr.Dataset, dict[str, np.ndarray]]:
    free = study.objectives[setting.key]
    loaded = _loaded(study, setting)
    stepper = next(s for s in setting.steppers if s.name == "Adam")
    run = study.shop.keep(
        f"{setting.key}-penalized",
        lambda: record(loaded, loaded.start, stepper, setting.steps, every=10),
    )
    end = run["point"].values[-1]
    plane = random_plane(end, free.layout, 0, scaling=FilterNorm())
    grid = Grid.square(1.0, study.plan.grid_points)
    fields = ("data_loss", "penalty", "loss")
    surface = study.shop.surface(f"{setting.key}-penalty-plane", loaded, plane, grid, fields)
    return surface, {
        "free": study.runs[setting.key]["Adam"]["point"].values[-1],
        "penalized": end,
    }


def penalized(
    study: Study, setting: Setting, surface: xr.Dataset, ends: dict[str, np.ndarray]
) -> Penalized:
    """Return the measured effect of the penalty."""
    free = study.objectives[setting.key]
    loaded = MLPObjective(setting.network, free.inputs, free.targets, l2=WEIGHT)
    plane, grid = plane_of(surface), Grid((surface["a"].values, surface["b"].values))
    points = plane.points(grid.coords())
    bowl = 0.5 * WEIGHT * np.square(points).sum(axis=1).reshape(grid.shape)
    added = surface["loss"].values - surface["data_loss"].values
    curved = {name: hessian(free, end) for name, end in ends.items()}
    change = hessian(loaded, ends["free"]) - curved["free"]
    return Penalized(
        weight=WEIGHT,
        shift_error=float(np.abs(change - WEIGHT * np.eye(len(change))).max()),
        paraboloid_error=float(np.abs(added - bowl).max()),
        free_sharpness=float(np.linalg.eigvalsh(curved["free"])[-1]),
        penalized_sharpness=float(np.linalg.eigvalsh(curved["penalized"])[-1]),
        free_loss=free.value(ends["free"]),
        penalized_loss=free.value(ends["penalized"]),
        free_norm=float(np.linalg.norm(ends["free"])),
        penalized_norm=float(np.linalg.norm(ends["penalized"])),
        negative_before=inertia(np.linalg.eigvalsh(curved["free"])).negative,
        negative_after=inertia(np.linalg.eigvalsh(curved["free"] + change)).negative,
    )


def _prose(setting: Setting, found: Penalized) -> str:
    ratio = found.penalized_sharpness / found.free_sharpness
    way = "sharper" if ratio > 1 else "flatter"
    return (
        f"An L2 penalty of weight c adds exactly c/2 times the squared distance from zero to the "
        f"loss: a perfect bowl on every slice (here, in {setting.title}, to "
        f"{number(found.paraboloid_error, 1)}) and c on every eigenvalue of the Hessian (to "
        f"{number(found.shift_error, 1)}). No bump of the data loss goes away; the bowl lies on "
        f"top of it. At the end of Adam that turns {counted(found.negative_before, 'direction')} "
        f"that lead down into {found.negative_after}. What changes besides is where training "
        f"ends: with the penalty at parameters of length {number(found.penalized_norm)} instead "
        f"of {number(found.free_norm)}, with data loss {number(found.penalized_loss)} instead of "
        f"{number(found.free_loss)}, and there the data loss is {way}: its largest eigenvalue is "
        f"{number(found.penalized_sharpness)} instead of {number(found.free_sharpness)}."
    )
