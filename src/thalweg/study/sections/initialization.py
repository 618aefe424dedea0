"""Initialization: where ten seeds end, and whether they end in different places at all."""

from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations

import numpy as np
import xarray as xr

from thalweg.connect.barrier import barrier
from thalweg.connect.bends import Bezier
from thalweg.connect.curve import curve
from thalweg.connect.disagreement import disagreement
from thalweg.core.arrays import FloatArray
from thalweg.core.schema import provenance
from thalweg.geometry.symmetry import aligned_twin, permuted_twin
from thalweg.objectives.mlp import MLPObjective
from thalweg.plots.mpl_figures import views_figure
from thalweg.study.context import Study
from thalweg.study.section import Section, counted, number, percent
from thalweg.study.settings import Setting
from thalweg.views.dots import dots_view
from thalweg.views.levels import Scale
from thalweg.views.matrix import matrix_view
from thalweg.views.trust import trust_lines

SEEDS = 10
CURVES = 5  # pairs that are joined by curves, too
OPTIMIZER = "Adam"
KINDS = ("raw", "aligned", "twin", "twin aligned", "curved", "curved aligned")
NAMES = {  # of the barriers in the figure
    "raw": "two\nseeds",
    "aligned": "renamed\nto fit",
    "curved": "curve",
    "curved aligned": "curve,\nrenamed",
    "twin": "renamed\ncopy",
    "twin aligned": "renamed\nback",
}

Line = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Apart:
    """How far apart the ends of several seeds are; means over the pairs.

    Attributes:
        lowest, highest: final losses over the seeds.
        raw: barrier between two seeds on the straight line.
        aligned: the same after the units of one are renamed to fit the other.
        twin: barrier between a network and itself with its units renamed: the null.
        twin_aligned: the same after alignment, which should find the renaming.
        curved: along a trained curve between two seeds, for a few pairs; `curved_aligned` after
            renaming; `curved_raw` on the straight lines of the same pairs.
        curves: how many pairs that are.
        distance: between two seeds; `aligned_distance` after renaming; `twin_distance` between a
            network and its twin.
        disagreement: share of fresh points that two seeds label differently.
        seeds: how many.
    """

    lowest: float
    highest: float
    raw: float
    aligned: float
    twin: float
    twin_aligned: float
    curved: float
    curved_aligned: float
    curved_raw: float
    curves: int
    distance: float
    aligned_distance: float
    twin_distance: float
    disagreement: float
    seeds: int


