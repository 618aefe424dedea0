"""Patience: the alarm rings once it is due, and nothing of the caller's is left changed."""

import signal
import time
from contextlib import suppress

import pytest

from thalweg.core.errors import InputError
from thalweg.core.patience import Overtime, Patience, TooLong


def test_work_in_time_is_left_alone_and_the_callers_alarm_is_set_again():
    def hear(number, frame):
        raise AssertionError("the caller's alarm, long before it is due")

    handler = signal.signal(signal.SIGALRM, hear)
    signal.setitimer(signal.ITIMER_REAL, 600.0)
    try:
        with Patience(300.0).watch():
            assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 300
        assert 300 < signal.getitimer(signal.ITIMER_REAL)[0] <= 600
        assert signal.getsignal(signal.SIGALRM) is hear
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def sleep_and_catch_exceptions():
    with suppress(Exception):
        time.sleep(1000)


def sleep_through_the_first_alarm():
    with suppress(TooLong):
        time.sleep(1000)
    time.sleep(1000)


def test_work_that_takes_too_long_is_interrupted_and_that_is_no_exception():
    with pytest.raises(TooLong, match=r"took longer than 0\.05 s"), Patience(0.05).watch():
        sleep_and_catch_exceptions()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_alarm_rings_again_for_work_that_swallows_the_first():
    with pytest.raises(TooLong), Patience(0.05).watch():
        sleep_through_the_first_alarm()


def test_what_an_executor_can_do_decides():
    assert Patience.under(Overtime.ENDURED, None) is None
    assert Patience.under(Overtime.INTERRUPTED, 3) == Patience(3.0)
    assert Patience.under(Overtime.KILLED, 3) == Patience(3.0, kills=True)
    with pytest.raises(InputError, match="got threads"):
        Patience.under(Overtime.ENDURED, 3)
