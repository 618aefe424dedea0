"""topology_of: the critical cells, merge tree and basins of one field of a surface."""

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray, IndexArray, frozen
from thalweg.core.errors import InputError
from thalweg.core.schema import Attr, Cell, axes_of
from thalweg.topology.connectivity import Connectivity
from thalweg.topology.noise import Noise, StandardErrors
from thalweg.topology.result import Places, Topology
from thalweg.topology.sublevel import BoolArray, Sublevel, sublevel, superlevel

_KEPT = ("objective", "objective_digest", "plane_digest", "grid_digest", "recipe")


def topology_of(
    surface: xr.Dataset,
    field: str = "loss",
    *,
    connectivity: Connectivity = Connectivity.FREUDENTHAL,
    noise: Noise = None,
) -> Topology:
    """Return the topology of one field of a surface with 1, 2 or 3 directions.

    Pending, failed and NaN cells are holes, infinite ones walls; nothing is replaced.

    Args:
        surface: a *surface*.
        field: which variable.
        connectivity: which cells touch.
        noise: by how much any value may be wrong; StandardErrors() takes it from the field's
            "<field>_stderr"; None for exact values.

    Raises:
        InputError: no surface, no such field, or a noise that is no finite number from 0.

    >>> from thalweg.core.grid import Grid
    >>> from thalweg.core.plane import Plane
    >>> from thalweg.objectives.zoo import himmelblau
    >>> from thalweg.surface.evaluate import evaluate
    >>> plane, grid = Plane(np.zeros(2), np.eye(2)), Grid.square(5.0, 101)
    >>> topology_of(evaluate(himmelblau(), plane, grid)).summary
    '4 basins'
    """
    axes = axes_of(surface)
    if field not in surface.data_vars or set(surface[field].dims) != set(axes):
        fields = [str(n) for n, x in surface.data_vars.items() if set(x.dims) == set(axes)]
        wanted = f"field must be among {', '.join(n for n in fields if n != 'status')}"
        raise InputError(wanted, field, "evaluate it first")
    values = _known(surface, field)
    lakes, summits = sublevel(values, connectivity), superlevel(values, connectivity)
    lines = tuple(frozen(surface[name].values.astype(np.float64)) for name in axes)
    attrs: dict[str, Attr] = {name: surface.attrs[name] for name in _KEPT if name in surface.attrs}
    return Topology(
        minima=_ends(lakes, values, lines, 0),
        saddles=_saddles(lakes, summits, values, lines),
        maxima=_ends(summits, values, lines, len(axes)),
        lakes=lakes,
        summits=summits,
        axes=lines,
        noise=_epsilon(surface, field, noise),
        noise_words=noise.words if isinstance(noise, StandardErrors) else "",
        connectivity=connectivity,
        field=field,
        unknown=lakes.holes,
        walls=lakes.walls,
        attrs=attrs,
    )


def _known(surface: xr.Dataset, field: str) -> FloatArray:
    """Return the values in array order (c, b, a), NaN wherever nothing is known."""
    dims = axes_of(surface)[::-1]
    status = surface["status"].transpose(*dims).values
    values = surface[field].transpose(*dims).values.astype(np.float64)
    return np.where((status == Cell.PENDING) | (status == Cell.FAILED), np.nan, values)


def _epsilon(surface: xr.Dataset, field: str, noise: Noise) -> float:
    if noise is None:
        return 0.0
    if isinstance(noise, StandardErrors):
        name = f"{field}_stderr"
        if name not in surface.data_vars:
            mend = f'evaluate fields=("{field}", "{name}"), or pass noise as a number'
            raise InputError(f"the surface must hold {name}", "none", mend)
        errors = _known(surface, name)
        return noise.epsilon(errors[np.isfinite(_known(surface, field))])
    if not (np.isfinite(noise) and noise >= 0):
        raise InputError("noise must be a finite number from 0", repr(noise), "try 0.0")
    return float(noise)


def _ends(found: Sublevel, values: FloatArray, axes: tuple[FloatArray, ...], index: int) -> Places:
    """Return the minima or maxima with a persistence; walls are none."""
    rows = np.flatnonzero((found.persistence > 0) & (found.birth < np.inf))
    cells = found.birth_cell[rows]
    ones = np.ones(rows.size, dtype=np.intp)
    return _places(
        found.on_boundary, cells, found.persistence[rows], values, axes, index * ones, ones
    )


def _saddles(
    lakes: Sublevel, summits: Sublevel, values: FloatArray, axes: tuple[FloatArray, ...]
) -> Places:
    """Return the cells where the lower link is in pieces or, in 3 dimensions, has a loop."""
    pieces = lakes.components.ravel().astype(np.intp)
    excess = lakes.excess.ravel().astype(np.intp)
    k = values.ndim
    counts = {1: np.maximum(pieces - 1, 0)} if k > 1 else {}
    if k == 3:
        counts[2] = np.maximum(pieces - 1 + excess, 0)
    ended = {1: (lakes, summits)} if k == 2 else {1: (lakes,), 2: (summits,)}
    cells, index, multiplicity, persistent = [], [], [], []
    for which, count in counts.items():
        best = np.full(values.size + 1, np.nan)  # the last place is for what never dies
        for side in ended[which]:
            np.fmax.at(best, side.death_cell, side.persistence)
        here = np.flatnonzero((count > 0) & (best[:-1] != 0))  # 0: a step in a level place
        cells.append(here)
        index.append(np.full(here.size, which))
        multiplicity.append(count[here])
        persistent.append(best[here])
    if not cells:
        none = np.empty(0, dtype=np.intp)
        return _places(lakes.touches, none, np.empty(0), values, axes, none, none)
    strength = np.concatenate(persistent)
    order = np.argsort(-strength, kind="stable")  # NaN last
    return _places(
        lakes.touches,
        np.concatenate(cells)[order],
        strength[order],
        values,
        axes,
        np.concatenate(index)[order],
        np.concatenate(multiplicity)[order],
    )


def _places(
    boundary: BoolArray,
    cells: IndexArray,
    strength: FloatArray,
    values: FloatArray,
    axes: tuple[FloatArray, ...],
    index: IndexArray,
    multiplicity: IndexArray,
) -> Places:
    at = np.unravel_index(cells, values.shape)[::-1]
    coords = [axis[i] for axis, i in zip(axes, at, strict=True)]
    return Places(
        cells,
        np.stack(coords, axis=1).reshape(-1, len(axes)),
        values.ravel()[cells],
        strength,
        boundary.ravel()[cells],
        index,
        multiplicity,
    )
