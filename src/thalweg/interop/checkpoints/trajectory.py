"""Checkpoints of a run, saved by anyone, as a trajectory."""

import glob
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray, digest
from thalweg.core.errors import InputError
from thalweg.core.layout import Layout
from thalweg.core.layout_attrs import layout_attrs
from thalweg.core.objective import Objective, SmoothObjective
from thalweg.core.schema import Attr, trajectory_dataset
from thalweg.interop.checkpoints.kinds import SUFFIXES, FileLimits
from thalweg.interop.checkpoints.load import parse_all
from thalweg.interop.checkpoints.natural import natural_key, steps_of
from thalweg.interop.checkpoints.refusal import one_line
from thalweg.interop.checkpoints.selection import Selection, select

File = str | os.PathLike[str]


def trajectory_from_checkpoints(
    files: str | Sequence[File],
    *,
    parameters: Layout | Sequence[str] | None = None,
    objective: Objective | None = None,
    steps: Sequence[int] | None = None,
    digests: Mapping[str, str] | None = None,
    limits: FileLimits | None = None,
    allow_nonfinite: bool = False,
) -> xr.Dataset:
    """Return the *trajectory* that a series of checkpoints marks, one row a file.

    The steps are the last number in the names that grows from file to file, else 0, 1, 2, ...
    Loss and gradient norm are NaN unless an objective is given. The attributes keep every file's
    name and SHA-256, the names and shapes of the parameters, under which key of a PyTorch file
    they were found ("nest"), and what was left out of the vector. Points are float32 where the
    files hold nothing wider, else float64.

    Args:
        files: a pattern such as "ckpts/*.safetensors", taken in natural order (2 before 10), or
            a list, taken as it stands. Formats: see `load_arrays`.
        parameters: a layout, or names in order. None takes the objective's layout, or without an
            objective every float array except BatchNorm's running statistics.
        objective: whose loss and gradient norm are computed at every checkpoint.
        steps: (T,), the steps themselves, rising, where the names do not tell.
        digests: SHA-256 by file name, checked where given; each must be of a file.
        limits: how much a file may ask for; None for the usual.
        allow_nonfinite: keep NaN and infinite parameters instead of refusing them.

    Raises:
        InputError: no files, files of different models or of another than the objective's, a
            digest of no file, steps that do not rise, or numbers that are not finite.
        StoreError: a file is absent, damaged, hostile or too large; names it in one line.
        MissingExtraError: PyTorch or h5py is needed and not installed.
    """
    paths = _paths(files)
    at = steps_of(paths) if steps is None else _checked_steps(steps, len(paths))
    known = {name for path in paths for name in (str(path), path.name)}
    for name in digests or {}:
        if name not in known:
            wanted = "digests must be of files that are read"
            raise InputError(wanted, one_line(repr(name)), "name the file as it is")
    if parameters is None and objective is not None:
        parameters = objective.layout
    selection: Selection | None = None
    points, nest = np.empty((0, 0), np.float32), ""
    found: list[str] = []
    for row, parsed in enumerate(parse_all(paths, limits or FileLimits(), digests or {})):
        if selection is None:
            selection = select(parsed.arrays, paths[0], parameters)
            _check_order(selection.layout, objective)
            points = np.empty((len(paths), selection.layout.size), np.float32)
            nest = str(parsed.extras.get("nest", ""))
        point = selection.point(parsed.arrays, paths[row], allow_nonfinite)
        points = points.astype(np.result_type(points, point), copy=False)
        points[row] = point
        found.append(parsed.sha256)
    if selection is None:
        raise InputError("files must name checkpoints", "none", "pass at least one")
    losses, norms = _scalars(objective, points)
    attrs: dict[str, Attr] = {
        "source": "checkpoints",
        "files": [str(path) for path in paths],
        "sha256": found,
        "nest": nest,
        "left_out": list(selection.left_out),
        "dtype": points.dtype.name,
        "start_digest": digest(points[0]),
        **layout_attrs(selection.layout),
    }
    if objective is not None:
        attrs |= {"objective": objective.name, "objective_digest": objective.digest()}
    return trajectory_dataset(at, points, losses, norms, attrs)


def _paths(files: str | Sequence[File]) -> list[Path]:
    if not isinstance(files, str):
        if isinstance(files, os.PathLike):
            return [Path(files)]
        return [Path(file) for file in files]
    found = [files] if os.path.isfile(files) else glob.glob(files, recursive=True)
    if not found:
        mend = f"pass a pattern that ends in one of {', '.join('*' + end for end in SUFFIXES)}"
        raise InputError("files must name checkpoints", f"nothing at {one_line(files)!r}", mend)
    return sorted(map(Path, found), key=natural_key)


def _checked_steps(steps: Sequence[int], count: int) -> NDArray[np.int64]:
    """Return the steps, whole and rising, one a file."""
    if len(steps) != count:
        wanted = f"steps must have one number for each of {count} files"
        raise InputError(wanted, str(len(steps)), "leave steps out or match them")
    given = np.asarray(steps)
    whole = given.dtype.kind in "iu" and given.ndim == 1
    if not whole or (np.diff(given.astype(np.int64)) <= 0).any():
        wanted = "steps must be whole numbers that rise from file to file"
        raise InputError(wanted, one_line(list(steps)), "sort the files as they were saved")
    return given.astype(np.int64)


def _check_order(layout: Layout, objective: Objective | None) -> None:
    """Raise InputError if the objective would take the parameters for others."""
    if objective is None:
        return
    theirs = {block.name: i for i, block in enumerate(objective.layout.blocks)}
    shapes = [block.shape for block in layout.blocks]
    places = [theirs.get(block.name, i) for i, block in enumerate(layout.blocks)]
    alike = shapes == [block.shape for block in objective.layout.blocks]
    if not alike or places != [*range(len(places))]:
        wanted = "parameters must stand in the order of the objective"
        got = one_line(", ".join(block.name for block in layout.blocks))
        raise InputError(wanted, got, "leave parameters out, or pass objective.layout")


def _scalars(
    objective: Objective | None, points: NDArray[np.floating]
) -> tuple[FloatArray, FloatArray]:
    """Return losses and gradient norms (T,) one point at a time; NaN where unknown."""
    losses, norms = np.full(len(points), np.nan), np.full(len(points), np.nan)
    for at, point in enumerate(points):
        if isinstance(objective, SmoothObjective):
            losses[at], gradient = objective.value_and_gradient(point)
            norms[at] = np.linalg.norm(gradient)
        elif objective is not None:
            losses[at] = objective.value(point)
    return losses, norms
