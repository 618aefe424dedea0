"""RayExecutor: tiles as tasks of Ray, on this machine or on a cluster."""

import os
import pickle
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from thalweg.core.errors import InputError, ThalwegError
from thalweg.core.executor import Item, Result, Salvage
from thalweg.core.patience import Overtime
from thalweg.ray.session import import_ray, local_ray, running_ray

# The last function of this worker: its name in the object store, and itself.
_held: tuple[str, Callable[..., Any]] | None = None


@dataclass(frozen=True)
class RayExecutor:
    """Workers that may die: what they were doing is tried again, and their number changes no bit.

    The function, with model and data, is put into Ray's memory once; a worker unpacks it once and
    must not write into its arrays, which it shares. Results come back to this process, the only
    one that writes a store. Work that ends early, by Ctrl-C too, is canceled.

    Without an address Ray starts here for each `map`, which takes seconds: no dashboard, reachable
    from this machine only and with a token only; it ends with the map, or with this process. Use
    `running` to keep it up. If the program has called `ray.init` already, that Ray is used.

    Whoever can use a Ray cluster can run code on all its machines and read what is sent there.
    Hence a cluster elsewhere must ask for a token, unless `trust_cluster` says otherwise.

    Attributes:
        address: None to start Ray here; "auto" for the cluster that runs here or that RAY_ADDRESS
            names; "host:port" for another.
        workers: items in work at a time; default: all processors.
        threads: of one worker. Bits agree with those of this process if it uses as many; BLAS and
            torch mostly agree anyway.
        retries: how often an item is tried again whose worker died.
        give_up: stop when so many workers died in a row without any result.
        silence: stop when no worker came up for twice so many seconds. Long work is no silence.
        trust_cluster: use a cluster elsewhere that lets everybody in.

    Raises:
        InputError: a count below 1, or an address without a port.

    >>> RayExecutor(workers=4).retries
    3
    """

    address: str | None = None
    workers: int | None = None
    threads: int = 1
    retries: int = 3
    give_up: int = 40
    silence: float = 60.0
    trust_cluster: bool = False

    def __post_init__(self) -> None:
        least = {"workers": 1, "threads": 1, "retries": 0, "give_up": 1}
        for name, low in least.items():
            value = getattr(self, name)
            if value is not None and value < low:
                mend = "leave the default"
                raise InputError(f"{name} must be at least {low}", str(value), mend)
        if not self.silence > 0:
            raise InputError("silence must be seconds above 0", str(self.silence), "try 60")
        address = self.address
        if address is not None and address != "auto" and not address.rpartition(":")[2].isdigit():
            mend = "leave it out to start Ray here"
            raise InputError("address must be auto or host:port", repr(address), mend)

    @property
    def overtime(self) -> Overtime:
        """A worker that does not hear its alarm is ended; another takes its place."""
        return Overtime.KILLED

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep Ray up for several maps."""
        with self._ray():
            yield

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        lost: Salvage[Item, Result] | None = None,
    ) -> Generator[tuple[Item, Result], None, None]:
        """Yield (item, function(item)) as they finish; at most two items a worker wait.

        Raises:
            InputError: the function cannot be pickled, or there is no such cluster.
            ThalwegError: no progress, or Ray itself stopped.
            MissingExtraError: Ray is not installed.
        """
        todo = iter(items)
        for first in todo:  # nothing to do starts nothing
            with self._ray() as ray:
                yield from _Run(self, ray, function, lost).over(chain([first], todo))

    def _ray(self) -> AbstractContextManager[Any]:
        ray, address = import_ray(), self.address
        if ray.is_initialized():
            there = ray.get_runtime_context().gcs_address
            if address not in (None, "auto", there):
                mend = "leave the address out, or call ray.shutdown()"
                raise InputError(f"this program must use the Ray at {address}", there, mend)
            return nullcontext(ray)
        if address is None:
            workers = self.workers or max(1, (os.cpu_count() or 1) // self.threads)
            return local_ray(workers, self.threads)
        return running_ray(address, self.trust_cluster)


class _Run:
    """One map: what is in work, and how often it was tried."""

    def __init__(
        self,
        executor: RayExecutor,
        ray: Any,
        function: Callable[[Any], Any],
        lost: Callable[[Any, str], Any] | None,
    ) -> None:
        self._executor, self._ray, self._lost = executor, ray, lost
        try:
            self._function = ray.put(function)
        except (TypeError, AttributeError, pickle.PicklingError) as fault:
            said = _line(fault.__cause__ or fault.__context__ or fault)
            mend = "use module-level functions and classes"
            raise InputError("the work must be picklable for Ray", said, mend) from fault
        # Ray's own retries hide each death, so that an endless row of them would look like work.
        self._task = ray.remote(_work).options(num_cpus=executor.threads, max_retries=0)
        self._pending: dict[Any, tuple[Any, int]] = {}  # reference: item, times tried before
        self._deaths = 0  # in a row

    def over(self, items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield (item, result) as they finish."""
        todo, room = iter(items), self._room()
        try:
            while True:
                for item in islice(todo, room - len(self._pending)):
                    self._start(item, 0)
                if not self._pending:
                    return
                for reference in self._finished():
                    yield from self._outcome(reference)
        finally:
            for reference in self._pending:
                self._ray.cancel(reference, force=True)

    def _room(self) -> int:
        workers = self._executor.workers
        if self._executor.address is not None and workers is not None:
            return workers
        cpus = self._ray.cluster_resources().get("CPU", 1.0)
        return 2 * max(1, int(cpus) // self._executor.threads)

    def _start(self, item: Any, tried: int) -> None:
        self._pending[self._task.remote([self._function], item)] = (item, tried)

    def _finished(self) -> list[Any]:
        """Wait for work to end; after a long silence, see whether any worker comes up."""
        ray, silence = self._ray, self._executor.silence
        done, _ = ray.wait(list(self._pending), timeout=silence)
        if done:
            return done
        sign = ray.remote(_nothing).options(num_cpus=0, max_retries=0).remote()
        done, _ = ray.wait([sign, *self._pending], timeout=silence)
        if not done:
            raise _no_progress(f"no worker came up in {2 * silence:g} s")
        return [reference for reference in done if reference != sign]

    def _outcome(self, reference: Any) -> Iterator[tuple[Any, Any]]:
        """Yield the item and its result, or try once more."""
        item, tried = self._pending.pop(reference)
        faults = self._ray.exceptions
        try:
            result = self._ray.get(reference)
        except faults.RayTaskError as fault:
            if isinstance(fault.cause, faults.TaskCancelledError):  # Ray's KeyboardInterrupt
                raise KeyboardInterrupt from None
            raise _cause(fault) from None
        except (
            faults.WorkerCrashedError,
            faults.OutOfMemoryError,
            faults.NodeDiedError,
            faults.ObjectLostError,
        ) as fault:
            self._died(fault)
            if tried < self._executor.retries:
                self._start(item, tried + 1)
                return
            cause = f"its worker died {tried + 1} times; {_line(fault)}"
            if self._lost is None:
                raise ThalwegError(f"no result for {item}: {cause}") from None
            result = self._lost(item, cause)
        except faults.RayError as fault:
            raise ThalwegError(f"Ray stopped: {_line(fault)}") from fault
        else:
            self._deaths = 0
        yield item, result

    def _died(self, fault: Exception) -> None:
        self._deaths += 1
        if self._deaths >= self._executor.give_up:
            raise _no_progress(f"{self._deaths} workers died in a row; {_line(fault)}")


def _work(held: list[Any], item: Any) -> Any:
    """Do one item in a worker; the function is unpacked when it comes for the first time."""
    import ray

    global _held
    name = held[0].hex()
    if _held is None or _held[0] != name:
        _held = None  # let the one before go first
        _held = (name, ray.get(held[0]))
    return _held[1](item)


def _nothing() -> None:
    """Show that a worker can come up."""


def _cause(fault: Any) -> BaseException:
    """Return what the function raised in the worker, or a line about it."""
    if isinstance(fault.cause, Exception):
        return fault.cause
    return ThalwegError(f"a worker raised what cannot travel: {_line(fault)}")


def _line(fault: BaseException) -> str:
    return f"{type(fault).__name__}: {str(fault).strip().partition(chr(10))[0]}"[:200]


def _no_progress(what: str) -> ThalwegError:
    return ThalwegError(f"no progress: {what}; what was computed is kept, see to the workers")
