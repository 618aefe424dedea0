"""Files that want to run code: none does, in the guarded process or bare under an audit hook."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from interop.checkpoints.corpus import whole_corpus
from thalweg.core.errors import StoreError
from thalweg.interop.checkpoints.kinds import Kind, kind_of
from thalweg.interop.checkpoints.load import load_arrays


@pytest.fixture(scope="module")
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.01)
        yield server


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, listener):
    """All hostile files in one folder, and the canary that must never appear."""
    root = tmp_path_factory.mktemp("hostile")
    canary = root / "canary"
    (root / "files").mkdir()
    for name, content in whole_corpus(canary, listener.getsockname()[1]):
        (root / "files" / name).write_bytes(content)
    return canary, sorted((root / "files").iterdir())


def nobody_called(listener):
    try:
        listener.accept()
    except TimeoutError:
        return True
    return False


def test_every_hostile_file_is_refused_in_one_line_and_nothing_runs(corpus, listener, apart):
    canary, files = corpus
    assert len(files) >= 700
    before = set(canary.parent.rglob("*"))
    for path in files:
        kind = kind_of(path)
        with pytest.raises(StoreError) as caught:
            load_arrays(path) if kind is Kind.SAFETENSORS else apart.parse(path, kind)
        message = str(caught.value)
        assert message.startswith(f"{path} must be a sound {kind.value} file, got ")
        assert len(message.splitlines()) == 1
        assert caught.value.exit_code == 2
    assert set(canary.parent.rglob("*")) == before
    assert nobody_called(listener)


def test_the_reason_names_the_call(corpus, apart):
    [path] = [path for path in corpus[1] if path.name == "posix.system zip-inside.ckpt"]
    reason = r"got a call of posix\.system, which could run code; save only model\.state_dict\(\)"
    with pytest.raises(StoreError, match=reason):
        apart.parse(path, Kind.TORCH)


BARE = """
import json, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from thalweg.interop.checkpoints import h5_image, npz_bytes, safetensors_bytes, torch_bytes
from thalweg.interop.checkpoints.kinds import Kind, kind_of
for module in (h5_image, npz_bytes, torch_bytes):
    module.warm_up()
READ = {
    Kind.HDF5: h5_image.read_h5, Kind.NPZ: npz_bytes.read_npz, Kind.NPY: npz_bytes.read_npy,
    Kind.TORCH: torch_bytes.read_torch, Kind.SAFETENSORS: safetensors_bytes.read_safetensors,
}
files = [(path, path.read_bytes()) for path in map(Path, json.load(sys.stdin))]
seen = []
WATCHED = ("os.", "subprocess.", "socket.", "shutil.", "ctypes.", "pty.", "urllib.", "exec")
def watch(event, args):
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if writes or event.startswith(WATCHED) and event not in ("exec", "os.putenv"):
        seen.append(event)
    if event == "exec" and args[0].co_filename == "<string>":
        seen.append("exec of text")
sys.addaudithook(watch)
answered = 0
for path, data in files:
    try:
        READ[kind_of(path)](data, 1 << 28)
        answered += 1
    except Exception:
        pass
print(json.dumps({"events": seen, "answered": answered}))
"""


def test_even_without_the_guard_no_file_runs_anything(corpus, listener, full):
    canary, files = corpus
    files = files if full else files[::4]
    ran = subprocess.run(
        [sys.executable, "-c", BARE],
        input=json.dumps([str(path) for path in files]),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=True,
    )
    assert json.loads(ran.stdout.splitlines()[-1]) == {"events": [], "answered": 0}
    assert not Path(canary).exists()
    assert nobody_called(listener)
