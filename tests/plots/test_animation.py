import re
import subprocess
import sys
import tracemalloc
from io import BytesIO

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from plots.drawn import broken, path, surface, trust
from thalweg.core.errors import InputError, MissingExtraError, StoreError, ThalwegError
from thalweg.plots import mpl_animation
from thalweg.plots.mpl_animation import save_animation
from thalweg.plots.mpl_labels import map_labels
from thalweg.plots.mpl_style import DARK, LIGHT
from thalweg.plots.video import gif_bytes, mp4_bytes
from thalweg.views.walk import walk

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def decoded(file, folder):
    """The frames (f, h, w, 3) that ffmpeg reads in a file, each once, and its size as told."""
    told = subprocess.run([FFMPEG, "-i", file], capture_output=True, text=True).stderr
    wide, high = map(int, re.search(r"Video:.* (\d+)x(\d+)", told).groups())
    raw = folder / "raw"
    command = [FFMPEG, "-v", "error", "-i", file, "-fps_mode", "passthrough"]
    subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", raw], check=True)
    return np.fromfile(raw, dtype=np.uint8).reshape(-1, high, wide, 3), told


def small(file, **more):
    view = surface()
    paths = [path(view, gap=0.2), path(view, "SGD", 20, gap=3.0)]
    options = {"seconds": 1.2, "fps": 10, "width_mm": 50.0, **more}
    return save_animation(view, paths, file, **options)


def drawn_frames(paths, frames=6, theme=LIGHT):
    view = broken()
    steps = walk([path(view, *each) for each in paths], frames)
    figure = mpl_animation._page(view, steps, "Title", trust(), 90.0, theme)
    return figure, list(mpl_animation._frames(figure, steps, theme))


def test_an_mp4_has_every_frame_and_even_sides(tmp_path):
    frames, told = decoded(small(tmp_path / "w.mp4"), tmp_path)
    assert len(frames) == 12
    assert frames.shape[1] % 2 == frames.shape[2] % 2 == 0
    assert "h264" in told
    assert "yuv420p" in told
    assert "10 fps" in told
    assert np.abs(frames[0].astype(int) - frames[-1]).max() > 100
    assert np.abs(frames[-1].astype(int) - frames[-2]).max() < 60  # the end is held
    assert np.abs(frames[0, 2, 2].astype(int) - 255).max() <= 2  # white paper stays white


def test_a_gif_lasts_as_long_and_keeps_its_named_colors(tmp_path):
    picture = Image.open(BytesIO(small(tmp_path / "w.gif", fps=15, seconds=0.6).read_bytes()))
    durations, frames = [], []
    for index in range(picture.n_frames):
        picture.seek(index)
        durations.append(picture.info["duration"])
        frames.append(np.asarray(picture.convert("RGB")))
    assert sum(durations) == 600
    assert picture.info["loop"] == 0
    colors = {tuple(c) for c in frames[-1].reshape(-1, 3)}
    assert {(255, 255, 255), (0, 0x9E, 0x73), (0, 0x72, 0xB2)} <= colors
    assert frames[0][2, 2].tolist() == [255, 255, 255]


def test_pixels_that_stand_still_do_so_in_a_gif():
    random = np.random.default_rng(0)
    ground = random.integers(0, 255, (40, 60, 3), dtype=np.uint8)
    frames = [ground.copy() for _ in range(4)]
    for index, frame in enumerate(frames[1:], 1):
        frame[10:14, 10 * index : 10 * index + 4] = (200, 30, 40)
    picture = Image.open(BytesIO(gif_bytes(iter(frames), 10, ("#C81E28",))))
    seen = []
    for index in range(4):
        picture.seek(index)
        seen.append(np.asarray(picture.convert("RGB")))
    for frame, got in zip(frames[1:], seen[1:], strict=True):
        same = (frame == ground).all(axis=2)
        assert np.array_equal(got[same], seen[0][same])
        assert (got[~same] == (200, 30, 40)).all()


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_frames_add_the_paths_to_one_map(theme):
    figure, frames = drawn_frames([("Adam", 30), ("SGD", 30, 0.5)], theme=theme)
    children = [len(ax.get_children()) for ax in figure.axes]
    first, last = frames[0].astype(int), frames[-1].astype(int)
    assert all(frame.shape == frames[0].shape for frame in frames)
    moved = np.abs(last - first).max(axis=2) > 0
    assert 0.001 < moved.mean() < 0.3  # the rest of the page stands still
    ground, strip = (ax.get_window_extent() for ax in figure.axes[:2])
    high = figure.bbox.height
    rows, columns = np.nonzero(moved)
    for row, column in zip(rows, columns, strict=True):
        y = high - row
        inside = [
            box.x0 - 8 <= column <= box.x1 + 8 and box.y0 - 8 <= y <= box.y1 + 8
            for box in (ground, strip)
        ]
        assert any(inside)
    again = [len(ax.get_children()) for ax in figure.axes]
    assert again == children  # no artist of a frame stays


