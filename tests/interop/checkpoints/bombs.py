"""Small files that open to something huge, by name."""

import io
import struct
import zipfile
import zlib
from collections import OrderedDict

import h5py
import numpy as np
import torch
from torch import _utils

from interop.checkpoints.corpus import Rebuild, npy, old_form, pickled, with_pickle, zipped
from interop.checkpoints.writers import torch_bytes

HUGE = 1 << 40


def zeros_packed(mebibytes):
    """Return so many MiB of zeros, deflated: one flushed block, over and over."""
    packer = zlib.compressobj(wbits=-15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * mebibytes + packer.flush()


def archive(members):
    """Return a zip of (name, deflated bytes, promised size, offset or None for its own place)."""
    body, directory = b"", b""
    for name, packed, size, place in members:
        text = name.encode()
        sizes = struct.pack("<III", 0, len(packed), min(size, 0xFFFFFFFF))
        head = b"\x14\0\0\0\x08\0\0\0\0\0" + sizes + struct.pack("<HH", len(text), 0)
        at = len(body) if place is None else place
        directory += b"PK\x01\x02\x14\0" + head + bytes(10) + struct.pack("<I", at) + text
        if place is None:
            body += b"PK\x03\x04" + head + text + packed
    end = struct.pack("<HHHHIIH", 0, 0, *[len(members) % 65536] * 2, len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def tensors(header):
    return len(header).to_bytes(8, "little") + header


def doubling(depth):
    """Return mappings that share their halves: 2**depth ways through a few bytes."""
    inner = {"w": 1}
    for _ in range(depth):
        inner = {"a": inner, "b": inner}
    return inner


def h5(make):
    file = io.BytesIO()
    with h5py.File(file, "w") as made:
        make(made)
    return file.getvalue()


def loop(file):
    file.create_group("a/b")
    file["a/b/c"] = file["a"]


def chunk(file):
    options = {"chunks": (1 << 28,), "maxshape": (None,), "compression": "gzip"}
    file.create_dataset("x", (1,), "f4", **options)


def wide(pieces):
    """Return tensors that are all the same few bytes seen many times over."""
    one = torch.ones(1)
    return {f"w{i}": one.expand(HUGE // pieces // 4) for i in range(pieces)}


def bombs():
    """Yield (file name, bytes)."""
    packed = zeros_packed(300)
    plain = np.lib.format.magic(1, 0)
    storage = torch.ones(1)._typed_storage()
    yield "packed.npz", archive([("a.npy", packed, 300 << 20, None)])
    yield "many.npz", archive([(f"{i}.npy", packed[:1000], 1 << 26, None) for i in range(64)])
    yield "promise.npz", archive([("a.npy", zlib.compress(plain)[2:-4], 4 << 30, None)])
    yield "lying.npz", archive([("a.npy", packed, 100, None)])
    overlapping = [(f"{i}.npy", packed[:99], 1000, None if i == 0 else 0) for i in range(50)]
    yield "overlapping.npz", archive(overlapping)
    yield "twins.npz", archive([("a.npy", packed[:99], 1000, None)] * 50)
    entry = b"PK\x01\x02" + bytes(42) + b"x"
    yield "million.npz", entry * 1_000_000 + b"PK\x05\x06" + bytes(18)
    yield "shape.npy", npy(bytes(8), "'<f8'", HUGE)
    yield "header.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b"{" * 100
    yield "deep.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", 9999) + b"-" * 9999
    yield "powers.npy", npy(b"", "'<f8'", shape="(9**9**9**9,)")
    yield "claim.safetensors", (1 << 60).to_bytes(8, "little") + b"{}"
    yield "header.safetensors", tensors(b" " * (100 << 20))
    entry = b'"%07d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    yield "million.safetensors", tensors(b"{" + (entry + b",") * 999_999 + entry + b"}")
    yield "deep.safetensors", tensors(b"[" * (7 << 20))
    shape = b'{"a":{"dtype":"F32","shape":[%d,%d],"data_offsets":[0,4]}}' % (HUGE, HUGE)
    yield "shape.safetensors", tensors(shape) + bytes(4)
    yield "view.pt", torch_bytes(wide(1))
    yield "views.ckpt", torch_bytes({"state_dict": wide(1000)})
    yield "views.t7", torch_bytes(wide(10), new=False)
    resized = Rebuild(_utils._rebuild_tensor_v2, storage, 0, (HUGE,), (1,), False, OrderedDict())
    yield "resized.t7", torch_bytes({"w": resized}, new=False)
    yield "doubling.pt", with_pickle(pickled(doubling(18)))
    yield "doubling.t7", old_form(pickled(doubling(40)))
    yield "packed.pt", archive([("archive/data.pkl", packed, 300 << 20, None)])
    yield "frame.pt", with_pickle(b"\x80\x04\x8e" + struct.pack("<Q", HUGE) + b".")
    yield "deep.pt", with_pickle(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")
    yield "shape.h5", h5(lambda file: file.create_dataset("x", (HUGE,), "f4", chunks=(1024,)))
    yield "chunk.h5", h5(chunk)
    yield "loop.h5", h5(loop)
    yield "zip.h5", zipped({"a.npy": b""}, zipfile.ZIP_DEFLATED)
