"""DotsView: every value of every group, with the mean and its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, frozen
from thalweg.core.errors import InputError
from thalweg.views.colors import colors_for
from thalweg.views.levels import Scale, choose_scale, finite


@dataclass(frozen=True, eq=False)
class Group:
    """One group: its values (m,), their center and the interval of the center."""

    name: str
    values: FloatArray
    center: float
    low: float
    high: float
    color: str
    dropped: int = 0


@dataclass(frozen=True, eq=False)
class DotsView:
    """Groups on one axis, ready to draw; `paired`: the i-th values belong together."""

    groups: tuple[Group, ...]
    label: str
    title: str = ""
    scale: Scale = Scale.LINEAR
    paired: bool = False
    interval: str = "mean and 95 % interval"


def dots_view(
    groups: Mapping[str, ArrayLike],
    label: str,
    *,
    title: str = "",
    scale: Scale | None = None,
    paired: bool = False,
    seed: int = 0,
) -> DotsView:
    """Return the view of groups of values: each dot, the mean, and its bootstrap interval.

    Args:
        groups: name to values (m,); values that are not finite are left out and counted.
        label: caption of the axis, with its unit.
        title: the finding, or empty.
        scale: by default LOG where all are positive and span more than a decade; the center is
            then the geometric mean.
        paired: whether equal positions belong together (they are joined by a line).
        seed: of the bootstrap (2000 resamples, percentiles 2.5 and 97.5).

    Raises:
        InputError: no group, a group without finite values, paired groups of unequal length.
    """
    arrays = {n: as_floats(v, n, (None,), "pass one array a group") for n, v in groups.items()}
    if not arrays or any(not finite(v).size for v in arrays.values()):
        raise InputError("every group needs a finite value", "none", "drop empty groups")
    if paired and len({v.size for v in arrays.values()}) > 1:
        raise InputError("paired groups must have one length", "several", "set paired=False")
    scale = scale or choose_scale(np.concatenate(list(arrays.values())))
    rng = np.random.default_rng(seed)
    made = tuple(
        _group(name, values, color, scale, rng)
        for (name, values), color in zip(arrays.items(), colors_for(list(arrays)), strict=True)
    )
    word = "geometric mean" if scale is Scale.LOG else "mean"
    return DotsView(made, label, title, scale, paired, f"{word} and 95 % interval")


def names_of(view: DotsView) -> Sequence[str]:
    """Return the names of the groups, in order."""
    return [group.name for group in view.groups]


def _group(
    name: str, values: FloatArray, color: str, scale: Scale, rng: np.random.Generator
) -> Group:
    known = finite(values)
    work = np.log(known) if scale is Scale.LOG else known
    means = work[rng.integers(0, work.size, (2000, work.size))].mean(axis=1)
    ends = np.array([work.mean(), *np.quantile(means, [0.025, 0.975])])
    center, low, high = (float(v) for v in (np.exp(ends) if scale is Scale.LOG else ends))
    return Group(name, frozen(values), center, low, high, color, values.size - known.size)
