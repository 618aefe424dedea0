"""Saddles: curvature along the runs, and a saddle that the random plane hides."""

from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from thalweg.core.arrays import FloatArray, IndexArray
from thalweg.core.executor import ThreadExecutor
from thalweg.core.grid import Grid
from thalweg.core.objective import SmoothObjective
from thalweg.curvature.along import curvature_along
from thalweg.curvature.chance import chance_of_minimum
from thalweg.curvature.dense import spectrum
from thalweg.geometry.planes import eigen_plane, random_plane
from thalweg.plots.mpl_figures import stacked_figure, surfaces_figure
from thalweg.study.context import Study
from thalweg.study.escape import Escape, escape, smooth_twin
from thalweg.study.section import Section, number, percent
from thalweg.study.settings import Setting
from thalweg.views.curves import Reference, Series, curves_view
from thalweg.views.levels import Scale
from thalweg.views.surface import Mark, MarkKind, surface_view
from thalweg.views.trust import trust_lines

HIDDEN = 0.9  # "hidden": a random plane shows a minimum at least this often
LEAST_ASPECT = 0.4


@dataclass(frozen=True)
class Hidden:
    """A point of a run where a random plane shows a minimum and full space has a way down."""

    optimizer: str
    step: int
    loss: float
    gradient_norm: float
    lambda_min: float
    lambda_max: float
    negative: int
    parameters: int
    chance: float


def saddles_section(study: Study) -> Section:
    """Draw the curvature along the runs and the point that a random plane shows worst."""
    along = {s.key: curvatures(study, s) for s in study.settings}
    chapter = study.chapter
    hidden = find_hidden(along[chapter.key])
    exact = escape(study)
    blocks = [
        "Where the Hessian has a negative eigenvalue, there is a way down that the gradient need "
        "not show. The whole spectrum was computed along every run: exactly, all eigenvalues.",
        *[
            study.exhibit(
                f"curvature-{s.key}",
                _along_figure(s, along[s.key]),
                f"Along the runs of {s.title}: largest and smallest Hessian eigenvalue, number of "
                "negative ones, gradient norm.",
            )
            for s in study.settings
        ],
        _count_prose(study, along),
        study.exhibit(
            "hidden-saddle",
            _hidden_figure(study, hidden),
            f"One point, {hidden.optimizer} of {chapter.title} after {hidden.step} steps, on a "
            "random plane and on the plane of the eigenvectors of its lowest and highest "
            "eigenvalue. One color scale.",
        ),
        _hidden_prose(hidden),
        study.exhibit(
            "exact-saddle",
            _exact_figure(study, exact),
            "The saddle at zero of the chapter's network with tanh in place of ReLU, an exact "
            "critical point, on a random plane and on the plane of its extreme eigenvectors.",
        ),
        _exact_prose(study, exact),
    ]
    facts = {
        "along": {key: {n: _numbers(c) for n, c in runs.items()} for key, runs in along.items()},
        "hidden": asdict(hidden),
        "exact": asdict(exact),
    }
    return Section("saddles", "Saddles: what the random plane hides", tuple(blocks), facts)


def curvatures(study: Study, setting: Setting) -> dict[str, xr.Dataset]:
    """Return the curvature along each run of a setting."""
    objective = study.objectives[setting.key]
    # Denser at the start, where things change: steps at the squares of an even spacing.
    fractions = np.linspace(0, 1, study.plan.snapshots) ** 2
    rows: IndexArray = np.unique((fractions * setting.steps).round().astype(np.intp))
    return {
        name: study.shop.keep(
            f"{setting.key}-curvature-{name}",
            lambda run=run: curvature_along(objective, run, rows, ThreadExecutor()),
        )
        for name, run in study.runs[setting.key].items()
    }


