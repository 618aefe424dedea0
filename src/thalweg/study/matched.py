"""The matched-rate control: momentum against gradient descent at the same effective rate."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.core.schema import provenance
from thalweg.dynamics.record import record_many
from thalweg.dynamics.steppers import SGD, Momentum
from thalweg.study.context import Study
from thalweg.study.settings import Setting
from thalweg.study.statistics import interval


@dataclass(frozen=True)
class Control:
    """Momentum against gradient descent at the same effective rate, over the test seeds.

    Differences are final losses, gradient descent minus momentum: positive where momentum wins;
    runs that diverged (`diverged` of `runs`) are left out of them.
    """

    rate: float
    gain_over_sgd: float
    gain_interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]
    diverged: int
    runs: int


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
        diverged=int((~np.isfinite(kept["loss"].values)).sum()),
        runs=len(difference),
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
