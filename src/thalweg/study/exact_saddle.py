"""An exact saddle beside the chapter's run, in the smooth twin of its network.

Minima and saddles of a ReLU network can sit on kinks, where the Hessian is one-sided and there is
no index; so the search runs on the same network with tanh, on the same data, with a small L2
penalty that lifts the flat directions. It starts from points of an Adam run.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.core.schema import provenance
from thalweg.critical.classify import classify
from thalweg.critical.descent import descend_both_ways
from thalweg.critical.many import find_critical_many, finds_dataset
from thalweg.critical.point import CriticalPoint
from thalweg.critical.search import Outcome
from thalweg.critical.starts import Starts
from thalweg.curvature.chance import chance_of_minimum, null_curvature
from thalweg.dynamics.record import record
from thalweg.objectives.mlp import MLPObjective
from thalweg.study.context import Study
from thalweg.study.escape import smooth_twin

L2 = 1e-3
TILT = 1e-2  # how far off the eigenvector the ways down begin, so that no symmetry holds them


@dataclass(frozen=True, eq=False)
class Saddle:
    """A critical point with ways down, and how it was found.

    Attributes:
        found: the point with its spectrum.
        start: the step of the run from which it was found; `moved` the distance from there.
        chance: that a random plane through it shows a minimum.
        mean: of the curvature along random directions, tr H / n.
        outcomes: how many searches ended in which way; `starts` where they began, in words.
        saddles: how many found a point with a negative eigenvalue.
        ways: what lies at the end of each of its two lowest ways down; None if the flow found no
            end.
        apart: the distance between those ends.
        copies: whether the ends agree in loss and spectrum; None if one is not known.
    """

    found: CriticalPoint
    start: int
    moved: float
    chance: float
    mean: float
    outcomes: dict[str, int]
    starts: str
    saddles: int
    ways: tuple[CriticalPoint | None, ...]
    apart: float
    copies: bool | None

    @property
    def searched(self) -> int:
        """How many searches were started."""
        return sum(self.outcomes.values())

    @property
    def critical(self) -> int:
        """How many ended at a critical point."""
        return self.outcomes[Outcome.CRITICAL.name]

    def facts(self) -> dict[str, object]:
        """Return the numbers, for results.json."""
        return {
            "start": self.start,
            "moved": self.moved,
            **_about(self.found),
            "kind": self.found.words,
            "parameters": self.found.point.size,
            "zero": self.found.nullity,
            "chance": self.chance,
            "mean_curvature": self.mean,
            "searched": self.searched,
            "outcomes": self.outcomes,
            "starts": self.starts,
            "saddles": self.saddles,
            "ways": [None if end is None else _about(end) for end in self.ways],
            "apart": self.apart,
            "copies": self.copies,
        }


def smooth_objective(study: Study) -> MLPObjective:
    """Return the chapter's loss with tanh in place of ReLU and a small L2 penalty."""
    network = smooth_twin(study.chapter.network)
    return study.chapter.objective(study.plan.seed, l2=L2, network=network)


def find_saddle(study: Study) -> Saddle | None:
    """Return the saddle with the lowest eigenvalue found from points of an Adam run, if any."""
    searches = study.shop.keep("exact-saddles", lambda: _search(study))
    index, spectra = searches["index"].values, searches["eigenvalues"].values
    if not (index > 0).any():
        return None
    row = min(np.flatnonzero(index > 0), key=lambda i: spectra[i, 0])
    objective = smooth_objective(study)
    found = classify(objective, searches["end"].values[row])
    ways = study.shop.keep("saddle-ways", lambda: _ways(objective, found))
    ends = [
        classify(objective, end) if known else None
        for end, known in zip(ways["end"].values, ways["known"].values, strict=True)
    ]
    words = searches["outcome"].values.tolist()
    copies = int(ways.attrs["copies"])
    return Saddle(
        found=found,
        start=int(searches["step"].values[row]),
        moved=float(searches["moved"].values[row]),
        chance=chance_of_minimum(found.eigenvalues).probability,
        mean=null_curvature(found.eigenvalues).mean,
        outcomes={outcome.name: words.count(outcome.name) for outcome in Outcome},
        starts=str(searches.attrs["starts"]),
        saddles=int((index > 0).sum()),
        ways=tuple(ends),
        apart=float(ways.attrs["apart"]),
        copies=None if copies < 0 else bool(copies),
    )


def _search(study: Study) -> xr.Dataset:
    objective, setting = smooth_objective(study), study.chapter
    adam = next(s for s in setting.steppers if s.name == "Adam")
    run = record(objective, objective.start, adam, setting.steps)
    steps = np.unique(np.linspace(0, setting.steps, study.plan.searches).round().astype(int))
    recipe = f"{len(steps)} evenly spaced points of {adam!r}, {setting.steps} steps"
    finds = find_critical_many(objective, Starts(run["point"].values[steps], recipe))
    table = finds_dataset(finds).assign(step=("search", steps))
    return table.assign_attrs({"objective": objective.name, "l2": L2})


def _ways(objective: MLPObjective, saddle: CriticalPoint) -> xr.Dataset:
    """Follow the gradient flow down both sides, and keep where it ends."""
    both = descend_both_ways(objective, saddle, tilt=TILT)
    points = [way.path[-1] if way.end is None else way.end.point for way in both.ways]
    return xr.Dataset(
        {
            "end": (("way", "parameter"), np.stack(points)),
            "known": ("way", np.array([way.end is not None for way in both.ways])),
        },
        attrs=provenance(
            "ways down",
            {"apart": both.apart, "copies": -1 if both.same is None else int(both.same)},
        ),
    )


def _about(point: CriticalPoint) -> dict[str, float]:
    return {
        "loss": point.loss,
        "gradient_norm": point.gradient_norm,
        "index": point.index,
        "nullity": point.nullity,
        "lambda_min": point.lambda_min,
        "lambda_max": point.lambda_max,
    }
