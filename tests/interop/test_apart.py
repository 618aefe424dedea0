"""The guarded reader: what it cannot do, how its end is told, and that it is not believed."""

import json
import os
import signal
import subprocess
import sys
from io import BytesIO
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from thalweg.core.errors import MissingExtraError, StoreError
from thalweg.interop import apart
from thalweg.interop.apart import Apart, arrays_of_h5
from thalweg.interop.checkpoints import child
from thalweg.interop.checkpoints.kinds import FileLimits, Kind
from thalweg.interop.checkpoints.refusal import Refused

POSIX = os.name == "posix"


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x/y"] = np.arange(6.0).reshape(2, 3)
        file["x"].attrs["unit"] = "mm"
        file.attrs.update({"version": 3, "scale": [0.5, 1.5], "name": "a", "flag": np.True_})
        file["text"] = "über"
        file["texts"] = ["a", "bc"]
        file["fixed"] = np.array([b"ab", b"c"])
        file["yes"] = np.array([True, False])
        file["big"] = np.arange(3, dtype=">i2")
    return tmp_path / "a.h5"


def test_arrays_and_attributes_of_an_hdf5_file(path):
    arrays, attrs = arrays_of_h5(path)
    assert list(arrays) == ["big", "fixed", "text", "texts", "yes", "x/y"]
    np.testing.assert_array_equal(arrays["x/y"], [[0, 1, 2], [3, 4, 5]])
    assert arrays["x/y"].flags.writeable
    assert arrays["big"].dtype == np.dtype("=i2")
    assert arrays["yes"].tolist() == [True, False]
    assert str(arrays["text"]) == "über"
    assert arrays["texts"].tolist() == ["a", "bc"]
    assert arrays["fixed"].tolist() == ["ab", "c"]
    root = {"version": 3, "scale": [0.5, 1.5], "name": "a", "flag": True}
    assert attrs == {"/": root, "x": {"unit": "mm"}}


def test_limits_follow_the_caller(path):
    with pytest.raises(StoreError, match="above the limit of 10; raise limits"):
        arrays_of_h5(path, FileLimits(times=0, at_least=10))


JAIL = """
import json, os, socket, subprocess, sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from thalweg.interop.checkpoints import child
root = Path(sys.argv[1])
if sys.argv[2] == "kernel":
    sys.addaudithook = lambda hook: None
already = open(root / "already", "wb", buffering=0)
limit = child._lock_down()
limit({"size": 0, "budget": 1 << 20, "seconds": 5.0})
acts = {
    "read": lambda: open(root / "secret").read(),
    "write": lambda: open(root / "canary", "w"),
    "socket": lambda: socket.socket(),
    "Popen": lambda: subprocess.Popen(["touch", str(root / "canary")]),
    "listing": lambda: os.listdir(root),
    "pipe": lambda: os.pipe(),
    "append": lambda: already.write(b"x"),
    "memory": lambda: bytearray(1 << 30),
    "system": lambda: 1 / os.system(f"touch {root / 'canary'} 2>/dev/null"),
    "mkdir": lambda: os.mkdir(root / "canary"),
    "remove": lambda: os.remove(root / "secret"),
}
done = {}
for name in sys.argv[3:]:
    try:
        acts[name]()
        done[name] = "done"
    except Exception as error:
        done[name] = type(error).__name__
print(json.dumps(done))
"""
KERNEL = {
    **dict.fromkeys(("read", "write", "socket", "Popen", "listing", "pipe", "append"), "OSError"),
    **({"memory": "MemoryError"} if sys.platform == "linux" else {}),
}
HOOK = dict.fromkeys(
    ("read", "write", "socket", "Popen", "listing", "system", "mkdir", "remove"), "Refused"
)


@pytest.mark.parametrize(
    ("guard", "want"), [("kernel", KERNEL if POSIX else {}), ("hook", HOOK)], ids=["kernel", "hook"]
)
def test_each_guard_alone_keeps_files_sockets_and_processes_away(tmp_path, guard, want):
    (tmp_path / "secret").write_text("secret")
    command = [sys.executable, "-c", JAIL, str(tmp_path), guard, *want]
    ran = subprocess.run(command, capture_output=True, text=True, env=path_to_here(), check=True)
    assert json.loads(ran.stdout) == want
    assert (tmp_path / "secret").read_text() == "secret"
    assert not (tmp_path / "canary").exists()
    assert (tmp_path / "already").read_bytes() == b""


def path_to_here():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


BUSY = """
from thalweg.interop.checkpoints import child
child._lock_down()({"size": 0, "budget": 0, "seconds": 0.0})
while True:
    pass
"""


@pytest.mark.skipif(not POSIX, reason="the system sets no such limit")
def test_the_kernel_ends_what_never_ends():
    ran = subprocess.run([sys.executable, "-c", BUSY], env=path_to_here())
    assert ran.returncode == -signal.SIGXCPU


START = "import json, os, sys, time; print(json.dumps({'ready': True}), flush=True)\n"
ASKED = "q = json.loads(sys.stdin.buffer.readline()); sys.stdin.buffer.read(q['size'])\n"


def answer(arrays, body=b"", extras=None):
    head = json.dumps({"arrays": arrays, "extras": extras or {}})
    say = f"sys.stdout.buffer.write({head.encode()!r} + b'\\n' + {body!r})"
    return f"{START}{ASKED}{say}; sys.stdout.flush()\ntime.sleep(9)"


