"""Effort: what a report may cost, counted in evaluations of the loss against the map's own."""

from dataclasses import dataclass
from enum import Enum

SMALL = 128  # parameters: up to here everything is cheap
SHARE = 0.1  # of the cells of the map
PRODUCT = 6  # a Hessian-vector product costs about six evaluations of the loss


class Effort(Enum):
    """How much work a report may be."""

    LITTLE = "little"  # only what costs a small part of the map
    FULL = "full"  # everything there is to know


@dataclass(frozen=True)
class Budget:
    """What may be spent on one report.

    Attributes:
        effort: how much work it may be.
        parameters: n.
        cells: of the map.
    """

    effort: Effort
    parameters: int
    cells: int

    def allows(self, evaluations: float) -> bool:
        """Return whether so many evaluations of the loss are within the budget.

        >>> Budget(Effort.LITTLE, 5000, 2601).allows(30)
        True
        >>> Budget(Effort.LITTLE, 5000, 2601).allows(5000 * PRODUCT)
        False
        """
        free = self.effort is Effort.FULL or self.parameters <= SMALL
        return free or evaluations <= SHARE * self.cells
