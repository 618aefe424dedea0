"""Journal: what was done, in order, kept as short as a link that gives the same again can be."""

from collections.abc import Sequence

from thalweg.core.errors import InputError
from thalweg.web.messages import LIMIT_LOG, Action, PlaneSpec


def noted(
    log: Sequence[Action],
    action: Action,
    first: PlaneSpec = PlaneSpec(),  # noqa: B008
) -> list[Action]:
    """Return the log with one more action.

    A plane replaces the one before if nothing was done on that; the first plane, on which all
    begins, needs no entry.

    Args:
        log: what was done.
        action: what is done now.
        first: the first plane.

    Raises:
        InputError: the log is full.

    >>> log = noted([Action(plane=PlaneSpec("random"))], Action(plane=PlaneSpec("eigen")))
    >>> [action.plane.recipe for action in log]
    ['eigen']
    >>> noted(log, Action(plane=PlaneSpec()))
    []
    """
    new = list(log)
    if action.plane is not None and new and new[-1].plane is not None:
        new.pop()
    if new or action != Action(plane=first):
        new.append(action)
    if len(new) > LIMIT_LOG:
        wanted = f"a link holds {LIMIT_LOG} planes, drops and removals"
        raise InputError(wanted, "one more", "remove all runs, then go on")
    return new
