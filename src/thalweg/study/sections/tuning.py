"""The comparison of the optimizers: equal tuning, many seeds, and the effective learning rate."""

from dataclasses import asdict
from functools import partial

import numpy as np
import xarray as xr

from thalweg.plots.mpl_figures import views_figure
from thalweg.study.context import Study
from thalweg.study.experiments import ACCURATE, LOOKS
from thalweg.study.matched import Control, control
from thalweg.study.section import Section, number, percent
from thalweg.views.curves import CurvesView, Series, curves_view
from thalweg.views.dots import dots_view
from thalweg.views.levels import Scale
from thalweg.views.trust import trust_lines


def tuning_section(study: Study) -> Section:
    """Compare SGD, momentum and Adam fairly, in both settings."""
    learned, plan = study.learned, study.plan
    scores = {s.key: _scores(study.ensembles[s.key]) for s in study.settings}
    controls = {s.key: control(study, s) for s in study.settings}
    rates = f"{len(plan.tuning_rates)} rates from {plan.tuning_rates[0]:g} to " + (
        f"{plan.tuning_rates[-1]:g}, the same for all, on {len(plan.tuning_seeds)} seeds"
    )
    sweep = partial(
        views_figure,
        [_sweep_view(study), _spread(study)],
        title=_headline(scores[learned.key]),
        trust=trust_lines(
            [
                f"Left: mean and range over {len(plan.tuning_seeds)} tuning seeds; right: "
                f"{len(plan.test_seeds)} other seeds at the rate chosen on the left.",
                f"Steps an optimizer: {learned.steps:,}. A longer budget can change the order.",
            ]
        ),
    )
    caption = (
        f"Left: accuracy after {learned.steps} steps at {rates}. Right: every test seed a dot, "
        "joined across optimizers, with mean and 95 % bootstrap interval."
    )
    return Section(
        "optimizers",
        "Three optimizers, compared on equal terms",
        (
            f"Learning rates in the second setting were chosen from {rates}: "
            + ", ".join(f"{s.name} {number(s.lr)}" for s in learned.steppers)
            + f". On {len(plan.test_seeds)} seeds that were not tuned on, "
            + _prose(study, scores[learned.key])
            + ".",
            study.exhibit("tuning", sweep, caption),
            _control_prose(study, controls),
        ),
        {
            "scores": scores,
            "matched_rate": {key: asdict(found) for key, found in controls.items()},
            "rates": plan.tuning_rates,
        },
    )


def _scores(ensemble: xr.Dataset) -> dict[str, dict[str, float]]:
    found = {}
    for name in ensemble["optimizer"].values:
        one = ensemble.sel(optimizer=name)
        accuracy = one["accuracy"].values[:, -1]
        steps = one["steps_to_accuracy"].values
        found[str(name)] = {
            "mean_train_accuracy": float(accuracy.mean()),
            "mean_test_accuracy": float(one["test_accuracy"].mean()),
            "share_99": float((accuracy >= 0.99).mean()),
            "share_reached": float(np.isfinite(steps).mean()),
            "median_steps": float(np.median(steps)),
            "median_loss": float(np.median(one["loss"].values[:, -1])),
        }
    return found


def _headline(scores: dict[str, dict[str, float]]) -> str:
    order = sorted(scores, key=lambda name: -scores[name]["mean_test_accuracy"])
    best, worst = scores[order[0]], scores[order[-1]]
    return (
        f"At its best rate {order[0]} reaches {percent(best['mean_test_accuracy'])}, {order[-1]} "
        f"{percent(worst['mean_test_accuracy'])}, in the same number of steps"
    )


def _prose(study: Study, scores: dict[str, dict[str, float]]) -> str:
    parts = []
    for name, found in scores.items():
        steps = found["median_steps"]
        spacing = study.learned.steps / (LOOKS - 1)
        when = (
            f"within {steps:,.0f} steps (median, looking every {spacing:.0f})"
            if np.isfinite(steps)
            else "on fewer than half of the seeds"
        )
        parts.append(
            f"{name} is right on {percent(found['mean_test_accuracy'], 1)} of fresh points on "
            f"average, gets 99 % of the training points on {percent(found['share_99'])} of the "
            f"seeds, and reaches {percent(ACCURATE)} of them {when}"
        )
    return "; ".join(parts)


def _sweep_view(study: Study) -> CurvesView:
    accuracy, lines = study.tuning["accuracy"], []
    for name in study.tuning["optimizer"].values:
        one = accuracy.sel(optimizer=name)
        middle, low, high = (f("seed").values for f in (one.mean, one.min, one.max))
        lines.append(Series(str(name), one["rate"].values, middle, low, high))
    return curves_view(
        lines,
        "learning rate",
        "training accuracy",
        title="tuning seeds",
        x_scale=Scale.LOG,
        y_scale=Scale.LINEAR,
    )


def _spread(study: Study):
    ensemble = study.ensembles[study.learned.key]
    groups = {
        str(name): ensemble["test_accuracy"].sel(optimizer=name).values
        for name in ensemble["optimizer"].values
    }
    label = "accuracy on fresh points"
    return dots_view(groups, label, title="test seeds", scale=Scale.LINEAR, paired=True)


def _control_prose(study: Study, controls: dict[str, Control]) -> str:
    parts = []
    for setting in study.settings:
        found = controls[setting.key]
        low, high = found.difference_interval
        verb = "beats" if low > 0 else "loses to" if high < 0 else "cannot be told from"
        words = (
            f"in {setting.title} momentum {verb} gradient descent at that rate, "
            f"{number(found.rate)} (mean difference in final loss {number(found.difference, 2)}, "
            f"95 % interval {number(low, 2)} to {number(high, 2)})"
        )
        if found.diverged == found.runs:
            words = f"in {setting.title} gradient descent diverges at that rate on every seed"
        elif found.diverged:
            words += f"; {found.diverged} of {found.runs} runs diverged and are left out"
        parts.append(words)
    return (
        "On a steady slope, momentum at rate lr moves like gradient descent at lr / (1 - 0.9), "
        f"ten times the rate; that control tells speed from mere rate: {'; '.join(parts)}. Where "
        "gradient descent is unstable at that rate, the comparison is one of stability."
    )