def initialization_section(study: Study) -> Section:
    """Compare the ends of ten seeds with each other and with renamed copies of themselves."""
    pairs = {s.key: _pairs(study, s) for s in study.settings}
    found = {s.key: apart(pairs[s.key]) for s in study.settings}
    learned = study.learned
    one = pairs[learned.key]
    seeds = [f"{seed}" for seed in one["seed"].values]
    dots = {name: np.maximum(one[kind].values, 0.0) for kind, name in NAMES.items()}
    here = found[learned.key]
    figure = partial(
        views_figure,
        [
            matrix_view(_square(one), seeds, label="seed", title="barrier between two seeds"),
            dots_view(
                dots,
                "barrier",
                title="what renaming explains, and what a curve gets around",
                scale=Scale.LINEAR,
            ),
        ],
        title=_headline(here),
        trust=trust_lines(
            [
                f"{OPTIMIZER} from {len(seeds)} seeds, {learned.title}; one data set. A height is "
                "the highest rise found on a way: a narrow peak between two samples may be missed.",
                "A renamed copy is the same network with its hidden units in another order: it "
                "shows how high a barrier gets without any difference between the two functions.",
                f"Curves with one bend, for {here.curves} pairs. The lowest way between two seeds "
                "rises no more than the curve; a better curve, or another renaming, may rise less.",
            ]
        ),
    )
    caption = (
        "Left: barrier on the straight line between the ends of two seeds. Right: the same "
        f"barriers; after renaming units to fit; along a trained curve, for {here.curves} pairs, "
        "without and with renaming; between each network and a renamed copy of itself, which "
        "computes the same function; and that after renaming back."
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


def apart(pairs: xr.Dataset) -> Apart:
    """Return the summary of the pairs of one setting."""
    return Apart(
        lowest=float(pairs["loss"].min()),
        highest=float(pairs["loss"].max()),
        **{kind.replace(" ", "_"): float(pairs[kind].mean()) for kind in KINDS},
        curved_raw=float(pairs["raw"].values[pairs["bent"].values].mean()),
        curves=pairs.sizes["curve"],
        distance=float(pairs["distance"].mean()),
        aligned_distance=float(pairs["aligned distance"].mean()),
        twin_distance=float(pairs["twin distance"].mean()),
        disagreement=float(pairs["disagreement"].mean()),
        seeds=pairs.sizes["seed"],
    )


def _pairs(study: Study, setting: Setting) -> xr.Dataset:
    return study.shop.keep(f"{setting.key}-barriers", lambda: _compare(study, setting))


def _compare(study: Study, setting: Setting) -> xr.Dataset:
    objective = study.objectives[setting.key]
    chosen = study.ensembles[setting.key].sel(optimizer=OPTIMIZER).isel(seed=slice(SEEDS))
    ends, seeds = chosen["end"].values, chosen["seed"].values
    fresh = MLPObjective(setting.network, *setting.fresh_data(study.plan.seed))
    couples = list(combinations(range(len(ends)), 2))
    pairs = [(ends[i], ends[j]) for i, j in couples]
    aligned = [(a, aligned_twin(objective, b, a)) for a, b in pairs]
    twins = [(end, permuted_twin(objective, end, seed=i)) for i, end in enumerate(ends)]
    back = [(end, aligned_twin(objective, twin, end)) for end, twin in twins]
    bent = [couples.index((i, i + 1)) for i in range(0, len(ends) - 1, 2)][:CURVES]
    method = Bezier(steps=100 if study.plan.quick else 400)

    def straight(lines: list[Line]) -> FloatArray:
        return np.array([barrier(objective, a, b).height for a, b in lines])

    def curved(lines: list[Line]) -> FloatArray:
        ways = [curve(objective, *lines[row], method) for row in bent]
        return np.array([way.barrier.height for way in ways])

    def distances(lines: list[Line]) -> FloatArray:
        return np.array([float(np.linalg.norm(a - b)) for a, b in lines])

    return xr.Dataset(
        {
            "raw": ("pair", straight(pairs)),
            "aligned": ("pair", straight(aligned)),
            "distance": ("pair", distances(pairs)),
            "aligned distance": ("pair", distances(aligned)),
            "disagreement": ("pair", np.array([disagreement(fresh, *p).labels for p in pairs])),
            "bent": ("curve", np.array(bent)),
            "curved": ("curve", curved(pairs)),
            "curved aligned": ("curve", curved(aligned)),
            "first": ("pair", np.array([i for i, _ in couples])),
            "second": ("pair", np.array([j for _, j in couples])),
            "twin": ("seed", straight(twins)),
            "twin aligned": ("seed", straight(back)),
            "twin distance": ("seed", distances(twins)),
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
        f"barrier between seeds remains. {_bent(found)} Two seeds end {number(found.distance)} "
        f"apart, {number(found.aligned_distance)} once the units are matched (a network and its "
        f"renamed copy: {number(found.twin_distance)}), and label "
        f"{percent(found.disagreement, 1)} of fresh points differently; renamed copies, none."
    )


def _bent(found: Apart) -> str:
    text = (
        f"Between {counted(found.curves, 'pair')}, with {number(found.curved_raw, 2)} on the "
        f"straight line, a trained curve with one bend rises by {number(found.curved, 2)}"
    )
    if not found.curved < 0.5 * found.curved_raw:
        return f"{text}."
    return f"{text}: most of what the straight line crosses can be walked around."
