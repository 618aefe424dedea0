"""stored: results found on disk, by the paths that people give."""

from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.core.errors import InputError, StoreError

if TYPE_CHECKING:
    import xarray as xr


def found(places: tuple[Path, ...]) -> list[Path]:
    """Return the stores at the places; a folder that is none stands for those inside it.

    Raises:
        StoreError: a place that does not exist, or holds no store.
    """
    from thalweg.store.folder import is_store

    if not places:
        raise InputError("a STORE must be given", "none", "name a store, or a folder of stores")
    stores: list[Path] = []
    for place in places:
        inside = [place] if is_store(place) else _inside(place)
        if not inside:
            got = "something else" if place.exists() else "nothing"
            raise StoreError(f"{place} must be a store or a folder of them", got, "check the path")
        stores += inside
    return stores


def read(store: Path) -> "xr.Dataset":
    """Return a stored result of a known kind.

    Raises:
        StoreError: no store, a damaged one, or one that Thalweg did not write.
    """
    from thalweg.store.folder import load

    stored = load(store)
    if "kind" not in stored.attrs:
        wanted = f"{store} must be a store that Thalweg wrote"
        raise StoreError(wanted, "a Zarr group without a kind", "check the path")
    return stored


def path_over(store: Path, surface: "xr.Dataset") -> "xr.Dataset | None":
    """Return the path that `follow` kept beside a surface, if it is of the same plane."""
    from thalweg.store.folder import is_store
    from thalweg.study.journeys import path_store

    beside = path_store(store)
    if surface.attrs["kind"] != "surface" or not is_store(beside):
        return None
    path = read(beside)
    same = path.attrs.get("plane_digest") == surface.attrs["plane_digest"]
    return path if same and path.attrs["kind"] == "path" else None


def _inside(place: Path) -> list[Path]:
    """Return the stores below a folder, but not what lies inside a store."""
    from thalweg.store.folder import is_store

    if not place.is_dir():
        return []
    stores: list[Path] = []
    for entry in sorted(place.iterdir()):
        if entry.name.startswith("."):
            continue
        stores += [entry] if is_store(entry) else _inside(entry)
    return stores
