"""Connection: how two solutions are joined, and how much of what parts them is only naming.

Four barriers: on the straight line; between a network and renamed copies of itself, the null; on
the line after the units of one are renamed to fit the other (Entezari et al. 2021; Ainsworth,
Hayase and Srinivasa 2022, "Git Re-Basin"); along a trained curve (Garipov et al. 2018).
"""

from collections.abc import Mapping

import numpy as np

from thalweg.connect.barrier import barrier, check_ends
from thalweg.connect.bends import Bends, Bezier
from thalweg.connect.connected import Aligned, Connection, Null
from thalweg.connect.curve import Curve, curve
from thalweg.connect.disagreement import Disagreement, disagreement
from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.executor import Progress
from thalweg.core.objective import Objective, SmoothObjective
from thalweg.geometry.symmetry import aligned_twin, permuted_twin, units_of


def connection(
    objective: Objective,
    a: FloatArray,
    b: FloatArray,
    *,
    method: Bends | None = Bezier(),  # noqa: B008
    twins: int = 3,
    restarts: int = 5,
    points: int = 51,
    seed: int = 0,
    others: Mapping[str, Objective] | None = None,
    labels: bool | None = None,
    progress: Progress | None = None,
) -> Connection:
    """Return how two solutions are joined, with the null that each number is read against.

    What the objective cannot tell (its hidden units, its outputs, gradients) is None, and a
    sentence in `missing` says why.

    Args:
        objective: the loss.
        a: (n,), one solution.
        b: (n,), the other.
        method: of the curves; None: train none.
        twins: renamed copies of each of the two.
        restarts: of the alignment, see `aligned_twin`.
        points: evenly spaced t a straight line.
        seed: of copies and alignment; the curve has its own.
        others: the same model on other examples, by name, to compare answers on.
        labels: whether outputs name classes; None: whether there is a field "accuracy".
        progress: called with (steps done, steps) of the curves.

    Raises:
        InputError: points that are not finite or live elsewhere, no twins, or units that do not
            keep the function.

    >>> from thalweg.objectives.linear_network import LinearNetwork
    >>> deep = LinearNetwork([[3.0, 0.0], [0.0, 1.0]], hidden=2)
    >>> best = np.array([3.0, 0, 0, 1, 1, 0, 0, 1])  # the product of the layers is the target
    >>> found = connection(deep, best, permuted_twin(deep, best, seed=3), method=None)
    >>> found.straight.height, found.aligned.barrier.height, found.explained
    (2.5, 0.0, 1.0)
    """
    a, b = check_ends(objective, a, b)
    if twins < 1:
        raise InputError("twins must be at least 1", str(twins), "leave the default, 3")
    missing = []
    try:
        units_of(objective)
        known = True
    except InputError as fault:
        known = False
        missing.append(f"No renaming of units: {fault}.")
    bent = method if isinstance(objective, SmoothObjective) else None
    if method is not None and bent is None:
        missing.append(f"No curve: {objective.name} has no gradients.")
    null = _null(objective, (a, b), twins, restarts, points, seed) if known else None
    if known and null is None:
        missing.append("No renamed copies: no other order or sign of the units moves the weights.")
    renamed = aligned_twin(objective, b, a, restarts, seed) if known else None
    ends = [b] if renamed is None else [b, renamed]
    curves: list[Curve | None] = [None for _ in ends]
    if bent is not None and isinstance(objective, SmoothObjective):
        for i, end in enumerate(ends):
            ticks = _part(progress, i * bent.steps, len(ends) * bent.steps)
            curves[i] = curve(objective, a, end, bent, progress=ticks)
    found: dict[str, Disagreement] = {}
    for name, each in {"training": objective, **(others or {})}.items():
        try:
            found[name] = disagreement(each, a, b, labels)
        except InputError as fault:
            missing.append(f"No comparison of answers ({name} examples): {fault}.")
    aligned = None
    if renamed is not None:
        line, away = barrier(objective, a, renamed, points), float(np.linalg.norm(a - renamed))
        aligned = Aligned(renamed, line, away, curves[1])
    return Connection(
        straight=barrier(objective, a, b, points),
        distance=float(np.linalg.norm(a - b)),
        null=null,
        aligned=aligned,
        curve=curves[0],
        disagreements=found,
        missing=tuple(missing),
    )


def _null(
    objective: Objective,
    ends: tuple[FloatArray, FloatArray],
    twins: int,
    restarts: int,
    points: int,
    seed: int,
) -> Null | None:
    barriers, distances, back = [], [], []
    for end in ends:
        for i in range(twins):
            twin = permuted_twin(objective, end, seed + i)
            if np.array_equal(twin, end):
                continue
            barriers.append(barrier(objective, end, twin, points))
            distances.append(float(np.linalg.norm(end - twin)))
            found = aligned_twin(objective, twin, end, restarts, seed)
            back.append(barrier(objective, end, found, points).height)
    return Null(tuple(barriers), np.array(distances), np.array(back)) if barriers else None


def _part(progress: Progress | None, done: int, total: int) -> Progress | None:
    return progress and (lambda step, _: progress(done + step, total))
