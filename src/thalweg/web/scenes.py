"""Scenes: bench, plane and window, one after the other, each with its map."""

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.core.errors import InputError, ThalwegError
from thalweg.version import __version__
from thalweg.viewer.scene import hello_frame
from thalweg.web.bench import choices
from thalweg.web.choosing import STORED, show_stored
from thalweg.web.library import Library
from thalweg.web.messages import Bench, Open, PlaneSpec, SetBench, SetPlane, SetWindow
from thalweg.web.planes import depends_on_runs, grid_of
from thalweg.web.replay import replay
from thalweg.web.session import Session
from thalweg.web.stage import lay_out, show, take_plane, tell_scene
from thalweg.web.walking import keep_walking

TITLE = "The explorer"


async def open_scene(session: Session, message: Open) -> None:
    """Begin, or begin again from a link: bench, planes and drops in the order of the log."""
    library = session.hall.library or Library(None)
    async with session.turn:  # from the first moment: what is asked for meanwhile comes after
        session.answered = 0  # the page counts anew
        chosen = await _greet(session, library, message)
        if chosen is None or chosen.beside:
            await _open_bench(session, message)
    if chosen is not None:
        session.start(STORED, _open_stored(session, library, chosen.name, message))


@dataclass(frozen=True)
class _Chosen:
    """A stored result to begin with; `beside`: it is no terrain, but is shown beside one."""

    name: str
    beside: bool


async def _greet(session: Session, library: Library, message: Open) -> _Chosen | None:
    """Say what can be asked for; return the stored result to begin with, if there is one."""
    hall = session.hall
    stored, left_out = await session.compute(library.listing)
    hello = hello_frame(
        TITLE,
        __version__,
        live=True,
        choices=choices(bench=hall.objective is None),
        tours=hall.tours,
        stored=stored,
        left_out=left_out,
    )
    session.send(hello)
    chosen = message.stored
    if chosen is None and message == Open(points=message.points) and hall.objective is None:
        chosen = _first_of(stored)
    if chosen is None:
        return None
    spectra = [entry["name"] for entry in stored if entry["kind"] == "spectrum"]
    return _Chosen(chosen, chosen in spectra)


def _first_of(stored: Sequence[dict[str, str]]) -> str | None:
    """Return which stored result is shown if none is asked for: one with a terrain, if possible."""
    order = ("surface", "trajectory", "spectrum")
    sound = [entry for entry in stored if entry["kind"] in order]
    first = min(sound, key=lambda entry: order.index(entry["kind"]), default=None)
    return None if first is None else first["name"]


async def _open_bench(session: Session, message: Open) -> None:
    """Show the bench of a link, and what was done there; whoever calls has the turn."""
    session.points = message.points
    await lay_out(session, message.bench or Bench())
    await _take_first(session, PlaneSpec())
    await _go_on(session, message)
    show(session)


async def _open_stored(session: Session, library: Library, name: str, message: Open) -> None:
    """Show the stored result of a link, and what was done there; if it has gone, the bench."""

    async def then() -> None:
        if session.stored != name:
            return
        await _go_on(session, message)
        if session.plane_spec != session.first or message.window is not None:
            _redraw(session)
        elif message.log:
            keep_walking(session)
            tell_scene(session)

    try:
        await show_stored(session, library, name, then)
    except ThalwegError as fault:
        session.tell_fault(fault, "open")
    async with session.turn:
        if session.scene == 0:
            await _open_bench(session, Open(points=message.points))


async def _go_on(session: Session, message: Open) -> None:
    """Do what a link says on the plane where it begins."""
    try:
        await replay(session, message.log)
    except ThalwegError as fault:  # shown is how far the log led
        session.tell_fault(fault, "open")
    if message.window is not None:
        grid_of(message.window, message.points)
        session.window, session.points = message.window, message.points


def _redraw(session: Session) -> None:
    """Show another part of the plane; of stored numbers there are no more than those shown."""
    if session.objective is None:
        tell_scene(session)
    else:
        show(session)


async def set_bench(session: Session, message: SetBench) -> None:
    """Lay out another bench: the runs of the old one go, the kind of plane stays."""
    async with session.turn:
        session.stop(STORED)
        session.answered = message.number
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
        if session.objective is not None:
            session.require_plane()
        grid_of(message.window, message.points)
        session.window, session.points = message.window, message.points
        _redraw(session)


async def _take_first(session: Session, spec: PlaneSpec) -> None:
    """Take a plane, or plain random directions where there is nothing to normalize them to."""
    try:
        await take_plane(session, spec)
    except InputError:  # weights that are all zero, or a loss without weights
        await take_plane(session, PlaneSpec("random", spec.seed))
