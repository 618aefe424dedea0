"""Hostile files, made by combination: every gadget in every carrier. Nothing here is ever run."""

import io
import pickle
import tarfile
import zipfile
from collections import OrderedDict

import h5py
import numpy as np
import torch
from safetensors.numpy import save as save_safetensors

from interop.checkpoints.writers import ARRAYS, h5_bytes, npz_bytes, tensors, torch_bytes

STAND_IN = "\x7f"


class Call:
    """Pickles as a call of the function of that dotted name."""

    def __init__(self, name, *args):
        self.name, self.args = name, args

    def __reduce__(self):
        return Named(self.name), self.args


class Named:
    """Pickles as a bare global; the function itself is never imported here."""

    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        return self.name

    def __call__(self):
        raise NotImplementedError


class Pickler(pickle._Pickler):
    """Writes the globals of `Named` without looking them up."""

    def save_global(self, obj, name=None):
        if isinstance(obj, Named):
            module, _, attribute = obj.name.rpartition(".")
            self.write(b"c" + f"{module}\n{attribute}\n".encode())
            self.memoize(obj)
        else:
            super().save_global(obj, name)


def pickled(thing, protocol=2):
    file = io.BytesIO()
    Pickler(file, protocol).dump(thing)
    return file.getvalue()


def gadgets(canary, port):
    """Calls that would leave a canary or reach a socket, by name."""
    touch = f"touch {canary}"
    python = f"open({str(canary)!r}, 'w')"
    return {
        "os.system": Call("os.system", touch),
        "posix.system": Call("posix.system", touch),
        "nt.system": Call("nt.system", touch),
        "os.popen": Call("os.popen", touch),
        "os.execv": Call("os.execv", "/bin/touch", ["touch", str(canary)]),
        "os.mkdir": Call("os.mkdir", str(canary)),
        "subprocess.Popen": Call("subprocess.Popen", ["touch", str(canary)]),
        "subprocess.check_output": Call("subprocess.check_output", ["touch", str(canary)]),
        "builtins.eval": Call("builtins.eval", python),
        "builtins.exec": Call("builtins.exec", python),
        "py2 eval": Call("__builtin__.eval", python),
        "builtins.open": Call("builtins.open", str(canary), "w"),
        "io.open": Call("io.open", str(canary), "w"),
        "pathlib": Call("pathlib.Path.touch", str(canary)),
        "socket": Call("socket.create_connection", ("127.0.0.1", port)),
        "urllib": Call("urllib.request.urlopen", f"http://127.0.0.1:{port}/"),
        "runpy": Call("runpy._run_code", python, {}),
        "timeit": Call("timeit.timeit", python),
        "profile": Call("cProfile.run", python),
        "webbrowser": Call("webbrowser.open", f"http://127.0.0.1:{port}/"),
        "importlib": Call("importlib.import_module", "this"),
        "nested pickle": Call("pickle.loads", pickled(Call("os.system", touch))),
        "torch storage": Call("torch.storage._load_from_bytes", pickled(Call("os.system", touch))),
        "torch exec": Call("torch.jit.unsupported_tensor_ops.execWrapper", python, {}, {}),
        "torch hub": Call("torch.hub.load_state_dict_from_url", f"http://127.0.0.1:{port}/a"),
        "torch extension": Call("torch.utils.cpp_extension.load_inline", "x", "int a;"),
        "torch run": Call("torch.distributed.run.main", ["-m", "this"]),
        "numpy run": Call("numpy.testing._private.utils.runstring", python, {}),
        "numpy load": Call("numpy.load", str(canary), None, True),
    }


def carriers(gadget):
    """Every file that holds the gadget: name and bytes."""
    raw = pickled(gadget)
    inside = pickled({"state_dict": OrderedDict(w=gadget)})
    for suffix in ("pt", "pth", "ckpt", "t7", "bin", "npz", "npy", "h5", "safetensors"):
        yield f"raw.{suffix}", raw
    yield "protocol4.pt", pickled(gadget, 4)
    yield "old.t7", old_form(raw)
    yield "old-inside.ckpt", old_form(inside)
    yield "tar.t7", tarred(raw)
    yield "zip.pt", with_pickle(raw)
    yield "zip-inside.ckpt", with_pickle(inside)
    yield "zip-key.pth", with_pickle(pickled([gadget, {"w": 1}]))
    yield "zip-second.bin", with_pickle(pickled({"w": 1}) + raw)
    yield "object.npy", npy(raw, "'|O'")
    yield "lying.npy", npy(raw, "'<f8'")
    yield "record.npy", npy(raw, "[('a', '|O')]")
    yield "object.npz", zipped({"a.npy": npy(raw, "'|O'")})
    yield "member.npz", zipped({"a.npy": npy(b"", "'<f8'", 0), "b.pkl": raw})
    yield "nested.npz", zipped({"a.npy": with_pickle(raw)})
    yield "nested.pt", zipped({"archive/data.pkl": with_pickle(raw)})
    yield "after.safetensors", save_safetensors(ARRAYS) + raw
    yield "opaque.h5", opaque(raw)


