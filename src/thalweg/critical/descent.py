"""descend_both_ways: which two minima a saddle joins, by gradient flow down its unstable direction.

The flow dx/dt = -grad L is integrated by backward differentiation with the Hessian as Jacobian,
so that a stiff valley costs few steps and the path does not jump out of its basin, as a line
search may.
"""

from dataclasses import dataclass

import numpy as np
from scipy.integrate import BDF

from thalweg.core.arrays import FloatArray, frozen, require_positive
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective, SmoothObjective
from thalweg.critical.local import look, require_whole_hessian
from thalweg.critical.many import alike
from thalweg.critical.point import CriticalPoint
from thalweg.critical.search import Search, find_critical
from thalweg.critical.tolerances import Tolerances

QUIET = 1e-2  # below this share of the steepest gradient so far, look for a minimum near by
NEAR = 1e-2  # ... which must lie within this share of the way from the saddle
SETTLED = 1e-6  # negative eigenvalues above this share of the largest are flat valleys
STUCK = 1e-7  # so quiet (as a share) that a saddle ahead is where the flow ends, not passes by
_STRICT = Tolerances()


@dataclass(frozen=True, eq=False)
class Descent:
    """One way down from a saddle.

    Attributes:
        nudge: the signed length of the first move along the unstable direction.
        path: (m, n), points of the flow, the nudged saddle first.
        losses: (m,), along it.
        search: what lies at its end; None if the flow ran out of steps or left all bounds.
    """

    nudge: float
    path: FloatArray
    losses: FloatArray
    search: Search | None

    def __post_init__(self) -> None:
        for name in ("path", "losses"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def end(self) -> CriticalPoint | None:
        """The critical point that it runs into, if that is known."""
        return None if self.search is None else self.search.found

    @property
    def sentence(self) -> str:
        """Where it ends."""
        if self.end is not None:
            return self.end.sentence
        if self.search is not None:
            return self.search.sentence
        return f"No end found; the loss had fallen to {self.losses[-1]:.6g} and was still falling."


@dataclass(frozen=True, eq=False)
class BothWays:
    """The two ways down from a saddle along one of its unstable directions.

    Attributes:
        saddle: where they begin.
        direction: which unstable direction, 0 the lowest.
        ways: the descent against the eigenvector, and along it.
    """

    saddle: CriticalPoint
    direction: int
    ways: tuple[Descent, Descent]

    @property
    def same(self) -> bool | None:
        """Whether both ends may be copies under a symmetry (see `alike`); None if not known."""
        a, b = (way.end for way in self.ways)
        return None if a is None or b is None else alike(a, b)

    @property
    def apart(self) -> float:
        """The distance between the two ends."""
        a, b = (way.path[-1] if way.end is None else way.end.point for way in self.ways)
        return float(np.linalg.norm(a - b))

    @property
    def sentence(self) -> str:
        """What the saddle joins, in one line."""
        ends = [
            f"{'an unknown end' if way.end is None else way.end.words} at loss "
            f"{way.losses[-1] if way.end is None else way.end.loss:.6g}"
            for way in self.ways
        ]
        told = {
            None: "",
            True: ", copies under a symmetry as far as loss and spectrum tell",
            False: ", two different ones",
        }
        return (
            f"The {self.saddle.words} at loss {self.saddle.loss:.6g} joins {ends[0]} and "
            f"{ends[1]}, {self.apart:.3g} apart{told[self.same]}."
        )


def descend_both_ways(
    objective: Objective,
    saddle: CriticalPoint,
    direction: int = 0,
    nudge: float = 1e-3,
    tilt: float = 0.0,
    seed: int = 0,
    steps: int = 2000,
    tolerances: Tolerances = _STRICT,
) -> BothWays:
    """Return the two descents from a saddle along an unstable direction, and what they run into.

    With an index above 1 there are more ways down than these two, and others may end elsewhere.
    Where a symmetry holds the flow, it may end at a saddle of lower index, and is said to; a tilt
    sets it free.

    Args:
        objective: the loss.
        saddle: a critical point with a negative eigenvalue.
        direction: which unstable direction, 0 the lowest.
        nudge: length of the first move; halved until the loss falls.
        tilt: length of a random vector that is added to the unit direction before the move.
        seed: of that vector.
        steps: of the integrator at most, each way.
        tolerances: what counts as critical at the end.

    Raises:
        InputError: no such unstable direction, a nudge that is not above 0 or too short for the
            loss to fall by more than its rounding, a tilt that is negative, or no steps.

    >>> from thalweg.objectives.zoo import himmelblau
    >>> saddle = find_critical(himmelblau(), [0.1, -2.0]).found
    >>> both = descend_both_ways(himmelblau(), saddle)
    >>> both.same, [way.end.point.round(3).tolist() for way in both.ways]
    (False, [[3.584, -1.848], [-3.779, -3.283]])
    """
    objective = require_whole_hessian(objective)
    if not 0 <= direction < saddle.index:
        wanted = f"direction must lie between 0 and {saddle.index - 1}"
        mend = "pass a saddle with a way down"
        raise InputError(wanted if saddle.index else "a way down is needed", str(direction), mend)
    require_positive(nudge, "nudge", "leave the default")
    if steps < 1:
        raise InputError("steps must be at least 1", str(steps), "leave the default")
    if not 0 <= tilt < np.inf:
        raise InputError("tilt must be 0 or a positive number", repr(tilt), "try 1e-2")
    noise = np.random.default_rng(seed).standard_normal(saddle.point.size)
    aside = tilt * noise / np.linalg.norm(noise)
    minus, plus = (
        _descend(
            objective, saddle, sign * saddle.downward[direction] + aside, nudge, steps, tolerances
        )
        for sign in (-1.0, 1.0)
    )
    return BothWays(saddle, direction, (minus, plus))


def _descend(
    objective: SmoothObjective,
    saddle: CriticalPoint,
    way: FloatArray,
    nudge: float,
    steps: int,
    tolerances: Tolerances,
) -> Descent:
    first = nudge
    while not objective.value(saddle.point + nudge * way) < saddle.loss:
        nudge /= 2
        if nudge < np.finfo(float).eps:
            wanted = "the first move must lower the loss by more than its rounding"
            raise InputError(wanted, f"none of length {first:g} or less", "take a larger nudge")
    start = saddle.point + nudge * way
    flow = BDF(
        lambda t, x: -objective.gradient(x),
        0.0,
        start,
        np.inf,
        jac=lambda t, x: -objective.hessian(x),
        rtol=1e-6,
        atol=1e-9,
    )
    path, steepest, search = [start], 0.0, None
    with np.errstate(all="ignore"):
        for _ in range(steps):
            if flow.status != "running" or flow.step() is not None:
                break
            path.append(flow.y.copy())
            slope = float(np.linalg.norm(objective.gradient(flow.y)))
            steepest = max(steepest, slope)
            if slope < QUIET * steepest:
                stuck = slope < STUCK * steepest
                search = _settled(objective, saddle, flow.y, stuck, tolerances)
                if search is not None:
                    break
    rows = np.stack(path)
    return Descent(nudge, rows, objective.values(rows), search)


def _settled(
    objective: SmoothObjective,
    saddle: CriticalPoint,
    point: FloatArray,
    stuck: bool,
    tolerances: Tolerances,
) -> Search | None:
    """Return the critical point just ahead of the flow, if there is one where it ends."""
    here = look(objective, point)
    if here is None or (here.eigenvalues[0] < -SETTLED * here.largest and not stuck):
        return None
    room = NEAR * float(np.linalg.norm(point - saddle.point))
    if np.linalg.norm(here.newton_step(tolerances.zero * here.largest)) > room:
        return None
    search = find_critical(objective, point, tolerances=tolerances)
    return search if search.found is not None and search.moved <= room else None
