"""Scene: the views of a landscape as frames, so that figure and viewer draw the same numbers."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from thalweg.viewer.frames import Frame
from thalweg.views.path import PathView
from thalweg.views.surface import SurfaceView
from thalweg.views.trust import TrustLine

KNOWN, PENDING, NAN, INFINITE, FAILED = range(5)  # the mask of a surface, cell by cell


def surface_frame(
    view: SurfaceView, scene: int = 1, field: str = "loss", draft: bool = False
) -> Frame:
    """Return the frame of a surface.

    Args:
        view: what.
        scene: the number of the plane that it belongs to.
        field: name of the field.
        draft: whether a finer one follows.
    """
    mask = np.full(view.values.shape, KNOWN, dtype=np.uint8)
    for code, where in (
        (PENDING, view.pending),
        (NAN, view.nan),
        (INFINITE, view.infinite),
        (FAILED, view.failed),
    ):
        mask[where] = code
    marks = [
        {"a": mark.a, "b": mark.b, "text": mark.text, "kind": mark.kind.value}
        for mark in view.marks
    ]
    head = {
        "scene": scene,
        "draft": draft,
        "field": field,
        "field_label": view.field_label,
        "title": view.title,
        "a_label": view.a_label,
        "b_label": view.b_label,
        "lengths": [finite(length) for length in view.lengths],
        "equal": view.equal,
        "scale": view.scale.value,
        "limits": [finite(limit) for limit in view.limits],
        "levels": view.levels.tolist(),
        "level_texts": list(view.level_texts),
        "note": view.note,
        "marks": marks,
    }
    arrays = {"a": view.a, "b": view.b, "values": view.values, "mask": mask}
    return Frame("surface", head, arrays)


def run_frame(
    view: PathView, run: int, status: str = "stored", words: str = "", length: int | None = None
) -> Frame:
    """Return the frame that tells of a run as a whole."""
    head = {
        "run": run,
        "name": view.name or f"run {run + 1}",
        "color": view.color,
        "status": status,
        "words": words,
        "length": int(view.steps[-1]) if length is None else length,
        "captured": finite(view.captured),
    }
    return Frame("run", head)


def path_frame(
    view: PathView, distance: ArrayLike, run: int, scene: int = 1, first: int = 0
) -> Frame:
    """Return the frame of the steps of a run from row `first` on.

    Args:
        view: the path over its surface.
        distance: (t,), of each step out of the plane.
        run: its number.
        scene: the number of the plane.
        first: the row from which on; 0 replaces what the viewer has.
    """
    bands = np.concatenate([view.bands[:1], view.bands]) if view.bands.size else np.zeros(1)
    whole = {
        "step": view.steps,
        "a": view.a,
        "b": view.b,
        "loss": view.loss,
        "plane_loss": view.plane_loss,
        "distance": np.asarray(distance, dtype=np.float64),
        "band": bands.astype(np.uint8),
    }
    arrays = {name: values[first:] for name, values in whole.items()}
    return Frame("path", {"scene": scene, "run": run, "replace": first == 0}, arrays)


def data_frame(inputs: ArrayLike, labels: ArrayLike) -> Frame:
    """Return the frame of classified points (N, 2) with labels (N,) from 0."""
    classes = np.asarray(labels).astype(np.uint8)
    count = int(classes.max()) + 1 if classes.size else 0
    return Frame("data", {"classes": count}, {"x": np.asarray(inputs), "y": classes})


def trust_frame(lines: Iterable[TrustLine]) -> Frame:
    """Return the frame of trust lines."""
    told = [{"text": line.text, "warning": line.warning} for line in lines]
    return Frame("trust", {"lines": told})


def hello_frame(
    title: str,
    version: str,
    *,
    live: bool = False,
    layout: str = "explorer",
    choices: dict[str, Any] | None = None,
    tours: Sequence[dict[str, Any]] = (),
    stored: Sequence[dict[str, str]] = (),
    left_out: str = "",
) -> Frame:
    """Return the first frame of all: who speaks, and what can be asked for."""
    head = {
        "version": version,
        "title": title,
        "live": live,
        "layout": layout,
        "choices": choices,
        "tours": list(tours),
        "stored": list(stored),
        "left_out": left_out,
    }
    return Frame("hello", head)


def finite(value: float) -> float | None:
    """Return a number as JSON knows it: None for what is not finite.

    >>> finite(float("nan")), finite(np.float64(0.5))
    (None, 0.5)
    """
    return float(value) if np.isfinite(value) else None
