"""Tests of the chapter's claims about training: optimizers, initialization, what is learned."""

from dataclasses import replace
from functools import cache

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.dynamics.record import record
from thalweg.objectives.zoo import quadratic
from thalweg.study.claims import Claim, Results, Ruling, decide
from thalweg.study.context import Study
from thalweg.study.section import listed, number, percent
from thalweg.study.sections.tuning import control, interval
from thalweg.study.settings import CHAPTER, Setting

LEARNED = 0.95
CONDITIONS, BUDGET = (10.0, 100.0, 1000.0), 200
OSCILLATES, STEADY = 0.25, 0.05  # share of steps that turn back


def learns(study: Study, setting: Setting, results: Results) -> Ruling:
    """Ask whether the best optimizer's networks are right on fresh points."""
    ensemble = study.ensembles[setting.key]
    means = ensemble["test_accuracy"].mean("seed").values
    best = str(ensemble["optimizer"].values[means.argmax()])
    low, high = interval(ensemble["test_accuracy"].sel(optimizer=best).values)
    words = (
        f"{best}, the best of three: right on {percent(float(means.max()), 1)} of fresh points "
        f"(95 % interval {percent(low, 1)} to {percent(high, 1)}); the optimal classifier on "
        f"{percent(study.optimal[setting.key], 1)} of the same points"
    )
    return Ruling(decide(low >= LEARNED, high < LEARNED), words)


def sgd_oscillates(study: Study, setting: Setting, results: Results) -> Ruling:
    """Count the steps of gradient descent that turn back."""
    share = _values(study, setting, "SGD", "reversal_share")
    low, high = interval(share)
    words = f"{percent(float(share.mean()), 1)} of its steps turn back{_between(low, high)}"
    return Ruling(decide(low > OSCILLATES, high < STEADY), words)


def momentum_is_faster(study: Study, setting: Setting, results: Results) -> Ruling:
    """Compare momentum with gradient descent at the same effective rate, and their overshoot."""
    found = control(study, setting)
    low, high = found.difference_interval
    over = {n: float(_values(study, setting, n, "overshoot").mean()) for n in ("SGD", "momentum")}
    words = (
        f"SGD's final loss minus its own: {number(found.gain_over_sgd, 2)}; that of gradient "
        f"descent at ten times the rate minus its own: {number(found.difference, 2)}"
        f"{_between(low, high)}. Overshoot {number(over['momentum'], 2)} against "
        f"{number(over['SGD'], 2)}"
    )
    return Ruling(decide(low > 0, high < 0), words)


def adam_adapts(study: Study, setting: Setting, results: Results) -> Ruling:
    """Ask whether Adam's steps grow as the gradient shrinks."""
    law = _values(study, setting, "Adam", "step_law")
    low, high = interval(law)
    words = (
        f"step length goes as gradient norm to the power {number(float(law.mean()), 2)}"
        f"{_between(low, high)}; larger steps on flatter ground would need a negative power"
    )
    return Ruling(decide(high < 0, low > 0), words)


def seeds_end_apart(study: Study, setting: Setting, results: Results) -> Ruling:
    """Compare barriers between seeds with those between a network and its renamed copy."""
    found = results["initialization"][setting.key]
    words = (
        f"barrier {number(found['raw'], 2)} between seeds, {number(found['twin'], 2)} between a "
        f"network and its renamed copy, {number(found['aligned'], 2)} between seeds once units are "
        f"matched; {percent(found['disagreement'], 1)} of fresh points labelled differently. A "
        "straight line cannot tell a ridge from a bent valley"
    )
    joined = found["aligned"] < 0.01 * max(found["raw"], 1e-12)
    return Ruling(decide(False, joined), words)


def initialization_decides(study: Study, setting: Setting, results: Results) -> Ruling:
    """Split the variance of the final log loss into seed, optimizer and rest."""
    table = np.log(study.ensembles[setting.key]["loss"].isel(look=-1).values)
    total = float(np.square(table - table.mean()).sum())
    seed = table.shape[0] * float(np.square(table.mean(axis=0) - table.mean()).sum()) / total
    kind = table.shape[1] * float(np.square(table.mean(axis=1) - table.mean()).sum()) / total
    words = (
        f"of the variance of the final log loss, {percent(seed)} goes with the seed and "
        f"{percent(kind)} with the optimizer"
    )
    return Ruling(decide(seed > kind, seed < 0.1), words)


def best_depends(study: Study, setting: Setting, results: Results) -> Ruling:
    """Name the winner here and on an ill-conditioned bowl, tuned alike."""
    losses = study.ensembles[setting.key]["loss"].isel(look=-1).median("seed").values
    here = setting.steppers[int(losses.argmin())].name
    winners = {f"a quadratic of condition {c:g}": bowl_winner(c) for c in CONDITIONS}
    elsewhere = listed([f"{name} on {where}" for where, name in winners.items()])
    words = f"{here} wins here; tuned alike, {BUDGET} steps each, the winner is {elsewhere}"
    return Ruling(decide(set(winners.values()) != {here}, False), words)


@cache
def bowl_winner(condition: float) -> str:
    """Return the optimizer with the lowest loss on a quadratic bowl, each at its best rate."""
    objective, start, ends = quadratic(np.geomspace(1.0, condition, 20), seed=0), np.ones(20), {}
    for stepper in CHAPTER.steppers:
        runs = [
            record(objective, start, replace(stepper, lr=rate), BUDGET, every=BUDGET)
            for rate in np.geomspace(1e-3, 10.0, 13)
        ]
        losses = np.array([run["loss"].values[-1] for run in runs])
        ends[stepper.name] = float(np.nan_to_num(losses, nan=np.inf).min())
    return min(ends, key=lambda name: ends[name])


def _values(study: Study, setting: Setting, optimizer: str, name: str) -> FloatArray:
    return study.ensembles[setting.key][name].sel(optimizer=optimizer).values


def _between(low: float, high: float) -> str:
    return f" (95 % interval {number(low, 2)} to {number(high, 2)})"


CLAIMS = {
    "learns": Claim(
        "The network can learn the spiral.", "right on 95 % of fresh points, by interval", learns
    ),
    "oscillates": Claim(
        "SGD oscillates in narrow valleys.", "over a quarter of its steps turn back", sgd_oscillates
    ),
    "momentum": Claim(
        "Momentum crosses valleys faster and overshoots less.",
        "lower final loss than gradient descent at the same effective rate",
        momentum_is_faster,
    ),
    "adam": Claim(
        "Adam takes larger steps on flat and smaller ones on steep ground.",
        "step length falls as the gradient norm rises",
        adam_adapts,
    ),
    "apart": Claim(
        "Different seeds end in different basins.",
        "fails if matching the units removes the barrier; a straight line cannot prove it",
        seeds_end_apart,
    ),
    "decides": Claim(
        "The initialization determines the outcome.",
        "the seed explains more of the final loss than the optimizer",
        initialization_decides,
    ),
    "depends": Claim(
        "The best optimizer depends on the landscape.",
        "another one wins on another landscape, tuned alike",
        best_depends,
    ),
}
