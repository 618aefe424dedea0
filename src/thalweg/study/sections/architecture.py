"""Architecture: what width and depth do to the landscape, on one data set and one scale."""

from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import xarray as xr

from thalweg.core.executor import ThreadExecutor
from thalweg.core.grid import Grid
from thalweg.core.schema import provenance
from thalweg.curvature.dense import hessian, inertia
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.geometry.planes import random_plane
from thalweg.geometry.scaling import FilterNorm
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP, FanIn
from thalweg.plots.mpl_figures import surfaces_figure
from thalweg.study.context import Study
from thalweg.study.margin import judged, margin
from thalweg.study.section import Section, Table, listed, number, percent
from thalweg.trust_report.invariance import FAIR, Invariance
from thalweg.trust_report.report import TrustReport
from thalweg.views.surface import shared_scale, surface_view
from thalweg.views.trust import trust_lines

RATES = (0.01, 0.03, 0.1, 0.3)


@dataclass(frozen=True)
class Built:
    """One architecture, trained with Adam at the best of four rates."""

    network: str
    parameters: int
    rate: float
    loss: float
    train_accuracy: float
    test_accuracy: float
    sharpness: float
    negative: int
    rise: float


def architecture_section(study: Study) -> Section:
    """Draw several architectures at their trained points, and compare sharpness."""
    with_points = [_trained(study, network) for network in study.plan.networks]
    surfaces = [_surface(study, *pair) for pair in with_points]
    built = [
        _built(study, network, run, surface)
        for (network, run), surface in zip(with_points, surfaces, strict=True)
    ]
    views = [
        surface_view(s, title=f"{b.network}: {percent(b.test_accuracy)}")
        for s, b in zip(surfaces, built, strict=True)
    ]
    reports = {
        _name(network): judged(surface, _objective(study, network))
        for (network, _), surface in zip(with_points, surfaces, strict=True)
    }
    figure = partial(
        surfaces_figure,
        shared_scale(views),
        columns=3,
        title=_headline(built),
        trust=trust_lines(
            [
                "Titles: hidden widths and accuracy on fresh points. One color scale, filter-"
                "normalized directions of seed 0, each network at its own trained point.",
                "One initialization each, He scaling; Adam at the best of four rates, "
                f"{_steps(study):,} steps. Another seed gives another picture.",
                _scales(list(reports.values())),
                _edges(built),
                *margin(study, "architecture", reports),
            ]
        ),
    )
    caption = "Networks of growing width, then of growing depth, on the second setting's data."
    return Section(
        "architecture",
        "Width and depth",
        (_prose(built), study.exhibit("architecture", figure, caption), _table(built)),
        {"networks": [asdict(b) for b in built]},
    )


def _scales(reports: list[TrustReport]) -> tuple[str, bool]:
    """Return what the scales of units do to these pictures, and whether it is a warning."""
    folds = [r.invariance.units for r in reports if isinstance(r.invariance, Invariance)]
    if not folds:
        return "", False
    words = (
        "Filter normalization removes the scale of whole layers, not that of single units: "
        "rescaling those alone, which leaves the function as it is, changes the curvature drawn "
        f"{number(min(folds), 2)}- to {number(max(folds), 2)}-fold."
    )
    return words, max(folds) > FAIR


def _edges(built: list[Built]) -> tuple[str, bool]:
    """Return the warning that some networks wanted a rate beyond those offered, if so."""
    beyond = [b.network for b in built if b.rate in (min(RATES), max(RATES))]
    words = f"At the edge of the rates offered: {listed(beyond)}." if beyond else ""
    return words, bool(beyond)


def _steps(study: Study) -> int:
    return 300 if study.plan.quick else 1000


def _objective(study: Study, network: MLP) -> MLPObjective:
    X, y = study.learned.data(study.plan.seed)
    # He's scaling, so that depth does not make the signal die out or blow up.
    return MLPObjective(network, X, y, start=network.initial_point(study.plan.seed, FanIn()))


