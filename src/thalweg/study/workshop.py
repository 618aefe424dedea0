"""Workshop: the output folder of a study. What is computed is kept, so a stopped run resumes.

run.json      whose run this is; a folder of another run is refused
stores/       surfaces, trajectories and tables, each a Zarr folder
figures/      PNG and SVG
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from thalweg.core.errors import StoreError
from thalweg.core.files import cannot_write, write_whole
from thalweg.core.grid import Grid
from thalweg.core.objective import Objective
from thalweg.core.plane import Plane
from thalweg.core.schema import plane_of
from thalweg.store.folder import load, save
from thalweg.surface.evaluate import evaluate
from thalweg.version import __version__

Tell = Callable[[str], None]


class Workshop:
    """A folder that belongs to one run.

    Args:
        folder: created if absent.
        identity: what tells this run from others, for example {"seed": 42}.
        tell: called with the name of each result as its computation begins.

    Raises:
        StoreError: the folder belongs to another run, holds other files, or cannot be written.
    """

    def __init__(
        self, folder: Path, identity: dict[str, str | int | bool], tell: Tell | None = None
    ) -> None:
        self.folder = folder
        self.tell = tell or (lambda name: None)
        self.computed: list[str] = []
        self.resumed: list[str] = []
        identity = {"thalweg": __version__, **identity}
        try:
            self._claim(identity)
        except OSError as fault:
            raise cannot_write(folder, fault) from fault

    def keep(self, name: str, compute: Callable[[], xr.Dataset]) -> xr.Dataset:
        """Return the Dataset of that name: from the folder if there, else computed and kept."""
        path = self.folder / "stores" / f"{name}.zarr"
        if path.exists():
            self._found(name)
            return load(path)
        self.tell(name)
        dataset = compute()
        save(dataset, path)
        self.computed.append(name)
        return dataset

    def surface(
        self,
        name: str,
        objective: Objective,
        plane: Plane,
        grid: Grid,
        fields: Sequence[str] = ("loss",),
    ) -> xr.Dataset:
        """Return the surface of that name, resumed tile by tile."""
        self.tell(name)
        path = self.folder / "stores" / f"{name}.zarr"
        if path.exists():
            self._found(name)
            plane, grid = as_stored(load(path), plane, grid)
        else:
            self.computed.append(name)
        return evaluate(objective, plane, grid, fields, store=path)

    def _found(self, name: str) -> None:
        if name not in (*self.computed, *self.resumed):
            self.resumed.append(name)

    def write(self, name: str, text: str) -> Path:
        """Write a text file into the folder, whole or not at all."""
        return write_whole(self.folder / name, text.encode())

    def _claim(self, identity: dict[str, str | int | bool]) -> None:
        manifest = self.folder / "run.json"
        if self.folder.exists() and not self.folder.is_dir():
            raise StoreError(f"{self.folder} must be a folder", "a file", "choose another --out")
        if manifest.exists():
            self._check_same(manifest, identity)
            return
        if self.folder.exists() and any(p.name[0] != "." for p in self.folder.iterdir()):
            wanted = f"{self.folder} must be empty or a case study"
            raise StoreError(wanted, "a folder with other files", "choose another --out")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write("run.json", json.dumps(identity, indent=2) + "\n")

    def _check_same(self, manifest: Path, identity: dict[str, str | int | bool]) -> None:
        try:
            there = json.loads(manifest.read_text(encoding="utf-8"))
        except ValueError:
            there = None
        if not isinstance(there, dict):
            wanted = f"{manifest} must say whose run this is"
            raise StoreError(wanted, "a damaged file", "choose another --out")
        for key, value in identity.items():
            if there.get(key) != value:
                raise StoreError(
                    f"{self.folder} must hold a run with {key} {value}",
                    f"{key} {there.get(key)}",
                    "choose another --out, or delete that folder",
                )


def as_stored(surface: xr.Dataset, plane: Plane, grid: Grid) -> tuple[Plane, Grid]:
    """Return the stored plane and grid where they equal the given ones but for rounding.

    Planes follow from decompositions, whose last bits depend on the machine and its threads; a
    run may resume on another.
    """
    kept = plane_of(surface)
    axes = tuple(surface[name].values for name in kept.axes)
    same = kept.directions.shape == plane.directions.shape and len(axes) == grid.k
    pairs = [(kept.origin, plane.origin), (kept.directions, plane.directions)] if same else []
    pairs += zip(axes, grid.axes, strict=True) if same else []
    if same and all(a.shape == b.shape and np.allclose(a, b, 1e-6, 1e-8) for a, b in pairs):
        return kept, Grid(axes, grid.tile)
    return plane, grid  # another surface: the store will refuse it by name
