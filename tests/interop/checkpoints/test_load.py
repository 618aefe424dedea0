"""load_arrays: every format against its own library, the canonical files, digests and errors."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save as save_torch_safetensors

from interop.checkpoints.writers import ARRAYS, WRITERS, npy_bytes, same, tensors, torch_bytes
from thalweg.core.errors import InputError, StoreError
from thalweg.interop.checkpoints.kinds import FileLimits, Kind, kind_of
from thalweg.interop.checkpoints.load import load_arrays, parse_all


def test_the_canonical_checkpoints_hold_what_numpy_says(apart, canonical):
    told = apart.parse(canonical / "checkpoints.npz", Kind.NPZ).arrays
    for epoch in ("0", "5"):
        parsed = apart.parse(canonical / f"model_{epoch}.t7", Kind.TORCH)
        own = {name[2:]: array for name, array in told.items() if name.startswith(f"{epoch}/")}
        assert len(own) == 15
        assert same(parsed.arrays, own)
        assert parsed.extras == {"nest": "state_dict"}


@pytest.mark.parametrize("name", WRITERS)
def test_round_trips_are_bit_for_bit(apart, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(WRITERS[name]())
    if kind_of(path) is Kind.SAFETENSORS:
        assert same(load_arrays(path), ARRAYS)
        return
    parsed = apart.parse(path, kind_of(path))
    assert same(parsed.arrays, ARRAYS)
    assert parsed.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "|b1", "<i8", "<c16", "<U3"])
def test_npy_in_either_order_and_any_plain_type(apart, tmp_path, dtype, order):
    array = np.asarray(np.arange(12).reshape(3, 4).astype(dtype), order=order)
    path = tmp_path / "a.npy"
    path.write_bytes(npy_bytes(array))
    [got] = apart.parse(path, Kind.NPY).arrays.values()
    assert got.dtype.isnative
    np.testing.assert_array_equal(got, array)


def test_formats_that_numpy_lacks_come_as_float32(apart, tmp_path):
    brain = torch.tensor([1.0, -3.140625, 1e30]).to(torch.bfloat16)
    (tmp_path / "a.pt").write_bytes(torch_bytes({"w": brain}))
    (tmp_path / "a.safetensors").write_bytes(save_torch_safetensors({"w": brain}))
    for got in (
        apart.parse(tmp_path / "a.pt", Kind.TORCH).arrays["w"],
        load_arrays(tmp_path / "a.safetensors")["w"],
    ):
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, brain.to(torch.float32).numpy())


NESTS = {
    "model": lambda t: {"model": t, "optimizer": {"state": {}, "lr": 0.1}},
    "model_state_dict": lambda t: {"epoch": 1, "model_state_dict": t, "loss": torch.ones(1)},
    "state_dict": lambda t: {"model": {"never": t}, "state_dict": t, "pytorch-lightning": "2"},
    "state_dict.model": lambda t: {"state_dict": {"model": t}},
    "": lambda t: t,
}


@pytest.mark.parametrize("nest", NESTS)
def test_the_state_dict_is_found_by_one_rule(apart, tmp_path, nest):
    (tmp_path / "a.pth").write_bytes(torch_bytes(NESTS[nest](tensors())))
    parsed = apart.parse(tmp_path / "a.pth", Kind.TORCH)
    assert same(parsed.arrays, ARRAYS)
    assert parsed.extras == {"nest": nest}


def test_views_and_shared_tensors_come_as_they_are(apart, tmp_path):
    whole = torch.arange(12.0).reshape(3, 4)
    state = {"t": whole.T, "row": whole[1], "tied": whole, "deep": {"x": whole[:, 1:3]}}
    (tmp_path / "a.pt").write_bytes(torch_bytes(state))
    got = apart.parse(tmp_path / "a.pt", Kind.TORCH).arrays
    assert list(got) == ["t", "row", "tied", "deep.x"]
    np.testing.assert_array_equal(got["t"], whole.numpy().T)
    np.testing.assert_array_equal(got["deep.x"], whole.numpy()[:, 1:3])


def test_load_arrays_starts_its_own_reader(tmp_path):
    (tmp_path / "a.h5").write_bytes(WRITERS["a.h5"]())
    assert same(load_arrays(str(tmp_path / "a.h5")), ARRAYS)


@pytest.mark.parametrize("name", ["a.safetensors", "a.npz"])
def test_a_known_digest_is_checked_before_anything_is_parsed(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(WRITERS[name]())
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert same(load_arrays(path, sha256=right.upper()), ARRAYS)
    path.write_bytes(b"no such format")
    with pytest.raises(StoreError, match=rf"{name} must .* got one of SHA-256 .*{right}"):
        load_arrays(path, sha256=right)


def test_digests_go_by_path_or_by_name(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(WRITERS["a.safetensors"]())
    for key in (str(path), path.name):
        with pytest.raises(StoreError, match="SHA-256"):
            next(parse_all([path], FileLimits(), {key: "0" * 64}))
    assert same(next(parse_all([path], FileLimits(), {"b.safetensors": "0"})).arrays, ARRAYS)


@pytest.mark.parametrize("name", ["a.pkl", "a.pickle", "a.joblib", "a.msgpack", "a", "a.pt.gz"])
def test_formats_that_can_only_be_unsafe_are_never_opened(tmp_path, name):
    with pytest.raises(InputError, match="pickled files are never opened") as caught:
        load_arrays(tmp_path / name)
    assert caught.value.exit_code == 2


PLACES = {
    "absent": ("no.npz", "No such file"),
    "folder": ("folder.npz", "no regular file"),
    "empty": ("empty.safetensors", "a header of 0 bytes in a file of 0"),
    "nul": ("a\0b.npz", "embedded null byte"),
    "long": ("x" * 5000 + ".npz", "File name too long"),
}


@pytest.mark.parametrize("place", PLACES)
def test_paths_that_cannot_be_read_are_named_in_one_line(tmp_path, place):
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "empty.safetensors").touch()
    name, reason = PLACES[place]
    with pytest.raises(StoreError, match=reason) as caught:
        load_arrays(tmp_path / name)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.exit_code == 2


def test_of_a_long_path_the_end_is_told(tmp_path):
    with pytest.raises(StoreError, match=r"^\.\.\.x+/a\.npz must be") as caught:
        load_arrays(tmp_path / ("x" * 250) / "a.npz")
    assert len(str(caught.value)) < 300


@pytest.mark.skipif(os.name == "nt", reason="no such files there")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.pt")
    with pytest.raises(StoreError, match="no regular file"):
        load_arrays(tmp_path / "a.pt")


def test_names_with_line_breaks_stay_in_one_line(tmp_path):
    with pytest.raises(StoreError) as caught:
        load_arrays(tmp_path / "a\n\x1b[31mb.npz")
    assert str(caught.value).isprintable()


def test_limits_can_be_raised(apart, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(WRITERS["a.safetensors"]())
    with pytest.raises(StoreError, match="above the limit of 100; raise limits"):
        load_arrays(path, FileLimits(times=0, at_least=100))
    assert same(load_arrays(Path(path), FileLimits(times=2, at_least=100)), ARRAYS)
