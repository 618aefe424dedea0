"""Policies: what happens to normalization layers, to dropout and to the data; closed choices."""

from dataclasses import dataclass
from enum import Enum

from thalweg.core.errors import InputError


class Normalisation(Enum):
    """Which statistics layers such as BatchNorm use at a point of the map."""

    FROZEN = "frozen"  # the running statistics that the model came with
    REESTIMATED = "reestimated"  # averaged anew over all the data at every point; no derivatives
    BATCH = "batch"  # those of each batch, as in training; they depend on the batch size


class Residence(Enum):
    """Where the data live while a map is made."""

    DEVICE = "device"  # drawn once, all on the model's device: the fastest
    HOST = "host"  # drawn once into main memory, moved to the device batch by batch
    STREAM = "stream"  # drawn again at every pass: for what fits nowhere; must come in fixed order


@dataclass(frozen=True)
class FixedMasks:
    """Dropout as in training, but with the same masks at every point.

    Attributes:
        seed: of the masks, from 0.

    >>> FixedMasks(seed=3)
    FixedMasks(seed=3)
    """

    seed: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InputError("a seed must be a whole number from 0", str(self.seed), "try 0")
