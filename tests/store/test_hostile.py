"""Stores from anywhere: nothing is run, unpacked or followed on their word."""

import json
import os
import resource
import struct
import sys
import time

import numpy as np
import pytest
import xarray as xr
import zarr
from numcodecs.zstd import Zstd

from thalweg.core.errors import StoreError
from thalweg.store.durable import files_below, read_file, write_files
from thalweg.store.folder import load, save
from thalweg.store.ledger import LINES, LedgerWriter, file_sum, read_ledger
from thalweg.store.verify import verify

DATASET = xr.Dataset(
    {"x": ("i", np.arange(4.0)), "name": ("i", ["a", "b", "c", "d"])}, attrs={"kind": "test"}
)
EXTRA_MEGABYTES = 500


def noted(store):
    """Write the ledger anew, as whoever makes a hostile store would."""
    sums = {k: file_sum((store / k).read_bytes()) for k in files_below(store) if "ledger" not in k}
    (store / LINES).unlink()
    LedgerWriter(store).note(sums)


def bomb(store, name="x", **changes):
    """Change metadata and give the store a ledger that agrees."""
    file = store / name / "zarr.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    noted(store)


def refused(store, match):
    """Check for one line, at once, without the memory that the store asks for."""
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for read in (load, verify):
        with pytest.raises(StoreError, match=match) as caught:
            read(store)
        assert "\n" not in str(caught.value)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert used < EXTRA_MEGABYTES * 1024
    assert time.process_time() - began < 2


def grid(*shape):
    return {"name": "regular", "configuration": {"chunk_shape": list(shape)}}


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [100_000_000_000_000]},  # 800 TB
        {"shape": [100_000_000_000_000], "chunk_grid": grid(1)},
        {"shape": [4], "chunk_grid": grid(100_000_000_000)},
        {"shape": [0, 10**13], "chunk_grid": grid(1, 10**13), "dimension_names": ["i", "j"]},
        {
            "shape": [1] * 4 + [10**12],
            "chunk_grid": grid(*[1] * 5),
            "dimension_names": list("abcde"),
        },
    ],
)
def test_absurd_shapes_are_refused_with_their_size(changes, tmp_path):
    bomb(save(DATASET, tmp_path / "s"), **changes)
    refused(
        tmp_path / "s", r"s must need at most 256,000,000 bytes of memory, got [\d,]+ bytes; if"
    )


def test_the_limit_can_be_raised_and_lowered(tmp_path):
    save(xr.Dataset({"x": ("i", np.zeros(33_000_000))}), tmp_path / "s")
    refused(tmp_path / "s", "got 264,000,000 bytes; if you trust it, load it with a higher limit")
    assert load(tmp_path / "s", limit=264_000_000).sizes == {"i": 33_000_000}
    save(DATASET, tmp_path / "t")
    with pytest.raises(StoreError, match="at most 10 bytes"):
        load(tmp_path / "t", limit=10)


def packed(content, frames=1):
    """Zstandard frames with a checksum behind them that is right for nobody but the ledger."""
    return Zstd().encode(content) * frames + bytes(4)


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("x/c/0", packed(np.zeros(200_000_000, np.uint8))),
        ("x/c/0", packed(np.zeros(32, np.uint8))[:-4] + packed(np.zeros(20_000_000, np.uint8))),
        ("x/c/0", packed(np.zeros(32, np.uint8), frames=20)),
        ("name/c/0", packed(np.zeros(200_000_000, np.uint8), frames=2)),
        ("name/c/0", packed(np.frombuffer(struct.pack("<I", 1_000_000_000), np.uint8))),
        ("name/c/0", packed(np.zeros(0, np.uint8))),
        ("x/c/0", b"\x28\xb5\x2f\xfd" + b"\xff" * 12),
        ("x/c/0", b""),
    ],
)
def test_chunks_that_unpack_to_something_else_are_damaged(key, content, tmp_path):
    store = save(DATASET, tmp_path / "s")
    (store / key).write_bytes(content)
    noted(store)
    with pytest.raises(StoreError, match=f"s must be readable, got damaged {key}"):
        load(store)
    assert verify(store).damaged == (key,)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2_000_000


