"""Fixtures: one guarded reader of HDF5 files for many tests; test_apart.py starts its own."""

import pytest

from thalweg.interop import apart
from thalweg.interop.checkpoints.kinds import FileLimits, Kind


@pytest.fixture(scope="session")
def h5_reader():
    """One process; it starts once."""
    with apart.Apart([Kind.HDF5], FileLimits()) as reader:
        yield reader


@pytest.fixture
def one_reader(h5_reader, monkeypatch):
    """Let `arrays_of_h5` ask that process instead of starting one for every file."""

    class Shared(apart.Apart):
        parse = h5_reader.parse

    monkeypatch.setattr(apart, "Apart", Shared)
