"""Blocks: the Hessian of single blocks of the parameters, all other parameters held still."""

import numpy as np

from thalweg.core.arrays import FloatArray, require_finite
from thalweg.core.errors import InputError
from thalweg.core.objective import SmoothObjective
from thalweg.curvature.dense import DENSE_LIMIT, require_dense

_ROWS_BYTES = 1 << 26


def block_hessian(
    objective: SmoothObjective, point: FloatArray, name: str, *, dense_up_to: int = DENSE_LIMIT
) -> FloatArray:
    """Return the Hessian (m, m) by one block of m parameters at point (n,), exact.

    Args:
        objective: with second derivatives; its layout names the blocks.
        point: (n,).
        name: of the block.
        dense_up_to: the largest m.

    Raises:
        InputError: an unknown block, one that is too large, or a Hessian that is not finite.

    >>> from thalweg.objectives.linear_network import LinearNetwork
    >>> block_hessian(LinearNetwork([[3.0]], hidden=1), np.array([5.0, 2.0]), "W1")
    array([[4.]])
    """
    places = {block.name: at for block, at in objective.layout.slices()}
    if name not in places:
        known = ", ".join(places)
        raise InputError("the block must be in the layout", repr(name), f"take one of {known}")
    at, n = places[name], objective.layout.size
    m = at.stop - at.start
    require_dense(m, dense_up_to, f"the Hessian of block {name}")
    point = objective.check_point(point)
    operator = objective.operator(point)
    rows = np.empty((m, m))
    step = max(1, _ROWS_BYTES // (8 * n))
    for begin in range(0, m, step):
        some = np.arange(begin, min(begin + step, m))
        units = np.zeros((len(some), n))
        units[some - begin, at.start + some] = 1.0
        rows[some] = operator.numpy(operator.times(operator.native(units)))[:, at]
    mend = "choose a point where the loss is finite"
    return require_finite((rows + rows.T) / 2, "the Hessian", mend)


def block_spectra(
    objective: SmoothObjective, point: FloatArray, *, dense_up_to: int = DENSE_LIMIT
) -> dict[str, FloatArray]:
    """Return the eigenvalues (m,), ascending, of each block's own Hessian at point (n,).

    What couples the blocks is left out, so that these are not the eigenvalues of the whole; each
    lies between the lowest and the highest of the whole. Blocks above `dense_up_to` parameters
    are left out.

    >>> from thalweg.objectives.linear_network import LinearNetwork
    >>> spectra = block_spectra(LinearNetwork([[3.0]], hidden=1), np.array([5.0, 2.0]))
    >>> {name: values.tolist() for name, values in spectra.items()}
    {'W1': [4.0], 'W2': [25.0]}
    """
    found: dict[str, FloatArray] = {}
    for block in objective.layout.blocks:
        if block.size <= dense_up_to:
            matrix = block_hessian(objective, point, block.name, dense_up_to=dense_up_to)
            found[block.name] = np.linalg.eigvalsh(matrix).astype(np.float64)
    return found
