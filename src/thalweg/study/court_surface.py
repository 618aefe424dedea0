"""Tests of the chapter's claims about the surface: bowls, valleys, saddles, basins, slices."""

import numpy as np
from scipy.ndimage import median_filter

from thalweg.core.arrays import FloatArray
from thalweg.curvature.dense import inertia
from thalweg.study.claims import Claim, Results, Ruling, decide
from thalweg.study.context import Study
from thalweg.study.escape import smooth_twin
from thalweg.study.rescaling import rescaling
from thalweg.study.section import listed, number, percent
from thalweg.study.settings import Setting

VALLEY, NO_VALLEY = 100.0, 10.0  # largest eigenvalue over the median size
FLAT, SLOW = 0.1, 0.5  # of the largest gradient norm; of the progress on steeper ground
DIP, NO_DIP = 3.0, 1.5  # gradient norm around a stall over the norm in it
TRUE_MOST, TRUE_LEAST = 0.9, 0.5  # share of a path's steps whose drawn height is true


def not_a_bowl(study: Study, setting: Setting, results: Results) -> Ruling:
    """Look for negative eigenvalues at every snapshot of every run."""
    along = results["saddles"]["along"][setting.key]
    counts = [count for run in along.values() for count in run["negative"]]
    least, most = int(min(counts)), int(max(counts))
    lowest = [value for run in along.values() for value in run["lambda_min"]]
    words = (
        f"{least} to {most} of {setting.network.layout.size} eigenvalues are negative at the "
        f"{len(counts)} points of the three runs, the lowest {number(min(lowest), 2)}"
    )
    return Ruling(decide(least > 0, most == 0), words)


def flat_is_slow(study: Study, setting: Setting, results: Results) -> Ruling:
    """Compare progress a step where the gradient is small with progress elsewhere."""
    parts, slow = [], []
    for name, run in study.runs[setting.key].items():
        slope = run["gradient_norm"].values[:-1]
        gain = -np.diff(run["loss"].values)
        flat = slope < FLAT * slope.max()
        share = f"{name} {percent(float(flat.mean()))} of its steps on flat ground"
        if flat.mean() < FLAT or flat.all():
            parts.append(share)
        elif gain[flat].mean() < 0 or gain[~flat].mean() <= 0:
            parts.append(f"{share}, too unsteady to compare")
        else:
            ratio = float(gain[flat].mean() / gain[~flat].mean())
            slow.append(ratio < SLOW)
            parts.append(f"{share}, with {number(ratio, 2)} times the progress of other steps")
    verdict = decide(bool(slow) and all(slow), bool(slow) and not any(slow))
    return Ruling(verdict, "; ".join(parts))


def narrow_valleys(study: Study, setting: Setting, results: Results) -> Ruling:
    """Compare the largest eigenvalue at the ends of the runs with the typical one."""
    ratios = {}
    for name, run in study.curvatures[setting.key].items():
        values = np.abs(run["eigenvalues"].values[-1])
        ratios[name] = float(values.max() / max(np.median(values), 1e-12))
    shown = listed([f"{name} {number(r, 2)}" for name, r in ratios.items()])
    verdict = decide(min(ratios.values()) >= VALLEY, max(ratios.values()) < NO_VALLEY)
    return Ruling(verdict, f"largest eigenvalue over the median size, at the ends: {shown}")


def saddles_exist(study: Study, setting: Setting, results: Results) -> Ruling:
    """Check the exact saddle at zero of the smooth twin, and report the one beside the run."""
    network = smooth_twin(setting.network)
    objective = setting.objective(study.plan.seed, network=network)
    zero = np.zeros(network.layout.size)
    slope = float(np.linalg.norm(objective.gradient(zero)))
    counts = inertia(np.linalg.eigvalsh(objective.hessian(zero)))
    words = (
        f"with tanh for ReLU the point zero is critical (|gradient| {number(slope, 1)}) with "
        f"{counts.negative} ways down"
    )
    beside = results["saddles"]["beside_the_run"]
    if setting is study.chapter and beside:
        words += (
            f"; {number(beside['moved'], 2)} beside the run lies one of index {beside['index']} at "
            f"loss {number(beside['loss'])}. ReLU's own critical points sit on kinks and were not "
            "classified"
        )
    return Ruling(decide(slope < 1e-10 and counts.negative > 0, False), words)


