"""Saddles: curvature along the runs, and a saddle that the random plane hides."""

from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
import xarray as xr

from thalweg.core.grid import Grid
from thalweg.critical.point import CriticalPoint
from thalweg.critical.unstable import saddle_plane, unstable_plane
from thalweg.curvature.chance import chance_of_minimum
from thalweg.geometry.planes import random_plane
from thalweg.objectives.mlp import MLPObjective
from thalweg.plots.mpl_figures import stacked_figure, surfaces_figure
from thalweg.study.artists import Drawing
from thalweg.study.context import Study
from thalweg.study.escape import Escape, escape
from thalweg.study.exact_saddle import L2, Saddle, find_saddle, smooth_objective
from thalweg.study.margin import judged, margin
from thalweg.study.section import Exhibit, Section, counted, number, percent
from thalweg.study.settings import Setting
from thalweg.views.curves import Reference, Series, curves_view
from thalweg.views.levels import Scale
from thalweg.views.surface import Mark, MarkKind, surface_view
from thalweg.views.trust import trust_lines

HIDDEN = 0.9  # "hidden": a random plane shows a minimum at least this often
FARTHEST = 3.0  # how far along the way down the lowest point is searched


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
    along = study.curvatures
    chapter = study.chapter
    hidden = find_hidden(along[chapter.key])
    exact, saddle = escape(study), find_saddle(study)
    blocks: list[str | Exhibit] = [
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
        _hidden_prose(hidden),
        *_saddle_blocks(study, saddle),
        _exact_prose(study, exact),
    ]
    facts = {
        "along": {key: {n: _numbers(c) for n, c in runs.items()} for key, runs in along.items()},
        "hidden": asdict(hidden),
        "at_zero": asdict(exact),
        "beside_the_run": saddle.facts() if saddle else None,
    }
    return Section("saddles", "Saddles: what the random plane hides", tuple(blocks), facts)


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


def _along_figure(setting: Setting, runs: dict[str, xr.Dataset]) -> Drawing:
    def lines(read) -> list[Series]:
        return [Series(n, run["step"].values * 1.0, read(run)) for n, run in runs.items()]

    top = curves_view(lines(lambda r: r["eigenvalues"].values[:, -1]), "step", "λ max")
    low = lines(lambda r: r["eigenvalues"].values[:, 0])
    bottom = curves_view(
        low, "step", "λ min", y_scale=Scale.LINEAR, references=[Reference(0.0, "")]
    )
    count = curves_view(
        lines(lambda r: r["negative"].values * 1.0), "step", "negative λ", y_scale=Scale.LINEAR
    )
    slope = curves_view(lines(lambda r: r["gradient_norm"].values), "step", "gradient norm")
    size = next(iter(runs.values())).sizes["eigenvalue"]
    ends = [int(run["negative"].values[-1]) for run in runs.values()]
    return partial(
        stacked_figure,
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


def _saddle_figure(study: Study, saddle: Saddle) -> Drawing:
    """Draw the saddle on a random plane, and on its extreme eigenvectors with b stretched."""
    objective, points, found = smooth_objective(study), study.plan.grid_points, saddle.found
    reach, across = _window(objective, found)
    axes = (np.linspace(-reach, reach, points), np.linspace(-across, across, points))
    random = study.shop.surface(
        "saddle-random",
        objective,
        random_plane(found.point, objective.layout, 0),
        Grid.square(reach, points),
    )
    eigen = study.shop.surface("saddle-eigen", objective, saddle_plane(found), Grid(axes))
    hides, captions = saddle.chance >= HIDDEN, ("a random plane", "its own eigenvectors")
    pair = zip(captions, (random, eigen), strict=True)
    reports = {caption: judged(each, objective, where="the saddle") for caption, each in pair}
    views = [
        surface_view(
            random,
            title="a random plane",
            marks=[Mark(0.0, 0.0, "", MarkKind.MINIMUM if hides else MarkKind.POINT)],
        ),
        replace(
            surface_view(
                eigen,
                title="its lowest and highest eigenvectors",
                marks=[Mark(0.0, 0.0, "", MarkKind.SADDLE)],
            ),
            equal=False,
        ),
    ]
    return partial(
        surfaces_figure,
        views,
        title=(
            "The random plane hides the saddle; its own eigenvectors show it"
            if hides
            else f"A saddle of index {found.index} on two planes"
        ),
        trust=trust_lines(
            [
                *margin(study, "hidden-saddle", reports),
                f"A {found.words}: critical to |gradient| = {number(found.gradient_norm, 1)}, "
                f"{found.nullity} zero eigenvalues; mean curvature along random directions "
                f"tr H / n = {number(saddle.mean, 2)}.",
                f"Each panel has its own colors. On the right b is stretched {reach / across:.1f} "
                "times; on the left direction seed 0.",
            ]
        ),
    )


def _window(objective: MLPObjective, found: CriticalPoint) -> tuple[float, float]:
    """Return half the window along the way down, and across it, so that both curvatures show.

    Along: half as far again as the lowest point on the line. Across: as far as it takes to rise
    twice as much as the line falls.
    """
    line = np.linspace(-FARTHEST, FARTHEST, 241)
    loss = objective.restrict(unstable_plane(found, 1))(line[:, None])["loss"]
    lowest = int(loss.argmin())
    reach = float(np.clip(1.5 * abs(line[lowest]), 0.1, FARTHEST))
    fall = float(loss[120] - loss[lowest])
    return reach, float(np.sqrt(4 * fall / found.lambda_max)) if fall > 0 else reach


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
        f"{text[0].upper()}{text[1:]}. None of these points is a critical point, since "
        "the gradient is not zero; so they are not saddles in the strict sense, and the counts "
        "are not an index."
    )


