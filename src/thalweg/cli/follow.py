"""`thalweg follow`: the landscape that a recorded run went through."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from thalweg.cli.options import Options
from thalweg.cli.surface import Made, Points

if TYPE_CHECKING:
    import xarray as xr

    from thalweg.core.objective import Objective

EXAMPLES = """\
Examples:
  thalweg follow train.py:loss run.zarr --figure path.png
  thalweg follow train.py:loss 'checkpoints/epoch-*.safetensors' --points 81
  thalweg follow train.py:loss run.zarr --title "Adam leaves the plateau" --figure path.pdf
"""


def follow(
    objective: Made,
    run: Annotated[str, Parameter(help="A recorded trajectory, or a pattern of checkpoints.")],
    /,
    *,
    points: Points = 51,
    options: Options = Options(),  # noqa: B008
) -> int:
    """Map the plane along which a run moved, and draw its path there.

    RUN is a trajectory store, as thalweg.Recorder keeps it, or a pattern of checkpoint files in
    quotes. The plane is that of the run's principal directions. The figure says how much of the
    run lies in it, and how far the drawn loss is from the true one.
    """
    from thalweg.cli.budget import check_size
    from thalweg.cli.guest import mapped_of
    from thalweg.cli.output import guests_on_stderr
    from thalweg.cli.result import judged, tell
    from thalweg.cli.work import Job, check_free, say
    from thalweg.cli.work import run as map_it

    out = options.store(objective, "follow")
    check_size(points, 2, 1.0, out, options)
    check_free(out, options)
    with guests_on_stderr():
        from thalweg.study.journeys import chart, trace

        made = mapped_of(objective, options)
        course = chart(made, trajectory_of(run, made), points, out)
        job = Job(made, course.plane, course.grid, out, options)
        done = map_it(job)
        say(options).print(f"The path: {course.trajectory.sizes['step']:,} points.")
        path = trace(made, course, out)
        report = judged(job, done, path, course.trajectory["point"].values[-1])
    return tell(done, path, out, options, report)


def trajectory_of(run: str, objective: "Objective") -> "xr.Dataset":
    """Return the trajectory in a store, or that which checkpoints mark.

    Raises:
        InputError: checkpoints of another model.
        StoreError: nothing there, another kind of store, or a file that is damaged.
    """
    from thalweg.cli.stored import read
    from thalweg.core.schema import require_kind
    from thalweg.interop.checkpoints.trajectory import trajectory_from_checkpoints

    if Path(run).is_dir():
        return require_kind(read(Path(run)), "trajectory")
    return trajectory_from_checkpoints(run, parameters=objective.layout)
