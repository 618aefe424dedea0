"""Frames to MP4 (by ffmpeg) and GIF (by pillow), with the same bytes for the same frames."""

import subprocess
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thalweg.core.errors import MissingExtraError, ThalwegError

Frame = NDArray[np.uint8]

_INSTALL = "pip install 'thalweg[formats]'"
_NEAR = 10  # of 255 in each channel: pillow looks colors up in steps of 4
_QUALITY = ("-c:v", "libx264", "-preset", "medium", "-crf", "18")
_COLORS = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709")
_SAME = ("-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1")


def mp4_bytes(frames: Iterator[Frame], fps: int) -> bytes:
    """Return frames (h, w, 3) of even sides as H.264 in MP4.

    Raises:
        MissingExtraError: imageio-ffmpeg is not installed, or finds no ffmpeg.
        ThalwegError: ffmpeg gave up; with the last thing it said.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        program = get_ffmpeg_exe()
    except (ImportError, RuntimeError) as fault:
        raise MissingExtraError("MP4 files need ffmpeg", "not installed", _INSTALL) from fault
    first = next(frames)
    high, wide = first.shape[:2]
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{wide}x{high}", "-r", str(fps))
    shades = ("-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        draft = Path(folder) / "draft.mp4"
        command = [program, "-loglevel", "error", *source, "-i", "-", "-an", *_QUALITY, *shades]
        command += [*_COLORS, *_SAME, "-movflags", "+faststart", str(draft)]
        ffmpeg = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        )
        try:
            _feed(ffmpeg, chain([first], frames))
        except BaseException:  # the frames broke off
            ffmpeg.kill()
            raise
        finally:
            _close(ffmpeg)
            ffmpeg.wait()
        if ffmpeg.returncode != 0 or not draft.is_file():
            said.seek(0)
            lines = said.read().decode(errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "no word")
            raise ThalwegError(f"ffmpeg must finish, got {last.strip()}; write a .gif instead")
        return draft.read_bytes()


def gif_bytes(frames: Iterator[Frame], fps: int, exact: Sequence[str] = ()) -> bytes:
    """Return frames (h, w, 3) as a GIF that starts again when it ends.

    All frames share one set of 256 colors, chosen for the first and the last of them. What does
    not change from the first frame on is dithered once, so that it stands still. Frames wait
    packed until the last is there.

    Args:
        frames: alike in size.
        fps: frames a second; GIF counts hundredths of a second, so single frames may differ.
        exact: colors (#RRGGBB) that are kept as they are.

    Raises:
        MissingExtraError: pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as fault:
        raise MissingExtraError("GIF files need pillow", "not installed", _INSTALL) from fault
    first = last = next(frames)
    packed: list[bytes] = []
    for last in frames:
        packed.append(zlib.compress(last.tobytes(), 1))
    both = Image.fromarray(np.concatenate([first, last]))
    chosen = both.quantize(256 - len(exact)).getpalette() or []
    palette = _with_exact(np.array(chosen, dtype=np.int64).reshape(-1, 3), exact)
    shared = Image.new("P", (1, 1))
    shared.putpalette(palette)
    still = Image.fromarray(first).quantize(palette=shared)

    def later() -> Iterator[Image.Image]:
        for content in packed:
            frame = np.frombuffer(zlib.decompress(content), np.uint8).reshape(first.shape)
            same = (frame == first).all(axis=2)
            plain = Image.fromarray(frame).quantize(palette=shared, dither=Image.Dither.NONE)
            codes = np.where(same, np.asarray(still), np.asarray(plain))
            flat = Image.frombytes("P", still.size, codes.tobytes())
            flat.putpalette(palette)
            yield flat

    ends = np.round(100 * np.arange(len(packed) + 2) / fps)
    durations = [int(10 * each) for each in np.diff(ends)]
    buffer = BytesIO()
    more = {"save_all": True, "append_images": later(), "duration": durations, "loop": 0}
    still.save(buffer, format="GIF", **more)
    return buffer.getvalue()


def _with_exact(colors: NDArray[np.int64], exact: Sequence[str]) -> bytes:
    """Return a palette that holds the exact colors, and no other so near as to be taken for one."""
    for name in exact:
        named = np.frombuffer(bytes.fromhex(name[1:]), np.uint8).astype(np.int64)
        colors[np.abs(colors - named).max(axis=1) <= _NEAR] = named
        colors = np.concatenate([colors, named[None]])
    return colors.astype(np.uint8).tobytes()


def _feed(ffmpeg: "subprocess.Popen[bytes]", frames: Iterator[Frame]) -> None:
    """Hand over all frames; an ffmpeg that died takes no more."""
    for frame in frames:
        try:
            ffmpeg.stdin.write(frame.data)  # type: ignore[union-attr]
        except OSError:
            return


def _close(ffmpeg: "subprocess.Popen[bytes]") -> None:
    """Tell ffmpeg that there is no more; a dead one breaks the pipe."""
    with suppress(OSError):
        ffmpeg.stdin.close()  # type: ignore[union-attr]
