"""Tests of the chapter's claims about the surface: bowls, valleys, saddles, basins, slices."""

import numpy as np
from scipy.ndimage import median_filter

from thalweg.core.arrays import FloatArray
from thalweg.curvature.dense import inertia
from thalweg.study.claims import Claim, Results, Ruling, decide
from thalweg.study.context import Study
from thalweg.study.escape import smooth_twin
from thalweg.study.section import listed, number, percent
from thalweg.study.settings import Setting

VALLEY, NO_VALLEY = 100.0, 10.0  # largest eigenvalue over the median size
FLAT, SLOW = 0.1, 0.5  # of the largest gradient norm; of the progress on steeper ground
DIP, NO_DIP = 3.0, 1.5  # gradient norm around a stall over the norm in it
NEGATIVE = 1e-3  # a lowest eigenvalue counts beyond this share of the highest
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
        share = f"{name} takes {percent(float(flat.mean()))} of its steps on flat ground"
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
    """Compare the largest eigenvalue at the ends of the runs with the typical nonzero one."""
    ratios, flat = {}, []
    for name, run in study.curvatures[setting.key].items():
        values = run["eigenvalues"].values[-1]
        counts = inertia(values)
        sizes = np.abs(values)[np.abs(values) > counts.tolerance]
        ratios[name] = float(values[-1] / np.median(sizes))
        flat.append(counts.zero)
    shown = listed([f"{name} {number(r, 2)}" for name, r in ratios.items()])
    verdict = decide(min(ratios.values()) >= VALLEY, max(ratios.values()) < NO_VALLEY)
    words = (
        f"largest eigenvalue over the median size of the nonzero ones, at the ends: {shown}; "
        f"{min(flat)} to {max(flat)} of {setting.network.layout.size} are zero besides"
    )
    return Ruling(verdict, words)


def saddles_exist(study: Study, setting: Setting, results: Results) -> Ruling:
    """Check the exact saddle at zero of the smooth twin, and report the one beside the run."""
    network = smooth_twin(setting.network)
    objective = setting.objective(study.plan.seed, network=network)
    zero = np.zeros(network.layout.size)
    slope = float(np.linalg.norm(objective.gradient(zero)))
    counts = inertia(np.linalg.eigvalsh(objective.hessian(zero)))
    words = (
        f"the point zero is critical (|gradient| {number(slope, 1)}) with {counts.negative} ways "
        "down"
    )
    beside = results["saddles"]["beside_the_run"]
    if setting is study.chapter and beside:
        words += (
            f"; {number(beside['moved'], 2)} from the run lies one of index {beside['index']} at "
            f"loss {number(beside['loss'])}"
        )
    words += ". Of the ReLU network itself no critical point was classified"
    return Ruling(decide(slope < 1e-10 and counts.negative > 0, False), words)


def saddles_matter(study: Study, setting: Setting, results: Results) -> Ruling:
    """Look for stalls: the gradient norm dips and recovers where curvature is negative.

    A dip counts as a stall at a saddle if there the lowest eigenvalue is below -1/1000 of the
    highest and the loss at the recovery is lower than in the dip; else it is something else,
    such as the jump of an unstable run.
    """
    objective, parts, deepest, stalls = study.objectives[setting.key], [], [], []
    for name, run in study.runs[setting.key].items():
        depth, low, recovery = dip(run["gradient_norm"].values)
        deepest.append(depth)
        if depth < DIP:
            parts.append(f"{name} {number(depth, 2)}")
            continue
        values = np.linalg.eigvalsh(objective.hessian(run["point"].values[low]))
        loss = run["loss"].values
        saddle = values[0] < -NEGATIVE * values[-1] and loss[recovery] < loss[low]
        stalls.append(saddle)
        what = "on the way down past negative curvature" if saddle else "not a saddle's stall"
        parts.append(f"{name} {number(depth, 2)} at step {low} ({what})")
    words = f"the gradient norm dips and recovers by a factor of {listed(parts)}"
    if setting is study.chapter:
        steps = results["saddles"]["at_zero"]["efold_steps"]
        words += (
            f"; from the exact saddle of the smooth twin one e-fold would take {steps:,.0f} steps "
            f"at this rate, and the run has {setting.steps:,}"
        )
    return Ruling(decide(any(stalls), max(deepest) < NO_DIP), words)


