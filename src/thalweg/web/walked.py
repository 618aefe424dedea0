"""Walked: a run as the page knows it, whoever takes its steps: rows, and a path over a map."""

import asyncio
from time import perf_counter
from typing import NamedTuple

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.schema import Attr, trajectory_dataset
from thalweg.dynamics.project import captured_variance
from thalweg.viewer.frames import Frame
from thalweg.viewer.scene import finite
from thalweg.web.ground import Ground
from thalweg.web.trace import Trace, path_dataset_of, path_frame_of

CHUNK = 16  # rows that are projected at once
AGAIN = 0.5  # seconds after which the captured variance of a run that goes on is told anew


class Rows(NamedTuple):
    """What was recorded, a row a step; rows that are here stay as they are."""

    points: FloatArray  # (t, n)
    losses: FloatArray  # (t,)
    norms: FloatArray  # (t,), of the gradient


class Walked:
    """A run that does not go on by itself.

    Attributes:
        number: in the order of the drops.
        name, color: for captions.
        length: steps asked for.
        rows: what was recorded so far.
        end: how it ended (rested, done, diverged, stored); "" while it goes on.
        words: how it ended and where it left the map, if that is worth telling.
        captured: share of its variance that the plane captures; NaN if not known.
        paused: whether it waits for the visitor.
        hurry: whether it goes as fast as it can, whatever the speed.
        drawn: whether its path can be; not where a guest's loss raised.
        owed: steps that it may take by now; a fraction is kept.
        trace: the path on the present ground.
    """

    def __init__(self, number: int, name: str, color: str, length: int, rows: Rows) -> None:
        self.number, self.name, self.color, self.length = number, name, color, length
        self.rows, self.end, self.words, self.captured = rows, "", "", float("nan")
        self.paused, self.hurry, self.owed = False, False, 0.0
        self.drawn = True
        self.trace: Trace | None = None
        self._judged = (-np.inf, "", -1)  # when, in which status and scene `captured` was found
        self._told: tuple[Ground | None, int] = (None, 0)
        self._told_head: object = None
        self._settled = asyncio.Event()

    @property
    def status(self) -> str:
        """Which: running, paused, or how it ended."""
        return self.end or ("paused" if self.paused else "running")

    @property
    def ended(self) -> bool:
        """Whether no more steps will follow."""
        return bool(self.end)

    @property
    def points(self) -> FloatArray:
        """The points (t, n) so far; row 0 is the start."""
        return self.rows.points

    @property
    def known(self) -> bool:
        """Whether its points are."""
        return True

    @property
    def losses(self) -> FloatArray:
        """The losses (t,) so far, of the whole objective."""
        return self.rows.losses

    @property
    def bytes(self) -> int:
        """What its points take in the end."""
        return self.rows.points.nbytes

    @property
    def attrs(self) -> dict[str, Attr]:
        """What its Datasets say of it."""
        return {"optimizer": self.name}

    async def settled(self) -> None:
        """Wait until no more steps will follow."""
        await self._settled.wait()

    def settle(self) -> None:
        """Let those go on who wait for the end."""
        self._settled.set()

    def advance(self, most: int, until: float = np.inf) -> int:
        """Take up to `most` steps until a time of `perf_counter`; return how many: here none."""
        return 0

    def fail(self, words: str) -> None:
        """End it, and say why."""
        self.end, self.words, self.drawn = self.end or "diverged", words, False

    def behind(self, ground: Ground) -> bool:
        """Return whether rows are left that have no place on this ground yet."""
        trace = self.trace
        if not len(self.losses):
            return False
        return trace is None or trace.ground is not ground or trace.size < len(self.losses)

    def follow(self, ground: Ground, until: float = np.inf) -> bool:
        """Bring the path toward the newest row on this ground; return whether there is news.

        Args:
            ground: where.
            until: a time of `perf_counter` after which the rest waits; a few rows are always taken.
        """
        rows, before = self.rows, self.trace
        size = len(rows.losses)
        if not size:
            return False
        trace, on = before, before is not None and before.ground.scene == ground.scene
        done = before.size if before is not None and on else 0
        while True:
            done = min(size, done + CHUNK)
            trace = ground.trace(rows.points[:done], rows.losses[:done], trace)
            if done == size or perf_counter() > until:
                break
        self.trace = trace
        now = (self.status, ground.scene)
        if trace is not before or now != self._judged[1:]:
            when = perf_counter()
            if now != self._judged[1:] or when - self._judged[0] > AGAIN:  # it takes all points
                self.captured = captured_variance(rows.points, ground.plane)
                self._judged = when, *now
        self.words = self.told(trace)
        return trace is not before or self._head() != self._told_head

    def told(self, trace: Trace) -> str:
        """Return the words for how it stands."""
        return trace.words(self.status, self.length)

    def trajectory(self) -> xr.Dataset:
        """Return the *trajectory* so far, as `record` would."""
        rows = self.rows
        return trajectory_dataset(np.arange(len(rows.losses)), *rows, self.attrs)

    def path(self, ground: Ground) -> xr.Dataset:
        """Return the *path* so far on a ground, as `project` would."""
        rows, trace = self.rows, self.trace
        if trace is None or trace.ground.scene != ground.scene or trace.size < len(rows.losses):
            trace = ground.trace(rows.points, rows.losses, None)
        captured = captured_variance(rows.points[: trace.size], ground.plane)
        return path_dataset_of(trace, self.attrs | {"captured_variance": captured})

    def news(self) -> list[Frame]:
        """Return what is new since the last call: the head if it changed, then more steps."""
        frames, head, trace = [], self._head(), self.trace
        if head != self._told_head:
            self._told_head = head
            frames.append(Frame("run", head))
        if trace is not None:
            ground, size = self._told
            first = size if ground is trace.ground else 0
            if first < trace.size:
                frames.append(path_frame_of(trace, self.number, first))
            self._told = trace.ground, trace.size
        return frames

    def snapshot(self) -> list[Frame]:
        """Return the head and the whole path."""
        path = [] if self.trace is None else [path_frame_of(self.trace, self.number)]
        return [Frame("run", self._head()), *path]

    def _head(self) -> dict[str, object]:
        return {
            "run": self.number,
            "name": self.name,
            "color": self.color,
            "status": self.status,
            "words": self.words,
            "length": self.length,
            "captured": finite(self.captured),
        }
