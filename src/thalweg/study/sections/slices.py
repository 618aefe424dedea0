"""The slice: the loss on random planes through a trained network, plain and filter-normalized."""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from thalweg.core.grid import Grid
from thalweg.core.schema import plane_of
from thalweg.curvature.chance import Chance, chance_of_minimum
from thalweg.curvature.dense import spectrum
from thalweg.geometry.planes import random_plane
from thalweg.geometry.scaling import FilterNorm, Scaling, Unit
from thalweg.plots.mpl_figures import surfaces_figure
from thalweg.study.context import Study
from thalweg.study.margin import judged, margin
from thalweg.study.section import Exhibit, Section, number
from thalweg.study.settings import Setting
from thalweg.surface.out_of_plane import GradientParts, out_of_plane_gradient
from thalweg.topology.connectivity import Connectivity
from thalweg.topology.of_surface import topology_of
from thalweg.topology.result import Places
from thalweg.trust_report.report import TrustReport
from thalweg.viewer.figure import figure_frames
from thalweg.viewer.page import placed
from thalweg.views.surface import shared_scale, surface_view
from thalweg.views.trust import TrustLines, trust_lines

NEARLY = 1e-3  # a negative eigenvalue this small, against the largest, is nearly zero
OPTIMIZER = "Adam"  # the chapter centers its slice on a trained network


def slices_section(study: Study) -> Section:
    """Draw the slice as the chapter does, filter-normalized, and at several draws."""
    facts: dict[str, Any] = {}
    blocks: list[str | Exhibit] = [
        "The chapter looks at the loss on a plane through a trained network, along two random "
        "directions. Two things decide what one sees: the length of the directions and the draw. "
        "A direction of length 1 is a small move for a network with large weights; filter "
        "normalization (Li et al. 2018) makes each filter of the direction as long as that "
        "filter of the network, with biases left alone."
    ]
    for setting in study.settings:
        pair = [_surface(study, setting, kind, 0) for kind in (Unit(), FilterNorm())]
        views = [surface_view(s, title=t) for s, t in zip(pair, _TITLES, strict=True)]
        seen = _seen(study, setting, pair)
        facts[setting.key] = asdict(seen)
        strip = _trust(study, setting, seen, pair)
        figure = partial(surfaces_figure, views, title=_title(setting, seen), trust=strip)
        turned = figure_frames(pair[1], trust=strip)
        fragment = placed(turned, f"slice-{setting.key}-frames", lazy=True, theme="light")
        caption = (
            f"The loss of {setting.title} around the end of {OPTIMIZER}, on a plane of two random "
            "directions: of length 1, and filter-normalized. One draw; each panel has its own "
            "colors."
        )
        blocks.append(study.exhibit(f"slice-{setting.key}", figure, caption, fragment))
    facts["draws"], several = {}, {}
    for setting in study.settings:
        draws = [_surface(study, setting, FilterNorm(), seed) for seed in range(study.plan.draws)]
        several[setting.key] = draws
        facts["draws"][setting.key] = {
            "minima": [_minima(s).inside for s in draws],
            "highest_loss": [float(s["loss"].max()) for s in draws],
        }
    draws, found = several[study.learned.key], facts["draws"][study.learned.key]
    counts, spread = found["minima"], found["highest_loss"]
    views = [surface_view(s, title=f"draw {i}") for i, s in enumerate(draws)]
    six = partial(
        surfaces_figure,
        shared_scale(views),
        columns=3,
        title=f"One network, {study.plan.draws} draws: the highest loss in the window varies "
        f"{max(spread) / min(spread):.1f}-fold",
        trust=trust_lines(
            [
                "One scale for all draws; the network is the same in each.",
                *margin(study, "draws", _judged(study, study.learned, draws)),
            ]
        ),
    )
    blocks += [
        study.exhibit("draws", six, "One trained network on several filter-normalized planes."),
        _draws_prose(counts, spread),
    ]
    return Section("slice", "The slice: what a random plane shows", tuple(blocks), facts)


_TITLES = ("directions of length 1", "filter-normalized directions")


def _surface(study: Study, setting: Setting, scaling: Scaling, seed: int) -> xr.Dataset:
    objective = study.objectives[setting.key]
    center = study.runs[setting.key][OPTIMIZER]["point"].values[-1]
    plane = random_plane(center, objective.layout, seed, scaling=scaling)
    kind = "filter" if isinstance(scaling, FilterNorm) else "unit"
    grid = Grid.square(1.0, study.plan.grid_points)
    name = f"{setting.key}-slice-{kind}-{seed}"
    return study.shop.surface(name, objective, plane, grid, ("loss", "accuracy"))


def _minima(surface: xr.Dataset) -> Places:
    """Return the minima of a picture; over all 8 neighbors, so that no oblique valley has beads."""
    return topology_of(surface, connectivity=Connectivity.ALL).minima


