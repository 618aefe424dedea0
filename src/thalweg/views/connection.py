"""View of a connection: the loss along several ways between two solutions, over their null."""

from collections.abc import Mapping, Sequence

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.views.colors import NEUTRAL
from thalweg.views.curves import CurvesView, Series, curves_view
from thalweg.views.levels import Scale

Way = tuple[FloatArray, FloatArray]  # t (m,) from 0 to 1, and the loss (m,) there
EVEN = 101


def connection_view(
    ways: Mapping[str, Way],
    copies: Sequence[Way] = (),
    *,
    title: str = "",
    scale: Scale | None = None,
) -> CurvesView:
    """Return the losses along the ways, and the range over renamed copies as a gray band.

    Args:
        ways: t and loss (m,) each, by name, such as `connection(...).lines`.
        copies: the same between a network and renamed copies of itself: the null, drawn as mean
            and range at even t.
        title: the finding, or empty.
        scale: of the loss; by default LOG where all are positive and span more than a decade.

    Raises:
        InputError: no ways and no copies, or t and losses of unequal length.

    >>> t = np.array([0.0, 0.5, 1.0])
    >>> view = connection_view({"straight": (t, t)}, [(t, t), (t, 3 * t)])
    >>> [line.name for line in view.series], float(view.series[0].y[50])
    (['renamed copies', 'straight'], 1.0)
    """
    series = [Series(name, t, loss) for name, (t, loss) in ways.items()]
    if copies:
        even = np.linspace(0.0, 1.0, EVEN)
        rows = np.stack([np.interp(even, t, loss) for t, loss in copies])
        middle, low, high = rows.mean(axis=0), rows.min(axis=0), rows.max(axis=0)
        series.insert(0, Series("renamed copies", even, middle, low, high, NEUTRAL, dashed=True))
    return curves_view(
        series, "t, from one solution (0) to the other (1)", "loss", title=title, y_scale=scale
    )
