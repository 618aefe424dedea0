"""Inspect: the numbers of a place, and in words what the picture does not show of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import Objective
from thalweg.core.plane import Plane
from thalweg.viewer.frames import Frame
from thalweg.viewer.scene import finite
from thalweg.views.path import gap_shares
from thalweg.views.prose import number, percent
from thalweg.views.surface import SurfaceView
from thalweg.web.labels import Labels, labels_of
from thalweg.web.messages import Inspect, Place
from thalweg.web.spot import IN_PLANE, Spot, spot_of
from thalweg.web.verdict import Seen, verdict

if TYPE_CHECKING:
    from thalweg.web.session import Session

NEAR_KINK = 1e-2  # an input of a ReLU below this is worth a row


@dataclass(frozen=True, eq=False)
class Shown:
    """What is on the page while a place is looked at.

    Attributes:
        scene: its number.
        plane: the one that is shown.
        surface: the map over it; None before the first.
        view: of that map.
    """

    scene: int
    plane: Plane
    surface: xr.Dataset | None = None
    view: SurfaceView | None = None

    @property
    def reach(self) -> float:
        """Distance from the plane's origin to the farthest corner of the map; 1 without one."""
        if self.view is None:
            return 1.0
        a0, a1, b0, b1 = self.view.window
        corners = np.array([(a, b) for a in (a0, a1) for b in (b0, b1)])
        return float(np.linalg.norm(corners @ self.plane.directions, axis=1).max())


def inspect_frame(objective: Objective, shown: Shown, point: FloatArray, title: str) -> Frame:
    """Return the frame of the numbers at point (n,), in the plane or not.

    Args:
        objective: the loss.
        shown: what is on the page.
        point: (n,).
        title: the place in words.
    """
    spot = spot_of(objective, shown.plane, point, shown.reach)
    a, b = (float(x) for x in shown.plane.coordinates(point))
    labels = labels_of(shown.surface) if shown.surface is not None else None
    seen = _seen(objective, shown, spot, labels, a, b)
    words, warning = verdict(spot, seen)
    rows = [*_rows(spot, seen), *_basin_row(labels, a, b)]
    head = {
        "scene": shown.scene,
        "title": title,
        "rows": [list(row) for row in rows],
        "words": words,
        "warning": warning,
        "a": finite(a),
        "b": finite(b),
    }
    return Frame("inspect", head)


def place_words(session: "Session", message: Place) -> str:
    """Return where a message points: coordinates, a step of a run, or what was found."""
    if message.found is not None and message.found < len(session.found):
        return session.found[message.found][0].capitalize()
    run = None if message.run is None else session.runs.get(message.run)
    if run is None or not (run.known or session.objective is None):
        return f"a = {number(message.a)}, b = {number(message.b)}"
    last = len(run.losses) - 1
    step = last if message.step is None or message.step < 0 else min(message.step, last)
    return f"{run.name}, step {step:,}"


def shown_of(session: "Session") -> Shown:
    """Return what a session shows now."""
    return Shown(session.scene, session.require_plane(), session.surface, session.view)


async def inspect(session: "Session", message: Inspect) -> None:
    """Answer with the numbers of a place; while another plane is on its way, not at all."""
    if session.plane is None and session.objective is not None:
        return
    title, objective = place_words(session, message), session.objective
    if objective is None:
        loss = _kept_loss(session, message)
        frame = await session.compute(
            stored_frame, session.scene, session.surface, (message.a, message.b), title, loss
        )
    else:
        point, shown = session.point(message), shown_of(session)
        frame = await session.compute(inspect_frame, objective, shown, point, title)
    session.send(frame, topic="inspect")