def _hidden_prose(hidden: Hidden) -> str:
    words = (
        f"In the chapter's setting, {hidden.optimizer} after {hidden.step} steps has "
        f"{counted(hidden.negative, 'negative eigenvalue')} among {hidden.parameters}, the lowest "
        f"{number(hidden.lambda_min)} against a highest of {number(hidden.lambda_max)}; of random "
        f"planes through it {percent(hidden.chance)} curve upward everywhere."
    )
    if hidden.chance < HIDDEN:
        return words
    return (
        f"{words} A random direction sees the mean of all eigenvalues, and the few large positive "
        "ones win."
    )


def _saddle_blocks(study: Study, saddle: Saddle | None) -> list[str | Exhibit]:
    if saddle is None:
        return [
            "No search from the points of a run of the smooth twin ended at an exact saddle, so "
            "none is drawn."
        ]
    return [
        f"An exact saddle, then. Critical points of a ReLU network can sit on kinks, where the "
        f"Hessian is one-sided, so the search uses its smooth twin: tanh for ReLU, the same data, "
        f"an L2 penalty of {L2:g} against flat directions. Of "
        f"{counted(saddle.searched, 'search')} from points of an Adam run, {saddle.critical} "
        f"ended at a critical point, {saddle.saddles} of them at a saddle. The one drawn lies "
        f"{number(saddle.moved, 2)} from the run's step {saddle.start}, at loss "
        f"{number(saddle.found.loss)}: {saddle.found.index} ways down, and of pictures along two "
        f"random directions {percent(saddle.chance)} draw it as a minimum.",
        study.exhibit(
            "hidden-saddle",
            _saddle_figure(study, saddle),
            "One point, two planes: a random one, and that of the eigenvectors of the lowest and "
            "the highest Hessian eigenvalue.",
        ),
        _ways_prose(saddle),
    ]


def _ways_prose(saddle: Saddle) -> str:
    """Say what the two ways down along the lowest eigenvector run into."""
    words = "Followed down both sides of its lowest eigenvector, the gradient flow"
    ends = [end for end in saddle.ways if end is not None]
    if len(ends) < 2:
        return f"{words} found no end on {counted(2 - len(ends), 'side')}."
    told = (
        "copies as far as loss and spectrum tell, so perhaps one network with its hidden units "
        "renamed"
        if saddle.copies
        else "not copies, since loss or spectrum differ"
    )
    return (
        f"{words} ends at a {ends[0].words} of loss {number(ends[0].loss, 4)} and at a "
        f"{ends[1].words} of loss {number(ends[1].loss, 4)}, {number(saddle.apart, 2)} apart: "
        f"{told}. From a {saddle.found.words} other ways down may end elsewhere."
    )


def _exact_prose(study: Study, exact: Escape) -> str:
    agrees = abs(exact.lambda_min - exact.lambda_min_formula) < 1e-9
    formula = "agrees with" if agrees else "differs from"
    return (
        f"A saddle that is exact: with tanh units and all parameters zero the gradient vanishes "
        f"(here to {number(exact.gradient_norm, 1)}), and there are {exact.index} negative "
        f"eigenvalues, one a hidden unit, all {number(exact.lambda_min)}; that {formula} the "
        f"formula -|mean of (1/2 - y) x|. It is a {exact.kind} with {exact.zero} flat directions; "
        f"{percent(exact.chance)} of random planes draw it as a minimum (mean curvature "
        f"{number(exact.mean_curvature, 2)}). Gradient descent leaves it by a factor of "
        f"{exact.growth_measured:.5f} a step at rate {exact.rate:g}; 1 + rate × |λ_min| = "
        f"{exact.growth_predicted:.5f}. From a distance of 1e-9 to one of 0.01 that makes "
        f"{exact.escape_predicted:.1f} steps; the run took {exact.escape_measured:.1f}. At "
        f"the chapter's rate of {study.chapter.steppers[0].lr:g} one e-fold takes "
        f"{exact.efold_steps:,.0f} steps: a run of {study.chapter.steps} steps that began there "
        "would look stuck."
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
