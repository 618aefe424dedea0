"""Walk: paths as they grow, frame by frame, all at the same step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from thalweg.core.arrays import FloatArray, frozen
from thalweg.core.errors import InputError
from thalweg.views.levels import format_number
from thalweg.views.path import PathView

_REST = 0.12  # of the frames, at the end, show all


@dataclass(frozen=True, eq=False)
class Walk:
    """Paths in the frames of a moving picture.

    Attributes:
        paths: whole.
        places: (frames, paths), how far each path has come: 2.5 is halfway from its row 2 to 3.
    """

    paths: tuple[PathView, ...]
    places: FloatArray

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.places)

    def path(self, frame: int, index: int) -> PathView:
        """Return a path as far as it has come in a frame; its end is between two rows."""
        whole, place = self.paths[index], float(self.places[frame, index])
        row = int(place)
        behind = {name: getattr(whole, name)[: row + 1] for name in ("a", "b", "loss")}
        behind |= {"plane_loss": whole.plane_loss[: row + 1], "steps": whole.steps[: row + 1]}
        segments = row
        if place > row:
            part, segments = place - row, row + 1
            for name, column in behind.items():
                ends = getattr(whole, name)[row : row + 2]
                head = column[-1] if name == "steps" else ends[0] + part * (ends[1] - ends[0])
                behind[name] = np.append(column, head)
        return replace(
            whole,
            **behind,
            bands=whole.bands[:segments],
            dots=whole.dots[whole.dots <= row],
            arrows=whole.arrows[whole.arrows < row],
        )

    def caption(self, frame: int, index: int) -> str:
        """Return the step that a path has reached in a frame, and its true loss there."""
        path, row = self.paths[index], int(self.places[frame, index])
        loss = format_number(float(path.loss[row]))
        return f"step {path.steps[row]} of {path.steps[-1]}, loss {loss}"


def walk(paths: Sequence[PathView], frames: int) -> Walk:
    """Return paths growing at one pace: in each frame all have come to the same step.

    The first frame shows the starts, the last eighth of the frames the whole paths.

    Raises:
        InputError: no path, or fewer than two frames.
    """
    if not paths:
        raise InputError("a walk needs at least 1 path", "none", "pass path views")
    if frames < 2:
        raise InputError("a walk needs at least 2 frames", str(frames), "give it more seconds")
    moving = max(2, round((1 - _REST) * frames))
    along = np.minimum(np.arange(frames) / (moving - 1), 1.0)
    first, last = min(p.steps[0] for p in paths), max(p.steps[-1] for p in paths)
    steps = first + along * (last - first)
    columns = [np.interp(steps, path.steps, np.arange(path.steps.size)) for path in paths]
    return Walk(tuple(paths), frozen(np.stack(columns, axis=1)))
