"""`thalweg critical`: the critical point nearest in Levenberg-Marquardt's sense, and its index."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from thalweg.cli.guest import Arguments, smooth_of
from thalweg.cli.output import Json, print_json, print_result
from thalweg.cli.surface import Made
from thalweg.core.errors import InputError

if TYPE_CHECKING:
    from thalweg.critical.search import Search

EXAMPLES = """\
Examples:
  thalweg critical train.py:loss
  thalweg critical train.py:loss --from step-300.npz --out saddle.npz
  thalweg spectrum train.py:loss --at saddle.npz
"""

EXIT_NONE = 1


def critical(
    objective: Made,
    /,
    *,
    from_: Annotated[
        Path | None,
        Parameter(name="--from", help="Checkpoint to search from; default: the start."),
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="Checkpoint (.npz) for the point found; replaced if there.")
    ] = None,
    steps: Annotated[int, Parameter(help="Steps at most, each of one whole Hessian.")] = 300,
    arg: Arguments = (),
    json: Json = False,
) -> int:
    """Search for a critical point of any index: minimum, saddle or maximum.

    Levenberg-Marquardt on the gradient, to |gradient| of 1e-10 or less, then the whole spectrum.
    A search can also end gradient-flat (stationary for |gradient|, not for the loss), on a kink,
    running off to infinity, in rounding, or out of steps; then there is no index, the reason is
    said, and the exit code is 1.
    """
    from thalweg.cli.checkpoint import point_at, save_point
    from thalweg.cli.output import guests_on_stderr
    from thalweg.critical.levenberg_marquardt import LevenbergMarquardt
    from thalweg.critical.search import find_critical

    method = LevenbergMarquardt(steps)
    if out is not None and out.suffix != ".npz":
        raise InputError("--out must end in .npz", repr(out.name), "name it for example saddle.npz")
    with guests_on_stderr():
        made = smooth_of(objective, arg)
        found = find_critical(made, point_at(from_, made), method)
    kept = None if found.found is None else out
    if kept is not None:
        save_point(found.end, made, kept)
    if json:
        print_json({"objective": made.name, **_told(found), "out": kept and str(kept)})
    else:
        print_result("\n".join([found.sentence, *([str(kept)] if kept else [])]))
    return 0 if found.found is not None else EXIT_NONE


def _told(search: "Search") -> dict[str, Any]:
    told: dict[str, Any] = {
        "outcome": search.outcome.name.lower(),
        "sentence": search.sentence,
        "loss": search.loss,
        "gradient_norm": search.gradient_norm,
        "moved": search.moved,
        "flatness": search.flatness,
        "kink_distance": search.kink_distance,
        "hessians": search.hessians,
    }
    found = search.found
    if found is None:
        return told
    return {
        **told,
        "kind": found.kind.value,
        "index": found.index,
        "nullity": found.nullity,
        "coindex": found.coindex,
        "gap": list(found.gap),
        "lambda_min": found.lambda_min,
        "lambda_max": found.lambda_max,
    }
