"""Fixtures for all tests; the table of networks is in cases.py."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

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
