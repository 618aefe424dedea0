"""ScatterView: data points by class, over a probability field with its decision boundary."""

from collections.abc import Sequence
from dataclasses import dataclass

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
    """

    points: FloatArray
    classes: NDArray[np.int64]
    names: tuple[str, ...]
    colors: tuple[str, ...]
    background: Background | None = None
    x_label: str = "x₁"
    y_label: str = "x₂"
    title: str = ""


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
    """Return the view of labelled points in two dimensions.

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
    return ScatterView(frozen(points), whole, given, colors, background, x_label, y_label, title)
