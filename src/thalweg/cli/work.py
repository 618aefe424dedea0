"""Work: from a plane to the last cell, with an estimate, progress, and words for a stop."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from thalweg.cli.budget import check_hours, duration
from thalweg.cli.options import Options
from thalweg.cli.output import console
from thalweg.cli.progress import CountProgress
from thalweg.cli.stopping import saying
from thalweg.core.errors import InputError, StoreError, ThalwegError

if TYPE_CHECKING:
    import xarray as xr

    from thalweg.core.executor import Executor
    from thalweg.core.grid import Grid
    from thalweg.core.objective import Objective
    from thalweg.core.seeded_plane import Planar


@dataclass(frozen=True)
class Job:
    """What is mapped, and where it is kept."""

    objective: "Objective"
    plane: "Planar"
    grid: "Grid"
    out: Path
    options: Options

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields asked for, or the default ones."""
        from thalweg.study.journeys import chosen_fields

        return chosen_fields(self.objective, self.options.chosen)


@dataclass(frozen=True)
class Done:
    """A finished surface; `resumed` cells were there before; seconds are of this run."""

    surface: "xr.Dataset"
    resumed: int
    seconds: float


def say(options: Options) -> Console:
    """Return the console for messages; a silent one after --quiet."""
    return Console(quiet=True) if options.quiet else console()


def check_free(out: Path, options: Options) -> None:
    """Refuse places for results that hold something else, or cannot be, before any work.

    Raises:
        StoreError: the store would replace other files.
        InputError: a figure of an unknown kind.
    """
    from thalweg.cli.pictures import check_suffix

    if options.figure is not None:
        check_suffix(options.figure)
    require_free(out)


def require_free(out: Path) -> None:
    """Raise StoreError unless a result can be kept there: in a store, or a free place."""
    from thalweg.store.folder import is_empty, is_store

    try:
        if out.exists() and not (is_store(out) or is_empty(out)):
            got = "a folder with other files" if out.is_dir() else "a file"
            raise StoreError(f"{out} must be free, or a Zarr store", got, "choose another --out")
    except OSError as fault:
        got = fault.strerror or type(fault).__name__
        raise StoreError(f"{out} must be a place to write", got, "choose another --out") from fault


def run(job: Job) -> Done:
    """Return the surface of a job, computed or resumed.

    Raises:
        InputError: it would take longer than asked for.
        StoreError: the store holds another surface, or cannot be written.
    """
    from thalweg.surface.evaluate import evaluate

    options, speak = job.options, say(job.options)
    executor = executor_of(options)
    there = done_cells(job.out)
    if there < job.grid.size:
        _estimate(job, there, speak)
    began = time.monotonic()

    def kept() -> str:
        return f"{done_cells(job.out):,} of {job.grid.size:,} cells are in {job.out}."

    with saying(kept), CountProgress(speak) as progress:
        surface = evaluate(
            job.objective,
            job.plane,
            job.grid,
            job.fields,
            executor=executor,
            store=job.out,
            progress=progress,
            patience=options.patience,
        )
    seconds = time.monotonic() - began
    if there:
        speak.print(f"Resumed: {there:,} of {job.grid.size:,} cells were there already.")
    return Done(surface, there, seconds)


def done_cells(out: Path) -> int:
    """Return how many cells of a surface are in the store already."""
    from thalweg.store.folder import is_store
    from thalweg.store.verify import verify

    cells = verify(out).cells if is_store(out) else {}
    return sum(count for name, count in cells.items() if name != "pending")


def executor_of(options: Options) -> "Executor | None":
    """Return who computes: None for this process.

    Raises:
        InputError: workers without Ray, or none of them.
        MissingExtraError: Ray is not installed.
    """
    if not options.ray:
        if options.workers is not None:
            got, mend = "--workers alone", "add --ray local; without Ray one process uses all cores"
            raise InputError("--workers needs --ray", got, mend)
        return None
    from thalweg.ray.executor import RayExecutor

    address = None if options.ray == "local" else options.ray
    return RayExecutor(address, options.workers, trust_cluster=options.trust_cluster)


def _estimate(job: Job, there: int, speak: Console) -> None:
    """Say what the rest will cost; refuse what takes too long."""
    from thalweg.surface.evaluate import estimate

    try:
        seconds = estimate(job.objective, job.plane, job.grid, job.fields).seconds
    except (ThalwegError, MemoryError):
        raise
    except Exception as fault:  # the loss raises: its cells will say so
        speak.print(f"No estimate: the loss raised {type(fault).__name__}.", markup=False)
        return
    seconds *= 1 - there / job.grid.size
    name, n = job.objective.name, job.objective.layout.size
    cells = f"{job.grid.size - there:,} cells, {duration(seconds)}"
    here = " on one worker" if job.options.ray else ""
    speak.print(f"{name}, {n:,} parameters: {cells}{here}.", markup=False)
    check_hours(seconds, job.options)
