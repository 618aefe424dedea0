"""Fixtures: the canonical checkpoints, one guarded reader for all tests, long runs or not."""

import os
from pathlib import Path

import pytest

from thalweg.interop.apart import Apart
from thalweg.interop.checkpoints.kinds import FileLimits, Kind

CANONICAL = Path(__file__).parents[2] / "data" / "canonical"


@pytest.fixture(scope="session")
def canonical():
    """Checkpoints that the original loss-landscape code wrote, and their arrays."""
    return CANONICAL


@pytest.fixture(scope="session")
def apart():
    """One process for every kind; it starts once, PyTorch and all."""
    with Apart([kind for kind in Kind if kind is not Kind.SAFETENSORS], FileLimits()) as apart:
        yield apart


@pytest.fixture(scope="session")
def full():
    """Whether the full counts are wanted."""
    return os.environ.get("THALWEG_FULL") == "1"
