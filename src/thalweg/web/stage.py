"""Stage: what is looked at: the objective, the plane and the map over it."""

from collections.abc import Sequence
from time import perf_counter

import msgspec
import xarray as xr

from thalweg.trust_report.trust import trust
from thalweg.viewer.frames import Frame
from thalweg.viewer.scene import data_frame, surface_frame
from thalweg.views.surface import SurfaceView, surface_view
from thalweg.web.bench import lay
from thalweg.web.drawing import PATIENCE, drawn
from thalweg.web.ground import Ground
from thalweg.web.journal import noted
from thalweg.web.messages import Action, Bench, PlaneSpec
from thalweg.web.planes import cut, grid_of
from thalweg.web.reporting import report_frame
from thalweg.web.session import OF_A_BENCH, OF_A_PLANE, Session
from thalweg.web.walked import Walked
from thalweg.web.walking import keep_walking

MAP = "the map"


async def lay_out(session: Session, bench: Bench) -> None:
    """Take another objective; whatever belonged to the old one goes."""
    given = session.hall.objective
    laid = None if given is not None else await session.compute(lay, bench)
    for name in ("map", "judge"):  # of the old objective
        session.stop(name)
    session.plane = session.surface = session.view = session.ground = None
    if laid is not None:
        session.bench, session.objective = bench, laid.objective
        session.data = laid.inputs, laid.labels
    else:
        session.bench, session.data, session.objective = None, None, given
    session.stored, session.first = None, PlaneSpec()
    session.clear_runs()
    session.log.clear()
    session.forget(*OF_A_BENCH)
    if session.data is not None:
        session.send(data_frame(*session.data))


async def take_plane(session: Session, spec: PlaneSpec) -> None:
    """Take another plane, and note it."""
    objective = session.require_objective()
    noted(session.log, Action(plane=spec), session.first)  # before the work: the log may be full
    made = await session.compute(cut, spec, objective, dict(session.runs))
    session.plane_spec, session.plane, session.plane_words = made.spec, made.plane, made.words
    session.window = session.home = made.window
    session.surface = session.view = None
    session.scene += 1
    session.log = noted(session.log, Action(plane=made.spec), session.first)
    session.forget(*OF_A_PLANE)


def show(session: Session) -> None:
    """Tell the scene, and begin with the map; one that is under way is given up."""
    old = session.ground
    kept = old.view if old is not None and old.scene == session.scene else None
    session.surface = session.view = None
    stand_on(session, kept)  # gaps are compared with the old map until the new one is there
    tell_scene(session)
    session.start("map", _draw(session))


async def _draw(session: Session) -> None:
    """Show the map as it is drawn, then say how far to trust it."""
    scene, objective, plane = session.scene, session.require_objective(), session.require_plane()
    grid = grid_of(session.window, session.points)
    told = perf_counter()

    def tell(share: float) -> None:
        nonlocal told
        if perf_counter() - told > PATIENCE:
            told = perf_counter()
            session.send(Frame("busy", {"what": MAP, "share": share, "done": False}))

    try:
        async for surface, draft in drawn(session.hall, objective, plane, grid, tell):
            session.surface, session.view = surface, surface_view(surface)
            session.send(surface_frame(session.view, scene, draft=draft))
            stand_on(session)
        session.start("judge", judge(session))
    finally:
        session.send(Frame("busy", {"what": MAP, "share": None, "done": True}))


async def judge(session: Session) -> None:
    """Say how far to trust the map and the paths over it, at little effort."""
    scene, surface, ground = session.scene, session.surface, session.ground
    if surface is None or ground is None:
        return
    runs = [run for run in session.runs.values() if len(run.losses) > 1]
    frame = await session.compute(_judged, ground, surface, runs)
    if session.scene == scene:
        session.send(frame)


def _judged(ground: Ground, surface: xr.Dataset, runs: Sequence[Walked]) -> Frame:
    paths = [run.path(ground) for run in runs]
    return report_frame(trust(surface, paths, ground.objective))


def stand_on(session: Session, view: SurfaceView | None = None) -> None:
    """Let the runs know plane, window and map as they are now; `view` until there is a map."""
    session.ground = None
    if session.objective is not None and session.plane is not None:
        session.ground = Ground(
            session.scene,
            session.objective,
            session.plane,
            session.window,
            session.view or view,
        )
    keep_walking(session)


def tell_scene(session: Session) -> None:
    """Tell what is looked at."""
    about = {} if session.surface is None else session.surface.attrs
    known, plane = session.objective, session.plane
    head = {
        "scene": session.scene,
        "bench": None if session.bench is None else msgspec.to_builtins(session.bench),
        "answered": session.answered,
        "stored": session.stored,
        "known": known is not None,
        "objective": str(about.get("objective", "")) if known is None else known.name,
        "parameters": int(about.get("parameters", 0)) if plane is None else plane.size,
        "plane": msgspec.to_builtins(session.plane_spec),
        "plane_words": session.plane_words,
        "window": msgspec.to_builtins(session.window),
        "home": msgspec.to_builtins(session.home),
        "points": session.points,
        "log": msgspec.to_builtins(session.log),
        "runs": list(session.runs),
    }
    session.send(Frame("scene", head))
