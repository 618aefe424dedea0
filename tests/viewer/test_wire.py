"""Frames as bytes: what Python writes is what the viewer's own tests read (viewer/test/frames.bin).

After a change of the format, write the file anew: `python tests/viewer/test_wire.py`.
"""

import struct
from pathlib import Path

import numpy as np
import pytest

from thalweg.viewer.frames import Frame, decode
from thalweg.viewer.scene import hello_frame

FILE = Path(__file__).parents[2] / "viewer" / "test" / "frames.bin"

VALUES = np.array([[0.1, np.nan, np.inf], [-np.inf, 1e300, -0.0]])
STEPS = np.array([0, -1, 2**31 - 1])


def frames() -> list[Frame]:
    """Return one frame of each kind of trouble: words, numbers, odd sizes, nothing at all."""
    return [
        hello_frame("<b>Täler</b> & Sättel 🏔", "1.2.3", live=True),
        Frame("surface", {"scene": 7}, {"values": VALUES, "mask": np.arange(5, dtype=np.uint8)}),
        Frame(
            "path",
            {"scene": 7, "run": 0, "replace": True},
            {"band": np.array([True, False, True]), "step": STEPS, "a": np.empty(0)},
        ),
    ]


def wire() -> bytes:
    """Return the frames one after the other, each behind its length."""
    encoded = [frame.encode() for frame in frames()]
    return b"".join(struct.pack("<I", len(data)) + data for data in encoded)


def test_the_viewer_is_tested_on_what_python_writes():
    assert FILE.read_bytes() == wire()


def test_what_is_read_is_what_was_written():
    hello, surface, path = [decode(frame.encode()) for frame in frames()]
    assert hello.head["title"] == "<b>Täler</b> & Sättel 🏔"
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(surface.arrays["values"], VALUES.ravel().astype(np.float32))
    assert np.signbit(surface.arrays["values"][-1])
    np.testing.assert_array_equal(surface.arrays["mask"], [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(path.arrays["band"], [1, 0, 1])
    np.testing.assert_array_equal(path.arrays["step"], STEPS)
    assert path.arrays["a"].size == 0


def test_every_frame_and_array_starts_at_a_multiple_of_four():
    for frame in frames():
        data = frame.encode()
        (length,) = struct.unpack_from("<I", data)
        assert len(data) % 4 == 0
        assert length % 4 == 0


def test_a_head_holds_finite_numbers_only():
    with pytest.raises(ValueError, match="not JSON compliant"):
        Frame("surface", {"limits": [0.0, np.inf]}).encode()


if __name__ == "__main__":
    FILE.write_bytes(wire())
