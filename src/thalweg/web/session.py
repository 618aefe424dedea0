"""Session: one visitor: what is shown, what runs, and what is still to be told."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ParamSpec, TypeVar

import xarray as xr
from msgspec import MsgspecError

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError, MissingExtraError, StoreError
from thalweg.core.objective import SmoothObjective
from thalweg.core.plane import Plane
from thalweg.viewer.frames import Frame
from thalweg.views.surface import SurfaceView
from thalweg.web import messages
from thalweg.web.ground import Ground
from thalweg.web.hall import Hall
from thalweg.web.messages import Action, Bench, Message, Place, PlaneSpec, Window
from thalweg.web.outbox import Outbox, topic_of
from thalweg.web.turns import WhileWanted, within
from thalweg.web.walked import Walked

P = ParamSpec("P")
R = TypeVar("R")
LONGEST = 200_000  # characters of a message
AT_ONCE = 3  # long computations of one visitor
KEPT = {"hello", "scene", "data", "surface", "critical", "basins", "trust", "spectrum"} | {
    "stability",
    "boundary",
    "inspect",
}
OF_A_PLANE = ("surface", "critical", "basins", "inspect", "trust")
OF_A_BENCH = (*OF_A_PLANE, "data", "spectrum", "stability", "boundary")

_log = logging.getLogger(__name__)


class Session:
    """One visitor; made, used and closed inside a running event loop.

    Attributes:
        hall: what all visitors share.
        outbox: bytes to send, `async for data in session.outbox`.
        bench: what was asked for; None where the objective is given or a result is stored.
        answered: number of the last bench that the page asked for and that was dealt with.
        objective: what is explored; None for a stored result without one.
        data: inputs (N, 2) and labels (N,) of the bench, if there is one.
        stored: name of the stored result that is shown, or None.
        plane_spec, plane, plane_words: where one looks.
        first: the plane on which the log begins.
        window, points: which part, and how many points along its longer side.
        home: the plane's own window.
        scene: number of the plane; it counts up.
        surface, view: the map as far as it is computed, else None.
        runs: by number.
        log: planes, drops and removals in order; replayed, they give the same again.
        next_run: the number that the next run gets.
        found: critical points in the order of their marks, in words and as points (n,).
        ground: what the paths of the runs lie on; None where there can be no runs.
        speed: steps a second of each run; 0: as fast as it goes.
        wake: set when the runs have something to do.
        turn: held by whoever changes plane, bench or log.
        cancelled: set when the visitor is gone; threads may look.
    """

    def __init__(self, hall: Hall) -> None:
        self.hall, self.outbox = hall, Outbox()
        self.bench: Bench | None = None
        self.answered = 0
        self._objective: SmoothObjective | None = None
        self.data: tuple[FloatArray, FloatArray] | None = None
        self.stored: str | None = None
        self.plane_spec = self.first = PlaneSpec()
        self.plane: Plane | None = None
        self.plane_words = ""
        self.window = self.home = Window(-1.0, 1.0, -1.0, 1.0)
        self.points = 81
        self.scene = 0
        self.surface: xr.Dataset | None = None
        self.view: SurfaceView | None = None
        self.found: Sequence[tuple[str, FloatArray]] = ()
        self.ground: Ground | None = None
        self.runs: dict[int, Walked] = {}
        self.next_run = 0
        self.log: list[Action] = []
        self.speed = 60.0
        self.turn = asyncio.Lock()
        self.cancelled = threading.Event()
        self.wake = asyncio.Event()
        self._shown: dict[str, Frame] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._named: dict[str, asyncio.Task[Any]] = {}
        self._next: dict[str, Message] = {}
        self._long = asyncio.Semaphore(AT_ONCE)
        hall.enter(self)

    @property
    def objective(self) -> SmoothObjective | None:
        """What is explored; its calls end what they are part of once the visitor is gone."""
        return self._objective

    @objective.setter
    def objective(self, given: SmoothObjective | None) -> None:
        wanted = WhileWanted(self.cancelled)
        self._objective = None if given is None else within(given, wanted)

    async def receive(self, text: str | bytes) -> None:
        """Take a message: what is wrong with it becomes a frame `fault`, never an exception."""
        if self.cancelled.is_set():
            return
        try:
            message = _decoded(text)
            if len(self._tasks) >= self.hall.limits.tasks:
                mend = "wait for what is under way"
                raise InputError("fewer requests may wait", f"{len(self._tasks)}", mend)
        except InputError as fault:
            self.tell_fault(fault, "message")
            return
        self._begin(message)

    def send(self, frame: Frame, topic: str = "") -> None:
        """Tell the page; a newer frame of the same topic replaces one that was not sent."""
        if frame.kind in KEPT:
            self._shown[topic_of(frame)] = frame
        self.outbox.put(frame, topic)

    def forget(self, *kinds: str) -> None:
        """Let go of the frames of some kinds: they are shown no longer."""
        if "critical" in kinds:
            self.found = ()
        for topic in [t for t, frame in self._shown.items() if frame.kind in kinds]:
            del self._shown[topic]
            self.outbox.forget(topic)

    async def compute(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the function returns, from a thread; a few at once for one visitor."""
        async with self._long:
            return await self.hall.long(function, *args, **kwargs)

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[Any]:
        """Begin work of which there is one at a time: what has the same name is cancelled."""
        self.stop(name)
        task = self._named[name] = self._request(work, name)
        return task

    def at_work(self, name: str) -> bool:
        """Return whether the work of that name is under way."""
        task = self._named.get(name)
        return task is not None and not task.done()

    def stop(self, name: str) -> None:
        """Cancel the work of that name, if there is any."""
        old = self._named.pop(name, None)
        if old is not None:
            old.cancel()

    def require_objective(self) -> SmoothObjective:
        """Return the objective.

        Raises:
            InputError: what is shown is stored numbers alone.
        """
        if self.objective is None:
            mend = "open the bench, or start thalweg explore with --objective"
            raise InputError("the objective must be known", "a stored result alone", mend)
        return self.objective

    def require_plane(self) -> Plane:
        """Return the plane.

        Raises:
            InputError: there is none yet.
        """
        if self.plane is None:
            raise InputError("a plane must be shown", "none", "open a landscape first")
        return self.plane

    def point(self, message: Place) -> FloatArray:
        """Return the point (n,) of a message: what was found, or of a run and step, else of a, b.

        Of a run whose points were not kept, it is the one below, on the plane.

        Raises:
            InputError: a run, a step or a find that is not there.
        """
        if message.found is not None:
            if message.found < len(self.found):
                return self.found[message.found][1]
            got, mend = f"number {message.found}", "search again"
            raise InputError("the critical point must be one that was found", got, mend)
        number = message.run
        if number is None or (number in self.runs and not self.runs[number].known):
            return self.require_plane().points([[message.a, message.b]])[0]
        if number not in self.runs:
            there = ", ".join(map(str, self.runs)) or "none"
            raise InputError("the run must be one that is shown", f"run {number}", f"take {there}")
        points, step = self.runs[number].points, message.step
        step = len(points) - 1 if step is None or step == -1 else step
        if not 0 <= step < len(points):
            mend = f"it has come to step {len(points) - 1}"
            raise InputError(f"the step must be one that run {number} has taken", str(step), mend)
        return points[step]

    def path_dataset(self, run: Walked) -> xr.Dataset:
        """Return the *path* of a run in the present plane, as far as it has come.

        Raises:
            InputError: there is no plane with an objective.
        """
        if self.ground is None:
            raise InputError("a path needs a plane", "none", "open a landscape first")
        return run.path(self.ground)

    def snapshot(self) -> list[Frame]:
        """Return all that is now shown, in an order in which a viewer can take it."""
        order = ("hello", "scene", "data", "surface")
        first = [self._shown[kind] for kind in order if kind in self._shown]
        walked = [frame for run in self.runs.values() for frame in run.snapshot()]
        rest = [frame for frame in self._shown.values() if frame.kind not in order]
        return [*first, *walked, *rest]

    def tell_fault(self, fault: BaseException, about: str) -> None:
        """Tell the page what went wrong."""
        if isinstance(fault, InputError | StoreError | MissingExtraError):
            wanted, got, mend = fault.wanted, fault.got, fault.mend
        else:
            _log.error("a request failed", exc_info=fault)
            wanted, got = "this should have worked", f"{type(fault).__name__}: {fault}"[:500]
            mend = "try again; if it stays, please report it with the link of this page"
            if self.hall.objective is not None:
                mend = "the terminal shows where; it may be in the loss that was given"
        head = {"wanted": wanted, "got": got, "mend": mend, "about": about}
        self.send(Frame("fault", head))

    def clear_runs(self) -> None:
        """Let go of all runs; the next one is number 0 again."""
        self.stop("runs")
        for run in self.runs.values():
            self.outbox.forget(f"run {run.number}")
            run.settle()
        self.runs, self.next_run = {}, 0

    async def idle(self) -> None:
        """Wait until nothing is under way any more, runs included."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Stop everything and let go of it."""
        self.cancelled.set()
        self.outbox.close()
        self.hall.leave(self)
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2)
        self.clear_runs()
        self._shown.clear()
        self.surface = self.view = self.ground = None
        self.found = ()

    def _begin(self, message: Message) -> None:
        from thalweg.web.handlers import HANDLERS, LATEST

        kind = type(message)
        about = str(kind.__struct_config__.tag)
        if kind not in LATEST:
            self._request(HANDLERS[kind](self, message), about)
            return
        if about in self._next or about in self._named:  # one at work, the newest waits
            self._next[about] = message
            return

        async def latest() -> None:
            self._next[about] = message
            while about in self._next:
                await self._told(HANDLERS[kind](self, self._next.pop(about)), about)
            self._named.pop(about, None)

        self._named[about] = self._track(latest())

    def _request(self, work: Coroutine[Any, Any, None], about: str) -> asyncio.Task[Any]:
        task = self._track(self._told(work, about))
        task.add_done_callback(lambda _: work.close())  # it may be cancelled before it begins
        return task

    def _track(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _told(self, work: Coroutine[Any, Any, None], about: str) -> None:
        """Do the work; tell the page if it fails."""
        try:
            await work
        except Exception as fault:
            if not self.cancelled.is_set():
                self.tell_fault(fault, about)


def _decoded(text: str | bytes) -> Message:
    """Return the message.

    Raises:
        InputError: it is too long, no JSON, or not what the protocol says.
    """
    wanted, mend = "a message must be one of the protocol's", "reload the page"
    if len(text) > LONGEST:
        raise InputError(f"a message may have {LONGEST:,} characters", f"{len(text):,}", mend)
    try:
        return messages.read(text)
    except (MsgspecError, RecursionError, UnicodeError, ValueError) as fault:
        raise InputError(wanted, f"{fault}"[:300] or type(fault).__name__, mend) from None
