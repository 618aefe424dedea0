"""What both kernel classes share: checks of the network, aligned scratch, and threads."""

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError


def check_network(widths: Sequence[int], activation: int, loss: int) -> tuple[int, ...]:
    """Return the widths as whole numbers, if they and the codes make sense.

    Raises:
        InputError: fewer than two layers, an empty layer, or an unknown code.
    """
    sizes = tuple(int(width) for width in widths)
    if len(sizes) < 2 or min(sizes) < 1:
        raise InputError("widths must be two or more sizes >= 1", str(widths), "add layers")
    if not (0 <= activation <= 3 and 0 <= loss <= 2):
        codes = f"{activation} and {loss}"
        raise InputError("activation must be 0..3 and loss 0..2", codes, "see the kernel's help")
    return sizes


def count_parameters(widths: Sequence[int]) -> int:
    """Return how many weights and biases a network of these widths has.

    >>> count_parameters((2, 16, 1))
    65
    """
    return sum((a + 1) * b for a, b in pairwise(widths))


def aligned(size: int) -> FloatArray:
    """Return uninitialized numbers that start a cache line: vector loads never straddle two."""
    raw = np.empty(size + 8)
    skip = -(raw.ctypes.data // 8) % 8
    return raw[skip : skip + size]


def in_pieces(evaluate: Callable[[int, int], None], count: int, threads: int) -> None:
    """Call evaluate(start, end) on pieces of range(count), by this thread and `threads - 1` more.

    Several pieces a thread: one that is held up does not make the others wait.

    Raises:
        InputError: threads is below 1.
    """
    if threads < 1:
        raise InputError("threads must be at least 1", str(threads), "leave the default")
    if threads == 1:
        evaluate(0, count)
        return
    edges = np.linspace(0, count, min(count, 4 * threads) + 1).astype(int)
    todo = deque(pairwise(edges.tolist()))

    def work() -> None:
        while True:
            try:
                start, end = todo.popleft()
            except IndexError:
                return
            evaluate(start, end)

    helpers = [_pool().submit(work) for _ in range(threads - 1)]
    work()
    for helper in helpers:
        if not helper.cancel():  # one that has not begun by now has nothing left to do
            helper.result()


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads that wait for work; a forked child makes its own."""
    return ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), thread_name_prefix="thalweg")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)
