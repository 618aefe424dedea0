"""Turns: an objective each of whose calls happens inside something: a turn, or a look who waits.

A guest's model may not like two threads at once, and a search asks for hundreds of Hessians. If
calls take turns, not searches, then the runs of others go on meanwhile; and a search whose visitor
has gone ends at its next call. What a guest raises that is no ordinary exception (sys.exit, a
stray StopIteration) becomes one here, before it could end a server or hang a request.
"""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from copy import copy
from functools import wraps
from threading import Event, Lock
from typing import Any, TypeVar

from thalweg.core.objective import Objective

Inside = AbstractContextManager[Any]
T = TypeVar("T", bound=Objective)

_ANSWERS = (
    *("values", "value", "value_and_gradients", "value_and_gradient", "gradient", "hvp"),
    *("hessian", "hessians", "kink_distance", "crossings", "outputs", "accuracies", "units"),
    *("digest", "identity", "method"),
)
_RESTRICTIONS = ("restrict", "restrict_for_map")


class Gone(Exception):
    """Nobody waits for the answer any more."""


def within(objective: T, inside: Inside) -> T:
    """Return the same objective, each call of which happens inside a context.

    What it hands out (restrictions, Hessian operators, subsets) is treated in the same way. It
    shares everything with the objective, so the context must not be entered twice in a thread.

    Args:
        objective: stays as it is.
        inside: a context that can be entered again and again.

    >>> from contextlib import nullcontext
    >>> from thalweg.objectives.zoo import quadratic
    >>> within(quadratic([2.0]), nullcontext()).value([3.0])
    9.0
    """

    def called(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def calling(*args: Any, **kwargs: Any) -> Any:
            try:
                with inside:
                    return function(*args, **kwargs)
            except BaseException as fault:
                if isinstance(fault, Exception) and not isinstance(fault, StopIteration):
                    raise
                told = f"{type(fault).__name__} from the loss: {fault}"
                raise RuntimeError(told) from fault

        return calling

    def handing(function: Callable[..., Any], changed: Callable[[Any], Any]) -> Callable[..., Any]:
        call = called(function)
        return wraps(function)(lambda *args, **kwargs: changed(call(*args, **kwargs)))

    def operated(operator: Any) -> Any:
        return _with(operator, {"times": called(operator.times)})

    changes = {name: called(getattr(objective, name)) for name in _there(objective, _ANSWERS)}
    for name in _RESTRICTIONS:
        changes[name] = handing(getattr(objective, name), called)
    for name in _there(objective, ("operator",)):
        changes[name] = handing(getattr(objective, name), operated)
    for name in _there(objective, ("subset",)):
        changes[name] = handing(getattr(objective, name), lambda part: within(part, inside))
    return _with(objective, changes)


class WhileWanted:
    """A context that cannot be entered once an event is set.

    Raises:
        Gone: on entering.
    """

    def __init__(self, gone: Event) -> None:
        self._gone = gone

    def __enter__(self) -> None:
        if self._gone.is_set():
            raise Gone

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""


class Turn:
    """A lock that is given in the order in which it was asked for, so that nobody starves."""

    def __init__(self) -> None:
        self._queue: deque[Lock] = deque()  # the first one has it
        self._change = Lock()

    def __enter__(self) -> None:
        mine = Lock()
        mine.acquire()
        with self._change:
            self._queue.append(mine)
            free = len(self._queue) == 1
        if not free:
            mine.acquire()

    def __exit__(self, *_: object) -> None:
        with self._change:
            self._queue.popleft()
            if self._queue:
                self._queue[0].release()


def _there(objective: Objective, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if hasattr(objective, name))


def _with(thing: Any, changes: dict[str, Callable[..., Any]]) -> Any:
    made = copy(thing)
    vars(made).update(changes)
    return made
