"""LiveRun: an optimizer under way, a slice at a time, step by step the same as `record`."""

from threading import Lock
from time import perf_counter

import numpy as np

from thalweg.core.arrays import FloatArray, digest
from thalweg.core.objective import SmoothObjective
from thalweg.core.schema import Attr
from thalweg.dynamics.record import Minibatches, batch_drawer
from thalweg.dynamics.steppers import Stepper
from thalweg.web.trace import Trace
from thalweg.web.walked import Rows, Walked

STILL = 1e-8  # a gradient this short, and a last step this short, is rest


class LiveRun(Walked):
    """A run that goes on in whatever thread calls `advance`, one at a time.

    Its rows hold finite points only: it ends before a step that is not finite.

    Args:
        number: in the order of the drops.
        objective: what is minimized.
        start: (n,).
        stepper: the optimizer.
        length: steps asked for.
        batches: None for full-batch steps.
        color: for its path.
        name: for captions; by default optimizer and learning rate.

    Raises:
        InputError: minibatches that do not fit the objective.
    """

    def __init__(
        self,
        number: int,
        objective: SmoothObjective,
        start: FloatArray,
        stepper: Stepper,
        length: int,
        batches: Minibatches | None = None,
        color: str = "",
        name: str = "",
    ) -> None:
        self.stepper = stepper
        self._objective, self._batches = objective, batches
        self._draw = batch_drawer(objective, batches)
        self._point = objective.check_point(start)[None].copy()
        self._state = stepper.start(self._point)
        self._gradient = np.zeros_like(self._point)
        self._failure, self._one = "", Lock()
        self._begun = digest(self._point[0])
        n = self._point.shape[1]
        self._room = Rows(np.empty((0, n)), np.empty(0), np.empty(0))
        name = name or f"{stepper.name}, lr {stepper.lr:g}"
        super().__init__(number, name, color, length, self._room)

    @property
    def bytes(self) -> int:
        """What its points take in the end."""
        return 8 * (self.length + 1) * self._point.shape[1]

    @property
    def attrs(self) -> dict[str, Attr]:
        """What its Datasets say of it: the same as those of `record`."""
        return {
            "objective": self._objective.name,
            "objective_digest": self._objective.digest(),  # which may wait for its turn
            "optimizer": self.stepper.name,
            "stepper": repr(self.stepper),
            "batches": repr(self._batches),
            "steps": len(self.losses) - 1,
            "start_digest": self._begun,
        }

    def advance(self, most: int, until: float = np.inf) -> int:
        """Take up to `most` steps until a time of `perf_counter`; return how many were taken.

        A link that is replayed and the walk of all runs may both ask: one after the other.
        """
        with self._one:
            return self._advance(most, until)

    def _advance(self, most: int, until: float) -> int:
        taken = 0
        with np.errstate(all="ignore"):  # a diverging run is a result, not a fault
            try:
                if not len(self.losses):
                    self._keep()
                while taken < most and not self.end:
                    gradient = self._gradient
                    if self._draw is not None:
                        gradient = self._draw().value_and_gradients(self._point)[1]
                    self._state, self._point = self.stepper.step(self._state, self._point, gradient)
                    self._keep()
                    taken += 1
                    if perf_counter() > until:
                        break
            except Exception as fault:  # a guest's loss may raise anything
                self.end = "diverged"
                at = f"stopped after step {len(self.losses) - 1:,}"
                self._failure = f"{at}: {type(fault).__name__}: {fault}"[:300]
        return taken

    def told(self, trace: Trace) -> str:
        """Return the words for how it stands."""
        return self._failure or super().told(trace)

    def _keep(self) -> None:
        """Evaluate the present point, keep it, and see whether this is the end."""
        size = len(self.losses)
        if not np.isfinite(self._point).all():
            self.end = "diverged"
            return
        values, self._gradient = self._objective.value_and_gradients(self._point)
        norm = float(np.linalg.norm(self._gradient, axis=1)[0])
        if size == len(self._room.losses):
            more = min(max(2 * size, 256), self.length + 1)
            self._room = Rows(*(_grown(old, more) for old in self._room))
        room = self._room
        room.points[size], room.losses[size], room.norms[size] = self._point[0], values[0], norm
        self.rows = Rows(*(column[: size + 1] for column in room))
        if not np.isfinite(values[0]):
            self.end = "diverged"
        elif size == self.length:
            self.end = "done"
        elif size and self._draw is None and norm <= STILL:
            moved = float(np.linalg.norm(self._point[0] - room.points[size - 1]))
            self.end = "rested" if moved <= STILL else ""


def _grown(old: FloatArray, size: int) -> FloatArray:
    new = np.empty((size, *old.shape[1:]))
    new[: len(old)] = old
    return new
