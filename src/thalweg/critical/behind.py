"""saddles_behind: the critical points beside which a run slowed down, and how it left them."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.executor import Executor, Progress, SerialExecutor
from thalweg.core.objective import Objective, SmoothObjective
from thalweg.core.schema import provenance
from thalweg.critical.classify import look_or_refuse
from thalweg.critical.dips import Dip, dips
from thalweg.critical.escape_time import amplitudes, escape_steps, observed_escape
from thalweg.critical.levenberg_marquardt import LevenbergMarquardt
from thalweg.critical.local import Local, require_whole_hessian
from thalweg.critical.point import CriticalPoint
from thalweg.critical.search import Search, find_critical
from thalweg.critical.tolerances import Tolerances

TOP = 2
REACH = 0.5  # escaped: half the amplitude that the run has at its next ridge
_METHOD, _STRICT = LevenbergMarquardt(), Tolerances()


@dataclass(frozen=True, eq=False)
class Behind:
    """A dip of the gradient and the critical point found from it.

    Shares are of the squared length, in the eigenvectors of the Hessian *on the path*; a random
    direction has the share (number of eigenvectors) / n on average, its null value.

    Attributes:
        dip: where the run slowed down.
        search: from there.
        negative_on_path: negative eigenvalues at the dip. No index: flat directions of the
            critical point are lifted to either side there.
        stretch: how far the run gets from the dip between its neighbor dips (or the run's ends).
        gradient_in_negative, step_in_negative: shares of the gradient, and of the run's next step,
            in the space of negative curvature; `negative_null` that of a random direction.
        gradient_in_top, step_in_top: shares in the space of the largest eigenvalues, the other
            end of the spectrum; `top_null` that of a random direction.
        radius: amplitude along the lowest eigenvectors at which the run counts as escaped.
        predicted, observed: steps from the dip to there; NaN where there is no way down, or the
            run was beyond already; the prediction also without a learning rate.
    """

    dip: Dip
    search: Search
    negative_on_path: int
    stretch: float
    gradient_in_negative: float
    step_in_negative: float
    negative_null: float
    gradient_in_top: float
    step_in_top: float
    top_null: float
    radius: float
    predicted: float
    observed: float

    @property
    def near(self) -> bool:
        """Whether the search ended no further off than the run's own stretch around the dip."""
        return self.search.moved <= self.stretch

    @property
    def sentence(self) -> str:
        """What the run passed there, in one line."""
        words = f"Step {self.dip.step}: {self.negative_on_path} negative eigenvalues on the path"
        if self.search.found is None:
            return f"{words}; {self.search.sentence}"
        words += f"; {self.search.moved:.2g} away, {self.search.found.words}"
        words += f" at loss {self.search.found.loss:.4g}"
        if not self.near:
            return (
                f"{words}; too far off to be what slowed the run, which moves {self.stretch:.2g}."
            )
        if np.isfinite(self.predicted):
            words += f"; left in {self.observed:.0f} steps, {self.predicted:.0f} predicted"
        elif np.isfinite(self.observed):
            words += f"; left in {self.observed:.0f} steps"
        return f"{words}."


def saddles_behind(
    objective: Objective,
    trajectory: xr.Dataset,
    lr: float | None = None,
    depth: float = 2.0,
    top: int = TOP,
    method: LevenbergMarquardt = _METHOD,
    tolerances: Tolerances = _STRICT,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> tuple[Behind, ...]:
    """Return the critical point behind each dip of a run's gradient norm, in the run's order.

    Args:
        objective: the loss that the run went down.
        trajectory: of points (step, parameter).
        lr: learning rate of a run of plain gradient descent, for escape times; None for others.
        depth: how many times below its ridges a dip is at least.
        top: number of largest eigenvalues whose space is looked at.
        method: of the searches.
        tolerances: what counts as critical, as a kink, as zero.
        executor: who searches; default: this thread, one after the other.
        progress: called with (dips done, dips).

    Raises:
        InputError: as `find_critical` and `dips`; a trajectory of another objective; a `top` that
            is not between 1 and n.
    """
    smooth = require_whole_hessian(objective)
    places = dips(trajectory, depth)
    n = smooth.layout.size
    if trajectory.sizes["parameter"] != n:
        wanted = f"the trajectory must have {n} parameters"
        mend = f"pass a run of {smooth.name}"
        raise InputError(wanted, str(trajectory.sizes["parameter"]), mend)
    if not 1 <= top <= n:
        raise InputError(f"top must lie between 1 and {n}", str(top), "lower it")
    behind = partial(_behind, smooth, trajectory, places, lr, top, method, tolerances)
    found: dict[int, Behind] = {}
    for number, one in (executor or SerialExecutor()).map(behind, range(len(places))):
        found[number] = one
        if progress is not None:
            progress(len(found), len(places))
    return tuple(found[number] for number in range(len(places)))


def _behind(
    objective: SmoothObjective,
    trajectory: xr.Dataset,
    places: tuple[Dip, ...],
    lr: float | None,
    top: int,
    method: LevenbergMarquardt,
    tolerances: Tolerances,
    number: int,
) -> Behind:
    dip = places[number]
    last = trajectory.sizes["step"] - 1
    at = max(min(dip.row, last - 1), 0)  # the last row has no step of its own
    near = trajectory["point"][at : at + 2].values.astype(np.float64)
    here = look_or_refuse(objective, near[dip.row - at])
    search = find_critical(objective, here.point, method, tolerances)
    negative = int((here.eigenvalues < -tolerances.zero * here.largest).sum())
    step = near[-1] - near[0]
    radius, predicted, observed = np.nan, np.nan, np.nan
    if search.found is not None and search.found.index:
        radius, predicted, observed = _escape(search.found, trajectory, dip, lr)
    return Behind(
        dip=dip,
        search=search,
        negative_on_path=negative,
        stretch=_stretch(trajectory, places, number),
        gradient_in_negative=_share(here, here.gradient, slice(negative)),
        step_in_negative=_share(here, step, slice(negative)),
        negative_null=negative / len(here.point),
        gradient_in_top=_share(here, here.gradient, slice(-top, None)),
        step_in_top=_share(here, step, slice(-top, None)),
        top_null=top / len(here.point),
        radius=radius,
        predicted=predicted,
        observed=observed,
    )


def _stretch(trajectory: xr.Dataset, places: tuple[Dip, ...], number: int) -> float:
    """Return how far the run gets from a dip between the dips before and after it."""
    rows = [0, *(dip.row for dip in places), trajectory.sizes["step"] - 1]
    points = trajectory["point"][rows[number] : rows[number + 2] + 1].values.astype(np.float64)
    away = np.linalg.norm(points - points[rows[number + 1] - rows[number]], axis=1)
    return float(away[np.isfinite(away)].max())


def _escape(
    saddle: CriticalPoint, trajectory: xr.Dataset, dip: Dip, lr: float | None
) -> tuple[float, float, float]:
    """Return the radius, and the predicted and the observed steps to it."""
    ends = trajectory["point"][[dip.row, dip.ridge]].values.astype(np.float64)
    first, last = amplitudes(saddle, ends)
    radius = REACH * float(last)
    observed = observed_escape(saddle, trajectory, dip.row, radius)
    if lr is None or not 0 < first < radius:
        return radius, np.nan, observed
    return radius, escape_steps(float(first), radius, saddle.lambda_min, lr), observed


def _share(here: Local, direction: FloatArray, columns: slice) -> float:
    """Return the share of |direction|^2 in some eigenvectors; NaN for no direction at all."""
    total = float(direction @ direction)
    inside = float(np.square(direction @ here.vectors[:, columns]).sum())
    return inside / total if total else np.nan


def behind_dataset(passed: tuple[Behind, ...]) -> xr.Dataset:
    """Return what a run passed as a Dataset of kind *saddles behind*, to save or tabulate.

    Dims (dip, parameter): coordinate `dip` is the step; `outcome` of the search in a word, `end`
    its end (dip, parameter), `loss`, `gradient_norm`, `moved` and `kink_distance` there; `index`
    and `nullity`, -1 where no critical point was found; `lambda_min` and `lambda_max`, NaN there;
    `loss_on_path`, `depth`, and the numbers of `Behind` under their names.

    Raises:
        InputError: nothing was passed.
    """
    if not passed:
        raise InputError("a table needs at least 1 dip", "none", "lower the depth")
    names = (
        "negative_on_path",
        "stretch",
        "gradient_in_negative",
        "step_in_negative",
        "negative_null",
    )
    names += ("gradient_in_top", "step_in_top", "top_null", "radius", "predicted", "observed")
    columns = {name: [getattr(one, name) for one in passed] for name in names}
    searches = [one.search for one in passed]
    found = [search.found for search in searches]
    columns |= {
        "outcome": [search.outcome.name for search in searches],
        "loss": [search.loss for search in searches],
        "gradient_norm": [search.gradient_norm for search in searches],
        "moved": [search.moved for search in searches],
        "kink_distance": [search.kink_distance for search in searches],
        "index": [-1 if point is None else point.index for point in found],
        "nullity": [-1 if point is None else point.nullity for point in found],
        "lambda_min": [np.nan if point is None else point.lambda_min for point in found],
        "lambda_max": [np.nan if point is None else point.lambda_max for point in found],
        "loss_on_path": [one.dip.loss for one in passed],
        "depth": [one.dip.depth for one in passed],
    }
    return xr.Dataset(
        {
            **{name: ("dip", np.array(values)) for name, values in columns.items()},
            "end": (("dip", "parameter"), np.stack([search.end for search in searches])),
        },
        coords={"dip": np.array([one.dip.step for one in passed])},
        attrs=provenance("saddles behind", {"tolerances": repr(_tolerances(found))}),
    )


def _tolerances(found: list[CriticalPoint | None]) -> Tolerances | None:
    return next((point.tolerances for point in found if point is not None), None)
