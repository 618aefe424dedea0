"""Files are whole, or one line says why there is none."""

import os

import pytest

from thalweg.core.errors import StoreError
from thalweg.core.files import write_whole


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "new" / ("x" * 250)
    for content in (b"one", b"two"):
        assert write_whole(path, content) == path
        assert path.read_bytes() == content
    assert [*path.parent.iterdir()] == [path]


def test_what_cannot_be_written_is_told_and_leaves_no_trace(tmp_path, monkeypatch):
    there = tmp_path / "there"
    write_whole(there, b"kept")
    for path, said in [
        (there / "below", "must be writable, got (Not a directory|File exists)"),
        (tmp_path, "must be writable, got Is a directory"),
        (tmp_path / ("x" * 300), "must be writable, got File name too long"),
    ]:
        with pytest.raises(StoreError, match=said):
            write_whole(path, b"lost")

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_whole(there, b"lost")
    assert [*tmp_path.iterdir()] == [there]
    assert there.read_bytes() == b"kept"