def saddles_matter(study: Study, setting: Setting, results: Results) -> Ruling:
    """Look for stalls: the gradient norm dips and recovers while curvature is negative."""
    dips = {n: dip(run["gradient_norm"].values) for n, run in study.runs[setting.key].items()}
    shown = listed([f"{name} {number(d, 2)}" for name, d in dips.items()])
    verdict = decide(max(dips.values()) >= DIP, max(dips.values()) < NO_DIP)
    words = f"the gradient norm dips and recovers by a factor of {shown}"
    if setting is study.chapter:
        steps = results["saddles"]["at_zero"]["efold_steps"]
        words += (
            f"; yet from the exact saddle one e-fold would take {steps:,.0f} steps at this rate, "
            f"and the run has {setting.steps}"
        )
    return Ruling(verdict, words)


def dip(norms: FloatArray) -> float:
    """Return the deepest dip: over all steps, the lower of the peaks before and after over it.

    A running median over a fiftieth of the run removes oscillations first.

    >>> dip(np.array([4.0, 1.0, 2.0]))
    2.0
    """
    smooth = median_filter(norms, size=max(1, len(norms) // 50), mode="nearest")
    before = np.maximum.accumulate(smooth)
    after = np.maximum.accumulate(smooth[::-1])[::-1]
    return float((np.minimum(before, after) / smooth).max())


def basins_visible(study: Study, setting: Setting, results: Results) -> Ruling:
    """Count minima inside the window on several random planes."""
    counts = results["slice"]["draws"][setting.key]["minima"]
    several = sum(count > 1 for count in counts)
    words = (
        f"{several} of {len(counts)} filter-normalized random planes show more than one minimum "
        f"(counts {', '.join(map(str, counts))})"
    )
    return Ruling(decide(several > len(counts) / 2, several == 0), words)


def filter_norm_is_fairer(study: Study, setting: Setting, results: Results) -> Ruling:
    """Rescale units so that the function stays, and see what the drawn curvature does."""
    found = rescaling(study, setting)
    words = (
        f"rescaling a whole layer changes the drawn curvature {number(found.layer_filter)}-fold "
        f"with it and {number(found.layer_unit)}-fold without; single units "
        f"{number(found.units_filter)}-fold with and {number(found.units_unit)}-fold without"
    )
    better = found.layer_filter < found.layer_unit and found.units_filter < found.units_unit
    worse = found.layer_filter > found.layer_unit and found.units_filter > found.units_unit
    return Ruling(decide(better, worse), words)


def penalty_smooths(study: Study, setting: Setting, results: Results) -> Ruling:
    """Check that the penalty adds a bowl and nothing else; report what training does with it."""
    found = results["penalty"][setting.key]
    exact = found["shift_error"] < 1e-9 and found["paraboloid_error"] < 1e-9
    words = (
        f"the Hessian changes by {found['weight']:g} times the identity (to "
        f"{number(found['shift_error'], 1)}), the data loss not at all; the minimizer moves, and "
        f"λ max of the data loss there is {number(found['penalized_sharpness'])} instead of "
        f"{number(found['free_sharpness'])}"
    )
    return Ruling(decide(False, exact), words)


def slices_inform(study: Study, setting: Setting, results: Results) -> Ruling:
    """Ask how much of the drawn paths is true."""
    joint = results["trajectories"]["joint_plane"][setting.key]
    true = {name: found["true_share"] for name, found in joint.items()}
    shown = listed([f"{name} {percent(share)}" for name, share in true.items()])
    verdict = decide(min(true.values()) >= TRUE_MOST, min(true.values()) < TRUE_LEAST)
    return Ruling(verdict, f"share of steps drawn within a tenth of the range: {shown}")


CLAIMS = {
    "not a bowl": Claim(
        "The landscape is not a bowl.", "negative eigenvalues at every point", not_a_bowl
    ),
    "flat": Claim(
        "Flat regions make progress slow.",
        "progress a step below half where the gradient is below a tenth of its largest",
        flat_is_slow,
    ),
    "valleys": Claim(
        "There are narrow valleys: steep one way, nearly flat in others.",
        "largest eigenvalue at least 100 times the median size at all ends",
        narrow_valleys,
    ),
    "saddles": Claim(
        "There are saddle points.", "a zero gradient with a negative eigenvalue", saddles_exist
    ),
    "saddles matter": Claim(
        "Saddles affect training.", "the gradient norm dips and recovers threefold", saddles_matter
    ),
    "basins": Claim(
        "The picture shows several basins.", "most random planes show two minima", basins_visible
    ),
    "filter": Claim(
        "Filter normalization makes comparisons fairer.",
        "drawn curvature changes less under rescalings that keep the function",
        filter_norm_is_fairer,
    ),
    "penalty": Claim(
        "An L2 penalty smooths the landscape.",
        "fails if it adds a multiple of the identity and nothing else",
        penalty_smooths,
    ),
    "slices": Claim(
        "Two-dimensional slices give insight into the dynamics.",
        "nine tenths of every path's steps are drawn true",
        slices_inform,
    ),
}