def test_huge_and_deep_metadata_is_refused(tmp_path):
    store = save(DATASET, tmp_path / "s")
    deep = b"[" * 100_000 + b"]" * 100_000
    for content in (deep, b'{"a": ' + deep + b"}", b"[]", b"\xff\xfe", b"{", b"1" * 5000):
        (store / "x" / "zarr.json").write_bytes(content)
        noted(store)
        refused(store, "x/zarr.json must be readable, got no JSON object")
    for key in ("zarr.json", LINES):
        save(DATASET, store)
        with open(store / key, "r+b") as file:
            file.truncate(10**12)  # a hole: it takes no room on the disk
        with pytest.raises(StoreError, match=r"got damaged zarr.json|must have at most"):
            load(store)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"codecs": [{"name": "bytes"}, {"name": "numcodecs.pickle"}]}, "got 'numcodecs.pickle'"),
        ({"codecs": [{"name": "bytes"}, {"name": "gzip"}, {"name": "crc32c"}]}, "got 'gzip'"),
        ({"codecs": [{"name": "sharding_indexed"}]}, "got 'sharding_indexed'"),
        ({"codecs": [{"name": "bytes"}, {"name": "zstd"}]}, r"codecs of .*x/zarr.json"),
        ({"codecs": "pickle"}, "codecs of"),
        ({"codecs": None}, "codecs of"),
        ({"data_type": "object"}, "data_type of .* got 'object'"),
        ({"data_type": {"name": "numpy.void"}}, "data_type of .* got {'name': 'numpy.void'}"),
        ({"data_type": "string"}, "codecs of"),
        ({"zarr_format": 2}, "zarr_format of .* got 2"),
        ({"node_type": "group"}, "node_type of"),
        ({"storage_transformers": [{"name": "x"}]}, "storage_transformers of"),
        ({"chunk_key_encoding": {"name": "v2"}}, "chunk_key_encoding of"),
        (
            {"chunk_grid": {"name": "rectilinear", "configuration": {"chunk_shape": [4]}}},
            "chunk_grid",
        ),
        ({"chunk_grid": {}}, "shape of"),
        ({"shape": [-4]}, "shape of .* got \\[-4\\]"),
        ({"shape": [4, 1]}, "shape of"),
        ({"shape": [True]}, "shape of"),
        ({"shape": None}, "shape of"),
        ({"dimension_names": [None]}, "dimension_names of"),
        ({"fill_value": 1.0}, "fill_value of .* got 1.0"),
        ({"must_understand": True}, "got 'must_understand'"),
    ],
)
def test_what_we_do_not_write_is_refused_by_name(changes, match, tmp_path):
    bomb(save(DATASET, tmp_path / "s"), **changes)
    refused(tmp_path / "s", match)


def test_groups_of_another_format_are_refused(tmp_path):
    store = save(DATASET, tmp_path / "s")
    plain = json.loads((store / "zarr.json").read_text())
    for changes, match in (
        ({"node_type": "array"}, "node_type of"),
        ({"consolidated_metadata": {"metadata": {}}}, "consolidated_metadata of"),
        ({"attributes": [1]}, "attributes of"),
        ({"attributes": {"store_format": 2}}, "must have store format 1, got 2; read it with"),
    ):
        (store / "zarr.json").write_text(json.dumps({**plain, **changes}))
        noted(store)
        refused(store, match)
    zarr.create_group(tmp_path / "v2", zarr_format=2).create_array("x", data=np.zeros(3))
    with pytest.raises(StoreError, match="v2 must be a Zarr store, got something else"):
        load(tmp_path / "v2")
    zarr.create_group(tmp_path / "v3", zarr_format=3).create_array("x", data=np.zeros(3))
    with pytest.raises(StoreError, match="must be what Thalweg writes"):  # somebody else's
        load(tmp_path / "v3")


