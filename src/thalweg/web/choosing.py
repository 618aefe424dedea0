"""Choosing: a stored result takes the place of what is shown; one that still grows is followed."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.geometry.scaling import FilterNorm, LayerNorm, Unit, Unscaled
from thalweg.viewer.scene import data_frame, surface_frame, trust_frame
from thalweg.views.surface import SurfaceView, surface_view
from thalweg.views.trust import TrustLine
from thalweg.web.bench import lay
from thalweg.web.busy import busy
from thalweg.web.ground import Ground
from thalweg.web.library import Library, being_written, stamp
from thalweg.web.messages import Bench, Choose, PlaneSpec, Window
from thalweg.web.session import OF_A_BENCH, Session
from thalweg.web.stage import show, tell_scene
from thalweg.web.stored import (
    LEAST,
    StoredMap,
    is_of,
    plane_of_run,
    read,
    read_map,
    spectrum_frame,
    unknown_terrain,
)
from thalweg.web.stored_run import StoredPath, StoredRun
from thalweg.web.walking import keep_walking

STORED = "the stored result"  # the name of that work
POINTS = 81  # of a map that is computed around a run
POLL = 0.5  # seconds between looks at a store that grows
NO_TERRAIN = (
    "No terrain: what this run descended is not known here, only the loss of its own steps; "
    "thalweg explore --objective draws it."
)
SCALINGS = {type(s).__name__: str(s) for s in (Unscaled(), Unit(), LayerNorm(), FilterNorm())}
GROWN = 2  # a run that is so many times longer gets a new plane


async def choose(session: Session, message: Choose) -> None:
    """Show a stored result, and follow it as long as somebody writes it.

    Raises:
        InputError: there is no library.
    """
    library = session.hall.library
    if library is None:
        mend = "start the explorer with a run, or a folder of runs"
        raise InputError("there must be stored results", "none", mend)
    library.file(message.stored)  # before what is being shown is given up
    session.start(STORED, show_stored(session, library, message.stored))


async def show_stored(
    session: Session,
    library: Library,
    name: str,
    then: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Show a stored result.

    Args:
        session: whose page it is.
        library: where it is.
        name: of it.
        then: what to do on its plane, before it is followed.

    Raises:
        InputError: no such result, or one that cannot be drawn on a plane.
        StoreError: it cannot be read.
    """
    file = library.file(name)
    with busy(session, name):
        growing = being_written(file)
        seen = stamp(file)
        found = await session.compute(read, file, name)
        kind = str(found.attrs["kind"])
        if kind == "spectrum":
            session.send(spectrum_frame(found, name))
            return
        if kind == "surface":
            mapped = await session.compute(read_map, library, name, session.hall.limits.runs)
            async with session.turn:
                await _take_objective(session, found)
                _show_map(session, name, mapped, growing)
        elif kind == "trajectory":
            while growing and found.sizes["step"] < LEAST:
                await asyncio.sleep(POLL)
                growing, found = being_written(file), await session.compute(read, file, name)
            plane = await session.compute(plane_of_run, found["point"].values)
            async with session.turn:
                await _take_objective(session, found)
                _show_run(session, name, found, plane, growing)
        else:
            wanted = "the result must be a surface, a trajectory or a spectrum"
            raise InputError(wanted, f"{name}: a {kind}", "draw it with `thalweg show`")
    if then is not None:
        async with session.turn:
            await then()
    if growing or being_written(file):
        await _keep_up(session, library, file, name, seen)


async def _keep_up(
    session: Session, library: Library, file: Path, name: str, seen: tuple[int, int, int]
) -> None:
    """Look at a store again and again; tell what is new until its writer is gone."""
    scene, run = session.scene, session.runs.get(0)
    laid = 0 if run is None else len(run.losses)
    while True:
        await asyncio.sleep(POLL)
        growing, now = being_written(file), stamp(file)  # in this order: nothing is missed
        if now == seen and growing:
            continue
        seen = now
        if isinstance(run, StoredRun):
            if session.runs.get(run.number) is not run:
                return
            found = await session.compute(read, file, name)
            alone = session.scene == scene and not session.log
            longer = found.sizes["step"] >= GROWN * laid and alone
            if longer or not run.goes_on(found):
                await show_stored(session, library, name)
                return
            run.take(found, growing)
            keep_walking(session)
        else:
            if session.scene != scene:
                return
            mapped = await session.compute(read_map, library, name, session.hall.limits.runs)
            async with session.turn:
                if session.scene != scene:
                    return
                session.surface, session.view = mapped.surface, mapped.view
                _lay_runs(session)
                session.send(surface_frame(mapped.view, scene, draft=growing))
                session.send(trust_frame(mapped.trust))
        if not growing:
            return


