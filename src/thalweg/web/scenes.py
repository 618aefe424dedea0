"""Scenes: bench, plane and window, one after the other, each with its map."""

from thalweg.core.errors import InputError, ThalwegError
from thalweg.version import __version__
from thalweg.viewer.scene import hello_frame
from thalweg.web.bench import choices
from thalweg.web.library import choose
from thalweg.web.messages import Bench, Choose, Open, PlaneSpec, SetBench, SetPlane, SetWindow
from thalweg.web.planes import depends_on_runs, grid_of
from thalweg.web.replay import replay
from thalweg.web.session import Session
from thalweg.web.stage import lay_out, show, take_plane

TITLE = "The explorer"


async def open_scene(session: Session, message: Open) -> None:
    """Begin, or begin again from a link: bench, planes and drops in the order of the log."""
    hall, library = session.hall, session.hall.library
    stored = [] if library is None else await session.compute(library.entries)
    offered = None if hall.objective is not None else choices()
    session.send(
        hello_frame(TITLE, __version__, live=True, choices=offered, tours=hall.tours, stored=stored)
    )
    chosen = message.stored
    if chosen is None and message == Open(points=message.points) and hall.objective is None:
        sound = [entry["name"] for entry in stored if entry["kind"] != "damaged"]
        chosen = sound[0] if sound else None
    if chosen is not None:
        session.points = message.points
        await choose(session, Choose(chosen))
        return
    async with session.turn:
        session.points = message.points
        await lay_out(session, message.bench or Bench())
        await _take_first(session, PlaneSpec())
        try:
            await replay(session, message.log)
        except ThalwegError as fault:  # shown is how far the log led
            session.tell_fault(fault, "open")
        if message.window is not None:
            grid_of(message.window, message.points)
            session.window = message.window
        show(session)


async def set_bench(session: Session, message: SetBench) -> None:
    """Lay out another bench: the runs of the old one go, the kind of plane stays."""
    async with session.turn:
        spec = PlaneSpec() if depends_on_runs(session.plane_spec) else session.plane_spec
        await lay_out(session, message.bench)
        await _take_first(session, spec)
        show(session)


async def set_plane(session: Session, message: SetPlane) -> None:
    """Show another plane; the runs are projected on it."""
    async with session.turn:
        await take_plane(session, message.plane)
        show(session)


async def set_window(session: Session, message: SetWindow) -> None:
    """Show another part of the plane, at the resolution asked for."""
    async with session.turn:
        session.require_plane()
        grid_of(message.window, message.points)
        session.window, session.points = message.window, message.points
        show(session)


async def _take_first(session: Session, spec: PlaneSpec) -> None:
    """Take a plane, or plain random directions where there is nothing to normalize them to."""
    try:
        await take_plane(session, spec)
    except InputError:  # weights that are all zero, or a loss without weights
        await take_plane(session, PlaneSpec("random", spec.seed))