@pytest.mark.parametrize("key", ["zarr.json", "x/zarr.json", "x/c/0", "x/c", "x", LINES, "ledger"])
@pytest.mark.parametrize("ledger", [True, False])
def test_links_are_refused_whatever_they_point_to(key, ledger, tmp_path):
    store = save(DATASET, tmp_path / "s")
    (store / key).rename(tmp_path / "canary")
    (store / key).symlink_to(tmp_path / "canary")
    if not ledger and "ledger" not in key:
        plain = json.loads((store / "zarr.json").read_text())
        del plain["attributes"]["store_format"]
        (store / "zarr.json").write_text(json.dumps(plain))
        for file in (store / "ledger").iterdir():
            file.unlink()
        (store / "ledger").rmdir()
    refused(store, f"s must hold no links, got {key}")


PATHS = [
    "../canary",
    "/etc/passwd",
    "x/../../canary",
    "x//c",
    "./x",
    "x\\..\\canary",
    "x/\0",
    "C:x",
    "",
]


@pytest.mark.parametrize("key", PATHS)
def test_paths_that_leave_the_store_are_neither_read_nor_written(key, tmp_path):
    store = save(DATASET, tmp_path / "s")
    (tmp_path / "canary").write_text("secret")
    for act in (lambda: read_file(store, key), lambda: write_files(store, {key: b"mine"})):
        with pytest.raises(StoreError, match=r"must hold (plain|relative) paths"):
            act()
    LedgerWriter(store, read_ledger(store)).note({key: "0"})
    if key.split("/")[0] == "x":  # others name nothing of the store
        refused(store, "must hold plain paths")
    assert (tmp_path / "canary").read_text() == "secret"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["canary", "s"]


def test_writing_through_a_link_is_refused(tmp_path):
    (tmp_path / "s" / "x").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "s" / "x" / "c").symlink_to(tmp_path / "out")
    (tmp_path / "s" / "file").symlink_to(tmp_path / "out" / "file")
    for key in ("x/c/0", "file"):
        with pytest.raises(StoreError, match="must hold no links"):
            write_files(tmp_path / "s", {key: b"mine"})
    assert not [*(tmp_path / "out").iterdir()]


def test_nothing_is_run_imported_or_reached_while_hostile_stores_are_read(tmp_path):
    seen, watching = [], True
    named = (
        "os.system",
        "subprocess.Popen",
        "socket.connect",
        "exec",
        "os.exec",
        "pickle.find_class",
    )

    def watch(event, arguments):
        if watching and (event in named or (event == "import" and arguments[0] == "antigravity")):
            seen.append((event, arguments))

    store = save(DATASET, tmp_path / "s")
    load(store)
    sys.addaudithook(watch)
    for codec in ("numcodecs.pickle", "antigravity", "os.system", "__main__.x"):
        bomb(store, codecs=[{"name": codec, "configuration": {"module": "antigravity"}}])
        with pytest.raises(StoreError):
            load(store)
        save(DATASET, store)
    for value in ("!!python/object/apply:os.system", {"__reduce__": ["os.system", "x"]}, "${jndi}"):
        file = store / "zarr.json"
        plain = json.loads(file.read_text())
        plain["attributes"]["note"] = value
        file.write_text(json.dumps(plain))
        noted(store)
        assert load(store).attrs["note"] == value
    watching = False
    assert not seen


def test_random_rubbish_is_a_store_error_or_harmless(tmp_path):
    """Mutants with a ledger that agrees: what the sums cannot tell must still not crash."""
    random = np.random.default_rng(0)
    store = save(DATASET, tmp_path / "s")
    files = [store / key for key in files_below(store) if "ledger" not in key]
    mutants = 1000 if os.environ.get("THALWEG_FULL") == "1" else 60
    said = []
    for _ in range(mutants):
        file = files[random.integers(len(files))]
        whole = file.read_bytes()
        torn = bytearray(whole)
        for at in random.integers(0, len(torn), random.integers(1, 4)):
            torn[at] = random.integers(256)
        file.write_bytes(torn)
        noted(store)
        try:
            load(store)
        except StoreError as fault:
            said.append(str(fault))
        file.write_bytes(whole)
    assert len(said) > mutants // 4
    assert all(str(store) in line and "\n" not in line for line in said)
