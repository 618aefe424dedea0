"""Names and links inside files: nothing outside them is read, nothing anywhere is written."""

import json
from io import BytesIO
from itertools import product

import h5py
import numpy as np
import pytest
import torch

from interop.checkpoints.corpus import npy, with_pickle, zipped
from interop.checkpoints.writers import ARRAYS, WRITERS, attempt, torch_bytes
from thalweg.core.errors import InputError, StoreError
from thalweg.interop.checkpoints.kinds import Kind
from thalweg.interop.checkpoints.load import load_arrays
from thalweg.interop.checkpoints.trajectory import trajectory_from_checkpoints

SECRET = b"the canary must not be read"
UPS = ("../", "..\\", "%2e%2e/", "%252e%252e%252f", "..%2f", "....//", "..;/", ".%00./", "a/../../")
TARGETS = ("outside/canary", "outside\\canary", "outside/canary.npy", "rootbeer/canary", "OUTSIDE")
WHOLE = (
    *("/etc/passwd", "//etc/passwd", "\\\\server\\share\\a", "//server/share/a", "C:\\a", "c:/a"),
    *("file:///etc/passwd", "..", ".", "", "/", "a\0b", "../a\0.npy", "a\nb", "\x1b[2Ja", "~root"),
    *("~/a", "$HOME/a", "${HOME}", "`touch canary`", "$(touch canary)", "CON", "nul.npy", "a:b"),
    *("\u2025/a", "\uff0e\uff0e/a", "\u202e/gnp", "x" * 600, "a/./b", "/proc/self/environ"),
    *("/dev/stdin", "|touch canary", ";touch canary", "--help", "{0.__class__}", "%s%s%n"),
)
STRINGS = [up * depth + end for up, depth, end in product(UPS, (1, 2, 5), TARGETS)] + list(WHOLE)


@pytest.fixture
def root(tmp_path):
    """A folder for the files, with canaries outside it that every string aims at."""
    for name in ("outside", "rootbeer"):
        (tmp_path / name).mkdir()
        for end in ("", ".npy", ".h5", ".bin"):
            (tmp_path / name / f"canary{end}").write_bytes(SECRET)
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def tree(root):
    return {
        path: (path.read_bytes() if path.is_file() else None, path.stat().st_mtime_ns)
        for path in root.parent.rglob("*")
        if root not in (path, path.parent)
    }


