"""Runs: balls that are dropped, and what a visitor does with them."""

from collections.abc import Sequence

import numpy as np

from thalweg.core.errors import InputError
from thalweg.dynamics.record import Minibatches
from thalweg.views.colors import NEUTRAL, optimizer_color
from thalweg.web.bench import stepper
from thalweg.web.journal import noted
from thalweg.web.live_run import LiveRun
from thalweg.web.messages import Action, Control, Drop, DropBall, OptimizerSpec, PlaneSpec, Speed
from thalweg.web.planes import depends_on_runs
from thalweg.web.session import Session
from thalweg.web.stage import show, take_plane, tell_scene
from thalweg.web.walking import keep_walking


async def drop_ball(session: Session, message: DropBall) -> list[int]:
    """Start a run an optimizer at a place of the plane; return their numbers."""
    async with session.turn:
        numbers = place(session, message.drop)
        keep_walking(session)
        tell_scene(session)
        return numbers


def place(session: Session, drop: Drop, *, hurry: bool = False) -> list[int]:
    """Put balls where a drop says, and note it; return the numbers of their runs.

    Raises:
        InputError: more runs, actions or points than a visitor may have, or minibatches that
            do not fit.
    """
    objective, limits, kept = session.require_objective(), session.hall.limits, session.runs
    count = len(drop.optimizers)
    if len(kept) + count > limits.runs:
        got = f"{len(kept)} and {count} more"
        raise InputError(f"at most {limits.runs} runs are kept", got, "remove some runs first")
    log = noted(session.log, Action(drop=drop))
    start = session.require_plane().points([[drop.a, drop.b]])[0]
    batches = Minibatches(drop.batch, drop.seed) if drop.batch else None
    fresh = {}
    for number, spec in enumerate(drop.optimizers, session.next_run):
        color = optimizer_color(spec.name) or NEUTRAL
        taken = [run.name for run in [*kept.values(), *fresh.values()]]
        name = named(spec, drop.batch, taken)
        run = LiveRun(number, objective, start, stepper(spec), drop.steps, batches, color, name)
        run.hurry = hurry
        fresh[number] = run
    held = sum(run.bytes for run in [*kept.values(), *fresh.values()])
    if held > limits.bytes:
        mend = "ask for fewer steps, or remove some runs"
        got = f"{held / 1e6:,.0f} MB"
        raise InputError(f"runs may take {limits.bytes / 1e6:,.0f} MB", got, mend)
    session.runs = {**kept, **fresh}
    session.next_run += count
    session.log = log
    return list(fresh)


def named(spec: OptimizerSpec, batch: int, taken: Sequence[str]) -> str:
    """Return a name for a run that no other has.

    >>> named(OptimizerSpec("Adam", 0.02), 8, ["Adam, lr 0.02, batch 8"])
    'Adam, lr 0.02, batch 8 (2)'
    """
    base = f"{spec.name}, lr {spec.lr:g}" + (f", batch {batch}" if batch else "")
    others = (f"{base} ({count})" for count in range(2, len(taken) + 3))
    return next(name for name in (base, *others) if name not in taken)


async def control(session: Session, message: Control) -> None:
    """Pause, play, step or remove one run, or all of them."""
    async with session.turn:
        chosen = [message.run] if message.run is not None else list(session.runs)
        absent = [number for number in chosen if number not in session.runs]
        if absent:
            there = ", ".join(map(str, session.runs)) or "none"
            got, mend = f"run {absent[0]}", f"there are: {there}"
            raise InputError("the run must be one that is shown", got, mend)
        if message.action == "remove":
            await remove(session, chosen)
            return
        for number in chosen:
            run = session.runs[number]
            run.paused = message.action != "play"
            run.owed = np.floor(run.owed) + 1 if message.action == "step" else 0.0
        keep_walking(session)


async def remove(session: Session, numbers: list[int]) -> None:
    """Let go of runs; with the last one the log begins anew."""
    if set(numbers) >= set(session.runs):
        session.clear_runs()
        session.log = noted([], Action(plane=session.plane_spec), session.first)
        if depends_on_runs(session.plane_spec) and session.objective is not None:
            session.log = []
            await take_plane(session, PlaneSpec())
            show(session)
    else:
        for number in numbers:
            session.log = noted(session.log, Action(remove=number))
            session.outbox.forget(f"run {number}")
            session.runs = {n: run for n, run in session.runs.items() if n != number}
    tell_scene(session)


async def speed(session: Session, message: Speed) -> None:
    """Set how fast the runs go."""
    session.speed = message.steps_per_second
    keep_walking(session)
