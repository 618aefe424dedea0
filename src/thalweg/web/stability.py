"""Stability: the sharpness along a run, over what its optimizer can bear."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from thalweg.core.errors import InputError
from thalweg.core.objective import Objective, SmoothObjective
from thalweg.dynamics.stability import stability_along
from thalweg.viewer.frames import Frame
from thalweg.views.prose import counted, number
from thalweg.web.busy import busy
from thalweg.web.messages import Stability
from thalweg.web.walked import Walked

if TYPE_CHECKING:
    from thalweg.web.session import Session

LOOKS = 61  # steps of a run that are looked at


async def stability(session: "Session", message: Stability) -> None:
    """Answer with sharpness and stability ratio along a run."""
    run = session.runs.get(message.run)
    if run is None:
        raise InputError("the run must be one that is shown", str(message.run), "choose another")
    with busy(session, "stability"):
        found = await session.compute(_stability_of, session.objective, run)
    session.send(stability_frame(found, run.number))


def _stability_of(objective: Objective | None, run: Walked) -> xr.Dataset:
    """Return it; what a run says of itself may ask a guest's loss, so that is done in a thread."""
    return stability_of(objective, run.trajectory())


def stability_of(objective: Objective | None, trajectory: xr.Dataset) -> xr.Dataset:
    """Return the *stability* Dataset of a run, at 61 of its steps.

    Args:
        objective: what was minimized.
        trajectory: of the run, which names its optimizer.

    Raises:
        InputError: an objective without derivatives, an unknown optimizer, or one whose state
            cannot be rebuilt, as after minibatches.
    """
    if not isinstance(objective, SmoothObjective):
        name = "none" if objective is None else objective.name
        mend = "look at a run of the bench"
        raise InputError("the stability ratio needs an objective with derivatives", name, mend)
    rows = np.unique(np.linspace(0, trajectory.sizes["step"] - 1, LOOKS).round().astype(int))
    return stability_along(objective, trajectory, [int(row) for row in rows])


def stability_frame(found: xr.Dataset, run: int) -> Frame:
    """Return the frame of a *stability* Dataset."""
    arrays = {
        "step": found["step"].values,
        "ratio": found["stability_ratio"].values,
        "sharpness": found["top_eigenvalue"].values,
    }
    return Frame("stability", {"run": run, "words": _words(found)}, arrays)


def _words(found: xr.Dataset) -> str:
    ratio, steps = found["stability_ratio"].values, found["step"].values
    known = np.isfinite(ratio)
    if not known.any():
        return "The run left all bounds before its first step that was looked at."
    top = int(np.nanargmax(ratio))
    beyond = int((ratio[known] > 1).sum())
    words = (
        f"The largest stability ratio is {number(float(ratio[top]))}, at step {steps[top]:,}; "
        f"{beyond} of {counted(int(known.sum()), 'step')} looked at lie beyond 1, the edge "
        f"(sharpness {number(float(found.attrs['threshold']))})."
    )
    if not known.all():
        words += f" From step {steps[~known][0]:,} on the run had left all bounds."
    return words