def find_hidden(along: dict[str, xr.Dataset]) -> Hidden:
    """Return the most strongly saddle-shaped point among those that random planes hide.

    Of the points where a random plane shows a minimum with probability 0.9 or more (if there is
    none: of all), the one with the largest -lambda_min / lambda_max.
    """
    found = []
    for name, run in along.items():
        for row in range(run.sizes["step"]):
            here = run.isel(step=row)
            values = here["eigenvalues"].values
            found.append(
                Hidden(
                    optimizer=name,
                    step=int(here["step"]),
                    loss=float(here["loss"]),
                    gradient_norm=float(here["gradient_norm"]),
                    lambda_min=float(values[0]),
                    lambda_max=float(values[-1]),
                    negative=int(here["negative"]),
                    parameters=len(values),
                    chance=chance_of_minimum(values).probability,
                )
            )
    hiding = [h for h in found if h.chance >= HIDDEN] or found
    return max(hiding, key=lambda h: -h.lambda_min / h.lambda_max)


def _along_figure(setting: Setting, runs: dict[str, xr.Dataset]) -> Figure:
    def lines(read) -> list[Series]:
        return [Series(n, run["step"].values * 1.0, read(run)) for n, run in runs.items()]

    top = curves_view(lines(lambda r: r["eigenvalues"].values[:, -1]), "step", "λ max")
    low = lines(lambda r: r["eigenvalues"].values[:, 0])
    bottom = curves_view(
        low, "step", "λ min", y_scale=Scale.LINEAR, references=[Reference(0.0, "")]
    )
    count = curves_view(
        lines(lambda r: r["negative"].values * 1.0), "step", "negative", y_scale=Scale.LINEAR
    )
    slope = curves_view(lines(lambda r: r["gradient_norm"].values), "step", "gradient norm")
    size = next(iter(runs.values())).sizes["eigenvalue"]
    ends = [int(run["negative"].values[-1]) for run in runs.values()]
    return stacked_figure(
        [top, bottom, count, slope],
        title=f"{min(ends)} to {max(ends)} of {size} directions still curve down at the end"
        if min(ends) > 0
        else f"Curvature along the runs, {setting.title}",
        trust=trust_lines(
            [
                "Exact spectra in float64; a negative eigenvalue counts below -1e-8 of the largest "
                "magnitude.",
                "ReLU: the Hessian is one-sided at kinks and misses the curvature that sits there.",
            ]
        ),
    )


def _pair(
    study: Study, name: str, objective: SmoothObjective, point: FloatArray
) -> tuple[list[xr.Dataset], xr.Dataset]:
    """Return the surfaces on a random plane and on the extreme eigenvectors, and the spectrum."""
    there = study.shop.keep(f"{name}-spectrum", lambda: spectrum(objective, point))
    values, vectors = there["eigenvalues"].values, there["eigenvectors"].values
    points = study.plan.grid_points
    extreme = eigen_plane(point, (values[0], values[-1]), vectors[[0, -1]])
    narrow = float(np.clip(np.sqrt(-values[0] / values[-1]), LEAST_ASPECT, 1.0))
    axes = (np.linspace(-1, 1, points), np.linspace(-narrow, narrow, points))
    random = study.shop.surface(
        f"{name}-random",
        objective,
        random_plane(point, objective.layout, 0),
        Grid.square(1.0, points),
    )
    eigen = study.shop.surface(f"{name}-eigen", objective, extreme, Grid(axes))
    return [random, eigen], there


def _hidden_figure(study: Study, hidden: Hidden) -> Figure:
    setting = study.chapter
    objective = study.objectives[setting.key]
    point = study.runs[setting.key][hidden.optimizer]["point"].values[hidden.step]
    surfaces, _ = _pair(study, f"{setting.key}-hidden", objective, point)
    words = "The random plane hides the saddle; its own eigenvectors show it"
    return _pair_figure(surfaces, words, hidden.chance, hidden.lambda_min, hidden.lambda_max)


