"""Initialization: where ten seeds end, and whether they end in different places at all."""

from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations

import numpy as np
import xarray as xr

from thalweg.connect.barrier import barrier
from thalweg.core.arrays import FloatArray
from thalweg.core.schema import provenance
from thalweg.geometry.symmetry import aligned_twin, permuted_twin
from thalweg.plots.mpl_figures import views_figure
from thalweg.study.context import Study
from thalweg.study.section import Section, number, percent
from thalweg.study.settings import Setting
from thalweg.views.dots import dots_view
from thalweg.views.levels import Scale
from thalweg.views.matrix import matrix_view
from thalweg.views.trust import trust_lines

SEEDS = 10
OPTIMIZER = "Adam"
KINDS = ("raw", "aligned", "twin", "twin aligned")


@dataclass(frozen=True)
class Apart:
    """How far apart the ends of several seeds are; means over the pairs.

    Attributes:
        lowest, highest: final losses over the seeds.
        raw: barrier between two seeds on the straight line.
        aligned: the same after the units of one are renamed to fit the other.
        twin: barrier between a network and itself with its units renamed: the null.
        twin_aligned: the same after alignment, which should find the renaming.
        distance: between two seeds; `twin_distance` between a network and its twin.
        disagreement: share of fresh points that two seeds label differently.
        seeds: how many.
    """

    lowest: float
    highest: float
    raw: float
    aligned: float
    twin: float
    twin_aligned: float
    distance: float
    twin_distance: float
    disagreement: float
    seeds: int


def initialization_section(study: Study) -> Section:
    """Compare the ends of ten seeds with each other and with renamed copies of themselves."""
    pairs = {s.key: _pairs(study, s) for s in study.settings}
    found = {s.key: apart(study, s, pairs[s.key]) for s in study.settings}
    learned = study.learned
    one = pairs[learned.key]
    seeds = [f"{seed}" for seed in one["seed"].values]
    dots = {kind: one[kind].values for kind in KINDS}
    figure = partial(
        views_figure,
        [
            matrix_view(_square(one), seeds, label="seed", title="barrier between two seeds"),
            dots_view(
                {name: np.maximum(v, 0.0) for name, v in dots.items()},
                "barrier",
                title="and what renaming the units explains",
                scale=Scale.LINEAR,
            ),
        ],
        title=_headline(found[learned.key]),
        trust=trust_lines(
            [
                f"{OPTIMIZER} from {len(seeds)} seeds, {learned.title}; one data set. Heights: "
                "highest rise over the chord at 51 points a line, so lower bounds.",
                "Units are matched by the distance of the weights, not by the barrier: another "
                "matching, or a curved path, may leave less.",
            ]
        ),
    )
    caption = (
        "Left: barrier on the straight line between the ends of two seeds. Right: the same "
        "barriers; after renaming units to fit; between each network and a renamed copy of "
        "itself, which computes the same function; and that after renaming back."
    )
    return Section(
        "initialization",
        "Where different initializations end",
        (
            *(_prose(s, found[s.key]) for s in study.settings),
            study.exhibit("seeds", figure, caption),
        ),
        {key: asdict(a) for key, a in found.items()},
    )


def apart(study: Study, setting: Setting, pairs: xr.Dataset) -> Apart:
    """Return the summary of the pairs of one setting."""
    return Apart(
        lowest=float(pairs["loss"].min()),
        highest=float(pairs["loss"].max()),
        **{kind.replace(" ", "_"): float(pairs[kind].mean()) for kind in KINDS},
        distance=float(pairs["distance"].mean()),
        twin_distance=float(pairs["twin distance"].mean()),
        disagreement=float(pairs["disagreement"].mean()),
        seeds=pairs.sizes["seed"],
    )


def _pairs(study: Study, setting: Setting) -> xr.Dataset:
    return study.shop.keep(f"{setting.key}-barriers", lambda: _compare(study, setting))


def _compare(study: Study, setting: Setting) -> xr.Dataset:
    objective, layout = study.objectives[setting.key], setting.network.layout
    chosen = study.ensembles[setting.key].sel(optimizer=OPTIMIZER).isel(seed=slice(SEEDS))
    ends, seeds = chosen["end"].values, chosen["seed"].values
    fresh, _ = setting.fresh_data(study.plan.seed)
    answers = setting.network.logits(ends, fresh)[..., 0] > 0
    couples = list(combinations(range(len(ends)), 2))
    found = {name: np.empty(len(couples)) for name in ("raw", "aligned", "distance")}
    different = np.empty(len(couples))
    for row, (i, j) in enumerate(couples):
        found["raw"][row] = barrier(objective, ends[i], ends[j]).height
        found["distance"][row] = np.linalg.norm(ends[i] - ends[j])
        moved = aligned_twin(ends[j], ends[i], layout)
        found["aligned"][row] = barrier(objective, ends[i], moved).height
        different[row] = (answers[i] != answers[j]).mean()
    twins = [permuted_twin(end, layout, seed=i) for i, end in enumerate(ends)]
    back = [aligned_twin(t, e, layout) for t, e in zip(twins, ends, strict=True)]

    def heights(others: list[FloatArray]) -> FloatArray:
        return np.array(
            [barrier(objective, a, b).height for a, b in zip(ends, others, strict=True)]
        )

    twin_distance = [np.linalg.norm(e - t) for e, t in zip(ends, twins, strict=True)]
    return xr.Dataset(
        {
            **{name: ("pair", values) for name, values in found.items()},
            "disagreement": ("pair", different),
            "first": ("pair", np.array([i for i, _ in couples])),
            "second": ("pair", np.array([j for _, j in couples])),
            "twin": ("seed", heights(twins)),
            "twin aligned": ("seed", heights(back)),
            "twin distance": ("seed", np.array(twin_distance)),
            "loss": ("seed", objective.values(ends)),
        },
        coords={"seed": seeds},
        attrs=provenance("barriers", {"objective": objective.name, "optimizer": OPTIMIZER}),
    )


def _square(pairs: xr.Dataset) -> FloatArray:
    size = pairs.sizes["seed"]
    table = np.full((size, size), np.nan)
    table[pairs["first"].values, pairs["second"].values] = pairs["raw"].values
    table[pairs["second"].values, pairs["first"].values] = pairs["raw"].values
    return table


def _headline(found: Apart) -> str:
    if found.raw <= 0:
        return "No barrier between seeds on the straight line"
    share = percent(min(max(1 - found.aligned / found.raw, 0.0), 1.0))
    return f"Renaming units takes away {share} of the barrier between seeds"


def _prose(setting: Setting, found: Apart) -> str:
    share = found.twin / found.raw if found.raw > 0 else float("nan")
    left = found.aligned / found.raw if found.raw > 0 else float("nan")
    null = (
        f"{number(found.twin, 2)}, {percent(share)} of that"
        if np.isfinite(share)
        else number(found.twin, 2)
    )
    return (
        f"In {setting.title} the final losses of {found.seeds} seeds run from "
        f"{number(found.lowest)} to {number(found.highest)}. On the straight line between two of "
        f"them the loss rises by {number(found.raw, 2)} on average. That alone proves nothing: "
        "between a network and the same network with its hidden units renamed, which is the same "
        f"function, it rises by {null}. After the units are matched first, {percent(left)} of the "
        f"barrier between seeds remains. Two seeds label {percent(found.disagreement, 1)} of "
        "fresh points differently."
    )
