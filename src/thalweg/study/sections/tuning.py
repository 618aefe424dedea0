"""The comparison of the optimizers: equal tuning, many seeds, and the effective learning rate."""

from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.schema import provenance
from thalweg.dynamics.record import record_many
from thalweg.dynamics.steppers import SGD, Momentum
from thalweg.plots.mpl_figures import views_figure
from thalweg.study.context import Study
from thalweg.study.experiments import ACCURATE
from thalweg.study.section import Section, number, percent
from thalweg.study.settings import Setting
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
                f"Steps an optimizer: {learned.steps}. A longer budget can change the order.",
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
            + _prose(scores[learned.key])
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


def _prose(scores: dict[str, dict[str, float]]) -> str:
    parts = []
    for name, found in scores.items():
        steps = found["median_steps"]
        when = f"in {steps:.0f} steps (median)" if np.isfinite(steps) else "in under half of them"
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


@dataclass(frozen=True)
class Control:
    """Momentum against gradient descent at the same effective rate, over the test seeds.

    Differences are final losses, gradient descent minus momentum: positive where momentum wins.
    """

    rate: float
    gain_over_sgd: float
    gain_interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]


def control(study: Study, setting: Setting) -> Control:
    """Return the comparison of momentum at rate lr with gradient descent at lr / (1 - beta)."""
    momentum = next(s for s in setting.steppers if isinstance(s, Momentum))
    twin = SGD(momentum.lr / (1 - momentum.beta))
    kept = study.shop.keep(f"{setting.key}-matched", lambda: _matched(study, setting, twin))
    last = study.ensembles[setting.key]["loss"].isel(look=-1)
    there, plain = (last.sel(optimizer=n).values for n in (momentum.name, "SGD"))
    difference = kept["loss"].values - there
    finite = difference[np.isfinite(difference)]
    return Control(
        rate=twin.lr,
        gain_over_sgd=float((plain - there).mean()),
        gain_interval=interval(plain - there),
        difference=float(finite.mean()) if finite.size else float("nan"),
        difference_interval=interval(difference),
    )


def _matched(study: Study, setting: Setting, twin: SGD) -> xr.Dataset:
    objective = study.objectives[setting.key]
    starts = np.stack([setting.initial_point(seed) for seed in study.plan.test_seeds])
    runs = record_many(objective, starts, twin, setting.steps, every=setting.steps)
    losses = np.array([float(run["loss"].values[-1]) for run in runs])
    return xr.Dataset(
        {"loss": ("seed", losses)},
        coords={"seed": study.plan.test_seeds},
        attrs=provenance("matched", {"stepper": repr(twin), "objective": objective.name}),
    )


def interval(values: FloatArray, draws: int = 2000) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean of values (m,), without NaN and inf.

    >>> interval(np.full(5, 2.0))
    (2.0, 2.0)
    """
    usable = values[np.isfinite(values)]
    if not usable.size:
        return float("nan"), float("nan")
    rows = np.random.default_rng(0).integers(usable.size, size=(draws, usable.size))
    low, high = np.percentile(usable[rows].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _control_prose(study: Study, controls: dict[str, Control]) -> str:
    parts = []
    for setting in study.settings:
        found = controls[setting.key]
        low, high = found.difference_interval
        verb = "beats" if low > 0 else "loses to" if high < 0 else "cannot be told from"
        parts.append(
            f"in {setting.title} momentum {verb} gradient descent at that rate, "
            f"{number(found.rate)} (mean difference in final loss {number(found.difference, 2)}, "
            f"95 % interval {number(low, 2)} to {number(high, 2)})"
        )
    return (
        "On a steady slope, momentum at rate lr moves like gradient descent at lr / (1 - 0.9), "
        f"ten times the rate; so that is the fair control: {' and '.join(parts)}."
    )