def _exact_figure(study: Study, exact: Escape) -> Figure:
    objective = study.chapter.objective(study.plan.seed, network=smooth_twin(study.chapter.network))
    surfaces, _ = _pair(study, "exact-saddle", objective, np.zeros(objective.layout.size))
    words = f"An exact saddle of index {exact.index}: two of the planes through one point"
    return _pair_figure(surfaces, words, exact.chance, exact.lambda_min, exact.lambda_max)


def _pair_figure(
    surfaces: list[xr.Dataset], title: str, chance: float, low: float, high: float
) -> Figure:
    kinds = (MarkKind.MINIMUM if chance >= HIDDEN else MarkKind.POINT, MarkKind.SADDLE)
    titles = ("a random plane", "lowest and highest eigenvector")
    views = [
        surface_view(s, title=t, marks=[Mark(0.0, 0.0, "", kind)])
        for s, t, kind in zip(surfaces, titles, kinds, strict=True)
    ]
    return surfaces_figure(
        views,
        title=title,
        trust=trust_lines(
            [
                (
                    f"A random plane through this point shows a minimum with probability "
                    f"{percent(chance, 1)}; in full space λ_min = {number(low)}, λ_max = "
                    f"{number(high)}.",
                    chance >= HIDDEN,
                ),
                "Each panel has its own colors and levels. Unit-length directions; direction seed "
                "0 on the left.",
            ]
        ),
    )


def _count_prose(study: Study, along: dict[str, dict[str, xr.Dataset]]) -> str:
    parts = []
    for setting in study.settings:
        runs = along[setting.key]
        first = int(next(iter(runs.values()))["negative"].values[0])
        ends = ", ".join(f"{int(r['negative'].values[-1])} ({n})" for n, r in runs.items())
        size = next(iter(runs.values())).sizes["eigenvalue"]
        parts.append(
            f"in {setting.title} {first} of {size} eigenvalues are negative at the start and "
            f"{ends} at the end"
        )
    text = "; ".join(parts)
    return (
        f"Negative curvature is the rule: {text}. None of these points is a critical point, since "
        "the gradient is not zero; so they are not saddles in the strict sense, and the counts "
        "are not an index."
    )


def _hidden_prose(hidden: Hidden) -> str:
    return (
        f"{hidden.optimizer} after {hidden.step} steps has {hidden.negative} negative eigenvalues "
        f"among {hidden.parameters}, the lowest {number(hidden.lambda_min)} against a highest of "
        f"{number(hidden.lambda_max)}. Yet {percent(hidden.chance, 1)} of random planes through "
        "it curve upward everywhere: a random direction sees the mean of all eigenvalues, and "
        "the few large positive ones win."
    )


def _exact_prose(study: Study, exact: Escape) -> str:
    agrees = abs(exact.lambda_min - exact.lambda_min_formula) < 1e-9
    formula = "agrees with" if agrees else "differs from"
    return (
        f"A saddle that is exact: with tanh units and all parameters zero the gradient vanishes "
        f"(here to {number(exact.gradient_norm, 1)}), and there are {exact.index} negative "
        f"eigenvalues, one a hidden unit, all {number(exact.lambda_min)}; that {formula} the "
        "formula -|mean of (1/2 - y) x|. Gradient descent leaves it by a factor of "
        f"{exact.growth_measured:.5f} a step at rate {exact.rate:g}; 1 + rate × |λ_min| = "
        f"{exact.growth_predicted:.5f}. At the chapter's rate of {study.chapter.steppers[0].lr:g} "
        f"one e-fold takes {exact.efold_steps:,.0f} steps: a run of {study.chapter.steps} steps "
        "that began there would look stuck."
    )


def _numbers(run: xr.Dataset) -> dict[str, list[float]]:
    values = run["eigenvalues"].values
    return {
        "step": [float(s) for s in run["step"].values],
        "lambda_min": values[:, 0].tolist(),
        "lambda_max": values[:, -1].tolist(),
        "negative": [float(v) for v in run["negative"].values],
        "gradient_norm": run["gradient_norm"].values.tolist(),
        "gradient_in_negative": run["gradient_in_negative"].values.tolist(),
    }
