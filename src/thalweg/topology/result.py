"""Topology: the critical cells of a surface, its merge tree and basins, and how sure they are.

The stability theorem (Cohen-Steiner, Edelsbrunner and Harer 2007, "Stability of persistence
diagrams"): values that are wrong by eps at most move birth and death by eps at most. So a feature
whose persistence is above 2 eps is there whatever the noise did.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray, IndexArray
from thalweg.core.plane import AXES
from thalweg.core.schema import Attr, provenance
from thalweg.topology.connectivity import Connectivity
from thalweg.topology.sublevel import BoolArray, Labels, Sublevel


@dataclass(frozen=True, eq=False)
class Places:
    """Critical cells of one kind, the most persistent first.

    Attributes:
        cell: (m,), flat indices in array order (c, b, a).
        coords: (m, k), in the order a, b, c.
        value: (m,).
        persistence: (m,), how much the value at the place must be lifted (or lowered) until it is
            gone; inf for the lowest minimum and the highest maximum. Of a saddle: of the most
            persistent minimum or maximum that ends there; NaN where none does, only a loop.
        on_boundary: (m,), whether it touches the edge of the window or a hole, so that it may
            continue outside, and need be no minimum, saddle or maximum there.
        index: (m,), 0 for minima, k for maxima, between for saddles.
        multiplicity: (m,), 1, or more at a degenerate saddle: 2 at a monkey saddle.
    """

    cell: IndexArray
    coords: FloatArray
    value: FloatArray
    persistence: FloatArray
    on_boundary: BoolArray
    index: IndexArray
    multiplicity: IndexArray

    def __len__(self) -> int:
        return self.cell.size

    @property
    def inside(self) -> int:
        """How many lie wholly inside the window: they are what they look like, in the plane."""
        return int((~self.on_boundary).sum())


@dataclass(frozen=True, eq=False)
class Topology:
    """What `topology_of` finds on a surface. A slice: its minima need be none of the objective.

    Attributes:
        minima, saddles, maxima: critical cells; steps inside level places are left out.
        lakes: of the sublevel sets: merge tree and pairs; its first rows are the minima.
        summits: of the superlevel sets; its rows are the maxima, walls among them.
        axes: k coordinates arrays, in the order a, b, c.
        noise: eps, by how much any value may be wrong; 0 for exact values.
        noise_words: where it comes from, if not from the caller.
        connectivity: which cells touch.
        field: which field.
        unknown: cells that are NaN, pending or failed: holes, not part of the domain.
        walls: cells that are infinitely high.
        attrs: provenance of the surface.
    """

    minima: Places
    saddles: Places
    maxima: Places
    lakes: Sublevel
    summits: Sublevel
    axes: tuple[FloatArray, ...]
    noise: float
    noise_words: str
    connectivity: Connectivity
    field: str
    unknown: int
    walls: int
    attrs: Mapping[str, Attr]

    @property
    def euler_characteristic(self) -> int:
        """Of the finite part of the domain: pieces - holes through it (+ cavities); 1 if full."""
        return int(self.lakes.excess.sum(dtype=np.int64))

    @property
    def certain(self) -> BoolArray:
        """(m,), which minima have a persistence above twice the noise."""
        return self.minima.persistence > 2 * self.noise

    def basins(self, threshold: float | None = None) -> Labels:
        """Return for each cell the row of its minimum; by default of those that are certain.

        A cell belongs to the minimum that descent to the lowest neighbor reaches. If that is no
        more persistent than the threshold, its basin joins the one across the pass where its lake
        meets an elder one. -1 in holes and walls.
        """
        return self.lakes.basins(2 * self.noise if threshold is None else threshold)

    @property
    def summary(self) -> str:
        """What was found, in one sentence."""
        if not len(self.minima):
            return "no cell has a finite value"
        sure = int(self.certain.sum())
        edge = int((self.minima.on_boundary & self.certain).sum())
        deeper = " deeper than the noise" if self.noise else ""
        parts = [f"{sure} basin{'s' * (sure != 1)}{deeper}"]
        where = "on the edge of the window" + (" or of a hole" if self.unknown else "")
        if edge and sure == 1:
            parts.append(f"its minimum lies {where}")
        elif edge:
            parts.append(f"{edge} {'minimum lies' if edge == 1 else 'minima lie'} {where}")
        counts = ((self.unknown, "unknown"), (self.walls, "infinite"))
        told = [f"{n} {word} cell{'s' * (n != 1)}" for n, word in counts if n]
        return "; ".join(parts + ([" and ".join(told)] if told else []))

    def facts(self) -> dict[str, object]:
        """Return everything but the basins as plain lists and numbers for JSON; None for inf."""
        found: dict[str, object] = {"field": self.field, "summary": self.summary}
        found |= {"noise": self.noise, "noise_words": self.noise_words}
        found |= {"connectivity": self.connectivity.value}
        found |= {"euler_characteristic": self.euler_characteristic}
        found |= {"unknown": self.unknown, "walls": self.walls}
        columns = self.dataset().drop_vars("basin").data_vars
        return found | {str(name): _plain(column.values) for name, column in columns.items()}

    def dataset(self, threshold: float | None = None) -> xr.Dataset:
        """Return a *topology*: a row a minimum, saddle, maximum; and `basin` of every cell.

        `basin` is what `basins(threshold)` returns.
        """
        axes = AXES[: len(self.axes)]
        threshold = 2 * self.noise if threshold is None else float(threshold)
        basin = (axes[::-1], self.basins(threshold))
        variables: dict[str, tuple[object, object]] = {"basin": basin}
        tables = {"minimum": self.minima, "saddle": self.saddles, "maximum": self.maxima}
        for kind, places in tables.items():
            columns = {
                "cell": places.cell,
                **dict(zip(axes, places.coords.T, strict=True)),
                "value": places.value,
                "persistence": places.persistence,
                "on_boundary": places.on_boundary.astype(np.int8),
                "index": places.index,
                "multiplicity": places.multiplicity,
            }
            variables |= {f"{kind}_{name}": (kind, x) for name, x in columns.items()}
        rows = slice(0, len(self.minima))
        tree = {
            "death": self.lakes.death,
            "death_cell": self.lakes.death_cell,
            "elder": self.lakes.elder,
        }
        variables |= {f"minimum_{name}": ("minimum", x[rows]) for name, x in tree.items()}
        own: dict[str, Attr] = {
            "field": self.field,
            "connectivity": self.connectivity.value,
            "noise": self.noise,
            "noise_words": self.noise_words,
            "threshold": threshold,
            "euler_characteristic": self.euler_characteristic,
            "unknown": self.unknown,
            "walls": self.walls,
            "summary": self.summary,
        }
        coords = {name: (name, axis) for name, axis in zip(axes, self.axes, strict=True)}
        attrs = provenance("topology", {**self.attrs, **own})
        return xr.Dataset(variables, coords=coords, attrs=attrs)


def _plain(values: np.ndarray) -> list[object]:
    return [None if x in (np.inf, -np.inf) or x != x else x for x in values.tolist()]
