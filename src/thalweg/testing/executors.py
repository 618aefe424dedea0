"""ExecutorContract: what every executor must keep; used as `ObjectiveContract` is."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.executor import Executor, SerialExecutor
from thalweg.core.patience import Overtime


class ExecutorContract(ABC):
    """What an executor must keep.

    Attributes:
        ahead: how many items it may draw before the first result is taken.
    """

    ahead: int = 64

    @abstractmethod
    def make(self) -> Executor:
        """Return the executor."""

    def test_every_item_once_with_its_own_result(self) -> None:
        """Also when there are none."""
        found = sorted(self.make().map(abs, range(-50, 0)))
        assert found == [(i, -i) for i in range(-50, 0)]
        assert list(self.make().map(abs, [])) == []

    def test_a_fault_is_raised_as_it_was(self) -> None:
        """With its type and words; what was yielded before stays valid."""
        try:
            said = f"{len(list(self.make().map(_refuse_seven, range(1000))))} results"
        except InputError as fault:
            said = str(fault)
        assert said == "wanted no seven, got 7; leave it out"

    def test_items_are_drawn_lazily(self) -> None:
        """A map that is closed early draws no more."""
        drawn: list[int] = []

        def items() -> Iterator[int]:
            for i in range(100_000):
                drawn.append(i)
                yield i

        with closing(self.make().map(abs, items())) as results:
            next(results)
            assert len(drawn) <= self.ahead
        count = len(drawn)
        assert list(results) == []
        assert len(drawn) == count

    def test_two_maps_do_not_mix(self) -> None:
        """Each has its own function, one after the other."""
        executor = self.make()
        for function in (abs, float, abs):
            assert sorted(executor.map(function, range(9))) == [(i, function(i)) for i in range(9)]

    def test_the_same_bits_as_one_after_the_other(self) -> None:
        """Arrays come back as they were."""
        items = list(range(8))
        wanted = dict(SerialExecutor().map(_noise, items))
        found = dict(self.make().map(_noise, items))
        assert all(found[i].tobytes() == wanted[i].tobytes() for i in items)

    def test_it_says_what_it_can_do_about_overtime(self) -> None:
        """One of the three."""
        assert self.make().overtime in Overtime


def _refuse_seven(i: int) -> int:
    if i == 7:
        raise InputError("wanted no seven", "7", "leave it out")
    return i


def _noise(i: int) -> FloatArray:
    return np.exp(np.random.default_rng(i).standard_normal((50, 50)))
