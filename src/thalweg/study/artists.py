"""Artists: processes that draw figures while this one computes. A light file: they import it."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from thalweg.plots.mpl_page import Figure
from thalweg.plots.mpl_save import save_figure

Drawing = Callable[[], Figure]


def draw(drawing: Drawing, folder: Path, name: str) -> None:
    """Make a figure and save it as folder/name.png and .svg.

    Raises:
        StoreError: the folder cannot be written.
    """
    save_figure(drawing(), folder, name)


@contextmanager
def artists() -> Iterator[ProcessPoolExecutor]:
    """Give processes to draw with; they are gone at the end, also after Ctrl-C."""
    workers = min(4, os.cpu_count() or 1)
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_prepare)
    try:
        for _ in range(workers):  # they start now, while there is nothing to draw yet
            pool.submit(os.getpid)
        yield pool
    except BaseException:
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown()


def _prepare() -> None:
    """Leave Ctrl-C to the parent, which stops its artists itself; import what drawing needs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    import_module("thalweg.plots.mpl_figures")
