"""guest: the objective of a user's function, where derivatives are needed."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from thalweg.core.errors import InputError

if TYPE_CHECKING:
    from thalweg.core.objective import SmoothObjective

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
