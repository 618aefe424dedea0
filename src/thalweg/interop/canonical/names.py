"""File names of tomgoldstein/loss-landscape, in which each file states how it was made."""

from enum import Enum

from thalweg.core.errors import InputError
from thalweg.core.grid import Grid


class CanonicalNorm(Enum):
    """How that code scales a direction to the weights; the value is its word in file names."""

    FILTER = "filter"  # each slice along the first axis as long as that of the weights
    LAYER = "layer"  # each tensor as long as that of the weights
    WEIGHT = "weight"  # each number times its weight
    UNIT_FILTER = "dfilter"  # each slice along the first axis of length 1
    UNIT_LAYER = "dlayer"  # each tensor of length 1
    NONE = ""  # as drawn


class DirectionKind(Enum):
    """What a direction moves: the parameters, or also what the state dict holds beside them."""

    WEIGHTS = "weights"
    STATES = "states"


class ProjectionMethod(Enum):
    """What a projection file holds."""

    LSTSQ = "lstsq"  # coordinates in the plane, by least squares
    COS = "cos"  # lengths along each direction by itself: coordinates of unit, orthogonal axes only


def direction_file_name(
    model_file: str,
    k: int = 2,
    *,
    norm: CanonicalNorm = CanonicalNorm.FILTER,
    ignore_biases: bool = True,
    kind: DirectionKind = DirectionKind.WEIGHTS,
    index: int = 0,
) -> str:
    """Return the name of the file of k random directions around a model.

    Args:
        model_file: name of the checkpoint.
        k: 1 or 2.
        norm: how directions are scaled.
        ignore_biases: whether biases and batch-norm parameters stay put ("biasbn").
        kind: weights or states.
        index: that code's `--idx`; it changes the name only, never the directions.

    >>> direction_file_name("model_5.t7", k=1)
    'model_5.t7_weights_xignore=biasbn_xnorm=filter.h5'
    """
    if k not in (1, 2):
        raise InputError("that code knows 1 or 2 directions", str(k), "write them as netCDF")
    name = f"{model_file}_{kind.value}"
    for axis in "xy"[:k]:
        name += f"_{axis}ignore=biasbn" if ignore_biases else ""
        name += f"_{axis}norm={norm.value}" if norm.value else ""
    return name + (f"_idx={index}" if index > 0 else "") + ".h5"


def surface_file_name(direction_file: str, grid: Grid) -> str:
    """Return the name of the file of a surface along the directions of a file.

    >>> surface_file_name("d.h5", Grid.square(1.0, 11))
    'd.h5_[-1.0,1.0,11]x[-1.0,1.0,11].h5'
    """
    spans = [f"[{float(axis[0])},{float(axis[-1])},{axis.size}]" for axis in grid.axes]
    return f"{direction_file}_{'x'.join(spans)}.h5"


def principal_file_name(
    *,
    ignore_biases: bool = True,
    save_every: int = 1,
    kind: DirectionKind = DirectionKind.WEIGHTS,
) -> str:
    """Return folder and name of the file of principal directions, below the checkpoints' folder.

    >>> principal_file_name()
    'PCA_weights_ignore=biasbn_save_epoch=1/directions.h5'
    """
    ignored = "_ignore=biasbn" if ignore_biases else ""
    return f"PCA_{kind.value}{ignored}_save_epoch={save_every}/directions.h5"


def projection_file_name(direction_file: str, method: ProjectionMethod) -> str:
    """Return the name of the file of a path projected on the directions of a file.

    >>> projection_file_name("directions.h5", ProjectionMethod.LSTSQ)
    'directions.h5_proj_lstsq.h5'
    """
    return f"{direction_file}_proj_{method.value}.h5"
