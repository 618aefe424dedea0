"""The ledger: lines that count once they are whole, files that may be replaced at any moment."""

import os
from dataclasses import replace

import pytest

from thalweg.core.errors import StoreError
from thalweg.store import ledger as ledger_module
from thalweg.store.durable import place
from thalweg.store.ledger import LINES, LedgerWriter, file_sum, read_ledger, rewritten


def test_what_was_committed_is_read_back(tmp_path):
    writer = LedgerWriter(tmp_path)
    assert read_ledger(tmp_path) is None
    said, how = {"b/c": ["at a = 1: ü"]}, {"a": "with care"}
    writer.commit({"a": b"1", "b/c": b"2"}, said, how, {"fields": ["loss"]})
    writer.commit({"d": b"3"})
    ledger = read_ledger(tmp_path)
    assert ledger.sums == {
        k: (file_sum(v),) for k, v in {"a": b"1", "b/c": b"2", "d": b"3"}.items()
    }
    assert ledger.failures == {"b/c": ("at a = 1: ü",)}
    assert ledger.methods == how
    assert ledger.identity == {"fields": ["loss"]}
    assert (tmp_path / "b" / "c").read_bytes() == b"2"
    again = LedgerWriter(tmp_path, ledger)
    again.forget(["b/c"])
    forgotten = read_ledger(tmp_path)
    assert (set(forgotten.sums), forgotten.lost) == ({"a", "d"}, {"b/c"})
    assert forgotten.failures == {}
    again.commit({"b/c": b"4"})
    assert read_ledger(tmp_path).lost == frozenset()


@pytest.mark.parametrize("step", ["replace", "fsync", "ftruncate"])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_file_that_is_replaced_is_sound_at_every_moment(step, call, tmp_path, monkeypatch):
    writer = LedgerWriter(tmp_path)
    writer.commit({"a": b"old"})
    real, calls = getattr(os, step), []

    def failing(*arguments):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(os, step, failing)
    try:
        writer.commit({"a": b"new"})
    except KeyboardInterrupt:
        monkeypatch.undo()
    content = place(tmp_path, "a").read_bytes()
    assert file_sum(content) in read_ledger(tmp_path).sums["a"]
    assert content in (b"old", b"new")
    monkeypatch.undo()
    LedgerWriter(tmp_path, read_ledger(tmp_path)).commit({"a": b"newer"})
    assert read_ledger(tmp_path).sums["a"] == (file_sum(b"newer"),)
    assert (tmp_path / "a").read_bytes() == b"newer"


def test_every_flipped_bit_of_a_line_is_noticed(tmp_path):
    writer = LedgerWriter(tmp_path)
    for number in range(3):
        writer.commit({f"{number}": b"content"})
    file = tmp_path / LINES
    whole = file.read_bytes()
    first, second = (i for i in range(len(whole) - 1) if whole[i] == 10)
    for at in range(8 * (first + 1), 8 * second, 5):
        torn = bytearray(whole)
        torn[at // 8] ^= 1 << (at % 8)
        file.write_bytes(torn)
        ledger = read_ledger(tmp_path)
        assert "1" not in ledger.sums
        assert ledger.damaged
    file.write_bytes(whole)
    assert read_ledger(tmp_path).damaged == ()


def test_a_ledger_that_is_gone_is_not_made_again(tmp_path):
    writer = LedgerWriter(tmp_path)
    writer.commit({"a": b"1"})
    (tmp_path / LINES).unlink()
    with pytest.raises(FileNotFoundError):
        writer.commit({"b": b"2"})
    (tmp_path / LINES).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="must hold no links"):
        writer.commit({"b": b"2"})
    assert not (tmp_path / "elsewhere").exists()


def test_whichever_content_the_disk_holds_after_two_broken_replacements_is_sound(
    tmp_path, monkeypatch
):
    LedgerWriter(tmp_path).commit({"a": b"A"})

    def broken(before):
        def write(root, files):
            if not before:
                real(root, files)
            raise KeyboardInterrupt

        monkeypatch.setattr(ledger_module, "write_files", write)

    real = ledger_module.write_files
    for content, before in [(b"B", False), (b"C", True)]:
        broken(before)
        with pytest.raises(KeyboardInterrupt):
            LedgerWriter(tmp_path, read_ledger(tmp_path)).commit({"a": content})
        monkeypatch.setattr(ledger_module, "write_files", real)
    assert (tmp_path / "a").read_bytes() == b"B"
    known = read_ledger(tmp_path)
    assert known.sums == {"a": tuple(map(file_sum, (b"A", b"B", b"C")))}
    again = rewritten(tmp_path, known)
    assert read_ledger(tmp_path) == again == replace(known, length=again.length)
    LedgerWriter(tmp_path, again).commit({"a": b"D"})
    assert read_ledger(tmp_path).sums == {"a": (file_sum(b"D"),)}
