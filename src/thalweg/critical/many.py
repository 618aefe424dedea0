"""find_critical_many: one search a start, what was found without copies, and how searches ended."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from thalweg.core.executor import Executor, Progress, SerialExecutor
from thalweg.core.objective import Objective
from thalweg.core.schema import provenance
from thalweg.critical.levenberg_marquardt import LevenbergMarquardt
from thalweg.critical.local import require_whole_hessian
from thalweg.critical.point import CriticalPoint
from thalweg.critical.search import Outcome, Search, find_critical
from thalweg.critical.starts import Starts
from thalweg.critical.tolerances import Tolerances

ALIKE = 1e-7  # losses and eigenvalues that differ by less than this share are the same
_METHOD, _STRICT = LevenbergMarquardt(), Tolerances()


@dataclass(frozen=True)
class Find:
    """A critical point and how many searches ended at it or at a copy of it."""

    point: CriticalPoint
    times: int


@dataclass(frozen=True, eq=False)
class Finds:
    """Many searches.

    Attributes:
        starts: where they began, and how those points were drawn.
        searches: one a start, in order.
    """

    starts: Starts
    searches: tuple[Search, ...]

    @cached_property
    def distinct(self) -> tuple[Find, ...]:
        """The critical points from the lowest loss up, copies counted together (see `alike`)."""
        groups: list[list[CriticalPoint]] = []
        for search in self.searches:
            if search.found is None:
                continue
            home = next((g for g in groups if alike(g[0], search.found)), None)
            if home is None:
                groups.append([search.found])
            else:
                home.append(search.found)
        groups.sort(key=lambda group: group[0].loss)
        return tuple(Find(group[0], len(group)) for group in groups)

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many searches ended in each way; every way is named."""
        ends = [search.outcome for search in self.searches]
        return {outcome: ends.count(outcome) for outcome in Outcome}

    @property
    def sentence(self) -> str:
        """The shares of all outcomes, and of which starts."""
        told = ", ".join(
            f"{count} {outcome.value.split(':')[0]}" for outcome, count in self.counts.items()
        )
        return (
            f"Of {len(self.searches)} searches {told}; {len(self.distinct)} distinct critical "
            f"points. Starts: {self.starts.recipe}; other starts, other shares."
        )


def finds_dataset(finds: Finds) -> xr.Dataset:
    """Return many searches as a Dataset of kind *searches*, to save or tabulate.

    Dims (search, parameter, eigenvalue): `start` and `end` (search, parameter); `outcome` in a
    word; `loss`, `gradient_norm`, `flatness`, `kink_distance` and `moved` at the end; `index` and
    `nullity`, -1 where no critical point was found; `eigenvalues` (search, eigenvalue), NaN there.
    The attribute `starts` says how those were drawn.
    """
    searches = finds.searches
    found = [search.found for search in searches]
    names = ("loss", "gradient_norm", "flatness", "kink_distance", "moved")
    none = np.full(finds.starts.points.shape[1], np.nan)
    values = [none if point is None else point.eigenvalues for point in found]
    return xr.Dataset(
        {
            "start": (("search", "parameter"), np.stack([search.start for search in searches])),
            "end": (("search", "parameter"), np.stack([search.end for search in searches])),
            "outcome": ("search", np.array([search.outcome.name for search in searches])),
            **{n: ("search", np.array([getattr(search, n) for search in searches])) for n in names},
            "index": ("search", np.array([-1 if p is None else p.index for p in found])),
            "nullity": ("search", np.array([-1 if p is None else p.nullity for p in found])),
            "eigenvalues": (("search", "eigenvalue"), np.stack(values)),
        },
        attrs=provenance("searches", {"starts": finds.starts.recipe}),
    )


@dataclass(frozen=True, eq=False)
class _Hunt:
    """One search, for an executor: picklable, called with the row of its start."""

    objective: Objective
    starts: Starts
    method: LevenbergMarquardt
    tolerances: Tolerances

    def __call__(self, row: int) -> Search:
        return find_critical(self.objective, self.starts.points[row], self.method, self.tolerances)


def find_critical_many(
    objective: Objective,
    starts: Starts,
    method: LevenbergMarquardt = _METHOD,
    tolerances: Tolerances = _STRICT,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Finds:
    """Return a search for a critical point from every start.

    Args:
        objective: the loss. Where flat directions blur the index, `Lifted(objective, l2)`.
        starts: points (m, n) and how they were drawn.
        method: the walk.
        tolerances: what counts as critical, as a kink, as zero.
        executor: who searches; default: this thread, one after the other.
        progress: called with (searches done, searches).

    Raises:
        InputError: as `find_critical`.

    >>> from thalweg.critical.starts import starts_around
    >>> from thalweg.objectives.zoo import himmelblau
    >>> found = find_critical_many(himmelblau(), starts_around([0.0, 0.0], 3.0, count=60))
    >>> sorted(find.point.index for find in found.distinct)
    [0, 0, 0, 0, 1, 1, 1, 1, 2]
    """
    require_whole_hessian(objective)
    hunt, total = _Hunt(objective, starts, method, tolerances), len(starts.points)
    ends: dict[int, Search] = {}
    for row, search in (executor or SerialExecutor()).map(hunt, range(total)):
        ends[row] = search
        if progress is not None:
            progress(len(ends), total)
    return Finds(starts, tuple(ends[row] for row in range(total)))


def alike(a: CriticalPoint, b: CriticalPoint) -> bool:
    """Return whether two critical points may be copies of each other under a symmetry.

    Isolated ones are alike if loss and sorted spectrum agree: renaming units keeps both. Those
    with a nullity lie on families, along which a continuous symmetry keeps loss, index and
    nullity but not the eigenvalues, so only those three are compared.
    """
    scale = max(abs(a.loss), abs(b.loss), 1e-6 * abs(a.lambda_max))
    if abs(a.loss - b.loss) > ALIKE * scale or (a.index, a.nullity) != (b.index, b.nullity):
        return False
    size = float(np.abs(a.eigenvalues).max(initial=0.0))
    same = bool(np.abs(a.eigenvalues - b.eigenvalues).max(initial=0.0) <= ALIKE * size)
    return bool(a.nullity) or same
