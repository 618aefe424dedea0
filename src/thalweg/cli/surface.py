"""`thalweg surface`: the loss around a point, along random directions."""

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from thalweg.cli.options import Options
from thalweg.core.errors import InputError

if TYPE_CHECKING:
    from thalweg.core.objective import Objective
    from thalweg.core.seeded_plane import BlockScaling

EXAMPLES = """\
Examples:
  thalweg surface train.py:loss
  thalweg surface train.py:loss --arg checkpoint=last.pt --figure landscape.png
  thalweg surface mylab.objectives:resnet --points 101 --out resnet.zarr --ray local
  thalweg surface train.py:loss --k 3 --points 21 --fields loss,accuracy --json
"""

Made = Annotated[str, Parameter(help="MODULE:FUNCTION or file.py:FUNCTION that makes it.")]
Points = Annotated[int, Parameter(help="Points on each axis.")]
Radius = Annotated[float, Parameter(help="The map goes from -radius to radius.")]
Seed = Annotated[int, Parameter(help="Seed of the directions.")]
Scale = Annotated[
    Literal["filter", "layer", "none"],
    Parameter(help="Length of the directions: as the filters', the layers', or as drawn."),
]


def surface(
    objective: Made,
    /,
    *,
    points: Points = 51,
    radius: Radius = 1.0,
    seed: Seed = 0,
    scaling: Scale = "filter",
    k: Annotated[int, Parameter(help="1 a line, 2 a plane, 3 a volume.")] = 2,
    options: Options = Options(),  # noqa: B008
) -> int:
    """Map the loss around a model, along random directions.

    OBJECTIVE names a function without arguments (or with those of --arg) that returns an
    objective, such as thalweg.from_torch(model, loss, data). The map is centered where the
    objective starts. Give the same command again to resume a map that was stopped.
    """
    from thalweg.cli.budget import check_size
    from thalweg.cli.factory import objective_of
    from thalweg.cli.output import guests_on_stderr
    from thalweg.cli.result import judged, tell
    from thalweg.cli.work import Job, check_free, run

    out = options.store(objective, "surface")
    check_size(points, k, radius, out, options)
    check_free(out, options)
    with guests_on_stderr():
        from thalweg.study.journeys import around

        made = objective_of(objective, options.arg)
        plane, grid = around(made, seed, k, scaling_of(made, scaling), radius, points)
        job = Job(made, plane, grid, out, options)
        done = run(job)
        report = judged(job, done)
    return tell(done, None, out, options, report)


def scaling_of(objective: "Objective", name: str) -> "BlockScaling":
    """Return the scaling of that name.

    Raises:
        InputError: filters are asked for, and the objective has none.
    """
    from thalweg.geometry.scaling import FilterNorm, LayerNorm, Unscaled

    if name == "filter" and all(block.filter_axis is None for block in objective.layout.blocks):
        wanted = f"--scaling filter needs weights with filters in {objective.name}"
        raise InputError(wanted, "none", "take --scaling none")
    return {"filter": FilterNorm(), "layer": LayerNorm(), "none": Unscaled()}[name]
