"""ScatterView: data points by class, over a probability field with its decision boundary."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thalweg.core.arrays import FloatArray, as_floats, frozen, require_finite
from thalweg.core.errors import InputError
from thalweg.views.colors import CLASSES


@dataclass(frozen=True, eq=False)
class Background:
    """Probability of the second class (nb, na) at grid coordinates a (na,), b (nb,)."""

    a: FloatArray
    b: FloatArray
    probability: FloatArray


@dataclass(frozen=True, eq=False)
class ScatterView:
    """Points by class, ready to draw.

    Attributes:
        points: (m, 2).
        classes: (m,), integers 0, 1, ...
        names: of the classes.
        colors: of the classes.
        background: probability field below the points; its boundary is drawn at 0.5.
        x_label, y_label, title: captions.
        window: smallest and largest x, smallest and largest y.
    """

    points: FloatArray
    classes: NDArray[np.int64]
    names: tuple[str, ...]
    colors: tuple[str, ...]
    background: Background | None = None
    x_label: str = "x₁"
    y_label: str = "x₂"
    title: str = ""
    window: tuple[float, float, float, float] = (-1.0, 1.0, -1.0, 1.0)


def scatter_view(
    points: ArrayLike,
    classes: ArrayLike,
    *,
    names: Sequence[str] = (),
    background: Background | None = None,
    x_label: str = "x₁",
    y_label: str = "x₂",
    title: str = "",
) -> ScatterView:
    """Return the view of labeled points in two dimensions.

    Args:
        points: (m, 2), finite.
        classes: (m,), integers from 0.
        names: one a class; by default "class 0", ...
        background: probability of class 1 on a grid.
        x_label: caption of the first column.
        y_label: caption of the second column.
        title: the finding, or empty.

    Raises:
        InputError: shapes that do not fit, or classes that are no small integers.
    """
    mend = "pass one row a point, two columns"
    points = require_finite(as_floats(points, "points", (None, 2), mend), "points", mend)
    labels = as_floats(classes, "classes", (len(points),), "give one class a point")
    whole = labels.astype(np.int64) if np.isfinite(labels).all() else np.full(len(points), -1)
    if (whole != labels).any() or (whole < 0).any():
        raise InputError("classes must be integers from 0", "others", "re-code them 0, 1, ...")
    count = max(int(whole.max(initial=0)) + 1, len(names))
    given = tuple(names) or tuple(f"class {i}" for i in range(count))
    if len(given) != count:
        raise InputError(f"names must be {count}", str(len(given)), "give one a class")
    if background is not None:
        shape = (len(background.b), len(background.a))
        as_floats(background.probability, "probability", shape, "rows are b, columns a")
    colors = tuple(CLASSES[i % len(CLASSES)] for i in range(count))
    return ScatterView(
        frozen(points),
        whole,
        given,
        colors,
        background,
        x_label,
        y_label,
        title,
        _window(points, background),
    )


def shared_window(views: Sequence[ScatterView]) -> tuple[ScatterView, ...]:
    """Return the views with one window that holds them all: for small multiples."""
    ends = np.array([view.window for view in views])
    low, high = ends.min(axis=0), ends.max(axis=0)
    window = (float(low[0]), float(high[1]), float(low[2]), float(high[3]))
    return tuple(replace(view, window=window) for view in views)


def _window(points: FloatArray, background: Background | None) -> tuple[float, float, float, float]:
    if background is not None:
        a, b = background.a, background.b
        return float(a[0]), float(a[-1]), float(b[0]), float(b[-1])
    if not len(points):
        return -1.0, 1.0, -1.0, 1.0
    low, high = points.min(axis=0), points.max(axis=0)
    pad = 0.06 * float((high - low).max()) or 1.0
    return (
        float(low[0] - pad),
        float(high[0] + pad),
        float(low[1] - pad),
        float(high[1] + pad),
    )
