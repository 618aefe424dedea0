"""Guarding what belongs to the caller: random numbers, modes, threads, flags.

The guest's model needs no guard: only a private copy of it is ever moved (see double.py).
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch

Undo = Callable[[], None]
_ALONE = threading.RLock()  # a double and the random states serve one thread at a time


@contextmanager
def guarded(*generators: torch.Generator | None) -> Iterator[None]:
    """Run a block so that afterwards the process is as before, whatever the block raises.

    Inside, gradients are off, and so are autocast and inference mode. Afterwards the random
    states of torch, CUDA, NumPy, Python and of the given generators, the number of threads and
    the determinism flags are what they were. One thread at a time.
    """
    stack = ExitStack()
    try:
        try:
            stack.enter_context(_ALONE)
            undo = _remembered(generators)
            for _ in range(2):  # twice, since an interrupt may stop one of them in its midst
                stack.callback(undo)
            if torch.is_inference_mode_enabled():
                stack.enter_context(torch.inference_mode(False))
            for kind in ("cpu", "cuda"):
                if torch.is_autocast_enabled(kind):
                    stack.enter_context(torch.autocast(kind, enabled=False))
            torch.set_grad_enabled(False)
            yield
        finally:
            stack.close()
    finally:  # does nothing, unless an interrupt came before the first
        stack.close()


def _remembered(generators: tuple[torch.Generator | None, ...]) -> Undo:
    """Return a function that puts back what is there now."""
    steps: list[Undo] = [_own_generator(each) for each in generators if each is not None]
    torch_state = torch.get_rng_state()
    steps.append(lambda: torch.set_rng_state(torch_state))
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        cuda_states = torch.cuda.get_rng_state_all()
        steps.append(lambda: torch.cuda.set_rng_state_all(cuda_states))
    numpy_state = np.random.get_state()  # noqa: NPY002  the caller may use it
    steps.append(lambda: np.random.set_state(numpy_state))  # noqa: NPY002
    python_state = random.getstate()
    steps.append(lambda: random.setstate(python_state))
    gradients = torch.is_grad_enabled()
    steps.append(lambda: torch.set_grad_enabled(gradients) and None)
    threads = torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()

    def flags() -> None:
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        now = torch.are_deterministic_algorithms_enabled()
        if (now, torch.is_deterministic_algorithms_warn_only_enabled()) != (strict, warn_only):
            torch.use_deterministic_algorithms(strict, warn_only=warn_only)

    steps.append(flags)

    def undo() -> None:
        for step in steps:
            step()

    return undo


def seed_all() -> None:
    """Begin the random numbers of torch on the CPU, NumPy and Python anew, inside `guarded()`."""
    torch.default_generator.manual_seed(0)  # CUDA's too would seed a process that has yet to use it
    np.random.seed(0)  # noqa: NPY002  the caller's loader may use it
    random.seed(0)


def _own_generator(generator: torch.Generator) -> Undo:
    state = generator.get_state()
    return lambda: generator.set_state(state) and None
