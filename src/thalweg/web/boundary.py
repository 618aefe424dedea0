"""Boundary: what the network of a place computes, as a picture of its input plane."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import Objective
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.viewer.frames import Frame
from thalweg.viewer.scene import finite
from thalweg.views.prose import counted, percent
from thalweg.web.inspect import place_words
from thalweg.web.messages import Boundary

if TYPE_CHECKING:
    from thalweg.web.session import Session

SIDE = 64  # cells along an axis of the picture
MARGIN = 0.1  # of the longer side of the data
NOWHERE, EMPTY = (0.0, 1.0, 0.0, 1.0), np.empty((0, 0))
UNKNOWN = "A stored result is no network of the bench, so its answers are not drawn."


def boundary_frame(
    objective: Objective, point: FloatArray, place: tuple[float, float], title: str
) -> Frame:
    """Return the frame of what the network at point (n,) answers over the inputs.

    Without a picture its values are empty, and the words say why.

    Args:
        objective: a classifier of two inputs, or anything else.
        point: (n,).
        place: coordinates of the point in the plane that is shown.
        title: the place in words.
    """
    reason = _reason(objective, point)
    if reason or not isinstance(objective, MLPObjective):
        return _frame(NOWHERE, 0, 0.0, reason, place, EMPTY)
    low, high = objective.inputs.min(axis=0), objective.inputs.max(axis=0)
    spare = MARGIN * (float((high - low).max()) or 1.0)
    (x0, y0), (x1, y1) = low - spare, high + spare
    x, y = np.meshgrid(np.linspace(x0, x1, SIDE), np.linspace(y0, y1, SIDE))
    with np.errstate(all="ignore"):
        logits = objective.network.logits(point[None], np.stack([x, y], axis=-1).reshape(-1, 2))[0]
    two = objective.loss is Loss.BINARY_CROSS_ENTROPY
    values = expit(logits[:, 0]) if two else logits.argmax(axis=1).astype(np.float64)
    classes = 2 if two else logits.shape[1]
    right = float(objective.accuracies(point[None])[0])
    words = f"{title}: {percent(right)} of {counted(objective.n_examples, 'point')} right."
    window = float(x0), float(x1), float(y0), float(y1)
    return _frame(window, classes, right, words, place, values.reshape(SIDE, SIDE))


async def boundary(session: "Session", message: Boundary) -> None:
    """Answer with what the network of a place computes."""
    if session.objective is None:
        session.send(_frame(NOWHERE, 0, 0.0, UNKNOWN, (message.a, message.b), EMPTY), "boundary")
        return
    if session.plane is None:  # another one is on its way; the page asks again
        return
    point, title = session.point(message), place_words(session, message)
    a, b = (round(float(x), 12) for x in session.require_plane().coordinates(point))
    frame = await session.compute(boundary_frame, session.objective, point, (a, b), title)
    session.send(frame, topic="boundary")


def _reason(objective: Objective, point: FloatArray) -> str:
    """Return why there is no picture; empty if there is one."""
    if not isinstance(objective, MLPObjective):
        return f"{objective.name} is no network of the bench, so its answers are not drawn."
    if objective.network.widths[0] != 2:
        return f"{objective.name} has {objective.network.widths[0]} inputs; 2 can be drawn."
    if not objective.loss.classifies:
        return f"{objective.name} is no classifier, so there is no boundary."
    return "" if np.isfinite(point).all() else "The parameters are not finite here."


def _frame(
    window: tuple[float, float, float, float],
    classes: int,
    accuracy: float,
    words: str,
    place: tuple[float, float],
    values: FloatArray,
) -> Frame:
    x0, x1, y0, y1 = window
    head = {"x0": x0, "x1": x1, "y0": y0, "y1": y1, "classes": classes, "accuracy": accuracy}
    a, b = (finite(x) for x in place)
    return Frame("boundary", {**head, "words": words, "a": a, "b": b}, {"values": values})