async def _take_objective(session: Session, found: xr.Dataset) -> None:
    """Take the objective of a stored result: the one given, or the chapter's, if it is of that.

    All waiting comes first, so that whoever is cut short has changed nothing.
    """
    bench, data = None, None
    objective = session.hall.objective
    if objective is not None:
        of_this = await session.compute(is_of, found, objective, unsaid=True)
    else:
        chapter = await session.compute(lay, Bench())
        objective = chapter.objective
        of_this = await session.compute(is_of, found, objective, unsaid=False)
        if of_this:
            bench, data = Bench(), (chapter.inputs, chapter.labels)
    session.stop("map")
    session.clear_runs()
    session.forget(*OF_A_BENCH)
    session.bench, session.data = bench, data
    session.objective = objective if of_this else None
    if data is not None:
        session.send(data_frame(*data))


def _show_map(session: Session, name: str, mapped: StoredMap, growing: bool) -> None:
    """Show a stored surface, and the paths beside it."""
    _stand(session, name, mapped.surface, mapped.plane, mapped.view)
    _tell(session, mapped.surface, mapped.view, growing)
    scene = session.scene
    _keep_runs(session, [StoredPath(n, path, scene) for n, path in enumerate(mapped.paths)])
    session.send(trust_frame(mapped.trust))


def _show_run(session: Session, name: str, run: xr.Dataset, plane: Plane, growing: bool) -> None:
    """Show a run on its principal plane: over its terrain if its loss is known, else over none."""
    points = run["point"].values
    coords = plane.coordinates(points[np.isfinite(points).all(axis=1)])
    about = str(run.attrs.get("objective", ""))
    blank = unknown_terrain(plane, Grid.covering(coords, 2), about)
    view = surface_view(blank)
    _stand(session, name, run, plane, view)
    if session.objective is not None:
        show(session)
    else:
        _tell(session, blank, view, False)
        session.send(trust_frame([TrustLine(NO_TERRAIN, warning=True)]))
    _keep_runs(session, [StoredRun(0, run, growing)])


def _stand(
    session: Session, name: str, found: xr.Dataset, plane: Plane | None, view: SurfaceView
) -> None:
    """Take a stored plane."""
    session.stored, session.first = name, PlaneSpec("stored")
    session.plane, session.plane_spec = plane, session.first
    recipe = str(found.attrs.get("recipe", "")) or (plane.recipe if plane else "")
    session.plane_words = in_words(recipe)
    session.window = session.home = Window(*view.window)
    session.surface, session.view, session.log = None, None, []
    session.points = max(*view.values.shape, POINTS)
    session.scene += 1


def in_words(recipe: str) -> str:
    """Return a stored recipe without the names of Python's classes.

    >>> in_words("random, seed 0, FilterNorm(biases=<BiasRule.ZERO: 'zero'>)")
    'random, seed 0, filter-normalized'
    """
    found = re.fullmatch(r"(.*), (\w+)\(.*\)", recipe)
    if found is None or found[2] not in SCALINGS:
        return recipe
    return f"{found[1]}, {SCALINGS[found[2]]}"


def _keep_runs(session: Session, runs: Sequence[StoredRun | StoredPath]) -> None:
    """Take runs; the scene was told without any, so that the page mixes none with older ones."""
    session.runs = {run.number: run for run in runs}
    session.next_run = len(runs)
    keep_walking(session)


def _tell(session: Session, surface: xr.Dataset, view: SurfaceView, draft: bool) -> None:
    """Tell a stored plane, and the map over it."""
    session.surface, session.view = surface, view
    tell_scene(session)
    _lay_runs(session)
    session.send(surface_frame(view, session.scene, draft=draft))


def _lay_runs(session: Session) -> None:
    """Let the runs lie on the stored map, with or without its objective."""
    plane = session.plane or Plane(np.zeros(2), np.eye(2))  # not kept; but the path beside it is
    window, view = session.window, session.view
    session.ground = Ground(session.scene, session.objective, plane, window, view)
    keep_walking(session)