def with_pickle(content, members=None):
    """Return a genuine PyTorch archive whose pickle is another."""
    source = zipfile.ZipFile(io.BytesIO(torch_bytes(tensors())))
    kept = {name: source.read(name) for name in source.namelist()}
    return zipped({**kept, "archive/data.pkl": content, **(members or {})})


def old_form(content):
    """Return the form from before PyTorch 1.6: four pickles, then the storages."""
    head = torch_bytes({}, new=False)
    end = head.index(b".", head.index(b"type_sizes"))  # the end of the third pickle
    return head[: end + 1] + content + pickled([])


def tarred(content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name in ("storages", "tensors", "pickle"):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def zipped(members, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("\0", STAND_IN), content)
    has_nul = any("\0" in name for name in members)  # which zipfile would cut the name at
    return file.getvalue().replace(STAND_IN.encode(), b"\0" if has_nul else STAND_IN.encode())


def npy(content, descr, length=1, shape=None):
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape or (length,)}, }}"
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


def opaque(content):
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        h5["a"] = np.void(content)
    return file.getvalue()


class Rebuild:
    """Pickles as a call of one of PyTorch's own functions for making tensors."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def malformed_tensors():
    """PyTorch files of tensors that point where they must not, by name."""
    storage = torch.ones(4)._typed_storage()
    from torch import _utils as u

    indices = torch.tensor([[10**9, -5]])
    sparse = (torch.sparse_coo, (indices, torch.ones(2), torch.Size([3]), False))
    rows = (torch.tensor([0, 99]), torch.tensor([7]), torch.ones(1), torch.Size([1, 1]))
    none = OrderedDict()
    things = {
        "offset": Rebuild(u._rebuild_tensor_v2, storage, 10**9, (4,), (1,), False, none),
        "negative": Rebuild(u._rebuild_tensor_v2, storage, -7, (4,), (1,), False, none),
        "size": Rebuild(u._rebuild_tensor_v2, storage, 0, (10**9,), (1,), False, none),
        "stride": Rebuild(u._rebuild_tensor_v2, storage, 0, (4,), (10**9,), False, none),
        "minus": Rebuild(u._rebuild_tensor_v2, storage, 0, (4,), (-1,), False, none),
        "overflow": Rebuild(u._rebuild_tensor_v2, storage, 0, (2**62, 8), (1, 1), False, none),
        "first": Rebuild(u._rebuild_tensor, storage, 10**9, (4,), (1,)),
        "sparse": Rebuild(u._rebuild_sparse_tensor, *sparse),
        "csr": Rebuild(u._rebuild_sparse_tensor, torch.sparse_csr, rows),
        "good sparse": torch.eye(3).to_sparse(),
        "meta": torch.ones(3, device="meta"),
        "whole module": torch.nn.Linear(2, 2),
        "generator": np.random.default_rng(0),
    }
    for name, thing in things.items():
        for new in (True, False):
            yield f"{name}-{new}.pt", torch_bytes({"w": thing}, new)
    # SETITEM and BUILD on things that are no dict, APPEND on what is no list
    for name, code in {
        "setitem": b"\x80\x02]K\x00K\x01s.",
        "setitems": b"\x80\x02]((K\x00K\x01u.",
        "append": b"\x80\x02}K\x00a.",
        "build": b"\x80\x02]}b.",
        "empty stack": b"\x80\x02.",
        "pop": b"\x80\x020000.",
        "memo": b"\x80\x02h\x99.",
        "persistent": b"\x80\x02K\x01Q.",
    }.items():
        yield f"opcode {name}.pt", with_pickle(code)
        yield f"opcode {name}.t7", old_form(code)


def whole_corpus(canary, port):
    """Yield (file name, bytes); all must be refused."""
    for gadget_name, gadget in gadgets(canary, port).items():
        for name, content in carriers(gadget):
            yield f"{gadget_name} {name}".replace("/", "-"), content
    yield from malformed_tensors()
    yield "script.pt", with_pickle(pickled({}), {"archive/constants.pkl": b"x"})
    yield "plain.npz", b"PK\x03\x04" + npz_bytes()[4:60]
    yield "cut.h5", h5_bytes()[:600]
