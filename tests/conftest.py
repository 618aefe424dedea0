"""Fixtures for all tests; the table of networks is in cases.py."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from chromium import WANTED

settings.register_profile(
    "house",
    deadline=None,
    derandomize=True,
    max_examples=40,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # a loaded machine is no fault
)
settings.load_profile("house")


@pytest.fixture(scope="session")
def reference():
    """What the chapter's own code yields at its default settings."""
    with np.load(Path(__file__).parent / "data" / "seed_defaults.npz") as file:
        return dict(file)


def pytest_terminal_summary(terminalreporter):
    """Say what was left out: nothing is skipped in silence."""
    if not WANTED:
        terminalreporter.write_line("left out: tests/browser, for no Chromium was found")
