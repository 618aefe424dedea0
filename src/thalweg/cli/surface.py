"""`thalweg surface`: the loss around a point, along random directions."""

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from thalweg.cli.checkpoint import At
from thalweg.cli.options import Options
from thalweg.core.errors import InputError

if TYPE_CHECKING:
    from thalweg.core.arrays import FloatArray
    from thalweg.core.objective import Objective
    from thalweg.core.seeded_plane import BlockScaling

EXAMPLES = """\
Examples:
  thalweg surface train.py:loss
  thalweg surface train.py:loss --arg checkpoint=last.pt --figure landscape.png
  thalweg surface mylab.objectives:resnet --points 101 --out resnet.zarr --ray local
  thalweg surface train.py:loss --at last.pt --canonical --figure canonical.png
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
    at: At = None,
    canonical: Annotated[
        bool,
        Parameter(
            help="Map around the canonical form: scales balanced, units in order.",
            negative="",
            show_default=False,
        ),
    ] = False,
    options: Options = Options(),  # noqa: B008
) -> int:
    """Map the loss around a model, along random directions.

    OBJECTIVE names a function without arguments (or with those of --arg) that returns an
    objective, such as thalweg.from_torch(model, loss, data). The map is centered where the
    objective starts, or at the checkpoint of --at. Networks that differ in the names and scales
    of their units only have one picture with --canonical. Give the same command again to resume
    a map that was stopped.
    """
    from thalweg.cli.budget import check_size
    from thalweg.cli.checkpoint import point_at
    from thalweg.cli.guest import mapped_of
    from thalweg.cli.output import guests_on_stderr
    from thalweg.cli.result import judged, tell
    from thalweg.cli.work import Job, check_free, run

    out = options.store(objective, "surface")
    check_size(points, k, radius, out, options)
    check_free(out, options)
    with guests_on_stderr():
        from thalweg.study.journeys import around

        made = mapped_of(objective, options)
        point = None if at is None else point_at(at, made)
        if canonical:
            point = _canonical(made, made.start if point is None else point, options)
        plane, grid = around(made, seed, k, scaling_of(made, scaling), radius, points, point)
        job = Job(made, plane, grid, out, options)
        done = run(job)
        report = judged(job, done)
    return tell(done, None, out, options, report)


def _canonical(objective: "Objective", point: "FloatArray", options: Options) -> "FloatArray":
    """Return the canonical form of a point, and say how exactly it is the same function."""
    from thalweg.cli.work import say
    from thalweg.geometry.canonical import canonical
    from thalweg.views.prose import counted, number

    form = canonical(objective, point)
    words = f"Canonical form: the same function to {number(form.invariance_error, 1)}"
    if form.dead:
        words += f"; {counted(form.dead, 'dead unit')} set to 0"
    say(options).print(f"{words}.")
    return form.point


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
