"""Units: which slices of which blocks belong to one hidden unit, and what its activation allows.

Renaming the units of a layer leaves the function unchanged; so does flipping the sign of a unit
with an odd activation, or scaling one with a positively homogeneous activation up on the way in
and down on the way out. An objective says which it has (`Objective.units`); what is done with
them is written once, in `geometry`.
"""

from dataclasses import dataclass
from enum import Enum


class Nature(Enum):
    """What the activation of a unit allows besides renaming."""

    PLAIN = "plain"  # nothing more
    ODD = "odd"  # f(-z) = -f(z), as tanh
    HOMOGENEOUS = "homogeneous"  # f(c z) = c f(z) for c > 0, as ReLU
    LINEAR = "linear"  # both

    @property
    def flips(self) -> bool:
        """Whether a unit may change its sign."""
        return self in (Nature.ODD, Nature.LINEAR)

    @property
    def scales(self) -> bool:
        """Whether a unit may be scaled by a positive number."""
        return self in (Nature.HOMOGENEOUS, Nature.LINEAR)


@dataclass(frozen=True)
class Place:
    """Where a layer's units lie in a block: unit i owns slices i * repeat ... of that axis.

    Attributes:
        block: name of the block in the layout.
        axis: whose slices belong to the units.
        repeat: slices a unit; more than 1 where a channel is flattened into many inputs.
        scaled: whether signs and scales act here; not on weights before a normalization, which
            undoes them: there they act on its gain and shift.
    """

    block: str
    axis: int
    repeat: int = 1
    scaled: bool = True


@dataclass(frozen=True)
class UnitLayer:
    """The interchangeable units of one hidden layer (of several, where they are added up).

    Attributes:
        name: for captions, unique in its objective.
        size: number of units.
        incoming: places that produce the units' inputs: weights in, biases, gains and shifts.
        outgoing: places that read the units.
        nature: of the activation.
    """

    name: str
    size: int
    incoming: tuple[Place, ...]
    outgoing: tuple[Place, ...]
    nature: Nature = Nature.PLAIN
