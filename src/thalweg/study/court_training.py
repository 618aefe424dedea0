"""Tests of the chapter's claims about training: optimizers, initialization, what is learned."""

from dataclasses import replace
from functools import cache

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.dynamics.record import record_many
from thalweg.objectives.zoo import quadratic
from thalweg.study.claims import Claim, Results, Ruling, decide
from thalweg.study.context import Study
from thalweg.study.matched import control
from thalweg.study.section import listed, number, percent
from thalweg.study.settings import CHAPTER, LEARNED_SHARE, Setting
from thalweg.study.statistics import effect_shares, interval

DIVERGED = 1e100  # stands for the loss of a run that left all bounds
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
        f"(95 % interval {percent(max(low, 0.0), 1)} to {percent(min(high, 1.0), 1)}); the "
        f"optimal classifier on {percent(study.optimal[setting.key], 1)} of the same points"
    )
    return Ruling(decide(low >= LEARNED_SHARE, high < LEARNED_SHARE), words)


def sgd_oscillates(study: Study, setting: Setting, results: Results) -> Ruling:
    """Count the steps of gradient descent that turn back."""
    share = _values(study, setting, "SGD", "reversal_share")
    low, high = interval(share)
    words = (
        f"{percent(float(share.mean()), 1)} of its steps turn back (95 % interval "
        f"{percent(max(low, 0.0), 1)} to {percent(min(high, 1.0), 1)})"
    )
    return Ruling(decide(low > OSCILLATES, high < STEADY), words)


def momentum_is_faster(study: Study, setting: Setting, results: Results) -> Ruling:
    """Compare momentum with gradient descent at the same effective rate, and their overshoot."""
    found = control(study, setting)
    low, high = found.difference_interval
    rises = {n: _values(study, setting, n, "overshoot") for n in ("SGD", "momentum")}
    more = interval(rises["momentum"] - rises["SGD"])
    faster = low > 0 or found.diverged == found.runs
    words = (
        f"final loss of SGD minus momentum's {number(found.gain_over_sgd, 2)}; of gradient "
        f"descent at ten times the rate minus momentum's {number(found.difference, 2)}"
        f"{_between(low, high)}, {found.diverged} of {found.runs} diverged. Largest rise of the "
        f"loss {number(float(rises['momentum'].mean()), 2)} with momentum, "
        f"{number(float(rises['SGD'].mean()), 2)} with SGD"
    )
    return Ruling(decide(faster and more[1] <= 0, high < 0 or more[0] > 0), words)


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
        f"matched; {percent(found['disagreement'], 1)} of fresh points labeled differently. A "
        "straight line cannot tell a ridge from a bent valley"
    )
    joined = found["aligned"] < 0.01 * max(found["raw"], 1e-12)
    return Ruling(decide(False, joined), words)


def initialization_decides(study: Study, setting: Setting, results: Results) -> Ruling:
    """Split the variance of the final log loss into seed, optimizer and rest."""
    table = np.log(study.ensembles[setting.key]["loss"].isel(look=-1).values)
    kind, seed = effect_shares(table)
    words = (
        f"of the variance of the final log loss, {percent(max(seed, 0.0))} goes with the seed and "
        f"{percent(max(kind, 0.0))} with the optimizer, corrected for chance"
    )
    return Ruling(decide(seed > kind, seed < 0.1), words)


def best_depends(study: Study, setting: Setting, results: Results) -> Ruling:
    """Name the winner here and on an ill-conditioned bowl, tuned alike."""
    losses = study.ensembles[setting.key]["loss"].isel(look=-1).median("seed").values
    here = setting.steppers[int(losses.argmin())].name
    winners = {condition: bowl_winner(condition) for condition in CONDITIONS}
    elsewhere = listed([f"{name or 'nobody'} at {c:g}" for c, name in winners.items()])
    words = (
        f"{here} has the lowest median loss here; on quadratic bowls, each optimizer at its best "
        f"rate, the clear winner by condition number is {elsewhere}"
    )
    clear = [name for name in winners.values() if name]
    return Ruling(
        decide(any(name != here for name in clear), bool(clear) and set(clear) == {here}), words
    )


@cache
def bowl_winner(condition: float) -> str:
    """Return the optimizer that is clearly best on quadratic bowls of a condition number.

    Each takes its best of 13 rates, by the median of the log loss after 200 steps over rotated
    bowls and random starts; clear means less than half the loss of the next. Empty if none is.
    """
    random = np.random.default_rng(0)
    bowls = [quadratic(np.geomspace(1.0, condition, 20), seed=seed) for seed in range(2)]
    starts = [random.standard_normal((3, 20)) for _ in bowls]
    best = {}
    for stepper in CHAPTER.steppers:
        medians = []
        for rate in np.geomspace(1e-3, 10.0, 13):
            stepped = replace(stepper, lr=rate)
            runs = [
                run["loss"].values[-1]
                for bowl, points in zip(bowls, starts, strict=True)
                for run in record_many(bowl, points, stepped, BUDGET, every=BUDGET)
            ]
            losses = np.nan_to_num(np.array(runs), nan=DIVERGED, posinf=DIVERGED)
            medians.append(float(np.median(np.minimum(losses, DIVERGED))))
        best[stepper.name] = min(medians)
    first, second = sorted(best, key=lambda name: best[name])[:2]
    return first if best[first] < 0.5 * best[second] else ""


def _values(study: Study, setting: Setting, optimizer: str, name: str) -> FloatArray:
    return study.ensembles[setting.key][name].sel(optimizer=optimizer).values


def _between(low: float, high: float) -> str:
    return f" (95 % interval {number(low, 2)} to {number(high, 2)})"


CLAIMS = {
    "learns": Claim(
        "The network can learn the spiral.",
        "right on 95 % of fresh points, by interval",
        learns,
    ),
    "oscillates": Claim(
        "SGD oscillates in narrow valleys.",
        "over a quarter of its steps turn back; fails below 5 %",
        sgd_oscillates,
    ),
    "momentum": Claim(
        "Momentum crosses valleys faster and overshoots less.",
        "lower final loss than gradient descent at the same effective rate, and no larger rise "
        "of the loss than SGD; fails if either is reversed",
        momentum_is_faster,
    ),
    "adam": Claim(
        "Adam takes larger steps on flat and smaller ones on steep ground.",
        "step length falls as the gradient norm rises; fails if it rises with it",
        adam_adapts,
    ),
    "apart": Claim(
        "Different seeds end in different basins.",
        "fails if matching the units removes the barrier; a straight line cannot prove it",
        seeds_end_apart,
    ),
    "decides": Claim(
        "The initialization determines the outcome.",
        "the seed explains more of the final loss than the optimizer; fails below a tenth",
        initialization_decides,
    ),
    "depends": Claim(
        "The best optimizer depends on the landscape.",
        "another one wins clearly on another landscape; fails if the same one wins on all",
        best_depends,
    ),
}