def _name(network: MLP) -> str:
    return "-".join(map(str, network.widths[1:-1]))


def _trained(study: Study, network: MLP) -> tuple[MLP, xr.Dataset]:
    objective = _objective(study, network)

    def compute() -> xr.Dataset:
        def one(rate: float) -> xr.Dataset:
            steps = _steps(study)
            return record(objective, objective.start, Adam(rate), steps, every=steps)

        runs = dict(ThreadExecutor().map(one, RATES))
        best = min(RATES, key=lambda r: np.nan_to_num(runs[r]["loss"].values[-1], nan=np.inf))
        chosen = runs[best]
        chosen.attrs = provenance("trajectory", {**chosen.attrs, "rate": best})
        return chosen

    return network, study.shop.keep(f"architecture-{_name(network)}", compute)


def _surface(study: Study, network: MLP, run: xr.Dataset) -> xr.Dataset:
    objective = _objective(study, network)
    end = run["point"].values[-1]
    plane = random_plane(end, objective.layout, 0, scaling=FilterNorm())
    points = 31 if study.plan.quick else 61
    name = f"architecture-plane-{_name(network)}"
    return study.shop.surface(name, objective, plane, Grid.square(1.0, points))


def _built(study: Study, network: MLP, run: xr.Dataset, surface: xr.Dataset) -> Built:
    objective = _objective(study, network)
    end = run["point"].values[-1]
    fresh = MLPObjective(network, *study.learned.fresh_data(study.plan.seed))
    values = np.linalg.eigvalsh(hessian(objective, end))
    loss = surface["loss"].values
    return Built(
        network=_name(network),
        parameters=network.layout.size,
        rate=float(run.attrs["rate"]),
        loss=float(run["loss"].values[-1]),
        train_accuracy=float(objective.accuracies(end[None])[0]),
        test_accuracy=float(fresh.accuracies(end[None])[0]),
        sharpness=float(values[-1]),
        negative=inertia(values).negative,
        rise=float(np.median(loss) - loss.min()),
    )


def _headline(built: list[Built]) -> str:
    best = max(built, key=lambda b: b.test_accuracy)
    worst = min(built, key=lambda b: b.test_accuracy)
    return (
        f"From {worst.network} to {best.network}: {percent(worst.test_accuracy)} to "
        f"{percent(best.test_accuracy)} on fresh points"
    )


def _prose(built: list[Built]) -> str:
    wide = [b for b in built if "-" not in b.network]
    deep = [b for b in built if "-" in b.network]
    accuracy = [b.test_accuracy for b in built]
    sharp = [b.sharpness for b in built]
    rank = float(np.corrcoef(np.argsort(np.argsort(accuracy)), np.argsort(np.argsort(sharp)))[0, 1])
    link = "rise together" if rank > 0.5 else "oppose each other" if rank < -0.5 else "do not agree"
    return (
        f"Widening one hidden layer from {wide[0].network} to {wide[-1].network} units takes the "
        f"accuracy on fresh points from {percent(wide[0].test_accuracy, 1)} to "
        f"{percent(wide[-1].test_accuracy, 1)}; stacked layers of 16 reach "
        f"{listed([f'{percent(b.test_accuracy, 1)} ({b.network})' for b in deep])}. "
        f"Over these {len(built)}, sharpness (the largest Hessian "
        f"eigenvalue, from {number(min(sharp))} to {number(max(sharp))}) and accuracy {link} "
        f"(rank correlation {rank:.2f}); {len(built)} networks are too few to say more."
    )


def _table(built: list[Built]) -> Table:
    rows = tuple(
        (
            b.network,
            f"{b.parameters:,}",
            number(b.rate),
            number(b.loss),
            percent(b.train_accuracy, 1),
            percent(b.test_accuracy, 1),
            number(b.sharpness),
            str(b.negative),
        )
        for b in built
    )
    head = ("hidden", "parameters", "rate", "loss", "train", "fresh", "λ max", "negative")
    return Table(head, rows, "Networks on the data of the second setting, trained with Adam.")