@dataclass(frozen=True)
class Seen:
    """What the slices through one point show, and what full space holds there."""

    loss: float
    gradient_norm: float
    lambda_min: float
    lambda_max: float
    negative: int
    parameters: int
    trace_over_n: float
    chance: Chance
    highest: tuple[float, ...]
    minima: tuple[int, ...]
    steep_in_plane: tuple[float, ...]
    steep_out_of_plane: tuple[float, ...]
    cosines: tuple[float, ...]
    weight_norm: float
    reach: tuple[float, ...]


def _seen(study: Study, setting: Setting, pair: list[xr.Dataset]) -> Seen:
    objective = study.objectives[setting.key]
    end = study.runs[setting.key][OPTIMIZER]["point"].values[-1]
    there = study.shop.keep(f"{setting.key}-spectrum-{OPTIMIZER}", lambda: spectrum(objective, end))
    values = there["eigenvalues"].values
    parts = [_steepness(study, setting, s) for s in pair]
    return Seen(
        loss=there.attrs["loss"],
        gradient_norm=there.attrs["gradient_norm"],
        lambda_min=float(values[0]),
        lambda_max=float(values[-1]),
        negative=there.attrs["negative"],
        parameters=len(values),
        trace_over_n=float(values.mean()),
        chance=chance_of_minimum(values),
        highest=tuple(float(s["loss"].max()) for s in pair),
        minima=tuple(_minima(s).inside for s in pair),
        steep_in_plane=tuple(float(p.in_plane[0]) for p in parts),
        steep_out_of_plane=tuple(float(p.out_of_plane[0]) for p in parts),
        cosines=tuple(float(plane_of(s).cosines()[0, 1]) for s in pair),
        weight_norm=float(np.linalg.norm(end)),
        reach=tuple(float(np.linalg.norm(s["directions"].values[0])) for s in pair),
    )


def _steepness(study: Study, setting: Setting, surface: xr.Dataset) -> GradientParts:
    """Return how steep the loss is, along the plane and out of it, at the lowest minimum of it."""
    lowest = _minima(surface).coords[:1]
    return out_of_plane_gradient(study.objectives[setting.key], plane_of(surface), lowest)


def _title(setting: Setting, seen: Seen) -> str:
    steep = -seen.lambda_min / seen.lambda_max
    if seen.minima == (1, 1) and steep > NEARLY:
        return f"One bowl in the picture; {seen.negative} directions curve downward in full space"
    if seen.minima == (1, 1):
        low = number(seen.lambda_min, 1)
        return f"A bowl in the picture, and nearly one in full space: λ_min = {low}"
    return f"The loss around the end of {OPTIMIZER}, {setting.title}"


def _judged(study: Study, setting: Setting, surfaces: list[xr.Dataset]) -> dict[str, TrustReport]:
    objective = study.objectives[setting.key]
    return {surface.attrs["recipe"]: judged(surface, objective) for surface in surfaces}


def _trust(study: Study, setting: Setting, seen: Seen, pair: list[xr.Dataset]) -> TrustLines:
    reports = _judged(study, setting, pair)
    _, normalized = reports.values()
    return trust_lines(
        [
            *margin(study, f"slice-{setting.key}", reports),
            *normalized.invariance.lines(),
            f"The window reaches {number(seen.reach[0], 2)} from the network on the left and "
            f"{number(seen.reach[1], 2)} on the right; its weights have length "
            f"{number(seen.weight_norm, 2)}. Highest loss {number(seen.highest[0], 2)} and "
            f"{number(seen.highest[1], 2)}.",
            "A minimum of a picture need not be one of the loss: at the lowest cell of each the "
            f"gradient is {number(seen.steep_in_plane[0], 1)} and "
            f"{number(seen.steep_in_plane[1], 1)} along the plane, "
            f"{number(seen.steep_out_of_plane[0], 1)} and "
            f"{number(seen.steep_out_of_plane[1], 1)} out of it.",
            f"Direction seed 0; cosine between the directions {seen.cosines[0]:.2f} and "
            f"{seen.cosines[1]:.2f}. All {study.objectives[setting.key].n_examples} training "
            "points: no sampling error.",
        ]
    )


def _draws_prose(counts: list[int], spread: list[float]) -> str:
    several = sum(count > 1 for count in counts)
    seen = (
        f"more than one minimum shows in {several} of the {len(counts)} draws"
        if several
        else f"none of the {len(counts)} draws shows more than one minimum"
    )
    return (
        f"The picture depends on the draw: the highest loss in the window runs from "
        f"{number(min(spread))} to {number(max(spread))}, and {seen}. One random plane is an "
        "anecdote; several on one scale are evidence."
    )
