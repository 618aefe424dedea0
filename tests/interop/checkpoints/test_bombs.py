"""Bombs are refused from their headers: no reader is stopped by its limits, none takes memory."""

import json
import os
import subprocess
import sys

import pytest

from interop.checkpoints.bombs import bombs

MEMORY = 500 << 20

MEASURE = """
import json, sys, time
from pathlib import Path
from thalweg.core.errors import StoreError
from thalweg.interop.apart import Apart
from thalweg.interop.checkpoints.kinds import Kind, FileLimits, kind_of
from thalweg.interop.checkpoints.load import load_arrays

def peak(process):
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])

said = {}
with Apart([kind for kind in Kind if kind is not Kind.SAFETENSORS], FileLimits()) as apart:
    for path in map(Path, json.load(sys.stdin)):
        kind, start = kind_of(path), time.monotonic()
        try:
            load_arrays(path) if kind is Kind.SAFETENSORS else apart.parse(path, kind)
            said[path.name] = ["opened"]
        except StoreError as error:
            said[path.name] = [str(error), time.monotonic() - start]
    child = peak(apart._process.pid) if Path("/proc/self/status").exists() else 0
print(json.dumps([said, peak("self") if child else 0, child]))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What a fresh process says of every bomb, and the peak memory of it and of its reader."""
    root = tmp_path_factory.mktemp("bombs")
    for name, content in bombs():
        (root / name).write_bytes(content)
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=json.dumps(sorted(map(str, root.iterdir()))),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=True,
    )
    return json.loads(ran.stdout)


def test_every_bomb_is_refused_from_its_header(answers):
    said = answers[0]
    assert len(said) >= 20
    for name, (message, *_) in said.items():
        assert f"{name} must be a sound" in message, message
        assert len(message.splitlines()) == 1
        assert "stopped its reader" not in message


def test_neither_process_takes_memory(answers):
    assert max(answers[1:]) < MEMORY


REASONS = {
    "packed.npz": "above the limit of 268,435,456",
    "many.npz": "arrays of 4,294,967,296 bytes",
    "overlapping.npz": "out of place",
    "twins.npz": "two members of one name",
    "million.npz": "more than 100,000 members",
    "million.safetensors": "a header of",
    "deep.safetensors": "a header that is not JSON",
    "view.pt": "arrays of 1,099,511,627,776 bytes",
    "views.ckpt": "above the limit of",
    "doubling.pt": "more than 100,000 entries",
    "doubling.t7": "mappings more than 20 deep",
    "packed.pt": "arrays of 314,572,800 bytes",
    "shape.h5": "arrays of 4,398,046,511,104 bytes",
    "chunk.h5": "arrays of 1,073,741,824 bytes",
    "loop.h5": "a loop",
}


@pytest.mark.parametrize("name", REASONS)
def test_the_reason_is_told(answers, name):
    assert REASONS[name] in answers[0][name][0]
