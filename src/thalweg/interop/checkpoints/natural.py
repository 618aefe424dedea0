"""File names in the order that people mean, and the step that each name tells."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_NUMBER = re.compile(r"(\d{1,18})")


def natural_key(path: Path) -> list[tuple[str, int]]:
    """Return a key that sorts numbers in names by value.

    >>> sorted(map(Path, ["epoch_10.pt", "epoch_2.pt"]), key=natural_key)[0].name
    'epoch_2.pt'
    """
    parts = _NUMBER.split(str(path))
    return [(part, 0) if at % 2 == 0 else ("", int(part)) for at, part in enumerate(parts)]


def steps_of(paths: Sequence[Path]) -> np.ndarray:
    """Return the step (T,) of each file: the last number in the names that grows throughout.

    The suffix does not count, and names must agree but for their numbers; without such a number
    the steps are 0, 1, 2, ...

    >>> steps_of([Path("run1/epoch=0-step=9.ckpt"), Path("run1/epoch=1-step=18.ckpt")])
    array([ 9, 18])
    """
    split = [_NUMBER.split(str(path.with_suffix(""))) for path in paths]
    if len({tuple(parts[::2]) for parts in split}) == 1 and len(split[0]) > 1:
        numbers = np.array([[int(part) for part in parts[1::2]] for parts in split])
        grows = np.flatnonzero((np.diff(numbers, axis=0) > 0).all(axis=0))
        if grows.size:
            return numbers[:, grows[-1]]
    return np.arange(len(paths))
