"""Underneath: critical points, basins, the trust report and the spectrum, when asked for."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective, SmoothObjective
from thalweg.curvature.dense import inertia
from thalweg.curvature.dense import spectrum as whole_spectrum
from thalweg.curvature.ends import ends
from thalweg.curvature.lanczos import Lanczos
from thalweg.trust_report.effort import Effort
from thalweg.trust_report.report import TrustReport
from thalweg.trust_report.trust import trust as trust_report
from thalweg.viewer.frames import Frame
from thalweg.views.prose import number
from thalweg.web.busy import busy
from thalweg.web.ground import Ground
from thalweg.web.inspect import place_words, shown_of
from thalweg.web.labels import basins_frame, labels_of
from thalweg.web.messages import Basins, Find, Inspect, Spectrum, Trust
from thalweg.web.reporting import report_frame
from thalweg.web.searches import Hunt, critical_frame, found_by, search_from
from thalweg.web.walked import Walked

if TYPE_CHECKING:
    from thalweg.web.session import Session

WHOLE = 1200  # parameters up to which all eigenvalues are found
ENDS = Lanczos(tolerance=1e-3, products=400, dense_up_to=WHOLE)
OUTERMOST = 8  # eigenvalues of each end, beyond that
_AT_REST = ("rested", "done", "stored")


async def find(session: "Session", message: Find) -> None:
    """Search for critical points from a place and from where the runs rest."""
    objective, shown = session.require_objective(), shown_of(session)
    here = Inspect(message.a, message.b)
    starts = [(place_words(session, here), session.point(here))]
    starts += list(_ends(session))
    hunts: list[Hunt] = []
    with busy(session, "critical points") as told:
        for words, start in starts:
            told(len(hunts) / len(starts))
            hunts.append(Hunt(words, await session.compute(search_from, objective, start)))
        frame = await session.compute(
            critical_frame, objective, shown.plane, hunts, shown.scene, shown.reach
        )
    if session.scene == shown.scene:
        session.found = found_by(hunts)
        session.send(frame)


async def basins(session: "Session", message: Basins) -> None:
    """Answer with the basins of the map."""
    labels, scene = await session.compute(labels_of, require_map(session)), session.scene
    session.send(basins_frame(labels, scene))


async def trust(session: "Session", message: Trust) -> None:
    """Answer with the trust report on the map and the runs over it.

    What a page asks by itself is not answered while another map is on its way: it asks again.
    """
    if session.surface is None and not message.full:
        return
    surface = require_map(session)
    runs, ground = list(session.runs.values()), session.ground
    effort = Effort.FULL if message.full else Effort.LITTLE
    with busy(session, "trust report"):
        report = await session.compute(_trust_in, surface, runs, ground, session.objective, effort)
    session.send(report_frame(report, full=message.full))


def _trust_in(
    surface: xr.Dataset,
    runs: Sequence[Walked],
    ground: Ground | None,
    objective: Objective | None,
    effort: Effort,
) -> TrustReport:
    """Return the report; to project a run takes long, so it is done here, in a thread."""
    paths = [] if ground is None else [run.path(ground) for run in runs]
    return trust_report(surface, paths, objective, effort=effort)


async def spectrum(session: "Session", message: Spectrum) -> None:
    """Answer with the Hessian's eigenvalues at a place."""
    point, title = session.point(message), place_words(session, message)
    with busy(session, "spectrum"):
        frame = await session.compute(spectrum_frame, session.objective, point, title)
    session.send(frame)


def spectrum_frame(objective: Objective | None, point: FloatArray, title: str) -> Frame:
    """Return the frame of all eigenvalues at point (n,), or of both ends where n is large.

    Raises:
        InputError: an objective without derivatives, or a Hessian that is not finite.

    >>> from thalweg.objectives.zoo import quadratic
    >>> frame = spectrum_frame(quadratic([1.0, 2.0, -3.0]), np.zeros(3), "the origin")
    >>> frame.arrays["eigenvalues"].round(12), frame.head["negative"]
    (array([-3.,  1.,  2.]), 1)
    """
    if not isinstance(objective, SmoothObjective):
        name = "none" if objective is None else objective.name
        mend = "open the explorer on a network"
        raise InputError("eigenvalues need an objective with derivatives", name, mend)
    n = objective.layout.size
    if n <= WHOLE:
        found = whole_spectrum(objective, point)
        values, norm = found["eigenvalues"].values, float(found.attrs["gradient_norm"])
        counts = inertia(values)
        words = f"{counts.negative:,} of {n:,} eigenvalues are negative, {counts.zero:,} zero"
    else:
        outer = ends(objective, point, OUTERMOST, OUTERMOST, lanczos=ENDS)
        values, error = outer.eigenvalues, float(outer.residuals.max())
        counts = inertia(values, error)
        norm = float(np.linalg.norm(objective.gradient(point)))
        words = f"The {OUTERMOST} lowest and highest of {n:,} eigenvalues, to {number(error, 1)}"
        words += f"; {counts.negative:,} of these are negative"
    low, high = number(float(values[0])), number(float(values[-1]))
    words += f"; λ_min = {low}, λ_max = {high}. Gradient norm {number(norm, 2)}."
    head = {"title": f"Spectrum at {title}", "negative": counts.negative, "words": words}
    return Frame("spectrum", head, {"eigenvalues": np.array(values)})


def _ends(session: "Session") -> Iterator[tuple[str, FloatArray]]:
    """Yield where the runs rest, in words and as a point (n,)."""
    for run in session.runs.values():
        if run.status not in _AT_REST or not len(run.losses):
            continue
        end = session.point(Spectrum(0.0, 0.0, run.number, -1))
        if np.isfinite(end).all():
            yield f"the end of {run.name}", end


def require_map(session: "Session") -> xr.Dataset:
    """Return the map that is shown.

    Raises:
        InputError: there is none yet.
    """
    if session.surface is None:
        raise InputError("a map must be shown", "none yet", "wait until it is drawn")
    return session.surface