def test_the_last_frame_is_the_still_picture_of_the_paths():
    figure, frames = drawn_frames([("Adam", 30, 0.5)])
    with mpl_animation.styled(LIGHT):
        mpl_animation.draw_path(figure.axes[0], path(broken(), "Adam", 30, 0.5), label=False)
        map_labels(figure.axes[0], LIGHT).set_animated(False)
        figure.canvas.draw()
    still = np.asarray(figure.canvas.buffer_rgba())[: frames[0].shape[0], : frames[0].shape[1], :3]
    box = figure.axes[0].get_window_extent()
    top, bottom = int(figure.bbox.height - box.y1) + 2, int(figure.bbox.height - box.y0) - 2
    inside = np.s_[top:bottom, int(box.x0) + 2 : int(box.x1) - 2]
    assert np.abs(frames[-1][inside].astype(int) - still[inside]).max() <= 2


def test_captions_and_labels_stand_below_the_map(monkeypatch):
    said = []
    monkeypatch.setattr(mpl_animation.Text, "set_text", lambda self, text: said.append(text))
    figure, _ = drawn_frames([("Adam", 30), ("SGD", 1)])
    strip = figure.axes[1]
    assert strip.get_window_extent().y1 < figure.axes[0].get_window_extent().y0
    assert "step 29 of 29, loss 0.1" in said
    assert "step 0 of 0, loss 0.74" in said


def test_frames_of_a_gif_wait_packed():
    def frames():
        for index in range(60):
            frame = np.full((300, 400, 3), 255, np.uint8)
            frame[index : index + 4] = 0
            yield frame

    tracemalloc.start()
    gif_bytes(frames(), 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 300 * 400 * 3  # of 60


@pytest.mark.parametrize("name", ["w.mp4", "w.gif"])
def test_the_same_paths_give_the_same_bytes_and_nothing_else(tmp_path, name):
    one = small(tmp_path / "1" / name, seconds=0.3).read_bytes()
    assert one == small(tmp_path / "2" / name, seconds=0.3).read_bytes()
    assert [p.name for p in (tmp_path / "1").iterdir()] == [name]
    with pytest.raises(StoreError, match="must be writable, got"):
        small(tmp_path / "1" / name / name, seconds=0.3)


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("w.avi", {}, "must be .mp4 or .gif, got '.avi'"),
        ("w.mp4", {"seconds": 0.0}, "seconds must be"),
        ("w.gif", {"seconds": 0.1, "fps": 10}, "at least 2 frames, got 1"),
        ("w.gif", {"fps": 99}, "fps must be"),
    ],
)
def test_what_cannot_be_a_film_is_refused(tmp_path, name, more, message):
    with pytest.raises(InputError, match=message):
        small(tmp_path / name, **more)
    assert list(tmp_path.iterdir()) == []


def test_an_ffmpeg_that_fails_leaves_nothing_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("thalweg.plots.video._QUALITY", ("-c:v", "no_such_coder"))
    with pytest.raises(ThalwegError, match="ffmpeg must finish") as caught:
        small(tmp_path / "w.mp4")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_frames_that_break_off_leave_nothing_and_no_process(tmp_path, monkeypatch):
    started = []
    popen = subprocess.Popen

    def watched(*args, **more):
        started.append(popen(*args, **more))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", watched)

    def broken_off():
        yield np.zeros((4, 4, 3), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mp4_bytes(broken_off(), 10)
    assert started[0].poll() not in (None, 0)  # stopped, not left to finish
    assert started[0].stdin.closed


@pytest.mark.parametrize(("module", "name"), [("imageio_ffmpeg", "w.mp4"), ("PIL", "w.gif")])
def test_a_missing_extra_is_named(tmp_path, monkeypatch, module, name):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'thalweg\[formats\]'"):
        small(tmp_path / name, seconds=0.3)
    assert list(tmp_path.iterdir()) == []
