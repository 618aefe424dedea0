"""find_critical: search for a critical point from a start, and say honestly how that ended.

Frye et al. 2020, "Critical point-finding methods reveal gradient-flat regions of deep network
losses": most such searches end where the gradient is stationary, not zero. Those are an outcome
of their own here, and so are kinks; a failure is never handed out as a find.
"""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from thalweg.core.arrays import FloatArray, frozen
from thalweg.core.objective import Objective, SmoothObjective
from thalweg.critical.classify import classified, look_or_refuse
from thalweg.critical.levenberg_marquardt import LevenbergMarquardt, Walk, polish
from thalweg.critical.local import Local, look, require_whole_hessian
from thalweg.critical.point import CriticalPoint
from thalweg.critical.tolerances import Tolerances

FLAT = 1e-3  # |H g| / (|H| |g|) at rest below this: the gradient lies in the kernel
GRAINS = 10.0  # a gradient within so many of its own rounding errors is not known to be one
FAR = 1e-6  # a Newton step of this share of the point's length, at the end of a search ...
SEEN = 1e-13  # in the eigenvalues above this share of the largest: smaller ones are rounding
FADES = 0.9  # ... whose successors are no shorter than this: at x^p it is (p - 2) / (p - 1)
ONWARD = 3  # so many steps on, the shortest of as many
HOLDS = 1e-2  # in the directions that hold this share of the gradient: the rest may be rounding
FALLS = 0.2  # the gradient that they leave of what the first did: exp(-3) where it only fades
NEAR = 1e-8  # relative move over which the rounding shows: nothing in float64, an ulp in float32
_METHOD, _STRICT = LevenbergMarquardt(), Tolerances()


class Outcome(Enum):
    """How a search ended, with what that means."""

    CRITICAL = "critical: the gradient vanishes"
    GRADIENT_FLAT = "gradient-flat: |gradient| is stationary but not zero, so no critical point"
    KINK = "kink: the search ended where the Hessian is one-sided, so there is no index"
    RUNAWAY = "runaway: the gradient fades toward infinity only; a penalty on the weights ends that"
    ROUNDING = (
        "rounding: the gradient drowned in its own rounding error; compute in float64, or if so "
        "already divide the loss by its scale"
    )
    BUDGET = "budget: the steps ran out, or none helped, before the gradient vanished"


@dataclass(frozen=True, eq=False)
class Search:
    """One search for a critical point.

    Attributes:
        outcome: how it ended.
        start, end: (n,).
        found: the critical point; None unless the outcome is CRITICAL.
        loss, gradient_norm: at the end.
        flatness: |H g| / (|H| |g|) at the end of the walk; NaN without gradient.
        kink_distance: at the end; inf without kinks, NaN if not known.
        hessians, gradients: how many the walk took.
    """

    outcome: Outcome
    start: FloatArray
    end: FloatArray
    found: CriticalPoint | None
    loss: float
    gradient_norm: float
    flatness: float
    kink_distance: float
    hessians: int
    gradients: int

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def moved(self) -> float:
        """The distance from start to end."""
        return float(np.linalg.norm(self.end - self.start))

    @property
    def sentence(self) -> str:
        """What was found, or why nothing was."""
        if self.found is not None:
            return f"{self.found.sentence[:-1]}; {self.moved:.2g} from the start."
        return (
            f"No critical point: {self.outcome.value} (|gradient| {self.gradient_norm:.1e}, "
            f"|Hg| / (|H| |g|) {self.flatness:.0e}, nearest kink {self.kink_distance:.0e})."
        )


def find_critical(
    objective: Objective,
    start: FloatArray,
    method: LevenbergMarquardt = _METHOD,
    tolerances: Tolerances = _STRICT,
) -> Search:
    """Return the search for a critical point of any index from start (n,).

    Levenberg-Marquardt on the gradient, then Newton steps in the space of the eigenvalues that
    are not zero. Each step takes the whole Hessian.

    Args:
        objective: the loss.
        start: (n,).
        method: the walk.
        tolerances: what counts as critical, as a kink, as zero.

    Raises:
        InputError: an objective without derivatives or above the dense limit; a start where the
            loss or its derivatives are not finite.

    >>> from thalweg.objectives.zoo import himmelblau
    >>> find_critical(himmelblau(), [0.1, -2.0]).found.words
    'saddle of index 1'
    """
    objective = require_whole_hessian(objective)
    begin = look_or_refuse(objective, start)
    walk = method.walk(objective, begin, tolerances.gradient)
    end = walk.end
    away = end.slope <= tolerances.gradient and _runs_away(objective, end)
    if end.slope <= tolerances.gradient and not away:
        # Of a loss in small units every point has a small gradient: so many units of H, no more.
        fine = method.walk(objective, end, tolerances.gradient * min(1.0, begin.largest))
        end = polish(objective, fine.end, tolerances.zero)
        walk = replace(walk, gradients=walk.gradients + fine.gradients)
        walk = replace(walk, hessians=walk.hessians + fine.hessians - 1)
    distance = float(objective.kink_distance(end.point))
    outcome = _outcome(objective, walk, end, away, distance, tolerances)
    found = None
    if outcome is Outcome.CRITICAL:
        found = classified(objective, end, tolerances, distance)
    return Search(
        outcome=outcome,
        start=begin.point,
        end=end.point,
        found=found,
        loss=end.loss,
        gradient_norm=end.slope,
        flatness=walk.end.flatness,
        kink_distance=distance,
        hessians=walk.hessians,
        gradients=walk.gradients,
    )


def _outcome(
    objective: SmoothObjective,
    walk: Walk,
    end: Local,
    away: bool,
    distance: float,
    tolerances: Tolerances,
) -> Outcome:
    if distance <= tolerances.kink:
        return Outcome.KINK
    if end.slope <= tolerances.gradient:
        return Outcome.RUNAWAY if away else Outcome.CRITICAL
    if walk.stalled and end.slope <= GRAINS * _grain(objective, end):
        return Outcome.ROUNDING
    if walk.stalled and end.flatness < FLAT:
        return Outcome.GRADIENT_FLAT
    return Outcome.BUDGET


def _runs_away(objective: SmoothObjective, end: Local) -> bool:
    """Return whether Newton steps go on and on: then the gradient is small, but nowhere zero.

    So it is where a classifier fits separable data ever better by ever larger weights. To be asked
    before polishing, which follows the tail to where rounding hides it.
    """
    here, lengths, slopes = end, [], []
    room = FAR * max(1.0, float(np.linalg.norm(end.point)))
    for _ in range(ONWARD + 3):
        step = here.newton_step(SEEN * here.largest, HOLDS)
        lengths.append(float(np.linalg.norm(step)))
        if lengths[-1] <= room:
            return False
        there = look(objective, here.point + step)
        if there is None:
            return True
        here = there
        slopes.append(here.slope)
    # A gradient that does not fall is rounding.
    goes_on = min(lengths[-ONWARD:]) >= FADES**ONWARD * min(lengths[:ONWARD])
    return goes_on and slopes[-1] <= FALLS * slopes[0]


def _grain(objective: SmoothObjective, end: Local) -> float:
    """Return the rounding error of the gradient: by how much it misses H times a tiny move."""
    signs = np.where(np.arange(end.point.size) % 2, -1.0, 1.0)
    move = NEAR * signs * np.maximum(np.abs(end.point), 1e-3)
    with np.errstate(all="ignore"):
        change = objective.gradient(end.point + move) - end.gradient
    return float(np.linalg.norm(change - end.matrix @ move))
