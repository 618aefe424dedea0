"""`thalweg line`: the loss along one line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from thalweg.cli.options import Options
from thalweg.cli.surface import Made, Radius, Scale, Seed, scaling_of
from thalweg.core.errors import InputError

if TYPE_CHECKING:
    from thalweg.core.grid import Grid
    from thalweg.core.objective import Objective
    from thalweg.core.plane import Plane

EXAMPLES = """\
Examples:
  thalweg line train.py:loss --figure line.png
  thalweg line train.py:loss --from start.safetensors --to end.safetensors
  thalweg line train.py:loss --to other-seed.pt --points 201 --json
"""


REACH = 0.25  # a line between two points goes on for this share at both ends


def line(
    objective: Made,
    /,
    *,
    points: Annotated[int, Parameter(help="Points on the line.")] = 101,
    radius: Radius = 1.0,
    seed: Seed = 0,
    scaling: Scale = "filter",
    from_: Annotated[
        Path | None, Parameter(name="--from", help="Checkpoint at 0; default: the start.")
    ] = None,
    to: Annotated[Path | None, Parameter(help="Checkpoint at 1.")] = None,
    options: Options = Options(),  # noqa: B008
) -> int:
    """Map the loss along a random direction, or from one checkpoint to another.

    With --to the line runs straight from the point where the objective starts,
    or from the checkpoint of --from, to that of --to, and a quarter beyond both.
    Checkpoints: .safetensors, .npz, .npy, .pt, .pth, .ckpt, .bin or .h5.
    """
    from thalweg.cli.budget import check_size
    from thalweg.cli.guest import mapped_of
    from thalweg.cli.output import guests_on_stderr
    from thalweg.cli.result import judged, tell
    from thalweg.cli.work import Job, check_free, run

    if from_ is not None and to is None:
        raise InputError("--from needs --to", "--from alone", "name the checkpoint at the end")
    out = options.store(objective, "line")
    check_size(points, 1, radius, out, options)
    check_free(out, options)
    with guests_on_stderr():
        from thalweg.study.journeys import around

        made = mapped_of(objective, options)
        if to is None:
            plane, grid = around(made, seed, 1, scaling_of(made, scaling), radius, points)
        else:
            plane, grid = between(made, from_, to, points)
        job = Job(made, plane, grid, out, options)
        done = run(job)
        report = judged(job, done)
    return tell(done, None, out, options, report)


def between(
    objective: "Objective", start: Path | None, end: Path, points: int
) -> tuple["Plane", "Grid"]:
    """Return the line through two checkpoints, the first at 0 and the second at 1.

    Raises:
        InputError: checkpoints of another model.
        StoreError: a file that is absent or damaged.
    """
    import numpy as np

    from thalweg.cli.checkpoint import point_at, point_of
    from thalweg.core.grid import Grid
    from thalweg.geometry.planes import plane_through
    from thalweg.study.journeys import tiled

    stacked = np.stack([point_at(start, objective), point_of(end, objective)])
    if np.array_equal(*stacked):
        wanted, mend = "a line needs two different points", "name another checkpoint"
        raise InputError(wanted, f"{end.name} at both ends", mend)
    names = ("the start" if start is None else start.name, end.name)
    axis = np.linspace(-REACH, 1 + REACH, points)
    return plane_through(stacked, names), tiled(Grid((axis,)))