def files(string):
    """Return files of each format that hold the string as a name, as far as it can be one."""
    member = npy(bytes(8), "'<f8'")
    header = {string: {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}
    text = json.dumps(header).encode()
    yield "a.npz", Kind.NPZ, zipped({f"{string}.npy": member})
    yield "b.npz", Kind.NPZ, zipped({string or "/": member, "a.npy": member})
    yield "a.pt", Kind.TORCH, torch_bytes({string: torch.ones(1)})
    yield "a.t7", Kind.TORCH, torch_bytes({"state_dict": {string: torch.ones(1)}}, new=False)
    yield "b.pt", Kind.TORCH, with_pickle(b"\x80\x02}.", {f"archive/data/{string}": b"x"})
    yield (
        "c.pt",
        Kind.TORCH,
        zipped({f"{string}/data.pkl": b"\x80\x02}.", f"{string}/version": b"3"}),
    )
    yield "a.safetensors", Kind.SAFETENSORS, len(text).to_bytes(8, "little") + text + b"x"
    yield "a.h5", Kind.HDF5, h5_with_links(string)


def h5_with_links(string):
    file = BytesIO()
    with h5py.File(file, "w") as h5:
        h5["good"] = np.ones(1)
        if "\0" not in string:
            h5["soft"] = h5py.SoftLink(string or "/")
            h5["out"] = h5py.ExternalLink(string or "a", "/x")
    return file.getvalue()


def test_path_strings_inside_files_lead_nowhere(root, apart, full):
    assert len(STRINGS) >= 150
    before = tree(root)
    kept = set()
    for string in STRINGS if full else STRINGS[::4] + list(WHOLE):
        for name, kind, content in files(string):
            path = root / name
            path.write_bytes(content)
            arrays, refusal = attempt(path, apart)
            assert refusal.isprintable()
            assert not refusal or refusal.startswith(f"{path} must be a sound {kind.value}")
            kept |= set(arrays)
            assert not any(SECRET in array.tobytes() for array in arrays.values())
    assert kept  # odd but harmless names are just names
    for name in kept:
        parts = name.split("/")
        assert name.isprintable()
        assert "\\" not in name
        assert ".." not in parts
        assert parts[0]
    assert tree(root) == before
    assert {path.name for path in root.iterdir()} <= {name for name, *_ in files("a")}


def test_path_strings_as_files_are_errors_in_one_line(root):
    before = tree(root)
    for string in STRINGS:
        for end in (".npz", ".safetensors", ".pt", ".h5"):
            with pytest.raises((StoreError, InputError)) as caught:
                load_arrays(f"{root}/{string[:400]}/none{end}")
            assert str(caught.value).isprintable()
    assert tree(root) == before


def external(file, root):
    dtype = np.dtype("u1")
    place = (str(root.parent / "outside" / "canary").encode(), 0, len(SECRET))
    made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    made.set_external(*place)
    space = h5py.h5s.create_simple((len(SECRET),))
    h5py.h5d.create(file.id, b"x", h5py.h5t.py_create(dtype), space, made)


def virtual(file, root):
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource(root.parent / "real.h5", "w", (3,))
    file.create_virtual_dataset("x", layout)


def endless(file, root):
    """A virtual dataset whose very shape depends on files that exist or not."""
    layout = h5py.VirtualLayout((1,), "f8", (None,))
    source = h5py.VirtualSource(root.parent / "real.h5", "w", (3,), maxshape=(None,))
    layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    file.create_virtual_dataset("x", layout)


def linked(file, root):
    file["x"] = h5py.ExternalLink(root.parent / "real.h5", "/w")


def inner(file, root):
    file["deep/er"] = h5py.ExternalLink(root.parent / "real.h5", "/")
    file["x"] = h5py.SoftLink("/deep/er/w")


def soft(file, root):
    file["w"] = np.ones(1)
    file["x"] = h5py.SoftLink("/w")


def dangling(file, root):
    file["x"] = h5py.SoftLink("/nowhere")


def reference(file, root):
    file["w"] = np.ones(1)
    file.create_dataset("x", data=[file["w"].ref], dtype=h5py.ref_dtype)


def ragged(file, root):
    file.create_dataset("x", (2,), h5py.vlen_dtype(np.float32))


def compound(file, root):
    file["x"] = np.zeros(2, [("a", "f4"), ("b", "i4")])


def nothing(file, root):
    file["x"] = h5py.Empty("f4")


WAYS_OUT = {
    external: "external storage at 'x'",
    virtual: "a virtual dataset at 'x'",
    endless: "a virtual dataset at 'x'",
    linked: "an external link at 'x'",
    inner: "link at",
    soft: "a soft link at 'x'",
    dangling: "a soft link at 'x'",
    reference: "object at 'x'",
    ragged: "object at 'x'",
    compound: "at 'x'",
    nothing: "at 'x'",
}


@pytest.mark.parametrize("make", WAYS_OUT, ids=lambda make: make.__name__)
def test_hdf5_leads_to_no_other_file(root, apart, make):
    with h5py.File(root.parent / "real.h5", "w") as real:
        real["w"] = np.arange(3.0)
    with h5py.File(root / "a.h5", "w") as file:
        make(file, root)
    with pytest.raises(StoreError, match=WAYS_OUT[make]):
        apart.parse(root / "a.h5", Kind.HDF5)


def test_an_unknown_filter_loads_no_library(root, apart):
    whole = WRITERS["packed.h5"]()
    with h5py.File(root / "a.h5", "w") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((4,))
        made.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((4,))
        h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_FLOAT, space, made)
    with pytest.raises(StoreError, match="the filter 32015 at 'x'; compress with gzip"):
        apart.parse(root / "a.h5", Kind.HDF5)
    (root / "b.h5").write_bytes(whole)
    assert apart.parse(root / "b.h5", Kind.HDF5).arrays.keys() == ARRAYS.keys()


def test_patterns_stay_patterns(root):
    before = tree(root)
    for string in STRINGS:
        with pytest.raises((InputError, StoreError)) as caught:
            trajectory_from_checkpoints(f"{root}/{string}*.none")
        assert str(caught.value).isprintable()
    assert tree(root) == before