def dip(norms: FloatArray) -> tuple[float, int, int]:
    """Return the deepest dip, its step, and the step of the peak after it.

    The depth is, over all steps, the lower of the highest values before and after over the
    value. A running median over a fiftieth of the run removes oscillations first.

    >>> dip(np.array([4.0, 1.0, 2.0]))
    (2.0, 1, 2)
    """
    smooth = median_filter(norms, size=max(1, len(norms) // 50), mode="nearest")
    before = np.maximum.accumulate(smooth)
    after = np.maximum.accumulate(smooth[::-1])[::-1]
    depths = np.minimum(before, after) / smooth
    low = int(depths.argmax())
    return float(depths[low]), low, low + int(smooth[low:].argmax())


def basins_visible(study: Study, setting: Setting, results: Results) -> Ruling:
    """Count minima inside the window on several random planes."""
    counts = results["slice"]["draws"][setting.key]["minima"]
    several = sum(count > 1 for count in counts)
    words = (
        f"more than one minimum shows in {several} of {len(counts)} filter-normalized random "
        f"planes (counts {', '.join(map(str, counts))})"
    )
    return Ruling(decide(several > len(counts) / 2, several == 0), words)


def filter_norm_is_fairer(study: Study, setting: Setting, results: Results) -> Ruling:
    """Rescale units so that the function stays, and see what the drawn curvature does."""
    found = study.rescalings[setting.key]
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
        f"every eigenvalue rises by {found['weight']:g} (to {number(found['shift_error'], 1)}), "
        f"which takes the negative ones at the end of Adam from {found['negative_before']} to "
        f"{found['negative_after']}; the data loss is the same at every point. Trained with the "
        f"penalty, Adam ends where λ max of the data loss is "
        f"{number(found['penalized_sharpness'])} instead of {number(found['free_sharpness'])}"
    )
    return Ruling(decide(False, exact), words)


def slices_inform(study: Study, setting: Setting, results: Results) -> Ruling:
    """Ask how much of the drawn paths is true."""
    joint = results["trajectories"]["joint_plane"][setting.key]
    true = {name: found["true_share"] for name, found in joint.items()}
    kept = {name: found["captured"] for name, found in joint.items()}
    verdict = decide(
        min(true.values()) >= TRUE_MOST and min(kept.values()) >= TRUE_LEAST,
        min(true.values()) < TRUE_LEAST or min(kept.values()) < TRUE_LEAST,
    )
    words = listed(
        [
            f"{n} {percent(true[n])} of its steps drawn true, {percent(kept[n])} captured"
            for n in joint
        ]
    )
    return Ruling(verdict, f"on the common plane: {words}")


CLAIMS = {
    "not a bowl": Claim(
        "The landscape is not a bowl.",
        "negative eigenvalues at every point looked at; fails if at none",
        not_a_bowl,
    ),
    "flat": Claim(
        "Flat regions make progress slow.",
        "where the gradient is below a tenth of its largest, progress a step is below half",
        flat_is_slow,
    ),
    "valleys": Claim(
        "There are narrow valleys: steep one way, nearly flat in others.",
        "largest eigenvalue over the typical one at least 100 at all ends; fails if below 10",
        narrow_valleys,
    ),
    "saddles": Claim(
        "There are saddle points.",
        "in the smooth twin of the network (tanh): a zero gradient with a negative eigenvalue",
        saddles_exist,
    ),
    "saddles matter": Claim(
        "Saddles affect training.",
        "the gradient norm dips and recovers threefold at negative curvature while the loss "
        "falls; fails if below 1.5-fold",
        saddles_matter,
    ),
    "basins": Claim(
        "The picture shows several basins.",
        "most random planes show two minima; fails if none does",
        basins_visible,
    ),
    "filter": Claim(
        "Filter normalization makes comparisons fairer.",
        "drawn curvature changes less under rescalings that keep the function",
        filter_norm_is_fairer,
    ),
    "penalty": Claim(
        "An L2 penalty smooths the landscape.",
        "fails if the data loss stays as it is and every eigenvalue rises alike",
        penalty_smooths,
    ),
    "slices": Claim(
        "Two-dimensional slices give insight into the dynamics.",
        "nine tenths of every path drawn true and half its variance in the plane; fails below half",
        slices_inform,
    ),
}