ENDS = {
    "abort": (START + ASKED + "os.abort()", "SIGABRT" if POSIX else "exit code 3"),
    "kill": (START + ASKED + "os.kill(os.getpid(), 9)", "SIGKILL" if POSIX else "exit code 9"),
    "exit": (START + ASKED + "os._exit(7)", "exit code 7"),
    "early": (START + "os._exit(8)", "exit code 8"),
    "never": ("os = __import__('os'); os._exit(5)", r"did not start \(exit code 5\)"),
}


@pytest.mark.parametrize("way", ENDS)
def test_an_end_of_the_reader_is_one_line_and_the_next_file_is_read(path, monkeypatch, way):
    program, reason = ENDS[way]
    with Apart([Kind.HDF5], FileLimits()) as reader:
        with monkeypatch.context() as patch:
            patch.setattr(apart, "PROGRAM", program)
            with pytest.raises(StoreError, match=reason) as caught:
                reader.parse(path, Kind.HDF5)
        assert str(caught.value).startswith(f"{path} must be a sound HDF5 file, got ")
        assert len(str(caught.value).splitlines()) == 1
        assert "x/y" in reader.parse(path, Kind.HDF5).arrays


LIES = {
    "name": answer([["../x", "<f8", [1]]], bytes(8)),
    "no name": answer([[3, "<f8", [1]]], bytes(8)),
    "object": answer([["x", "|O", [1]]], bytes(8)),
    "record": answer([["x", [["a", "<f8"]], [1]]], bytes(8)),
    "huge": answer([["x", "<f8", [1 << 40]]], bytes(8)),
    "negative": answer([["x", "<f8", [-8]]], bytes(8)),
    "shape": answer([["x", "<f8", 3]], bytes(8)),
    "no list": answer(5),
    "nothing": START + ASKED + "print('{}', flush=True)",
    "number": START + ASKED + "print('5', flush=True)",
    "no JSON": START + ASKED + "print('no', flush=True)",
    "refusal": START + ASKED + "print('{\"refused\": [1, 2, 3]}', flush=True)",
}


@pytest.mark.parametrize("lie", LIES)
def test_the_reader_is_not_believed(path, monkeypatch, lie):
    with Apart([Kind.HDF5], FileLimits()) as reader:
        with monkeypatch.context() as patch:
            patch.setattr(apart, "PROGRAM", LIES[lie])
            with pytest.raises(StoreError, match=r"a\.h5 must be a sound HDF5 file, got "):
                reader.parse(path, Kind.HDF5)
        assert reader._process is None  # nothing stays in a pipe for the next file


def test_no_reader_makes_us_read_without_end():
    said = BytesIO(bytes(100))
    for shape in ([-1], [-1, 1], [2, -1]):
        with pytest.raises(ValueError, match="below nothing"):
            apart._take_arrays(SimpleNamespace(stdout=said), {"arrays": [["x", "|u1", shape]]}, 9)
    assert said.tell() == 0


def test_a_reader_that_sleeps_is_ended(path, monkeypatch):
    monkeypatch.setattr(apart, "PROGRAM", START + "time.sleep(60)")
    monkeypatch.setattr(apart, "PATIENCE", 0.02)
    with (
        Apart([Kind.HDF5], FileLimits()) as reader,
        pytest.raises(StoreError, match=r"SIGKILL|exit code 1"),
    ):
        reader.parse(path, Kind.HDF5)


def test_the_reader_inherits_no_secret_and_no_folder(path, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    text = "json.dumps({'refused': [' '.join(os.environ), ' '.join(sys.path)]})"
    monkeypatch.setattr(apart, "PROGRAM", f"{START}{ASKED}print({text}, flush=True)")
    with Apart([Kind.HDF5], FileLimits()) as reader, pytest.raises(StoreError) as caught:
        reader.parse(path, Kind.HDF5)
    assert "OMP_NUM_THREADS" in str(caught.value)
    assert "SECRET" not in str(caught.value)
    monkeypatch.undo()
    (tmp_path / "here").mkdir()
    for module in ("numpy", "h5py", "json", "thalweg"):
        (tmp_path / "here" / f"{module}.py").write_text("raise SystemExit(4)")
    monkeypatch.chdir(tmp_path / "here")
    assert "x/y" in arrays_of_h5(path)[0]


def test_a_missing_library_is_said_with_its_extra(path, monkeypatch):
    missing = json.dumps({"missing": ["reading HDF5 files needs h5py", "formats"]})
    monkeypatch.setattr(apart, "PROGRAM", f"print({missing!r}, flush=True)")
    with (
        Apart([Kind.HDF5], FileLimits()) as reader,
        pytest.raises(MissingExtraError, match=r"needs h5py, got .*'thalweg\[formats\]'"),
    ):
        reader.parse(path, Kind.HDF5)


def test_libraries_that_are_absent_or_unsafe_are_refused(monkeypatch):
    import torch

    monkeypatch.setattr(torch, "__version__", "2.9.1+cpu")
    with pytest.raises(Refused, match=r"needs PyTorch 2\.10 or newer"):
        child._reader(Kind.TORCH)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(Refused, match="needs PyTorch"):
        child._reader(Kind.TORCH)
    monkeypatch.delitem(sys.modules, "thalweg.interop.checkpoints.h5_image", raising=False)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(Refused, match="needs h5py"):
        child._reader(Kind.HDF5)


def test_one_process_serves_many_files(path):
    with Apart([Kind.HDF5], FileLimits()) as reader:
        first = reader.parse(path, Kind.HDF5)
        process = reader._process
        assert reader.parse(path, Kind.HDF5).sha256 == first.sha256
        assert reader._process is process
    assert process.returncode == 0
    assert reader._process is None
