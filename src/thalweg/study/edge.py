"""The edge of stability in the case study: how near each optimizer came to what it can bear."""

from functools import partial

import numpy as np
import xarray as xr

from thalweg.core.executor import ThreadExecutor
from thalweg.dynamics.stability import stability_along
from thalweg.plots.mpl_figures import views_figure
from thalweg.study.context import Study
from thalweg.study.section import Exhibit, listed, number
from thalweg.study.settings import Setting
from thalweg.views.curves import CurvesView, Reference, Series, curves_view
from thalweg.views.trust import TrustLines, trust_lines

NEAR = 0.8  # of the threshold: from here on a run counts as at the edge
Edges = dict[str, dict[str, xr.Dataset]]

_INTRODUCTION = (
    "A step that is too long for the ground makes an optimizer swing. On a quadratic the limit is "
    "exact: gradient descent is stable while the largest eigenvalue of the Hessian stays below 2 "
    "over the learning rate, momentum while it stays below 2 (1 + β) over it, and Adam feels the "
    "Hessian divided by its running root mean squares, against 38 over the rate. The stability "
    "ratio is the eigenvalue over that limit: 1 is the edge."
)


def edges(study: Study) -> Edges:
    """Return the stability ratio along every run of both settings, at the plan's snapshots."""
    return {
        s.key: {name: _along(study, s, name) for name in study.runs[s.key]} for s in study.settings
    }


def edge_facts(found: Edges) -> dict[str, dict[str, dict[str, float | int | None]]]:
    """Return per setting and run the largest and the last ratio, and the snapshots beyond 1."""
    return {key: {n: _numbers(data) for n, data in runs.items()} for key, runs in found.items()}


def edge_blocks(study: Study, found: Edges) -> list[str | Exhibit]:
    """Return what the stability ratios say, and their figure."""
    views = [_view(setting, found[setting.key]) for setting in study.settings]
    figure = partial(views_figure, views, title=_title(study, found), trust=_trust(study, found))
    caption = (
        "Stability ratio at snapshots of every run: the largest curvature that the optimizer "
        "feels over what it can bear on a quadratic."
    )
    exhibit = study.exhibit("stability", figure, caption)
    said = " ".join(_sentence(setting, found[setting.key]) for setting in study.settings)
    return [f"{_INTRODUCTION} {said}", exhibit]


def _along(study: Study, setting: Setting, name: str) -> xr.Dataset:
    objective, run = study.objectives[setting.key], study.runs[setting.key][name]
    fractions = np.linspace(0, 1, study.plan.snapshots) ** 2
    rows = np.unique((fractions * setting.steps).round().astype(int))
    stepper = next(s for s in setting.steppers if s.name == name)
    return study.shop.keep(
        f"{setting.key}-stability-{name}",
        lambda: stability_along(objective, run, rows, stepper, ThreadExecutor()),
    )


def _numbers(data: xr.Dataset) -> dict[str, float | int | None]:
    ratio = data["stability_ratio"].values
    known = ratio[np.isfinite(ratio)]
    return {
        "threshold": float(data.attrs["threshold"]),
        "largest": float(known.max()) if known.size else None,
        "last": float(ratio[-1]) if np.isfinite(ratio[-1]) else None,
        "beyond": int((known > 1).sum()),
        "snapshots": len(ratio),
    }


def _view(setting: Setting, runs: dict[str, xr.Dataset]) -> CurvesView:
    lines = [
        Series(name, data["step"].values.astype(float), data["stability_ratio"].values)
        for name, data in runs.items()
    ]
    title = f"{setting.title[0].upper()}{setting.title[1:]}"
    edge = [Reference(1.0, "edge of stability")]
    return curves_view(lines, "step", "stability ratio", title=title, references=edge)


def _reach(runs: dict[str, xr.Dataset]) -> list[str]:
    """Return the names of the runs that came near the edge after their start."""
    near = []
    for name, data in runs.items():
        later = data["stability_ratio"].values[1:]
        if np.nanmax(np.append(later, -np.inf)) >= NEAR:
            near.append(name)
    return near


def _title(study: Study, found: Edges) -> str:
    reached = {s.key: _reach(found[s.key]) for s in study.settings}
    chapter, learned = study.settings
    if not reached[chapter.key] and reached[learned.key]:
        return f"Only the tuned rates bring {listed(reached[learned.key])} to the edge of stability"
    if not any(reached.values()):
        return "No run comes near the edge of stability"
    return "How near the runs come to the edge of stability"


def _sentence(setting: Setting, runs: dict[str, xr.Dataset]) -> str:
    facts = {name: _numbers(data) for name, data in runs.items()}
    largest = [
        f"{name} {number(f['largest'], 2)}" for name, f in facts.items() if f["largest"] is not None
    ]
    near = _reach(runs)
    words = (
        f"past the start {listed(near)} came to the edge" if near else "no run came near the edge"
    )
    if not largest:
        return f"In {setting.title} every run left all bounds."
    return f"In {setting.title} the largest ratio was {listed(largest)}; {words}."


def _trust(study: Study, found: Edges) -> TrustLines:
    kinked = not all(s.network.activation.is_smooth for s in study.settings)
    errors = [
        float(data.attrs["replay_error"])
        for runs in found.values()
        for data in runs.values()
        if "replay_error" in data.attrs
    ]
    worst = max(float(d["residual"].max()) for runs in found.values() for d in runs.values())
    snapshots = max(d.sizes["step"] for runs in found.values() for d in runs.values())
    return trust_lines(
        [
            f"Exact eigenvalues (residual {number(worst, 1)} at most) at {snapshots} snapshots a "
            "run; between them the ratio may have been higher.",
            "The limits hold for full-batch steps on a quadratic, with Adam's divisors held fixed"
            f"{'; they were rebuilt from the gradients, step by step' if errors else ''}"
            f"{f', to {number(max(errors), 1)} of its length' if max(errors, default=0) else ''}.",
            (
                "ReLU: the Hessian does not see the kinks, which add to the curvature that a step "
                "of any length meets."
                if kinked
                else ""
            ),
        ]
    )
