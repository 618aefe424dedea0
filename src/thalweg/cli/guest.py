"""guest: the objective of a user's function, with the derivatives or fields that are needed."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from thalweg.core.errors import InputError

if TYPE_CHECKING:
    from thalweg.cli.options import Options
    from thalweg.core.objective import Objective, SmoothObjective

Arguments = Annotated[
    tuple[str, ...],
    Parameter(
        help="name=value for the function; may be repeated.", negative="", show_default=False
    ),
]


def smooth_of(spec: str, arguments: tuple[str, ...]) -> "SmoothObjective":
    """Return the objective that a user's function makes, if it has derivatives.

    Raises:
        InputError: no such function, or an objective without derivatives.
    """
    from thalweg.cli.factory import objective_of
    from thalweg.core.objective import SmoothObjective

    made = objective_of(spec, arguments)
    if not isinstance(made, SmoothObjective):
        mend = "return thalweg.from_torch(...), an MLPObjective, or another SmoothObjective"
        raise InputError(f"{spec} must make an objective with derivatives", made.name, mend)
    return made


def mapped_of(spec: str, options: "Options") -> "Objective":
    """Return the objective that a user's function makes, with curvature to map if asked for.

    Raises:
        InputError: as `objective_of`.
    """
    from thalweg.cli.factory import objective_of
    from thalweg.core.objective import SmoothObjective
    from thalweg.curvature.fields import EIGENVALUES, curved

    made = objective_of(spec, options.arg)
    asked = {*EIGENVALUES, "gradient_norm"} & (set(options.chosen) - set(made.fields))
    return curved(made) if asked and isinstance(made, SmoothObjective) else made
