"""Executors: every item once, lazily; a fault is raised and leaves no thread behind."""

import threading

import pytest

from thalweg.core.errors import InputError
from thalweg.core.executor import SerialExecutor, ThreadExecutor
from thalweg.core.patience import Overtime

EXECUTORS = [SerialExecutor(), ThreadExecutor(1), ThreadExecutor(3)]


@pytest.mark.parametrize("executor", EXECUTORS, ids=str)
def test_every_item_once_with_its_own_result(executor):
    assert sorted(executor.map(lambda i: -i, range(50))) == [(i, -i) for i in range(50)]
    assert list(executor.map(lambda i: -i, [])) == []


@pytest.mark.parametrize("executor", EXECUTORS, ids=str)
@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_fault_surfaces_and_stops_the_rest(executor, fault):
    calls, lock = [], threading.Lock()

    def work(i):
        with lock:
            calls.append(i)
        if i == 5:
            raise fault
        return i

    before = threading.active_count()
    with pytest.raises(fault):
        list(executor.map(work, range(10_000)))
    assert len(calls) < 100
    assert threading.active_count() == before


@pytest.mark.parametrize("executor", EXECUTORS, ids=str)
def test_items_are_drawn_lazily_and_leaving_early_is_clean(executor):
    drawn = []

    def items():
        for i in range(10_000):
            drawn.append(i)
            yield i

    before = threading.active_count()
    results = executor.map(lambda i: i, items())
    next(results)
    results.close()
    assert len(drawn) < 20
    assert threading.active_count() == before


def test_no_workers_are_refused():
    with pytest.raises(InputError, match="workers must be at least 1"):
        ThreadExecutor(0)


def test_what_can_be_done_about_overtime_is_said_where_it_is_asked():
    assert SerialExecutor().overtime is Overtime.INTERRUPTED
    assert ThreadExecutor(1).overtime is Overtime.ENDURED
    ((_, elsewhere),) = ThreadExecutor(1).map(
        lambda executor: executor.overtime, [SerialExecutor()]
    )
    assert elsewhere is Overtime.ENDURED
