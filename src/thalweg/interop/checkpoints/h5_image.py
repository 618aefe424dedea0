"""HDF5 in memory to plain arrays; whatever leads out of the file is refused before it is read."""

from collections.abc import Iterator
from math import prod
from typing import Any

import h5py
import numpy as np

from thalweg.interop.checkpoints.refusal import Refused, check_name, check_total, one_line

MOST_OBJECTS = 100_000
LARGEST_ATTRIBUTE = 1 << 20
FILTERS = {1, 2, 3, 4, 5, 6, 32000}  # the built-in ones, and lzf; others would load a library
PLAIN = "biufc"

Attrs = dict[str, dict[str, object]]


def read_h5(image: bytes, budget: int) -> tuple[dict[str, np.ndarray], Attrs]:
    """Return the arrays of an HDF5 file by path, and the attributes of its objects by path.

    Texts come as arrays of dtype U. Attributes that are neither numbers nor text are left out.

    Args:
        image: the whole file.
        budget: bytes that the arrays may take.

    Raises:
        Refused: links or storage outside the file, virtual datasets, foreign filters, exotic
            types, loops, or too much of anything.
    """
    with h5py.File(h5py.h5f.open_file_image(image)) as file:
        found = list(_objects(file))
        sets = {path: thing for path, thing in found if isinstance(thing, h5py.Dataset)}
        check_total(sum(_bytes_of(path, each) for path, each in sets.items()), budget)
        attrs = {path or "/": _attributes(thing) for path, thing in found}
        arrays = {path: _array(each) for path, each in sets.items()}
    return arrays, {path: own for path, own in attrs.items() if own}


def warm_up() -> None:
    """Open one small file, so that nothing is left to import later."""
    with h5py.File("warm", "w", driver="core", backing_store=False) as file:
        file.create_dataset("a", data=np.ones(9), compression="gzip")
        file["b"] = "text"
        file.attrs["c"], file.attrs["d"] = "text", np.bytes_("ascii")
        file.flush()
        image = file.id.get_file_image()
    read_h5(image, 1 << 20)


def _objects(file: h5py.File) -> Iterator[tuple[str, Any]]:
    """Yield every group and dataset by path, once it is known to stay inside the file."""
    seen: set[object] = set()  # their identifiers are equal where the objects are one
    waiting: list[tuple[str, Any]] = [("", file["/"])]
    count = 0
    while waiting:
        path, group = waiting.pop()
        if group.id in seen:
            raise Refused(f"the group {path!r} a second time, a loop")
        seen.add(group.id)
        yield path, group
        groups: list[tuple[str, Any]] = []
        for name in group:
            count += 1
            if count > MOST_OBJECTS:
                raise Refused(f"more than {MOST_OBJECTS:,} objects")
            inner = check_name(f"{path}/{name}" if path else name)
            _check_link(group, name, inner)
            thing = group[name]
            if isinstance(thing, h5py.Group):
                groups.append((inner, thing))
            elif isinstance(thing, h5py.Dataset):
                _check_storage(thing, inner)
                yield inner, thing
        waiting.extend(reversed(groups))


def _check_link(group: Any, name: str, path: str) -> None:
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        what = "an external link" if isinstance(link, h5py.ExternalLink) else "a soft link"
        raise Refused(f"{what} at {path!r}", "copy what it points to into the file")


def _check_storage(dataset: Any, path: str) -> None:
    """Refuse before anything is asked that would open another file, the shape included."""
    made = dataset.id.get_create_plist()
    mend = "store the numbers in the file itself"
    if made.get_layout() == h5py.h5d.VIRTUAL:
        raise Refused(f"a virtual dataset at {path!r}", mend)
    if made.get_external_count():
        raise Refused(f"external storage at {path!r}", mend)
    foreign = {made.get_filter(i)[0] for i in range(made.get_nfilters())} - FILTERS
    if foreign:
        raise Refused(f"the filter {foreign.pop()} at {path!r}", "compress with gzip or not at all")


def _bytes_of(path: str, dataset: Any) -> int:
    """Return what the dataset will take, from its header; one chunk counts as well."""
    dtype = dataset.dtype
    text = h5py.check_string_dtype(dtype)
    plain = dtype.kind in PLAIN and dtype.itemsize <= 16 and dtype.subdtype is None
    if (text is None and not plain) or dataset.shape is None:
        raise Refused(f"{one_line(dtype)} at {path!r}", "keep only plain numbers and text")
    wide = 4 * dtype.itemsize if text is not None else dtype.itemsize
    return wide * max(prod(dataset.shape), prod(dataset.chunks or (0,)))


def _array(dataset: Any) -> np.ndarray:
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return np.array(dataset.asstr("utf-8")[()], dtype=np.str_)
    return np.asarray(dataset[()], dtype=dataset.dtype.newbyteorder("="))


def _attributes(thing: Any) -> dict[str, object]:
    kept: dict[str, object] = {}
    for name in thing.attrs:
        low = thing.attrs.get_id(name)
        text = h5py.check_string_dtype(low.dtype) is not None
        plain = low.dtype.kind in "biuf" and low.dtype.subdtype is None
        small = low.get_storage_size() <= LARGEST_ATTRIBUTE
        if (text or plain) and small and low.shape is not None:
            kept[one_line(name)] = _plain_value(thing.attrs[name])
    return kept


def _plain_value(value: Any) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [_plain_value(each) for each in value.tolist()]
    return value.item() if isinstance(value, np.generic) else value
