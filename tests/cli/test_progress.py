"""Progress off a terminal: few plain lines, and none for what is quick."""

from io import StringIO
from itertools import count

from rich.console import Console

from thalweg.cli.progress import CountProgress


def shown(seconds_a_call, calls=100, terminal=False):
    page = StringIO()
    console = Console(file=page, force_terminal=terminal, width=80)
    ticks = (i * seconds_a_call for i in count())
    with CountProgress(console, clock=lambda: next(ticks)) as progress:
        for done in range(1, calls + 1):
            progress(done * 50, calls * 50)
    return page.getvalue()


def test_slow_work_says_every_tenth():
    lines = shown(5.0).splitlines()
    assert lines == [f"{tenth * 500:,} of 5,000 cells done" for tenth in range(1, 11)]


def test_quick_work_says_nothing():
    assert shown(0.001) == ""


def test_lines_are_seconds_apart():
    assert len(shown(0.09).splitlines()) == 4  # 9 seconds, at least 2 apart


def test_a_terminal_gets_a_bar_that_goes():
    page = shown(1.0, terminal=True)
    assert "5,000 of 5,000 cells" in page
    assert "cells done" not in page
