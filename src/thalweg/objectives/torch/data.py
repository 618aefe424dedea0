"""Data: the batches of an objective, drawn once and kept in order, or streamed in fixed order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from thalweg.core.errors import InputError
from thalweg.objectives.torch.identity import nests_digest
from thalweg.objectives.torch.nest import joined, leaves, mapped, tensors

BATCH = 1024  # examples at a time, where neither the caller nor a loader says
Place = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class To:
    """Moves a tensor to a device and casts it, if it holds floating-point numbers.

    Attributes:
        device: where to; None: where it is.
        dtype: of floating-point tensors; None: as it is. Complex ones get its double or stay.
    """

    device: torch.device | None
    dtype: torch.dtype | None

    def __call__(self, tensor: Tensor) -> Tensor:
        """Return the tensor there."""
        dtype = self.dtype if tensor.is_floating_point() else None
        if tensor.is_complex() and self.dtype in (torch.float32, torch.float64):
            dtype = self.dtype.to_complex()
        return tensor.to(device=self.device, dtype=dtype)


class Data(Protocol):
    """What an objective is evaluated on."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches, on the model's device, always the same in the same order."""
        ...

    def digest(self) -> str:
        """Return 16 hexadecimal digits that name all examples."""
        ...


@dataclass(frozen=True, eq=False)
class Resident:
    """Batches that are kept.

    Attributes:
        batches: nests of tensors, in order; where the examples have one shape, views of `table`.
        place: applied to each tensor of a batch when it is used.
        table: one nest with all examples along axis 0, or None if they do not fit together.
    """

    batches: tuple[Any, ...]
    place: Place
    table: Any | None

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches, on the model's device."""
        for batch in self.batches:
            yield mapped(batch, self.place)

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Examples in each batch."""
        return tuple(count(batch) for batch in self.batches)

    @property
    def n_examples(self) -> int:
        """Examples in all."""
        return sum(self.counts)

    @property
    def indexable(self) -> bool:
        """Whether single examples can be picked."""
        return self.table is not None

    def picked(self, rows: Tensor) -> "Resident":
        """Return the examples `rows` (integers) in batches as large as the largest here."""
        table = mapped(self.table, lambda t: t[rows.to(t.device)])
        return Resident(split(table, max(self.counts)), self.place, table)

    def digest(self) -> str:
        """Return 16 hexadecimal digits that name all examples; batch sizes do not matter."""
        return nests_digest([self.table] if self.table is not None else self.batches)


@dataclass(frozen=True, eq=False)
class Streamed:
    """Batches that are drawn again at every pass.

    Attributes:
        source: yields the same batches each time it is iterated.
        place: applied to each tensor.
    """

    source: Iterable[Any]
    place: Place

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches, on the model's device."""
        for batch in self.source:
            yield mapped(batch, self.place)

    def digest(self) -> str:
        """Return 16 hexadecimal digits that name all examples, by one pass over them."""
        return nests_digest(self.source)


def count(batch: Any) -> int:
    """Return the number of examples in a batch: the length of its first tensor."""
    first = next((t for t in tensors(batch) if t.ndim), None)
    if first is None:
        mend = "yield tensors with one row an example"
        raise InputError("a batch must hold a tensor", type(batch).__name__, mend)
    return len(first)


def split(table: Any, size: int) -> tuple[Any, ...]:
    """Return a table as batches of at most `size` examples: views, no copies."""
    n = count(table)
    cuts = [slice(at, min(at + size, n)) for at in range(0, n, size)]
    return tuple(mapped(table, lambda t, cut=cut: t[cut]) for cut in cuts)


def kept(source: Any, size: int | None, store: Place, place: Place) -> Resident:
    """Draw the batches once and keep them.

    Args:
        source: see `from_torch`.
        size: examples a batch; None: as they come.
        store: applied to each tensor once.
        place: applied to each tensor when it is used.

    Raises:
        InputError: no examples, or batches that cannot be cut to the wanted size.
    """
    whole = whole_table(source)
    drawn = (whole,) if whole is not None else batches_of(source, size)
    # Copied one by one, since a loader may use a batch's memory again.
    own = [mapped(batch, lambda t: t.detach().clone()) for batch in drawn if count(batch)]
    if not own:
        mend = "pass batches with at least 1 example (an iterator may be used up)"
        raise InputError("the data must not be empty", "no examples", mend)
    counts = [count(batch) for batch in own]
    table = joined(own)
    if table is None:
        if size is not None and max(counts) > size:
            mend = "leave batch_size out"
            raise InputError("batches of unlike shapes keep their size", f"{size}", mend)
        return Resident(tuple(mapped(batch, store) for batch in own), place, None)
    del own  # so that there are two copies at most at a time
    table = mapped(table, store)
    if size is None and whole is None:
        return Resident(_cut(table, counts), place, table)
    return Resident(split(table, size or BATCH), place, table)


def _cut(table: Any, counts: Sequence[int]) -> tuple[Any, ...]:
    """Cut the table where the loader did."""
    batches, at = [], 0
    for length in counts:
        batches.append(mapped(table, lambda t, a=at, b=at + length: t[a:b]))
        at += length
    return tuple(batches)


def whole_table(source: Any) -> Any | None:
    """Return all examples as one nest if the source is one, else None."""
    if isinstance(source, torch.utils.data.TensorDataset):
        return source.tensors
    if isinstance(source, tuple | dict):
        found = list(leaves(source))
        arrays = bool(found) and all(hasattr(leaf, "shape") and len(leaf.shape) for leaf in found)
        if not arrays or len({leaf.shape[0] for leaf in found}) != 1:
            kind = ", ".join(str(tuple(getattr(leaf, "shape", ()))) for leaf in found) or "nothing"
            wanted = "all tensors of the data must have one row an example"
            raise InputError(wanted, kind, "pass (inputs, targets), or a list of batches")
        return mapped(source, lambda t: t)
    return None


def batches_of(source: Any, size: int | None) -> Iterable[Any]:
    """Return what yields the batches of a loader, a dataset or a list."""
    if isinstance(source, torch.utils.data.Dataset) and not isinstance(source, Iterable):
        return DataLoader(source, batch_size=size or BATCH)
    if isinstance(source, Iterable) and not isinstance(source, Tensor | str):
        return source
    mend = "pass a DataLoader, a list of batches, or (inputs, targets)"
    raise InputError("batches must be iterable", type(source).__name__, mend)


def streamed(source: Any, size: int | None, place: Place) -> Streamed:
    """Return the source as data that are drawn again at every pass.

    Raises:
        InputError: the source shuffles, or can be iterated only once.
    """
    whole = whole_table(source)
    found = split(whole, size or BATCH) if whole is not None else batches_of(source, size)
    mend = "pass a loader with shuffle=False, or Residence.HOST"
    wanted = "streamed data must come in the same order every time"
    if isinstance(found, Iterator):
        raise InputError(wanted, "an iterator that is used up once", mend)
    sampler = getattr(found, "sampler", None)
    ordered = sampler is None or isinstance(sampler, torch.utils.data.SequentialSampler)
    iterable = isinstance(getattr(found, "dataset", None), torch.utils.data.IterableDataset)
    if not (ordered or iterable):
        raise InputError(wanted, f"a loader with {type(sampler).__name__}", mend)
    stream = Streamed(found, place)
    if stream.digest() != stream.digest():
        raise InputError(wanted, "two passes that differ", mend)
    return stream
