"""Experiments: the trainings behind the case study, each kept as a Dataset in the workshop."""

from dataclasses import replace

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray, IndexArray
from thalweg.core.executor import ThreadExecutor
from thalweg.core.schema import provenance
from thalweg.curvature.along import curvature_along
from thalweg.dynamics.diagnostics import diagnose
from thalweg.dynamics.record import record, record_many
from thalweg.objectives.mlp import MLPObjective
from thalweg.study.settings import Plan, Setting
from thalweg.study.workshop import Workshop

ACCURATE = 0.95  # "steps to accuracy" counts the steps to this share of the training set
LOOKS = 41  # rows of a run at which the accuracy is computed
DIAGNOSES = ("path_ratio", "reversal_share", "up_share", "overshoot", "step_law")


def train(shop: Workshop, plan: Plan, setting: Setting) -> dict[str, xr.Dataset]:
    """Return one trajectory an optimizer, by name, from the seed's initial point."""
    objective = setting.objective(plan.seed)
    return {
        stepper.name: shop.keep(
            f"{setting.key}-run-{stepper.name}",
            lambda stepper=stepper: record(objective, objective.start, stepper, setting.steps),
        )
        for stepper in setting.steppers
    }


def tune(shop: Workshop, plan: Plan, setting: Setting) -> xr.Dataset:
    """Return accuracy and loss of every optimizer at every rate, on the tuning seeds.

    Dims (optimizer, rate, seed). All optimizers get the same rates, and so the same budget.
    """
    return shop.keep(f"{setting.key}-tuning", lambda: _tune(plan, setting))


def tuned(setting: Setting, tuning: xr.Dataset) -> Setting:
    """Return the setting with each optimizer at its best rate.

    Best is the highest mean training accuracy, ties broken by the lower mean loss.
    """
    steppers = []
    for stepper in setting.steppers:
        found = tuning.sel(optimizer=stepper.name)
        accuracy = found["accuracy"].mean("seed").values
        loss = np.nan_to_num(found["loss"].mean("seed").values, nan=np.inf)
        best = np.lexsort((loss, -accuracy))[0]
        steppers.append(replace(stepper, lr=float(found["rate"].values[best])))
    return replace(setting, steppers=tuple(steppers))


def ensemble(shop: Workshop, plan: Plan, setting: Setting) -> xr.Dataset:
    """Return what every optimizer does from every test seed, on the data of the plan's seed.

    Dims optimizer, seed, look (rows spread over the run), parameter: `loss` and `accuracy` at the
    looks, `end` point, `test_accuracy` there, `steps_to_accuracy` (inf if never) and the
    diagnoses. Optimizers are paired: the same seeds start from the same points.
    """
    return shop.keep(f"{setting.key}-ensemble", lambda: _ensemble(plan, setting))


def curvatures(
    shop: Workshop, plan: Plan, setting: Setting, runs: dict[str, xr.Dataset]
) -> dict[str, xr.Dataset]:
    """Return the spectra at snapshots of each run, denser at the start, where things change."""
    objective = setting.objective(plan.seed)
    fractions = np.linspace(0, 1, plan.snapshots) ** 2
    rows: IndexArray = np.unique((fractions * setting.steps).round().astype(np.intp))
    return {
        name: shop.keep(
            f"{setting.key}-curvature-{name}",
            lambda run=run: curvature_along(objective, run, rows, ThreadExecutor()),
        )
        for name, run in runs.items()
    }


def _tune(plan: Plan, setting: Setting) -> xr.Dataset:
    objective = setting.objective(plan.seed)
    starts = np.stack([setting.initial_point(seed) for seed in plan.tuning_seeds])
    names = [stepper.name for stepper in setting.steppers]
    shape = (len(names), len(plan.tuning_rates), len(plan.tuning_seeds))
    loss, accuracy = np.empty(shape), np.empty(shape)

    def one(cell: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
        stepper = replace(setting.steppers[cell[0]], lr=plan.tuning_rates[cell[1]])
        runs = record_many(objective, starts, stepper, setting.steps, every=setting.steps)
        ends = np.stack([run["point"].values[-1] for run in runs])
        return objective.values(ends), objective.accuracies(ends)

    cells = [(i, j) for i in range(shape[0]) for j in range(shape[1])]
    for cell, (losses, accuracies) in ThreadExecutor().map(one, cells):
        loss[cell], accuracy[cell] = losses, accuracies
    return xr.Dataset(
        {
            "loss": (("optimizer", "rate", "seed"), loss),
            "accuracy": (("optimizer", "rate", "seed"), accuracy),
        },
        coords={"optimizer": names, "rate": plan.tuning_rates, "seed": plan.tuning_seeds},
        attrs=provenance("tuning", {"objective": objective.name, "steps": setting.steps}),
    )


def _ensemble(plan: Plan, setting: Setting) -> xr.Dataset:
    objective = setting.objective(plan.seed)
    fresh = MLPObjective(setting.network, *setting.fresh_data(plan.seed))
    starts = np.stack([setting.initial_point(seed) for seed in plan.test_seeds])
    looks = np.unique(np.linspace(0, setting.steps, LOOKS).round().astype(int))
    parts = []
    for stepper in setting.steppers:
        runs = record_many(objective, starts, stepper, setting.steps)
        points = np.stack([run["point"].values[looks] for run in runs])
        flat = points.reshape(-1, objective.layout.size)
        accuracy = objective.accuracies(flat).reshape(len(runs), len(looks))
        ends = points[:, -1]
        found: dict[str, tuple[tuple[str, ...], FloatArray]] = {
            "loss": (("seed", "look"), np.stack([run["loss"].values[looks] for run in runs])),
            "accuracy": (("seed", "look"), accuracy),
            "end": (("seed", "parameter"), ends),
            "test_accuracy": (("seed",), fresh.accuracies(ends)),
            "steps_to_accuracy": (("seed",), _first(accuracy >= ACCURATE, looks)),
        }
        diagnoses = [diagnose(run) for run in runs]
        for name in DIAGNOSES:
            found[name] = (("seed",), np.array([getattr(d, name) for d in diagnoses]))
        parts.append(xr.Dataset(found))
    together = xr.concat(parts, dim="optimizer")
    names = [stepper.name for stepper in setting.steppers]
    together = together.assign_coords(optimizer=names, look=looks, seed=plan.test_seeds)
    together.attrs = provenance(
        "ensemble",
        {"objective": objective.name, "steppers": [repr(s) for s in setting.steppers]},
    )
    return together


def _first(reached: np.ndarray, looks: np.ndarray) -> FloatArray:
    return np.where(reached.any(axis=1), looks[reached.argmax(axis=1)], np.inf)
