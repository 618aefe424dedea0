"""checkpoint: the point of parameter space that a file holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from thalweg.core.arrays import FloatArray
    from thalweg.core.objective import Objective

At = Annotated[
    Path | None, Parameter(help="Checkpoint of the point; default: where the objective starts.")
]


def point_of(checkpoint: Path, objective: "Objective") -> "FloatArray":
    """Return the parameters (n,) in a checkpoint of the objective's model.

    Raises:
        InputError: a checkpoint of another model.
        StoreError: a file that is absent or damaged.
    """
    from thalweg.interop.checkpoints.trajectory import trajectory_from_checkpoints

    found = trajectory_from_checkpoints([checkpoint], parameters=objective.layout, steps=range(1))
    return found["point"].values[0]


def point_at(checkpoint: Path | None, objective: "Objective") -> "FloatArray":
    """Return the point of a checkpoint, or the start where none is given."""
    return objective.start if checkpoint is None else point_of(checkpoint, objective)


def save_point(point: "FloatArray", objective: "Objective", out: Path) -> None:
    """Write a point as a checkpoint, an .npz of the blocks by name, whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    from io import BytesIO

    import numpy as np

    from thalweg.core.files import write_whole

    buffer = BytesIO()
    blocks = objective.layout.unpack(point)
    np.savez(buffer, **blocks)  # pyright: ignore[reportArgumentType]
    write_whole(out, buffer.getvalue())
