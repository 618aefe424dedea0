"""Tour: a guided story in steps; each brings the page to a scene, then tells what it computed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec

from thalweg.core.errors import InputError
from thalweg.viewer.frames import Frame
from thalweg.web.choosing import STORED
from thalweg.web.live_run import LiveRun
from thalweg.web.messages import Action, Bench, Drop, OptimizerSpec, PlaneSpec
from thalweg.web.replay import replay
from thalweg.web.stage import lay_out, show, tell_scene
from thalweg.web.walking import keep_walking

if TYPE_CHECKING:
    from thalweg.web.session import Session

LOOK = 0.02  # seconds between two looks whether the map is there
PATIENCE = 60.0  # seconds until a map is given up

Tell = Callable[["Session"], Awaitable[str]]


@dataclass(frozen=True)
class Scene:
    """What a step of a story stands on; a link could hold the same.

    Attributes:
        bench: network and data.
        log: planes and drops in order.
    """

    bench: Bench
    log: tuple[Action, ...]

    def then(self, *actions: Action) -> "Scene":
        """Return the scene after further planes and drops."""
        return Scene(self.bench, (*self.log, *actions))


@dataclass(frozen=True)
class Step:
    """One step: where it happens, and what is computed and told there.

    Attributes:
        title: short.
        scene: what must be on the page.
        tell: returns the words; every number in them comes from what it computes.
        next: what the button to the following step says; empty: "Next".
    """

    title: str
    scene: Scene
    tell: Tell
    next: str = ""


@dataclass(frozen=True)
class Tour:
    """A story of under two minutes; a link names it and a step."""

    tour: str
    title: str
    steps: tuple[Step, ...]

    @property
    def entry(self) -> dict[str, Any]:
        """What the frame `hello` lists."""
        return {"tour": self.tour, "title": self.title, "steps": len(self.steps)}

    def require(self, number: int) -> Step:
        """Return a step.

        Raises:
            InputError: no such step.
        """
        if not 0 <= number < len(self.steps):
            wanted = f"the story has steps 0 to {len(self.steps) - 1}"
            raise InputError(wanted, str(number), "begin it at step 0")
        return self.steps[number]

    async def take(self, session: "Session", number: int) -> None:
        """Do one step, whatever was shown before, and send its caption.

        Raises:
            InputError: no such step, a hall without a bench, or a visitor who went elsewhere
                before it was told.
        """
        step = self.require(number)
        here = await reach(session, step.scene)
        try:
            words = await step.tell(session)
        except Exception:
            here.require(session)
            raise
        head = {"tour": self.tour, "step": number, "of": len(self.steps), "title": step.title}
        session.send(Frame("caption", {**head, "words": words, "next": step.next}))


@dataclass
class _Reached:
    """Which scene a session was brought to, and how its log read then."""

    bench: Bench | None = None
    told: tuple[Action, ...] = ()
    log: list[Action] = field(default_factory=list)

    def require(self, session: "Session") -> None:
        """Raise InputError unless the session is still there; more may have come on top."""
        if session.bench != self.bench or session.log[: len(self.log)] != self.log:
            mend = "take this step of the story again"
            raise InputError("a story needs its scene", "another one in its place", mend)


_reached: "WeakKeyDictionary[Session, _Reached]" = WeakKeyDictionary()


async def reach(session: "Session", scene: Scene) -> _Reached:
    """Bring a session to a scene: by what is missing if it was on the way there, else anew.

    Returns when the map is drawn and the runs have ended.

    Raises:
        InputError: the hall explores a given objective, so that there is no bench; or the
            visitor went elsewhere meanwhile.
    """
    if session.hall.objective is not None:
        mend = "start `thalweg explore` without an objective"
        raise InputError("a story needs the bench", "a given objective", mend)
    here = _reached.setdefault(session, _Reached())
    async with session.turn:
        session.stop(STORED)
        known = len(here.told)
        near = here.told == scene.log[:known] and here.log == session.log
        if not (known and near and session.bench == here.bench == scene.bench):
            await lay_out(session, scene.bench)
            known = 0
        missing = scene.log[known:]
        await replay(session, missing)
        if any(action.plane is not None for action in missing):
            show(session)
        elif missing:
            keep_walking(session)
            tell_scene(session)
        here.bench, here.told, here.log = scene.bench, scene.log, list(session.log)
    for run in runs_of(session):
        run.paused, run.hurry = False, True  # a story waits for nobody
    keep_walking(session)
    await mapped(session)
    for run in runs_of(session):
        await run.settled()
    here.require(session)
    return here


async def mapped(session: "Session") -> None:
    """Wait for the whole map.

    Raises:
        InputError: it did not come.
    """
    for _ in range(int(PATIENCE / LOOK)):
        surface = session.surface
        if surface is not None and max(surface["loss"].shape) == session.points:
            return
        await asyncio.sleep(LOOK)
    raise InputError("the map must be drawn", "none after a minute", "ask for fewer points")


def runs_of(session: "Session") -> list[LiveRun]:
    """Return the runs in the order in which they were dropped."""
    return [run for run in session.runs.values() if isinstance(run, LiveRun)]


def plane(
    recipe: str, seed: int = 0, run: int | None = None, runs: Sequence[int] = (), steps: int = 0
) -> Action:
    """Return the action that shows a plane, after so many steps of its run or runs."""
    step = None if run is None else steps
    fields = {"recipe": recipe, "seed": seed, "run": run, "step": step, "runs": list(runs)}
    return Action(plane=msgspec.convert({**fields, "steps": [steps] * len(runs)}, PlaneSpec))


def ball(a: float, b: float, steps: int, *optimizers: tuple[str, float]) -> Action:
    """Return the action that drops a ball with optimizers by name and rate."""
    specs = [msgspec.convert({"name": n, "lr": lr}, OptimizerSpec) for n, lr in optimizers]
    return Action(drop=Drop(a, b, specs, steps))
