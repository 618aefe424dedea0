"""Damaged files: no crash, no hang, one line that names the file, no silent swap that can be told.

Where a format has checksums (zip members), a mutant yields the same arrays or is refused.
Elsewhere a flipped bit in the numbers cannot be noticed, unless the digest is known.
"""

import hashlib
import json
import os
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest

from interop.checkpoints.corpus import npy
from interop.checkpoints.writers import ARRAYS, WRITERS, attempt, npy_bytes, read, same
from thalweg.core.errors import StoreError
from thalweg.interop.checkpoints.kinds import Kind, kind_of

SEEDS = {**WRITERS, "a.npy": lambda: npy_bytes(ARRAYS["conv.weight"])}
CHECKED = {"a.npz", "packed.npz", "a.pt", "a.ckpt"}  # zip members carry checksums


def mutants(whole, count, seed):
    """Yield flips, cuts and splices of a file, the same ones each time."""
    random = np.random.default_rng(seed)
    for at in range(count):
        data = bytearray(whole)
        match at % 4:
            case 0:
                for place in random.integers(len(data), size=random.integers(1, 5)):
                    data[place] ^= 1 << random.integers(8)
            case 1:
                data[random.integers(len(data)) :] = b""
            case 2:
                place, source = random.integers(len(data), size=2)
                data[place:place] = data[source : source + random.integers(1, 200)]
            case 3:
                place, source, length = *random.integers(len(data), size=2), random.integers(1, 99)
                data[place : place + length] = data[source : source + random.integers(1, 99)]
        yield bytes(data)


@pytest.mark.parametrize("name", SEEDS)
def test_mutants_are_read_right_or_refused_in_one_line(apart, tmp_path, full, name):
    path = tmp_path / name
    whole = SEEDS[name]()
    path.write_bytes(whole)
    truth = read(path, apart)
    counts = {"refused": 0, "same": 0, "other": 0, "stopped": 0}
    for mutant in mutants(whole, 1000 if full else 40, seed=5):
        path.write_bytes(mutant)
        got, refusal = attempt(path, apart)
        if refusal:
            assert refusal.startswith(f"{path} must be a sound {kind_of(path).value} file, got ")
            assert len(refusal.splitlines()) == 1
            counts["refused"] += 1
            counts["stopped"] += "stopped its reader" in refusal
        else:
            counts["same" if same(got, truth) else "other"] += 1
    if name in CHECKED:
        assert counts["other"] == 0
    assert counts["refused"] > counts["same"]
    assert counts["stopped"] == 0
    report(name, counts)


def report(name, counts):
    """Add the counts to the file that THALWEG_MUTANTS names, for the published table."""
    if "THALWEG_MUTANTS" in os.environ:
        with open(os.environ["THALWEG_MUTANTS"], "a") as file:
            file.write(json.dumps({name: counts}) + "\n")


@pytest.mark.parametrize("name", SEEDS)
def test_with_a_known_digest_no_mutant_passes(apart, tmp_path, name):
    path = tmp_path / name
    whole = SEEDS[name]()
    known = hashlib.sha256(whole).hexdigest()
    path.write_bytes(whole)
    assert read(path, apart, known)
    for mutant in mutants(whole, 12, seed=6):
        path.write_bytes(mutant)
        if mutant != whole:
            with pytest.raises(StoreError, match=f"{name} must .* SHA-256"):
                read(path, apart, known)


def changed_in_place(name):
    """Return an archive whose stored numbers differ in one bit from what was written."""
    whole = bytearray(SEEDS[name]())
    at = whole.index(ARRAYS["conv.weight"].tobytes())
    whole[at + 8] ^= 1
    return bytes(whole)


@pytest.mark.parametrize("name", ["a.npz", "a.pt", "a.ckpt"])
def test_one_flipped_bit_of_a_number_is_caught_by_the_checksum(apart, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(changed_in_place(name))
    with pytest.raises(StoreError, match="Bad CRC-32"):
        read(path, apart)


def without_first_entry(whole):
    """Return an archive whose directory forgets its first member, and says so in its end."""
    at = whole.index(b"PK\x01\x02")
    rest = whole.index(b"PK\x01\x02", at + 1)
    size = int.from_bytes(whole[-10:-6], "little") - (rest - at)
    return whole[:at] + whole[rest:-14] + b"\5\0\5\0" + size.to_bytes(4, "little") + whole[-6:]


def with_another_count(whole):
    return whole[:-14] + b"\5\0\5\0" + whole[-10:]


@pytest.mark.parametrize("change", [without_first_entry, with_another_count])
def test_members_that_the_directory_forgets_are_noticed(apart, tmp_path, change):
    whole = SEEDS["a.npz"]()
    assert int.from_bytes(whole[-12:-10], "little") == 6
    (tmp_path / "a.npz").write_bytes(change(whole))
    with pytest.raises(StoreError, match=r"out of place|not those of its directory"):
        apart.parse(tmp_path / "a.npz", Kind.NPZ)


SHAPES = ["(-1,)", "(2.0,)", "(True,)", "[1]", "3", "(10**9, 10**9)", "(1,) * 40", "(0,)", "(2,)"]


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_that_do_not_fit_their_bytes_are_refused(apart, tmp_path, shape):
    path = tmp_path / "a.npy"
    path.write_bytes(npy(bytes(8), "'<f8'", shape=shape))
    with pytest.raises(StoreError, match=r"header|shape"):
        apart.parse(path, Kind.NPY)


def test_the_mutants_of_a_seed_differ():
    whole = SEEDS["a.pt"]()
    made = set(mutants(whole, 100, seed=5))
    assert len(made) > 95
    assert ZipFile(BytesIO(whole)).testzip() is None
