"""Walking: the runs of a visitor go on in turns, a slice at a time, and the page is told."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from time import perf_counter

from thalweg.web.ground import Ground
from thalweg.web.session import Session
from thalweg.web.turns import Gone
from thalweg.web.walked import Walked

SLICE = 0.02  # seconds of work before others have their turn
BEAT = 1 / 30  # seconds between two frames of a run
BITE = 16  # steps of one run before the next one goes on
LATE = 0.1  # seconds: after a longer pause steps are not made up for


def keep_walking(session: Session) -> None:
    """See to it that the runs go on and that their paths lie on the present ground."""
    session.wake.set()
    if session.runs and not session.at_work("runs"):
        session.start("runs", _walk(session))


async def _walk(session: Session) -> None:
    """Walk until nothing is left to do."""
    clock, told, changed = perf_counter(), -BEAT, set[int]()
    while True:
        session.wake.clear()
        runs, ground = list(session.runs.values()), session.ground
        now = perf_counter()
        passed, clock = min(now - clock, LATE), now
        dues = {run.number: _due(run, session.speed, passed) for run in runs}
        changed |= await session.hall.quick(walk_slice, runs, dues, ground)
        now = perf_counter()
        ended = all(run.ended for run in runs)
        if now - told >= BEAT or ended:
            told = now
            for number in changed & set(session.runs):
                session.outbox.later(f"run {number}", session.runs[number].news)
            changed = set()
        for run in runs:
            if run.ended:
                run.settle()
        if session.wake.is_set():
            continue
        if ground is not None and any(run.behind(ground) for run in runs if run.drawn):
            continue  # a slice was not enough; others had their turn
        if ended and not changed:
            return
        if not any(dues.values()) or not _hurried(runs, session.speed):
            await _rest(session, BEAT if changed or _moving(runs) else None)


def _due(run: Walked, speed: float, passed: float) -> int:
    """Return how many steps a run may take now."""
    if run.ended:
        return 0
    if not run.paused:
        if run.hurry or speed == 0:
            return run.length
        run.owed += speed * passed
    whole = int(run.owed)
    run.owed -= whole
    return whole


def _moving(runs: Sequence[Walked]) -> bool:
    return any(run.status == "running" for run in runs)


def _hurried(runs: Sequence[Walked], speed: float) -> bool:
    return any(run.status == "running" and (run.hurry or speed == 0) for run in runs)


async def _rest(session: Session, seconds: float | None) -> None:
    """Wait so long, or until there is something to do."""
    try:
        await asyncio.wait_for(session.wake.wait(), seconds)
    except TimeoutError:
        return


def walk_slice(
    runs: Sequence[Walked], dues: Mapping[int, int], ground: Ground | None, seconds: float = SLICE
) -> set[int]:
    """Walk the runs in turns for one slice; return the numbers of those with news."""
    until = perf_counter() + seconds
    left = dict(dues)
    for run in runs:
        run.advance(0)  # the start is evaluated at once, so that the ball is seen
    while any(left.values()) and perf_counter() < until:
        for run in runs:
            if left[run.number]:
                run.advance(min(BITE, left[run.number]), until)
                left[run.number] = 0 if run.ended else max(0, left[run.number] - BITE)
    if ground is None:
        return set()
    late = perf_counter() + seconds
    return {run.number for run in runs if run.drawn and _follows(run, ground, late)}


def _follows(run: Walked, ground: Ground, until: float) -> bool:
    """Bring the path of a run up to date; a guest's loss that raises there ends that run alone."""
    try:
        return run.follow(ground, until)
    except Gone:
        raise
    except Exception as fault:
        logging.getLogger(__name__).error("a path cannot be drawn", exc_info=fault)
        run.fail(f"its path cannot be drawn: {type(fault).__name__}: {fault}"[:300])
        return True
