"""Replay: the log of a link, done again: the same planes and the same runs."""

from collections.abc import Sequence
from time import perf_counter

from thalweg.core.errors import InputError
from thalweg.web.messages import LIMIT_STEPS, Action, PlaneSpec
from thalweg.web.planes import NEED_RUNS
from thalweg.web.runs import place, remove
from thalweg.web.session import Session
from thalweg.web.stage import take_plane
from thalweg.web.walking import SLICE

LAST = -1  # the step that stands for the end of a run


async def replay(session: Session, log: Sequence[Action]) -> None:
    """Do again what a log says; its runs then go on as fast as they can.

    Raises:
        InputError: an action that cannot be done; those before it are.
    """
    for action in log:
        if action.plane is not None:
            await _catch_up(session, action.plane)
            await take_plane(session, action.plane)
        if action.drop is not None:
            place(session, action.drop, hurry=True)
        if action.remove is not None:
            if action.remove not in session.runs:
                got, mend = f"run {action.remove}", "use the link as it was"
                raise InputError("a link removes runs that it dropped", got, mend)
            await remove(session, [action.remove])


async def _catch_up(session: Session, spec: PlaneSpec) -> None:
    """Walk the runs as far as a plane needs them: to the steps it names, or else to their ends."""
    numbers = spec.runs or (session.runs if spec.recipe in NEED_RUNS else ())
    wanted = dict.fromkeys(numbers, LAST) | dict(zip(spec.runs, spec.steps, strict=False))
    if spec.run is not None:
        wanted[spec.run] = LAST if spec.step is None else spec.step
    for number, step in wanted.items():
        run = session.runs.get(number)
        while run is not None and not run.ended and (step == LAST or len(run.points) <= step):
            more = LIMIT_STEPS if step == LAST else step - len(run.points) + 1
            await session.hall.quick(run.advance, more, perf_counter() + SLICE)