def stored_frame(
    scene: int,
    surface: xr.Dataset | None,
    place: tuple[float, float],
    title: str,
    loss: float | None = None,
) -> Frame:
    """Return the frame of what stored numbers tell of a place, where nothing can be computed.

    Args:
        scene: number of the plane.
        surface: the stored map, if there is one.
        place: a and b.
        title: the place in words.
        loss: of the step of a run that is looked at.
    """
    rows = [] if loss is None else [("loss", number(loss, 4))]
    if surface is not None:
        labels = labels_of(surface)
        cell = labels.cell(*place)
        if cell is not None:
            value = float(surface["loss"].transpose("b", "a").values[cell])
            if not np.isnan(value):
                rows.append(("loss of the nearest cell", number(value, 4)))
            rows += _basin_row(labels, *place) if (labels.basin >= 0).any() else []
    head = {
        "scene": scene,
        "title": title,
        "rows": [list(row) for row in rows],
        "words": "Stored numbers alone: neither gradient nor curvature is known here.",
        "warning": False,
        "a": place[0],
        "b": place[1],
    }
    return Frame("inspect", head)


def _kept_loss(session: "Session", message: Inspect) -> float | None:
    run = None if message.run is None else session.runs.get(message.run)
    if run is None or not len(run.losses):
        return None
    step = -1 if message.step is None else message.step
    return float(run.losses[min(step, len(run.losses) - 1)])


def _seen(
    objective: Objective, shown: Shown, spot: Spot, labels: Labels | None, a: float, b: float
) -> Seen:
    inside = spot.distance <= 1e-9 * max(1.0, shown.plane.origin_length)
    if inside:
        minimum = labels is not None and labels.minimum_at(a, b) is not None
        return Seen(minimum, spot.loss)
    with np.errstate(all="ignore"):
        plane_loss = float(objective.restrict(shown.plane)(np.array([[a, b]]))["loss"][0])
    away = spot.distance > IN_PLANE * shown.reach
    if shown.view is None:
        return Seen(plane_loss=plane_loss, away=away)
    share = gap_shares(np.array([spot.loss]), np.array([plane_loss]), shown.view)
    return Seen(plane_loss=plane_loss, gap_share=float(share[0]), away=away)


def _rows(spot: Spot, seen: Seen) -> Iterator[tuple[str, str]]:
    yield "loss", number(spot.loss, 4)
    if spot.distance and seen.plane_loss != spot.loss:
        yield "loss of the plane under it", number(seen.plane_loss, 4)
        yield "distance out of the plane", number(spot.distance)
    if spot.slopes:
        yield "gradient norm", number(spot.gradient_norm)
    if np.isfinite(spot.in_plane) and not (spot.bends and spot.bends.critical):
        yield "of the squared gradient in this plane", percent(round(spot.in_plane, 9))
    for axis, slope in zip("abc", spot.slopes, strict=False):
        yield f"slope along {axis}, per length", number(slope)
    bends = spot.bends
    if bends is None:
        return
    for axis, bend in zip("abc", bends.curvatures, strict=False):
        yield f"curvature along {axis}, per length²", number(bend)
    about = "" if bends.negative is not None else f" (estimated by {bends.how})"
    yield "lowest eigenvalue", number(bends.lowest) + about
    yield "highest eigenvalue", number(bends.highest) + about
    if bends.negative is not None and bends.zero is not None:
        names = ("index", "nullity") if bends.critical else ("negative eigenvalues", "zero ones")
        yield names[0], f"{bends.negative} of {spot.parameters}"
        yield names[1], f"{bends.zero} of {spot.parameters}"
    if spot.kink_distance < NEAR_KINK:
        yield "nearest kink (input of a ReLU)", number(spot.kink_distance, 2)


def _basin_row(labels: Labels | None, a: float, b: float) -> Iterator[tuple[str, str]]:
    cell = labels.cell(a, b) if labels is not None else None
    if labels is None or cell is None:
        return
    basin = int(labels.basin[cell])
    if basin < 0:
        yield "basin of the map", "none: a hole"
    else:
        low = number(float(labels.value[basin]), 4)
        yield "basin of the map", f"{basin + 1} of {labels.count}, down to {low}"
